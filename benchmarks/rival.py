"""The rival: what a careful engineer would write by hand for DuckDB, on the same SQLite file, read through ADBC.

It is given every advantage that leaves it plain SQL: paths are resolved per branch and only then joined to the users,
nothing is sorted, only the columns that are needed are read, and DuckDB uses every core.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .auditing import rival as audit
from .stores import GLOBAL_MEMBERS, LEGACY_MEMBERS

__all__ = ["audit", "effective", "effects"]

_READ = {
    "cost_centres": "SELECT code_key, code, active, default_service FROM cost_centres",
    "entities": "SELECT code_key, cost_centre FROM entities",
    "branches": "SELECT code_key, entity, cost_centre FROM branches",
    "services": """SELECT cost_centre_key, service, use_service, server, port, security, user_name, password,
        sender_name, sender_email, tenant_id, client_id, client_secret, mailbox FROM services""",
    "overrides": """SELECT user_id_key, cost_centre_key, service, server, port, security, user_name, password,
        sender_name, sender_email, tenant_id, client_id, client_secret, mailbox FROM overrides""",
    "users": "SELECT user_id, user_id_key, branch, active, external FROM users",
    "user_preferences": f"SELECT user_id_key, {', '.join(LEGACY_MEMBERS)} FROM user_preferences",
}

_PLACES = """
CREATE TEMP TABLE places AS
WITH steps AS (
    SELECT code_key AS place, 1 AS n, 'branch' AS tier, lower(cost_centre) AS centre FROM branches
    UNION ALL
    SELECT b.code_key, 2, 'entity', lower(e.cost_centre)
    FROM branches b JOIN entities e ON e.code_key = lower(b.entity)
    UNION ALL SELECT code_key, 4, 'global', 'global' FROM branches
    UNION ALL SELECT '', 4, 'global', 'global'
),
usable AS (
    SELECT s.*, c.code, c.default_service
    FROM steps s JOIN cost_centres c ON c.code_key = s.centre AND c.active = 1
),
chosen AS (SELECT place, arg_min(default_service, n) AS service FROM usable GROUP BY place),
winning AS (
    SELECT u.place, arg_min(u.tier, u.n) AS tier, arg_min(u.code, u.n) AS code, arg_min(u.centre, u.n) AS centre
    FROM usable u JOIN chosen c ON c.place = u.place
    JOIN services s ON s.cost_centre_key = u.centre AND s.service = c.service AND s.use_service = 1
    GROUP BY u.place
)
SELECT c.place, c.service, w.tier, w.code, w.centre, s.* EXCLUDE (cost_centre_key, service, use_service),
    c.service = 'SMTP' AS smtp,
    w.tier || ' cost centre (' || w.code || ')' AS origin,
    'user override (' || w.code || ')' AS own_origin,
    CASE c.service
        WHEN 'SMTP' THEN coalesce(s.server, s.port::VARCHAR, s.security, s.user_name, s.password, s.sender_name,
                                  s.sender_email) IS NULL
        ELSE coalesce(s.tenant_id, s.client_id, s.client_secret, s.mailbox) IS NULL
    END AS blank
FROM chosen c LEFT JOIN winning w ON w.place = c.place
LEFT JOIN services s ON s.cost_centre_key = w.centre AND s.service = c.service
"""

_UNITS = {
    "server": ("server", "port", "security"),
    "credentials": ("user_name", "password"),
    "sender_name": ("sender_name",),
    "sender_email": ("sender_email",),
    "application": ("tenant_id", "client_id", "client_secret"),
    "mailbox": ("mailbox",),
}
_COMPARED = ("server", "port", "security", "user_name", "password", "sender_name", "sender_email", "tenant_id",
             "client_id", "client_secret", "mailbox")  # fmt: skip
_TYPES = {"port": "BIGINT"}
"""A column that is NULL throughout comes out of ADBC as integers."""
_OF_SMTP = ("server", "credentials", "sender_name", "sender_email")


def _given(unit: str) -> str:
    return "coalesce(" + ", ".join(f"o.{name}::VARCHAR" for name in _UNITS[unit]) + ") IS NOT NULL"


def _fields() -> str:
    """Every field's value and origin, NULL where nothing is set."""
    columns = []
    for unit, names in _UNITS.items():
        service = "p.smtp" if unit in _OF_SMTP else "NOT p.smtp"
        withheld = "WHEN u.withheld THEN NULL" if unit == "credentials" else ""
        for name in names:
            columns += [
                f"CASE WHEN NOT ({service}) OR p.blank THEN NULL {withheld} "
                f"WHEN u.takes_{unit} THEN u.own_{name} ELSE p.{name} END AS {name}",
                f"CASE WHEN NOT ({service}) OR p.blank THEN NULL {withheld} "
                f"WHEN u.takes_{unit} THEN CASE WHEN u.own_{name} IS NOT NULL THEN p.own_origin END "
                f"WHEN p.{name} IS NOT NULL THEN p.origin END AS {name}_origin",
            ]
    return ",\n".join(columns)


_RESOLVED = f"""
WITH asked AS (
    SELECT u.user_id, u.user_id_key, u.branch, coalesce(b.code_key, '') AS place, u.active = 1 AND u.external = 0 AS may
    FROM users u LEFT JOIN branches b ON b.code_key = lower(u.branch)
),
owning AS (
    SELECT a.user_id, a.user_id_key, a.branch, a.place,
        {", ".join(f"coalesce({_given(unit)}, false) AS takes_{unit}" for unit in _UNITS)},
        {", ".join(f"o.{name}::{_TYPES.get(name, 'VARCHAR')} AS own_{name}" for name in _COMPARED)},
        p.smtp AND coalesce({_given("server")} AND NOT {_given("credentials")}, false) AS withheld
    FROM asked a JOIN places p ON p.place = a.place
    LEFT JOIN overrides o
        ON a.may AND o.user_id_key = a.user_id_key AND o.cost_centre_key = p.centre AND o.service = p.service
),
resolved AS (
    SELECT u.user_id, u.user_id_key, u.branch, p.service, p.code, p.tier, p.smtp, p.blank,
    {_fields()}
    FROM owning u JOIN places p ON p.place = u.place
),
judged AS (
    SELECT *,
        server IS NULL AS no_server, user_name IS NULL AS no_user_name, sender_email IS NULL AS no_sender,
        password IS NULL AND user_name IS DISTINCT FROM 'no authentication' AS no_password,
        tenant_id IS NULL OR client_id IS NULL OR mailbox IS NULL AS no_application, client_secret IS NULL AS no_secret
    FROM resolved
)
"""
_STATUS = """
    CASE WHEN service IS NULL THEN 'no default service'
        WHEN tier IS NULL THEN 'no service'
        WHEN blank THEN 'disabled'
        WHEN smtp AND (no_server OR no_user_name OR no_sender OR no_password) THEN 'incomplete'
        WHEN NOT smtp AND (no_application OR no_secret) THEN 'incomplete'
        ELSE 'ready'
    END
"""


def _shown(name: str, unit: str) -> str:
    if name in ("password", "client_secret"):
        mine = "smtp" if unit in _OF_SMTP else "NOT smtp"
        cell = f"CASE WHEN {mine} THEN CASE WHEN {name} IS NULL THEN 'not set' ELSE 'set' END ELSE '' END"
        return f"{cell} AS {name}, coalesce({name}_origin, '') AS {name}_origin"
    if name in ("port", "security"):
        default = "0" if name == "port" else "Auto"
        silent = f"{name} IS NULL AND server IS NOT NULL"
        return (
            f"CASE WHEN {silent} THEN '{default}' ELSE coalesce({name}::VARCHAR, '') END AS {name}, "
            f"CASE WHEN {silent} THEN 'default' ELSE coalesce({name}_origin, '') END AS {name}_origin"
        )
    return f"coalesce({name}, '') AS {name}, coalesce({name}_origin, '') AS {name}_origin"


EFFECTIVE = f"""
{_RESOLVED}
SELECT user_id, coalesce(branch, '') AS branch, '' AS web_configuration, service, code AS cost_centre, tier,
    {_STATUS} AS status,
    {", ".join(_shown(name, unit) for unit, names in _UNITS.items() for name in names)}
FROM judged
"""

_OLD = {
    "server": "EmailSmtpServer",
    "port": "EmailSmtpPort",
    "enable_ssl": "EmailSmtpEnableSsl",
    "user_name": "EmailSmtpUserId",
    "password": "EmailSmtpPassword",
    "tenant_id": "EmailExchangeTenantId",
    "client_id": "EmailExchangeClientId",
    "mailbox": "EmailExchangeUserName",
    "has_token": "EmailExchangeHasRefreshToken",
    "token": "EmailExchangeRefreshToken",
}
_SMTP_OLD = ("server", "port", "enable_ssl", "user_name", "password")


def _literal(value: object) -> str:
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(int(value))  # type: ignore[call-overload]


def _own_or_global() -> str:
    columns = []
    for name, member in _OLD.items():
        own = "EmailUseGlobalSettings" if name in _SMTP_OLD else "EmailExchangeUseGlobalSettings"
        columns.append(
            f"CASE WHEN m.{own} = 0 THEN m.{member} ELSE {_literal(GLOBAL_MEMBERS.get(member))} END AS {name}"
        )
    return ", ".join(columns)


def _differ(*names: str) -> str:
    return "(" + " OR ".join(f"o.{name} IS DISTINCT FROM a.{name}" for name in names) + ")"


EFFECTS = f"""
{_RESOLVED},
after AS (
    SELECT user_id_key, {_STATUS} AS status, service AS way, no_server, no_user_name, no_sender, no_password,
        no_application, no_secret, smtp, blank,
        server, coalesce(port, CASE WHEN server IS NOT NULL THEN 0 END) AS port,
        coalesce(security, CASE WHEN server IS NOT NULL THEN 'Auto' END) AS security, user_name, password, sender_name,
        sender_email, tenant_id, client_id, client_secret, mailbox
    FROM judged
),
chosen_source AS (
    SELECT u.user_id_key, coalesce(m.EmailUseMailTo = 1, false) AS mailto, {_own_or_global()},
        m.EmailSmtpSenderDisplayName AS sender_name, m.EmailSmtpSenderEmailAddress AS sender_email
    FROM users u LEFT JOIN user_preferences m ON m.user_id_key = u.user_id_key
),
method AS (
    SELECT *, CASE WHEN mailto THEN 'mailto'
        WHEN has_token = 1 AND tenant_id IS NOT NULL AND client_id IS NOT NULL AND mailbox IS NOT NULL THEN 'EXCHANGE'
        WHEN server IS NOT NULL THEN 'SMTP' ELSE '' END AS way
    FROM chosen_source
),
old_values AS (
    SELECT user_id_key, way,
        CASE WHEN way = 'SMTP' THEN server END AS server,
        CASE WHEN way = 'SMTP' THEN coalesce(port, 0) END AS port,
        CASE WHEN way = 'SMTP' THEN
            CASE WHEN coalesce(enable_ssl, 0) = 0 THEN 'None' WHEN port = 465 THEN 'SslOnConnect' ELSE 'StartTls' END
        END AS security,
        CASE WHEN way = 'SMTP' THEN
            CASE WHEN user_name IS NULL AND password IS NULL THEN 'no authentication' ELSE user_name END
        END AS user_name,
        CASE WHEN way = 'SMTP' THEN password END AS password,
        CASE WHEN way = 'SMTP' THEN sender_name END AS sender_name,
        CASE WHEN way = 'SMTP' THEN sender_email END AS sender_email,
        CASE WHEN way = 'EXCHANGE' THEN tenant_id END AS tenant_id,
        CASE WHEN way = 'EXCHANGE' THEN client_id END AS client_id,
        CASE WHEN way = 'EXCHANGE' THEN coalesce(token, 'not captured') END AS client_secret,
        CASE WHEN way = 'EXCHANGE' THEN mailbox END AS mailbox
    FROM method
),
old AS (
    SELECT *, CASE WHEN way = '' THEN 'no service'
        WHEN way = 'SMTP' AND (user_name IS NULL OR sender_email IS NULL
            OR (password IS NULL AND user_name <> 'no authentication')) THEN 'incomplete'
        ELSE 'ready' END AS status
    FROM old_values
)
SELECT CASE
    WHEN o.status = 'ready' AND a.status <> 'ready' THEN CASE
        WHEN a.status = 'incomplete' AND CASE WHEN a.smtp
            THEN NOT a.no_server AND NOT a.no_user_name AND NOT a.no_sender AND o.password IS NOT NULL
            ELSE NOT a.no_application AND o.client_secret IS NOT NULL END THEN 'need input'
        ELSE 'stop sending' END
    WHEN a.status = 'ready' AND o.status <> 'ready' THEN 'start sending'
    WHEN o.way = a.way AND o.status = a.status AND NOT {_differ(*_COMPARED)} THEN 'same'
    WHEN a.status <> 'ready' THEN 'change, still cannot send'
    WHEN o.way <> a.way THEN 'change service'
    WHEN {_differ("server", "port", "security")} THEN 'change server'
    WHEN {_differ("user_name", "password", "tenant_id", "client_id", "client_secret", "mailbox")} THEN 'change account'
    ELSE 'change sender'
END AS kind, count(*) AS users
FROM old o JOIN after a ON a.user_id_key = o.user_id_key
GROUP BY kind
"""


def _connect(store: Path, *tables: str) -> Any:
    import adbc_driver_sqlite.dbapi as adbc
    import duckdb

    session = duckdb.connect()
    with adbc.connect(str(store)) as connection, connection.cursor() as cursor:
        # The driver guesses a column's type from its first batch; one large batch guesses right.
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": "65536"})
        for table in tables:
            cursor.execute(_READ[table])
            session.register(table, cursor.fetch_arrow_table())
    session.execute(_PLACES)
    return session


_TABLES = ("cost_centres", "entities", "branches", "services", "overrides", "users")


def effective(store: Path) -> Any:
    """The finished table, as Arrow."""
    return _connect(store, *_TABLES).sql(EFFECTIVE).to_arrow_table()


def effects(store: Path) -> dict[str, int]:
    """How many users each kind of effect concerns."""
    return dict(_connect(store, *_TABLES, "user_preferences").execute(EFFECTS).fetchall())
