"""Snapshot: note the old settings before the upgrade, from files, from a path, or by hand; look at it, compare two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from ipywidgets import VBox

from ..bootstrap import sample_folder
from ..domain.keys import visible
from ..errors import BadInput, KeyNeeded, SourceRejected
from ..interchange.reports.markup import tag
from ..migration.snapshot import Listed, Snapshot
from ..usecases import keeping, migrating, noting
from . import display
from .desk import Desk
from .display import Table
from .fields import Field, Kind
from .form import PRIMARY, Form, row
from .handing import UploadBox
from .noting import Noting
from .paged import PagedTable
from .panels import Panel
from .problems import Problems
from .shown import Shown, Tone
from .work import Step

FILES, PATH, HAND = "files", "path", "hand"
_WAYS = (("in files I can upload", FILES), ("at a path on this machine", PATH), ("on the old screens only", HAND))


class SnapshotForm(Form):
    """From the old settings to a snapshot in the store. `taken` is called with every snapshot that is taken."""

    def __init__(self, desk: Desk, taken: Callable[[Snapshot], None] | None = None) -> None:
        super().__init__(
            "Take a snapshot of the old settings",
            "Note how e-mail was set up before the upgrade, whole and sealed. Nothing else is changed by it.",
            runner=desk.runner,
            level=2 if taken is None else 4,
        )
        self.desk = desk
        self._tell = taken
        self.way = Field("The old settings are", Kind.CHOICE, PATH if desk.practice else FILES, choices=_WAYS)
        self.way.watch(self.open)
        self.source: Files | Place | Noting
        self.panel = Panel()
        self.secrets = Field(
            "Passwords", Kind.CHOICE, True,
            choices=[("keep them encrypted in the store", True), ("note only that they are set", False)],
            hint="A password that is kept need not be entered again. None stands in the snapshot either way.",
        )  # fmt: skip
        self.key = Panel()
        self.result = Panel()
        self.kept = Kept(self)
        where = Shown()
        where.say(Tone.HINT, *([desk.words] if taken is None else []))
        take = self.button("Take the snapshot", self.take, style=PRIMARY)
        show = self.button("Show the snapshots in this store", self.kept.load)
        parts = (self.way, self.panel.box, self.secrets, self.key.box, row(take, show))
        self.lay_out(where, *parts, self.kept.panel.box, self.result.box)
        self.open()

    def open(self) -> None:
        """Show what the chosen way needs."""
        match self.way.value:
            case "files":
                self.source = Files()
            case "path":
                self.source = Place(self.desk)
            case _:
                self.source = Noting(self)
        self.unknown = Field("Leave out tables and columns that are not known", Kind.YES_NO)
        self.panel.put(self.source.box, *([] if self.way.value == HAND else [self.unknown]))
        self.result.put()
        self.message.show()

    @property
    def given(self) -> noting.Given:
        """What a snapshot is to be taken of. Raises BadInput where there is nothing yet."""
        return self.source.notes if isinstance(self.source, Noting) else self.source.given

    def take(self) -> None:
        """Take the snapshot, or say everything that is wrong with the source."""
        source, keep, ignore = self.given, bool(self.secrets.value), bool(self.unknown.value)
        self.result.put()
        self.key.put()

        def read(step: Step) -> Snapshot | _Rejected:
            try:
                return noting.take(
                    self.desk.app, source, keep_secrets=keep, ignore_unknown=ignore, progress=lambda line: step(line)
                )
            except SourceRejected as error:
                step("Looking for the cells")
                return _Rejected(error, noting.told(source, error.problems))

        self.work(read, self.done)

    def done(self, found: Snapshot | _Rejected) -> None:
        """Show what came of it."""
        if isinstance(found, _Rejected):
            self.result.put(Problems(found.told, self.runner).box)
            how = "Mend it in the export and take it again." if self.way.value != HAND else "Mend it and take it again."
            count = len(found.told)
            self.say(
                Tone.ERROR, f"No snapshot was taken: {count} problem{'s' if count != 1 else ''}, listed above.", how
            )
            return
        self.result.put(Shown(display.snapshot(found)))
        self.say(Tone.GOOD, f"The snapshot {found.id} is taken.")
        self.kept.add(found)
        if self._tell is not None:
            self._tell(found)

    def failed(self, error: Exception) -> None:
        """Say what went wrong; where a key is lacking, offer to make one."""
        super().failed(error)
        if isinstance(error, KeyNeeded):
            words = Shown(
                tag("p", "Passwords are kept under a key of your own. It is made once, and kept beside the store.")
            )
            self.key.put(words, row(self.button("Create a key here", self.create_key)))

    def create_key(self) -> None:
        """Make the store's key."""
        where = keeping.create_key(self.desk.app)
        self.key.put()
        self.say(Tone.GOOD, f"The key is in {visible(where)}. Keep a copy of it in a safe place, apart from the store.")


class _Rejected(NamedTuple):
    """A source that was not taken, and what is wrong with it, cell by cell."""

    error: SourceRejected
    told: list[noting.Told]


class Files:
    """Files from the person's own machine."""

    def __init__(self) -> None:
        self.given: dict[str, bytes] = {}
        self.button = UploadBox(self.add, description="Choose files", accept=".csv,.tsv,.txt,.xlsx,.json")
        self.button.add_class("mailadmin-button")
        self.list = Shown()
        self.box = VBox([row(self.button), self.list])
        self._show()

    def add(self, files: Mapping[str, bytes]) -> None:
        """Take files; one of the same name replaces the other, and a file that holds everything stands alone."""
        together = all(map(noting.is_table, (*files, *self.given)))
        self.given = {**self.given, **files} if together else dict(files)
        self._show()

    def _show(self) -> None:
        if self.given:
            rows = [(name, f"{-(-len(content) // 1024):,} KB") for name, content in sorted(self.given.items())]
            self.list.show(Table("Ready to be read", ("file", "size"), rows))
        else:
            self.list.say(Tone.HINT, "CSV files, one for each table; or one XLSX workbook; or one JSON file.")


class Place:
    """A folder or file on the machine the notebook runs on."""

    def __init__(self, desk: Desk) -> None:
        sample = str(sample_folder() / "kowhai-csv") if desk.practice else ""
        hint = "A folder of CSV files, an XLSX workbook or a JSON file."
        self.path = Field("Path", value=sample, hint=f"{hint} This is the sample company." if sample else hint)
        self.box = VBox([self.path.box])

    @property
    def given(self) -> Path:
        """The path. Raises BadInput where there is none."""
        if not (written := self.path.value.strip()):
            self.path.complain("Name a folder or a file.")
            raise BadInput("There is no path yet.", remedy="Name a folder of CSV files, a workbook or a JSON file.")
        return Path(written).expanduser()


class Kept:
    """The snapshots of the store, and what differs between two of them."""

    def __init__(self, form: SnapshotForm) -> None:
        self._form = form
        self._all: list[Listed] = []
        self.panel = Panel()

    def load(self) -> None:
        """Read them from the store."""
        self._form.work(lambda _step: migrating.snapshots(self._form.desk.app), self.show)

    def add(self, snapshot: Snapshot) -> None:
        """One more, where they are shown already."""
        if self._all:
            self.show([*(one for one in self._all if one.id != snapshot.id), snapshot.listed])

    def show(self, found: list[Listed]) -> None:
        """Show these, and let two be compared."""
        self._all = found
        rows = [(one.id, one.source, _minute(one), one.taken_by, "yes" if one.seal else "no") for one in found]
        table = Shown(Table("In this store", ("snapshot", "of", "taken at (UTC)", "by", "sealed"), rows))
        if len(found) < 2:
            self.panel.put(table)
            return
        choices = [(named(one), one.id) for one in found]
        self.before = Field("Compare", Kind.CHOICE, found[-2].id, choices=choices)
        self.after = Field("with", Kind.CHOICE, found[-1].id, choices=choices)
        self.differences = Panel()
        compare = self._form.button("Show the differences", self.compare)
        self.panel.put(table, self.before, self.after, row(compare), self.differences.box)

    def compare(self) -> None:
        """Show what differs between the two that are chosen."""
        app, before, after = self._form.desk.app, self.before.value, self.after.value

        def show(changes: list[tuple[str, ...]]) -> None:
            columns = ("table", "row", "column", "before", "after")
            title = f"{len(changes):,} difference{'s' if len(changes) != 1 else ''}"
            self.differences.put(PagedTable(title, columns, changes, runner=self._form.runner).box)

        self._form.work(lambda _step: migrating.diff_snapshots(app, before, after), show)


def named(snapshot: Listed) -> str:
    """A snapshot in a list of choices."""
    return f"{snapshot.source}, {_minute(snapshot)} UTC ({snapshot.id})"


def _minute(snapshot: Listed) -> str:
    return snapshot.taken_at[:16].replace("T", " ")


def snapshot(desk: Desk) -> SnapshotForm:
    """The form that takes a snapshot of the old settings."""
    return SnapshotForm(desk)
