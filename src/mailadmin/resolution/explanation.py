"""An answer told: as text for people, as rows for tables, as display cells for files.

Law: a secret is shown as `set` or `not set`, never as what it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..domain.legacy import Method
from ..domain.services import FIELDS, Field
from .provenance import FIELDS_OF, PERSONAL_LABELS, Context, Resolution, Status

SET, NOT_SET = "set", "not set"


def shown(field: Field, value: object) -> str:
    """A value as it may be seen."""
    if field.secret:
        return NOT_SET if value is None else SET
    if value is None:
        return ""
    return str(value)


class Cells(NamedTuple):
    """The display form of every field and its origin, in the order of FIELDS; '' for fields of other services."""

    values: tuple[str, ...]
    origins: tuple[str, ...]


def cells(resolution: Resolution) -> Cells:
    """What a table shows of an answer."""
    service = resolution.service
    if resolution.base is None or service is None:
        return Cells(("",) * len(FIELDS), ("",) * len(FIELDS))
    values = [""] * len(FIELDS)
    for i, field in FIELDS_OF[service]:
        values[i] = shown(field, resolution.values[i])
    return Cells(tuple(values), resolution.origins)


class ExplainRow(NamedTuple):
    """One line of an explanation."""

    question: str
    tier: str
    subject: str
    cost_centre: str
    outcome: str
    reason: str


def explain_rows(resolution: Resolution) -> Iterator[ExplainRow]:
    """Every tier that was asked, for the service and then for its settings, with what came of it."""
    for question, asked in (("which service", resolution.service_asked), ("which settings", resolution.asked)):
        for step in asked:
            outcome = "won" if step.won else "passed over"
            yield ExplainRow(question, str(step.tier), step.subject, step.cost_centre, outcome, step.reason)


def reason(resolution: Resolution) -> str:
    """Why an answer has the status it has, in one sentence."""
    return "; ".join((_reason(resolution), *resolution.remarks))


def _reason(resolution: Resolution) -> str:
    winner, base = resolution.winner, resolution.base
    place = (winner.cost_centre if winner else "") or (base.origin if base else "")
    match resolution.status:
        case Status.READY if resolution.method is Method.MAILTO:
            return "opens a mailto: link in the person's own mail program"
        case Status.READY:
            return f"{resolution.service} of {place}"
        case Status.DISABLED:
            return f"{resolution.service} is ticked in {place} and every field is blank: disabled there"
        case Status.INCOMPLETE if _withheld(resolution):
            label = resolution.own.label if resolution.own else ""
            whose = f"the user's {label}" if label in PERSONAL_LABELS else f"the user override in {place}"
            return (
                f"{whose} names another server without credentials of its own; "
                f"the password of {place} was not entered for that server and is not used"
            )
        case Status.INCOMPLETE:
            return f"{resolution.service} of {place} lacks {', '.join(resolution.missing)}"
        case Status.CHOOSE:
            ready = ", ".join(resolution.choices) or "none"
            return f"no default service; the person chooses (ready: {ready})"
        case Status.NO_SERVICE if resolution.context.portal:
            return f"there is no portal {resolution.context.portal}"
        case Status.NO_SERVICE if resolution.service is None:
            return "neither Exchange nor SMTP had enough values"
        case Status.NO_SERVICE:
            return f"no cost centre on the path uses {resolution.service}"
        case Status.NO_DEFAULT_SERVICE:
            return "no cost centre on the path names a default service, and nobody is there to choose one"


def _withheld(resolution: Resolution) -> bool:
    own, base = resolution.own, resolution.base
    if own is None or base is None or "user_name" not in resolution.missing:
        return False
    given = dict(zip((f.name for f in FIELDS), base.values, strict=True))
    return given["user_name"] is not None and own.values[0] is not None


def explain(resolution: Resolution) -> str:
    """The whole explanation as text, one line per tier asked and per field."""
    lines = [f"{_sentence(resolution.context)}: {resolution.status} - {reason(resolution)}."]
    for row in explain_rows(resolution):
        if row.question not in lines:
            lines.append(row.question)
        subject = f"{row.tier} {row.subject}".strip()
        arrow = f" -> {row.cost_centre}" if row.cost_centre and row.cost_centre != row.subject else ""
        lines.append(f"  {'*' if row.outcome == 'won' else ' '} {subject}{arrow}: {row.reason}")
    if resolution.own is not None and resolution.service is not None:
        units = sorted(
            {f.unit for f, origin in zip(FIELDS, resolution.origins, strict=True) if origin == resolution.own.origin}
        )
        lines.append(f"  + {resolution.own.origin}: {', '.join(units) or 'nothing taken'}")
    lines += _field_lines(resolution)
    return "\n".join(lines)


def _sentence(context: Context) -> str:
    words = str(context)
    return words[:1].upper() + words[1:]


def _field_lines(resolution: Resolution) -> list[str]:
    shown_cells = cells(resolution)
    rows = [
        (f.legacy if resolution.method else f.name, value, origin)
        for f, value, origin in zip(FIELDS, *shown_cells, strict=True)
        if resolution.base is not None and resolution.service in f.services
    ]
    width = max((len(value) for _, value, _ in rows), default=0)
    lines = [f"  {name:<14}{value or '-':<{max(width, 1)}}  {origin}".rstrip() for name, value, origin in rows]
    return ["settings", *lines] if lines else []
