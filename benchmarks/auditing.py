"""The permission audit on either side.

The rival is what a careful engineer would write by hand, on the same SQLite file read through ADBC: roles are parsed
once per distinct list, nothing is sorted, only the columns that are shown are read, and every core is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

KEY = "Messaging.Email.UpdateFrom"


def ours(path: Path) -> Any:
    """Everybody's answer, by the functions the command calls: distinct answers, and a number of one per user."""
    from mailadmin.audit.access import access
    from mailadmin.domain.permissions import RolePermission
    from mailadmin.domain.settings import PermissionRule
    from mailadmin.storage import repository

    from .databases import opened

    with opened(path).reading() as connection:
        everybody = repository.everybody_asking(connection, None)
        rows = repository.rows(connection, None, ("role_permissions",)).values()
    return access(everybody, KEY, [row for row in rows if isinstance(row, RolePermission)], PermissionRule.DENY_WINS)


_USERS = "SELECT user_id, name, level, active, locked_out, external, roles FROM users"
_ROLES = f"SELECT role_key, decision FROM role_permissions WHERE permission_key_key = '{KEY.lower()}'"
_SQL = """
WITH said AS (
    SELECT coalesce(list(role_key) FILTER (decision = 'Allow'), []) AS allowing,
        coalesce(list(role_key) FILTER (decision = 'Deny'), []) AS denying
    FROM role_permissions
),
lists AS (SELECT DISTINCT roles, from_json(roles, '["VARCHAR"]') AS names FROM users),
judged AS (
    SELECT roles, list_filter(names, lambda name: list_contains(allowing, lower(name))) AS allow,
        list_filter(names, lambda name: list_contains(denying, lower(name))) AS deny
    FROM lists, said
)
SELECT u.user_id, u.name, u.level, u.active, u.locked_out, u.external,
    CASE WHEN u.active = 0 OR u.locked_out = 1 THEN 'DENY' WHEN u.level = 'Administrator' THEN 'ALLOW'
        WHEN len(j.deny) > 0 THEN 'DENY' WHEN len(j.allow) > 0 THEN 'ALLOW' ELSE 'DENY' END AS decision,
    CASE WHEN u.active = 0 THEN 'the user is inactive' WHEN u.locked_out = 1 THEN 'the user is locked out'
        WHEN u.level = 'Administrator' THEN 'administrator level'
        WHEN len(j.deny) > 0 THEN 'role ' || j.deny[1] || ' denies'
        WHEN len(j.allow) > 0 THEN 'role ' || j.allow[1] || ' allows'
        ELSE 'no role says anything; Deny by default' END AS reason,
    CASE WHEN asks THEN j.allow ELSE [] END AS roles_allow, CASE WHEN asks THEN j.deny ELSE [] END AS roles_deny,
    asks AND len(j.allow) > 0 AND len(j.deny) > 0 AS conflict
FROM (SELECT *, active = 1 AND locked_out = 0 AND level <> 'Administrator' AS asks FROM users) u
JOIN judged j ON j.roles = u.roles
"""


def rival(path: Path) -> Any:
    """The finished table, as Arrow."""
    import adbc_driver_sqlite.dbapi as adbc
    import duckdb

    session = duckdb.connect()
    with adbc.connect(str(path)) as connection, connection.cursor() as cursor:
        # The driver guesses a column's type from its first batch; one large batch guesses right.
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": "65536"})
        for table, query in (("users", _USERS), ("role_permissions", _ROLES)):
            cursor.execute(query)
            session.register(table, cursor.fetch_arrow_table())
    return session.sql(_SQL).to_arrow_table()


def differences(path: Path) -> list[str]:
    """Every user the two sides do not say the same of; at most ten."""
    theirs = {row["user_id"]: row for row in rival(path).to_pylist()}
    found = ours(path)
    odd = [] if len(found) == len(theirs) else [f"{len(found)} users <> {len(theirs)}"]
    for holder in found.rows():
        row = theirs[holder.user_id]
        mine = (*holder[:2], str(holder.level), *map(int, holder[3:6]), str(holder.decision), holder.reason,
                list(holder.roles_allow), list(holder.roles_deny), holder.conflict)  # fmt: skip
        if mine != tuple(row.values()):
            odd.append(f"{mine} <> {tuple(row.values())}")
    return odd[:10]
