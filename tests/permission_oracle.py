"""An oracle for permissions in plain Python, from the facts alone (domain decisions, section 7)."""

from typing import NamedTuple

KEY = "Messaging.Email.UpdateFrom"
DEFAULTS = {KEY.lower(): "DENY"}
Row = tuple[str, str, str]  # role, permission key, Allow or Deny


class Person(NamedTuple):
    level: str
    active: bool
    locked_out: bool
    external: bool
    roles: tuple[str, ...]


def oracle(person: Person, key: str, rows: tuple[Row, ...], rule: str) -> str:
    """The first that applies decides; what needs a table or a default that is not there is unknown."""
    if not person.active or person.locked_out:
        return "DENY"
    if person.level == "Administrator":
        return "ALLOW"
    if person.roles and not rows:
        return "UNKNOWN"
    mine = {role.lower() for role in person.roles}
    said = {decision for role, named, decision in rows if role.lower() in mine and named.lower() == key.lower()}
    if len(said) == 2:
        return "DENY" if rule == "deny wins" else "ALLOW"
    return said.pop().upper() if said else DEFAULTS.get(key.lower(), "UNKNOWN")
