"""Migrate: from a snapshot to a migrated, verified store on one page, and back again.

Laws: every change is a plan that is shown first; what is applied is what was shown and confirmed by its hash; a plan
that no longer fits is said to be stale and made again, never bent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ipywidgets import Button

from ..errors import BadInput, PlanExpired, StalePlan
from ..interchange.reports.markup import tag
from ..migration.effects import headline
from ..migration.gaps import Gap
from ..migration.plan import Plan, Purpose
from ..migration.snapshot import Listed, Snapshot
from ..storage.books import Run
from ..usecases import filling, migrating
from .desk import Desk
from .effecting import Drawn, Effecting
from .fields import Field, Kind
from .filling import Filling, check_list
from .form import DANGER, PRIMARY, QUIET, Form, row
from .mapping import Mapped
from .panels import Panel
from .shown import Shown, Tone
from .signing import Signature
from .snapshotting import SnapshotForm, named
from .steps import Step
from .taking_back import TakingBack
from .work import Step as Say

_TITLES = (
    "Snapshot: what was",
    "Mapping: what becomes of it",
    "Decisions to take and values to enter",
    "Effects: what it means for everybody",
    "Confirm",
    "Apply",
    "Verify",
    "Take it back",
)


class Planned(NamedTuple):
    """A plan with what it leaves open and what it does."""

    snapshot: Snapshot
    gaps: list[Gap]
    plan: Plan
    drawn: Drawn
    entered: filling.Entered


class MigrateForm(Form):
    """The steps of a migration, each opening when the one before is done."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            "Migrate the e-mail settings",
            "From the old settings to Cost Centre services, step by step. Nothing is changed before step 6, and step 8 "
            "takes everything back.",
            runner=desk.runner,
        )
        self.desk = desk
        self.planned: Planned | None = None
        self.run: Run | None = None
        self.steps = [Step(number, title) for number, title in enumerate(_TITLES, 1)]
        self.again = Panel()
        self.filling: Filling | None = None
        where = Shown()
        where.say(Tone.HINT, desk.words)
        self.lay_out(where, *(step.box for step in self.steps), self.again.box)
        self.choose()
        self._stand()

    # --- 1 ---

    def choose(self) -> None:
        """Begin with a snapshot: one of the store, or a new one."""
        for step in self.steps[:6]:
            step.wait()
        self.planned = None
        self.again.put()
        self.steps[0].open(Shown(tag("p", "Looking for snapshots …")), row(self.button("Take a new one", self.take)))
        self.work(lambda _say: migrating.snapshots(self.desk.app), self._offer)

    def _offer(self, found: list[Listed]) -> None:
        if not found:
            self.take()
            return
        choices = [(named(one), one.id) for one in reversed(found)]
        self.kept = Field("Snapshot", Kind.CHOICE, found[-1].id, choices=choices)
        use = self.button("Use this snapshot", lambda: self.use_kept(self.kept.value), style=PRIMARY)
        self.steps[0].open(self.kept, row(use, self.button("Take another one", self.take)))

    def take(self) -> None:
        """Open the form that takes a snapshot."""
        self.steps[0].open(SnapshotForm(self.desk, self.use).box)

    def use_kept(self, snapshot_id: str) -> None:
        """Read a snapshot of the store, and plan its migration."""

        def read(say: Say) -> Snapshot:
            say("Reading the snapshot")
            return migrating.load_snapshot(self.desk.app, snapshot_id)

        self.work(read, self.use)

    def use(self, snapshot: Snapshot) -> None:
        """Plan the migration of a snapshot, and say what it does."""
        self.plan(snapshot, {})

    def plan(self, snapshot: Snapshot, entered: filling.Entered) -> None:
        """Make the plan, with what was entered."""
        app = self.desk.app

        def made(say: Say) -> Planned:
            say("Planning")
            gaps = filling.gaps(app, snapshot)
            known = {gap: entered[gap] for gap in gaps if gap in entered}
            plan, effects = migrating.plan_with_effects(app, snapshot, entered=known, progress=say)
            return Planned(snapshot, gaps, plan, Drawn(effects), known)

        self.work(made, self._show_entered if entered else self._show)

    @property
    def now(self) -> Planned:
        """The plan at hand. Raises BadInput where there is none."""
        if self.planned is None:
            raise BadInput("There is no plan yet.", remedy="Choose a snapshot first.")
        return self.planned

    def _back(self, number: int, step: Callable[[], object]) -> Button:
        return self.button(f"Back to step {number}", step)

    # --- 2 and 3 ---

    def _show(self, planned: Planned) -> None:
        """Go on to step 2 with a plan."""
        self._take_over(planned)
        self.map()

    def _take_over(self, planned: Planned) -> None:
        self.planned = planned
        self.again.put()
        self.steps[0].done(f"Snapshot of {named(planned.snapshot.listed)}.", self._back(1, self.choose))

    def map(self) -> None:
        """Open step 2: what becomes what."""
        planned = self.now
        for step in self.steps[2:6]:
            step.wait()
        more = self.button("Go on to step 3", self.decide, style=PRIMARY)
        self.steps[1].open(Mapped(self, planned.snapshot, planned.plan).box, row(more))

    def decide(self) -> None:
        """Open step 3: fields for what is lacking, and a check list of what only people can do."""
        planned = self.now
        for step in self.steps[3:6]:
            step.wait()
        self._mapped()
        leave = self.button("Go on to step 4", self.look_at_effects, style=QUIET if planned.gaps else PRIMARY)
        if not planned.gaps:
            self.steps[2].open(*check_list(planned.plan), row(leave))
            return
        self.filling = Filling(planned.gaps, planned.entered, self.runner)
        enter = self.button("Put these values into the plan", self.enter, style=PRIMARY)
        self.steps[2].open(self.filling.box, row(enter), *check_list(planned.plan), row(leave))

    def _mapped(self) -> None:
        self.steps[1].done(f"{len(self.now.plan.operations):,} row(s) will be written.", self._back(2, self.map))

    def enter(self) -> None:
        """Plan again with what was entered."""
        if self.filling is None or not self.filling.valid:
            self.say(Tone.ERROR, "Some values will not do: the fields say why.")
        elif self.filling.entered == self.now.entered:
            self.say(Tone.WARNING, "Nothing was entered.", "Enter a value, or go on without.")
        else:
            self.plan(self.now.snapshot, self.filling.entered)

    def _show_entered(self, planned: Planned) -> None:
        """Go on with a plan that has the values in it."""
        self._take_over(planned)
        self._mapped()
        self.look_at_effects()
        self.say(Tone.GOOD, "What was entered is part of the plan now.")

    # --- 4, 5 and 6 ---

    def look_at_effects(self) -> None:
        """Open step 4: what the plan does to everybody."""
        planned = self.now
        for step in self.steps[4:6]:
            step.wait()
        left = len(planned.plan.manual_actions)
        words = f"{left} thing{'s' if left != 1 else ''} left for people to do." if left else "Nothing is left open."
        self.steps[2].done(words, self._back(3, self.decide))
        self.effecting = Effecting(planned.drawn, self.runner)
        seen = self.button("I have seen the effects", self.ask, style=PRIMARY)
        self.steps[3].open(self.effecting.box, row(seen))

    def ask(self) -> None:
        """Open step 5: the digits of the plan's hash."""
        planned = self.now
        self.steps[3].done(f"{headline(planned.drawn.effects.summary())}.", self._back(4, self.look_at_effects))
        if not planned.plan.operations:
            self.say(Tone.GOOD, "The store is already as this plan would make it: there is nothing to apply.")
            return
        self.signature = Signature(planned.plan, self.confirm)
        self.steps[4].open(self.signature.box)

    def confirm(self) -> None:
        """Open step 6 when the digits are right."""
        self.steps[5].wait()
        if self.signature.right:
            apply = self.button("Apply the plan", self.apply, style=DANGER)
            self.steps[5].open(Shown(tag("p", "All of it is written in one step, or nothing of it.")), row(apply))

    def apply(self) -> None:
        """Carry out the plan, then hold it to its promise."""
        app, plan, typed = self.desk.app, self.now.plan, self.signature.typed
        self.work(lambda _say: migrating.apply(app, plan, typed), self._applied, stoppable=False)

    def _applied(self, run: Run) -> None:
        count = len(self.now.plan.operations)
        for step in self.steps[:4]:
            step.settle()
        self.steps[4].done("Confirmed.")
        self.steps[5].done(f"Applied as run {run.run}: {count:,} row(s).")
        self._stand_by(run)
        self.verify()

    # --- 7 and 8 ---

    def _stand(self) -> None:
        """Open steps 7 and 8 where a migration stands in the store already."""
        runs = migrating.history(self.desk.app)
        back = {run.reverses for run in runs}
        standing = [run for run in runs if run.purpose == Purpose.MIGRATION and run.run not in back]
        if standing:
            self._stand_by(standing[-1])

    def _stand_by(self, run: Run) -> None:
        self.run = run
        self.steps[6].open(row(self.button("Verify everybody", self.verify, style=PRIMARY)))
        self.taking_back = TakingBack(self, self.desk.app, run, self._taken_back)
        self.steps[7].open(self.taking_back.box)

    def verify(self) -> None:
        """Resolve everybody again and compare with what was promised."""
        app = self.desk.app
        number = self.run.run if self.run else None
        self.work(lambda _say: migrating.verify_migration(app, number), self._verified)

    def _verified(self, found: migrating.Verification) -> None:
        self.steps[6].done(
            f"Run {found.run} is verified: {found.users:,} user(s) and {found.web_configurations:,} web "
            "configuration(s) have what was promised."
        )
        self.say(Tone.GOOD, f"Run {found.run} is applied and verified.")

    def _taken_back(self, run: Run) -> None:
        self.steps[6].wait()
        self.steps[7].done(f"Taken back as run {run.run}: the store is as it was before run {run.reverses}.")
        self.run = None
        self._offer_again()
        self.say(Tone.GOOD, f"Taken back as run {run.run}.")

    def attempt(self, action: Callable[[], object]) -> None:
        """Do it; what was said of another step is taken away."""
        self.message.show()
        super().attempt(action)

    # --- stale ---

    def failed(self, error: Exception) -> None:
        """Say what went wrong; where the plan no longer fits, offer to make it again."""
        super().failed(error)
        if isinstance(error, StalePlan | PlanExpired):
            self._offer_again()

    def _offer_again(self) -> None:
        if self.planned is not None:
            for step in self.steps[3:6]:
                step.wait()
            self.again.put(row(self.button("Plan again", self.plan_again, style=PRIMARY)))

    def plan_again(self) -> None:
        """Make the plan again, from the store as it is now, with what was entered."""
        self.plan(self.now.snapshot, self.now.entered)


def migrate(desk: Desk) -> MigrateForm:
    """The form that migrates a store, step by step."""
    return MigrateForm(desk)
