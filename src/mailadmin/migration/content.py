"""The twelve tables of a legacy export: their columns, their keys, and what each column holds.

Laws: everything that reads, checks or documents the content asks TABLES. A secret stands in a table only as PRESENT;
its text, if it is kept at all, is found by its `secret_location`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..domain.keys import match_key
from ..domain.legacy import Kind as MemberKind
from ..domain.legacy import Member, Owner, members_of
from ..domain.organisation import UserLevel
from ..domain.permissions import Decision
from ..domain.preferences import CopyToSelf, EmailMethod

PRESENT = "present"
"""What stands in a table where a secret is set."""


class Kind(StrEnum):
    """What a column holds."""

    NAME = "name"
    """A key or a reference: trimmed, matched by `match_key`, nothing invisible in it."""
    TEXT = "text"
    """Kept exactly as written."""
    LINE = "line"
    """A value that travels, such as a server or an address: as written, one line, no control characters."""
    FLAG = "flag"
    PORT = "port"
    LEVEL = "level"
    DECISION = "decision"
    METHOD = "method"
    COPY = "copy to self"
    NAMES = "names"
    """Several names with `;` between them."""


CHOICES: Mapping[Kind, tuple[str, ...]] = {
    Kind.LEVEL: tuple(one.value for one in UserLevel),
    Kind.DECISION: tuple(one.value for one in Decision),
    Kind.METHOD: tuple(one.value for one in EmailMethod),
    Kind.COPY: tuple(one.value for one in CopyToSelf),
}
"""TABLE: the only values of a column of that kind, in their canonical spelling."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `required` asks for the column, and for a value in every row unless `may_be_blank`."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    may_be_blank: bool = False
    secret: bool = False
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table. One with `members` may also come long: its keys, `property` and `value`, one row per member."""

    name: str
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    members: tuple[Column, ...] = ()
    owner: Owner | None = None
    open_prefix: str = ""

    def column(self, written: str) -> Column | None:
        """The column called so, whatever its case, outer blanks and business layer object (`finSettings.`)."""
        wanted = self._bare(written)
        for column in self.columns:
            if match_key(column.name) == wanted:
                return column
        if self.open_prefix and wanted.startswith(self.open_prefix) and wanted != self.open_prefix:
            return Column(wanted, Kind.LINE)
        return None

    def member(self, written: str) -> Column | None:
        """The member called so, by the same rule."""
        wanted = self._bare(written)
        return next((member for member in self.members if match_key(member.name) == wanted), None)

    def _bare(self, written: str) -> str:
        wanted = match_key(written)
        return wanted.removeprefix(f"{self.owner}.".lower()) if self.owner else wanted

    @property
    def long(self) -> Table:
        """This table with one row per member."""
        keys = tuple(column for column in self.columns if column.name in self.keys and column != PROPERTY)
        return Table(self.name, self.keys, (*keys, PROPERTY, VALUE), self.members, self.owner)


PROPERTY = Column("property", Kind.NAME, required=True)
VALUE = Column("value", required=True, may_be_blank=True)

_MEMBER_KINDS = {MemberKind.TEXT: Kind.LINE, MemberKind.FLAG: Kind.FLAG, MemberKind.PORT: Kind.PORT}


def _key(name: str, reference: str = "", *, may_be_blank: bool = False) -> Column:
    return Column(name, Kind.NAME, required=True, may_be_blank=may_be_blank, reference=reference)


def _of(member: Member) -> Column:
    return Column(member.name, Kind.TEXT if member.secret else _MEMBER_KINDS[member.kind], secret=member.secret)


def _members(owner: Owner) -> tuple[Column, ...]:
    return tuple(_of(member) for member in members_of(owner).values())


def _wide(name: str, key: Column, owner: Owner) -> Table:
    members = _members(owner)
    return Table(name, (key.name,), (key, *members), members, owner)


_USER_ID, _CODE = _key("user_id"), _key("code")
_DESCRIPTION = Column("description")
_ACTIVE = Column("active", Kind.FLAG)
_COST_CENTRE = Column("cost_centre", Kind.NAME, reference="cost_centres")

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table("global_settings", ("property",), (PROPERTY, VALUE), _members(Owner.GLOBAL), Owner.GLOBAL),
        _wide("user_preferences", _USER_ID, Owner.USER),
        _wide("web_configurations", _CODE, Owner.WEB),
        Table(
            "users",
            ("user_id",),
            (
                _USER_ID,
                Column("name", required=True),
                Column("email", Kind.LINE),
                Column("level", Kind.LEVEL),
                _ACTIVE,
                Column("external", Kind.FLAG),
                Column("locked_out", Kind.FLAG),
                Column("roles", Kind.NAMES, reference="roles"),
                Column("branch", Kind.NAME, reference="branches"),
            ),
        ),
        Table(
            "roles",
            ("role", "permission_key"),
            (_key("role"), _key("permission_key"), Column("decision", Kind.DECISION, required=True)),
        ),
        Table("entities", ("code",), (_CODE, _DESCRIPTION, _COST_CENTRE)),
        Table("branches", ("code",), (_CODE, _DESCRIPTION, _key("entity", "entities"), _COST_CENTRE)),
        Table("cost_centres", ("code",), (_CODE, _DESCRIPTION, _ACTIVE)),
        Table(
            "portals",
            ("code",),
            (
                _CODE,
                Column("default_from", Kind.LINE),
                Column("override_from", Kind.FLAG),
                Column("smtp_server", Kind.LINE),
                Column("smtp_port", Kind.PORT),
                Column("user_name", Kind.LINE),
                Column("password", secret=True),
                Column("enable_ssl", Kind.FLAG),
            ),
            open_prefix="from_",
        ),
        Table(
            "contacts",
            ("business_partner", "name", "email"),
            (_key("business_partner"), _key("name"), _key("email"), _ACTIVE),
        ),
        Table(
            "mail_preferences",
            ("user_id",),
            (
                _key("user_id", may_be_blank=True),
                Column("method", Kind.METHOD),
                Column("email", Kind.LINE),
                Column("user_name", Kind.LINE),
                Column("password", secret=True),
                Column("copy_to_self", Kind.COPY),
                Column("signature_html"),
                Column("server", Kind.LINE),
                Column("port", Kind.PORT),
                Column("use_ssl", Kind.FLAG),
                Column("client_id", Kind.LINE),
                Column("tenant_id", Kind.LINE),
                Column("client_secret", secret=True),
                Column("authentication_flow", Kind.LINE),
            ),
        ),
        Table("widgets", ("name",), (_key("name"), Column("version", required=True))),
    )
}
"""TABLE: the tables of a legacy export and of a snapshot, in the order of every file."""


def secret_location(table: str, key: str, column: str) -> str:
    """Where a secret stands: `user_preferences/jtaylor6/EmailSmtpPassword`, `global_settings//EmailSmtpPassword`."""
    return f"{table}/{match_key(key)}/{column}"
