"""Who may send as whom in Exchange, as administrators export it with PowerShell's Export-Csv.

Laws: an export is told by its columns, not by its name; a list that PowerShell cut, or wrote as the name of its type,
is a problem and never an empty list; every problem of all files is told in one go. Sources: the output of
Get-RecipientPermission, Get-Mailbox and Get-DistributionGroup in the Exchange Online PowerShell documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..audit.gates import SEND_AS, SEND_ON_BEHALF, Exported, Mailbox, MailboxRight
from ..domain.keys import match_key, visible
from ..errors import SourceRejected
from . import budgets
from .carriers import NOT_SET, RawTable
from .confinement import confined
from .findings import Findings, shown

_TYPE_NAME = re.compile(r"(?:System|Microsoft)\.[\w.+`\[\],= ]*(?:\[\]|List|Collection|Property|Object)[\w\[\]. ]*")
_SELF = frozenset(map(match_key, ("NT AUTHORITY\\SELF", "S-1-5-10")))
"""Everybody's right to their own mailbox."""

_JOIN = "Export it with @{n='GrantSendOnBehalfTo';e={$_.GrantSendOnBehalfTo -join ';'}}."
_NAMES = ("identity", "name", "alias", "displayname", "userprincipalname", "primarysmtpaddress")
"""The columns that name a mailbox or group; the last of them there is is its address."""

Row = Mapping[str, str]
Found = MailboxRight | Mailbox


class Export(NamedTuple):
    """One kind of export: the columns it is told by, the rights it was made for, and what its rows say."""

    columns: frozenset[str]
    kinds: frozenset[str]
    read: Callable[[Row, str, Findings], Iterator[Found]]


def read_mailbox_rights(files: Sequence[Path], given: Sequence[bytes] = ()) -> Exported:
    """The mailbox rights in these files; `given` are their bytes where they lie nowhere, such as uploaded ones.

    Raises BadInput, or SourceRejected with every problem of all of them.
    """
    findings = Findings()
    found: list[Found] = []
    kinds: set[str] = set()
    with confined(files, findings, folder=True, given=given) as carrier:
        for raw in carrier.tables:
            if (export := _export_of(raw, findings)) is not None:
                kinds |= export.kinds
                found += _rows(raw, export, findings)
    if findings.problems:
        raise SourceRejected(", ".join(visible(file.name) for file in files), findings.problems)
    return Exported(
        tuple(dict.fromkeys(item for item in found if isinstance(item, MailboxRight))),
        tuple(dict.fromkeys(item for item in found if isinstance(item, Mailbox))),
        frozenset(kinds),
        findings.notes,
    )


def _export_of(raw: RawTable, findings: Findings) -> Export | None:
    """Which export a table is, by its columns; every problem of its header is told."""
    header = _header(raw)
    export = next((export for export in EXPORTS.values() if export.columns <= set(header)), None)
    if len(header) > budgets.COLUMNS:
        what = f"has {len(header)} columns, more than {budgets.COLUMNS}"
        findings.problem(raw.where, what, "Choose some: Get-Mailbox | select DisplayName, PrimarySmtpAddress, …")
        return None
    if export is None or len(set(header)) < len(header):
        seen = ", ".join(shown(str(name)) for name in (raw.header or ())[:12]) or "none"
        what = f"is no export of mailbox rights that is known; its columns are {seen}"
        known = "; ".join(f"{name}: {', '.join(sorted(one.columns))}" for name, one in EXPORTS.items())
        findings.problem(raw.where, what, f"Known are {known}.")
        return None
    return export


def _header(raw: RawTable) -> list[str]:
    return [match_key(str(name or "")).replace(" ", "") for name in raw.header or ()]


def _rows(raw: RawTable, export: Export, findings: Findings) -> Iterator[Found]:
    header = _header(raw)
    for number, cells in raw.rows:
        row = {n: str(c).strip() for n, c in zip(header, cells, strict=True) if c not in NOT_SET}
        yield from export.read(row, raw.place(number), findings)


def _recipient_permission(row: Row, where: str, findings: Findings) -> Iterator[Found]:
    identity, trustee = row.get("identity", ""), row.get("trustee", "")
    if not identity or not trustee:
        findings.problem(where, "Identity or Trustee is blank", "Export it again.")
        return
    allowed = match_key(row.get("accesscontroltype", "allow")) == "allow"
    if allowed and match_key(trustee) not in _SELF and "sendas" in match_key(row.get("accessrights", "")):
        yield MailboxRight(identity, trustee, SEND_AS)


def _on_behalf(row: Row, where: str, findings: Findings) -> Iterator[Found]:
    mailbox = _mailbox(row)
    if mailbox is None:
        findings.problem(where, "has no name", f"Export one of the columns {', '.join(_NAMES)}.")
        return
    yield mailbox
    for trustee in _listed(row.get("grantsendonbehalfto", ""), where, findings):
        yield MailboxRight(mailbox.address, trustee, SEND_ON_BEHALF)


def _mailboxes(row: Row, where: str, findings: Findings) -> Iterator[Found]:
    if (mailbox := _mailbox(row)) is not None:
        findings.note(where.partition(",")[0], "tells names and addresses, and no rights")
        yield mailbox


def _mailbox(row: Row) -> Mailbox | None:
    names = [row[name] for name in _NAMES if row.get(name)]
    return Mailbox(names[-1], tuple(dict.fromkeys(names))) if names else None


def _listed(text: str, where: str, findings: Findings) -> Iterator[str]:
    """The members of a list in one cell. A comma may be part of a name: it parts addresses, and what is in braces."""
    if _TYPE_NAME.fullmatch(text):
        findings.problem(where, f"GrantSendOnBehalfTo is not the list, but its type: {shown(text)}", _JOIN)
        return
    braced = text.startswith("{") and text.endswith("}")
    bare = text[1:-1] if braced else text
    parts = [part.strip() for part in re.split(r"[;\r\n|]+", bare) if part.strip()]
    if len(parts) == 1 and "," in bare:
        among = [part.strip() for part in bare.split(",") if part.strip()]
        parts = among if braced or all("@" in part for part in among) else parts
    if parts and parts[-1].endswith(("...", "…")):
        findings.problem(where, "PowerShell cut the list in GrantSendOnBehalfTo off", _JOIN)
        return
    yield from parts


EXPORTS: Mapping[str, Export] = {
    "Get-RecipientPermission": Export(
        frozenset({"identity", "trustee", "accessrights"}), frozenset({SEND_AS}), _recipient_permission
    ),
    "Get-Mailbox or Get-DistributionGroup with GrantSendOnBehalfTo": Export(
        frozenset({"grantsendonbehalfto"}), frozenset({SEND_ON_BEHALF}), _on_behalf
    ),
    "Get-Mailbox or Get-DistributionGroup, for names": Export(
        frozenset({"primarysmtpaddress", "displayname"}), frozenset(), _mailboxes
    ),
}
"""TABLE: the exports that are read, the first that fits."""
