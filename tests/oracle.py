"""An oracle in plain Python, from the facts alone: what `legacy-effective` and, once migrated, `effective` must say."""

import csv
import json
import unicodedata
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

Row = dict[str, str]
SMTP = ("server", "port", "security", "user_name", "password", "sender_name", "sender_email")
EXCHANGE = ("tenant_id", "client_id", "client_secret", "mailbox")
OF = {"SMTP": SMTP, "EXCHANGE": EXCHANGE, "": ()}
UNITS = (SMTP[:3], SMTP[3:5], SMTP[5:6], SMTP[6:], EXCHANGE[:3], EXCHANGE[3:])
NAMES = ("Server", "Port", "EnableSsl", "UserId", "Password", "SenderDisplayName", "SenderEmailAddress")
OLD = {field: f"EmailSmtp{name}" for field, name in zip(SMTP, NAMES, strict=True)}
OLD |= {"tenant_id": "EmailExchangeTenantId", "client_id": "EmailExchangeClientId", "mailbox": "EmailExchangeUserName"}


def key(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).strip().casefold())


def read(source: Path) -> tuple[list[Row], Row, dict[str, Row], list[Row]]:
    """Users, Global Settings, User Preferences by key, and the web configurations with their own settings."""
    texts = {f.stem: f.read_text("utf-8-sig") for f in source.glob("*.csv")}
    tables = {table: [*csv.DictReader(StringIO(text))] for table, text in texts.items()}
    for table, rows in (tables or json.loads(source.read_text("utf-8"))).items():
        tables[table] = [{column: str(cell) for column, cell in row.items()} for row in rows]
    webs = [row for row in tables["web_configurations"] if row["EmailSmtpOverride"] == "True"]
    everybody = {row["property"]: row["value"] for row in tables["global_settings"]}
    return tables["users"], everybody, {key(row["user_id"]): row for row in tables["user_preferences"]}, webs


def old(members: Row, carried: bool = False) -> Row:
    """Members by field: a server and two blanks need no login, a flag says there is a token; or as carried over."""
    found = {field: members.get(name, "") for field, name in OLD.items()}
    found["client_secret"] = "set" if members.get("EmailExchangeHasRefreshToken") == "True" and not carried else ""
    if found["server"] and not found["user_name"] + found["password"]:
        found["user_name"] = "no authentication"
    security = {"True": "SslOnConnect" if found["port"] == "465" else "StartTls"}.get(found["security"], "None")
    return found | ({"port": found["port"] or "0", "security": security} if carried else {})


def line(head: Row, service: str, layers: list[tuple[str, Row]], status: str = "", legacy: bool = False) -> Row:
    """One row: every unit from the last layer that says anything of it; of a secret only that it is there."""
    found = dict.fromkeys((*SMTP, *EXCHANGE), ("", ""))
    for origin, layer in layers:
        for unit in (unit for unit in UNITS if any(layer.get(field) for field in unit)):
            found |= {field: (layer.get(field, ""), origin if layer.get(field) else "") for field in unit}
    needed = {*OF[service]} - {"port", "security", "sender_name"}
    needed -= {"password"} if found["user_name"][0] == "no authentication" else set()
    row = {**head, "status": status or ("ready" if all(found[field][0] for field in needed) else "incomplete")}
    for field, (value, origin) in found.items():
        shown = ("set" if value else "not set") if field in ("password", "client_secret") else value
        name = {"security": "enable_ssl", "client_secret": "refresh_token"}.get(field, field) if legacy else field
        row |= {name: shown, f"{name}_origin": origin} if field in OF[service] else {name: "", f"{name}_origin": ""}
    return row


def legacy_effective(source: Path) -> Iterator[Row]:
    users, everybody, preferences, webs = read(source)
    for user in users:
        me, mine = f"user preference ({user['user_id']})", preferences.get(key(user["user_id"]), {})
        answer = "none", "", [], "no service"
        for switch, service, decides in (("Email", "SMTP", SMTP[:1]), ("EmailExchange", "EXCHANGE", EXCHANGE)):
            own = mine.get(switch + "UseGlobalSettings") == "False"
            if all(old(mine if own else everybody)[field] for field in decides):
                sender = {field: old(mine)[field] for field in SMTP[5:]}
                layers = [(me, old(mine))] if own else [("global settings", old(everybody)), (me, sender)]
                answer = service.lower(), service, layers, ""
        method, *rest = ("mailto", "", [], "ready") if mine.get("EmailUseMailTo") == "True" else answer
        head = {"user_id": user["user_id"], "web_configuration": "", "method": method}
        yield line(head, *rest, legacy=True)
    for web in webs:
        method, service, status = ("smtp", "SMTP", "") if web["EmailSmtpServer"] else ("none", "", "no service")
        head = {"user_id": "", "web_configuration": web["code"], "method": method}
        yield line(head, service, [(f"web configuration ({web['code']})", old(web))], status, legacy=True)


def effective(source: Path) -> Iterator[Row]:
    users, everybody, preferences, _ = read(source)
    service = "EXCHANGE" if all(old(everybody)[f] for f in EXCHANGE) else "SMTP" if old(everybody)["server"] else ""
    tier, status = ({"cost_centre": "GLOBAL", "tier": "global"}, "") if service else ({}, "no default service")
    for user in sorted(users, key=lambda row: key(row["user_id"])):
        mine, own = preferences.get(key(user["user_id"]), {}), {}
        if user["active"] == "True" and user["external"] == "False":
            smtp = mine.get("EmailUseGlobalSettings") == "False" and mine["EmailSmtpServer"]
            exchange = mine.get("EmailExchangeUseGlobalSettings") == "False"
            fields = (*(SMTP[:5] if smtp else ()), *SMTP[5:], *(EXCHANGE if exchange else ()))
            own = {field: old(mine, carried=True)[field] for field in fields}
        head = {"user_id": user["user_id"], "branch": user["branch"], "web_configuration": "", "service": service}
        layers = [("global cost centre (GLOBAL)", old(everybody, carried=True)), ("user override (GLOBAL)", own)]
        yield line({**head, "cost_centre": "", "tier": "", **tier}, service, layers, status)
