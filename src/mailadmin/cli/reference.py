"""The reference, and the pictures of the concepts, drawn from the code: `python -m mailadmin.cli.reference docs`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from ..audit.gates import RightsFinding, RightsRow
from ..domain.legacy import OBSOLETED
from ..domain.permissions import PERMISSION_KEYS
from ..domain.portals import PORTAL_FEATURES
from ..domain.services import FIELDS, ServiceKind
from ..domain.settings import SETTINGS
from ..errors import MailAdminError
from ..interchange import configuration
from ..migration.content import TABLES
from ..migration.kinds import KINDS
from ..migration.mapping import MAPPING
from ..providers.capabilities import Capability
from ..providers.entra import ENTRA_ERRORS
from ..providers.ews_errors import EWS_ERRORS
from ..providers.graph_errors import GRAPH_ERRORS
from ..providers.registry import PROVIDERS
from ..providers.smtp_replies import REPLIES
from ..resolution.columns import EFFECTIVE, LEGACY, names
from ..resolution.hierarchy import TIERS
from ..resolution.provenance import STATUS_MEANINGS
from ..storage.outbox import STATES
from ..usecases.auditing import Use
from ..usecases.reaching import Reach
from . import application
from .auditing import CHANGE_COLUMNS, SINCE_COLUMNS
from .auditing import COLUMNS as PERMISSION_COLUMNS
from .effective import LONG_COLUMNS
from .migration import EFFECTS_COLUMNS


def reference() -> str:
    """The reference as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "Drawn from the code by `make reference`; a test holds the two together."
    yield from _commands()
    yield from _section("Exit codes", ("code", "meaning"), _exit_codes())
    yield from _section("Columns", ("command", "columns"), _columns())
    yield from _section("Status", ("status", "meaning"), ([str(s), m] for s, m in STATUS_MEANINGS.items()))
    yield from _section("Tiers, the first that uses the service wins", ("tier",), ([str(tier)] for tier, _ in TIERS))
    yield from _section("Fields", ("field", "taken together as", *ServiceKind), map(_field, FIELDS))
    yield from _section("Effects", ("effect", "meaning"), ([str(kind), text] for kind, text in KINDS.items()))
    keys = ([key, str(default)] for key, default in PERMISSION_KEYS.items())
    yield from _section("Permission keys with a known default", ("key", "default"), keys)
    features = ([feature, f"from_{feature}"] for feature in PORTAL_FEATURES)
    yield from _section("Portal features with a From of their own", ("feature", "column"), features)
    mapping = ([r.legacy, r.target, r.not_derived, ", ".join(r.members)] for r in MAPPING)
    yield from _section("Mapping", ("before", "after", "cannot be derived", "members"), mapping)
    yield from _sending()
    members = ([str(m.owner), m.name, "yes" if m.secret else "", m.replacement] for m in OBSOLETED)
    yield from _section("Obsoleted members", ("owner", "member", "secret", "replaced by"), members)
    yield from _section(
        "Tables of a legacy export", ("table", "columns (required in bold)"), map(_table, TABLES.values())
    )


def _sending() -> Iterator[str]:
    """What sending knows: settings, what each provider can do, states, and what servers say."""
    settings = (
        [name, spec.label, spec.default, "yes" if spec.per_cost_centre else ""] for name, spec in SETTINGS.items()
    )
    yield from _section("Settings of sending", ("setting", "meaning", "default", "per Cost Centre"), settings)
    kinds = list(PROVIDERS)
    abilities = [PROVIDERS[kind].ABILITY for kind in kinds]
    rows = [[str(c), *("yes" if c in ability.can else "" for ability in abilities)] for c in Capability]
    rows.append(["bytes of an attachment", *(_most(ability.largest_attachment) for ability in abilities)])
    rows.append(["recipients of a message", *(_most(ability.most_recipients) for ability in abilities)])
    yield from _section("What each service can do", ("capability", *map(str, kinds)), rows)
    yield from _section("States of the outbox", ("state", "meaning"), ([str(s), m] for s, m in STATES.items()))
    known = ([f"`{r.pattern}`", r.meaning, r.remedy] for r in REPLIES)
    yield from _section("What SMTP servers say", ("reply", "meaning", "remedy"), known)
    graph = ([code, k.meaning, k.remedy] for code, k in GRAPH_ERRORS.items())
    yield from _section("What Microsoft Graph says", ("code", "meaning", "remedy"), graph)
    ews = ([code, k.meaning, k.remedy] for code, k in EWS_ERRORS.items())
    yield from _section("What Exchange servers say", ("code", "meaning", "remedy"), ews)
    entra = ([f"AADSTS{code}", k.meaning, k.remedy] for code, k in ENTRA_ERRORS.items())
    yield from _section("What Microsoft's sign-in says", ("code", "meaning", "remedy"), entra)


def _most(limit: int | None) -> str:
    return "as the server says" if limit is None else f"{limit:,}"


def _section(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield from ("", f"## {title}", "", _row(header), _row(["---"] * len(header)))
    yield from map(_row, rows)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _commands() -> Iterator[str]:
    yield from ("", "## Commands")
    for name, command in _leaves(typer.main.get_command(application()), ""):
        yield from ("", f"### mailadmin {name}", "", *(command.help or "").split("\n"), "")
        for parameter in command.params:
            if parameter.name != "help":
                yield f"- {_names(parameter)}: {parameter.help or ''}"


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "option":
        return ", ".join(f"`{option}`" for option in parameter.opts)
    return f"`{parameter.metavar or parameter.name.upper()}`"


def _leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield name, command
        return
    for child, found in children.items():
        yield from _leaves(found, f"{name} {child}".strip())


_MEANINGS = {
    0: "done",
    1: "findings or differences where none were wanted",
    2: "bad usage or bad input; nothing was changed",
    3: "refused: permission, stale plan, readiness; nothing was changed",
    4: "the mail system or the network failed",
    5: "the store failed",
}


def _exit_codes() -> Iterator[list[str]]:
    raised: dict[int, list[str]] = {code: [] for code in _MEANINGS}
    for kind in _family(MailAdminError):
        raised[kind.exit_code].append(f"`{kind.__name__}`")
    for code, meaning in _MEANINGS.items():
        yield [str(code), f"{meaning} {', '.join(raised[code])}".strip()]


def _family(kind: type[MailAdminError]) -> Iterator[type[MailAdminError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _family(child)


def _columns() -> Iterator[list[str]]:
    for command, columns in (
        ("effective", ("user_id", *names(EFFECTIVE))),
        ("effective --long", LONG_COLUMNS),
        ("legacy-effective", ("user_id", *names(LEGACY))),
        ("effects", EFFECTS_COLUMNS),
        ("audit permission", PERMISSION_COLUMNS),
        ("audit permission --user", SINCE_COLUMNS),
        ("audit permission --reverse", Reach._fields),
        ("audit changes", CHANGE_COLUMNS),
        ("audit use", Use._fields),
        ("audit rights", RightsRow._fields),
        ("audit rights --findings", RightsFinding._fields),
    ):
        yield [command, ", ".join(columns)]


def _field(field: Any) -> list[str]:
    needs = ["required" if k in field.required else "optional" if k in field.services else "" for k in ServiceKind]
    return [field.name, str(field.unit), *needs]


def _table(table: Any) -> list[str]:
    columns = [f"**{column.name}**" if column.required else column.name for column in table.columns]
    return [table.name, ", ".join(columns + [f"{table.open_prefix}…"] * bool(table.open_prefix))]


def drawings() -> dict[str, list[str]]:
    """The pictures of docs/concepts.md, by name."""
    return {
        "status": _list(f"`{status}`: {meaning}" for status, meaning in STATUS_MEANINGS.items()),
        "tiers": ["```mermaid", "flowchart LR", *_tier_lines(), "```"],
        "units": [
            _row(("service", "unit", "fields")),
            _row(["---"] * 3),
            *map(_row, _units()),
        ],
        "kinds": _list(f"**{kind}**: {meaning}" for kind, meaning in KINDS.items()),
    }


def _list(items: Iterable[str]) -> list[str]:
    return [f"- {item}" for item in items]


def _tier_lines() -> Iterator[str]:
    tiers = [str(tier) for tier, _ in TIERS]
    for number, tier in enumerate(tiers):
        yield f'  T{number}["{tier}"]'
        yield f'  T{number} -- "uses the service" --> A{number}(["its settings"])'
    for number in range(len(tiers) - 1):
        yield f'  T{number} -- "does not" --> T{number + 1}'
    yield f'  T{len(tiers) - 1} -- "does not" --> N(["no service"])'


def _units() -> Iterator[list[str]]:
    for kind in ServiceKind:
        fields = [field for field in FIELDS if kind in field.services]
        for unit in dict.fromkeys(field.unit for field in fields):
            yield [str(kind), str(unit), ", ".join(field.label for field in fields if field.unit is unit)]


def drawn(page: str) -> str:
    """A page with every drawing between its markers drawn anew."""
    for name, lines in drawings().items():
        start, end = f"<!-- drawn: {name} -->\n", "<!-- end -->"
        before, _, rest = page.partition(start)
        page = before + start + "\n".join(lines) + "\n" + rest[rest.index(end) :]
    return page


if __name__ == "__main__":
    docs = Path(sys.argv[1])
    (docs / "reference.md").write_text(reference())
    (docs / "configuration.schema.json").write_text(configuration.schema())
    concepts = docs / "concepts.md"
    concepts.write_text(drawn(concepts.read_text()))
