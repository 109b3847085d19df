"""What comes as a list lives in one table, and nothing is missing from it.

Every table is found by the word its docstring begins with, so that a new one without a check here fails.
"""

from __future__ import annotations

import ast
import importlib
import io
import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from exchangelib import errors as ews_library
from sqlalchemy import Boolean, Integer, Text

import mailadmin.cli
import mailadmin.forms
from mailadmin.audit import access, findings, gates, history, rules
from mailadmin.audit import widgets as audit_widgets
from mailadmin.cli import fleet as cli_fleet
from mailadmin.cli.effective import OutOption
from mailadmin.domain import legacy, permissions, portals, settings, widgets
from mailadmin.domain.activities import Activity
from mailadmin.domain.governed import GOVERNED, Organisation, Row, key_of, table_of
from mailadmin.domain.organisation import GLOBAL, Branch, CostCentre, UserLevel
from mailadmin.domain.preferences import EmailMethod, MailPreference
from mailadmin.domain.profiles import MailProfile
from mailadmin.domain.services import FIELD_NAMES, FIELDS, SecretRef, Security, ServiceKind, Settings, Unit
from mailadmin.forms import auditing as forms_auditing
from mailadmin.forms import (
    explaining,
    findings_panel,
    inquiring,
    outboxing,
    pictures,
    portal_setup,
    recipients,
    results,
    row_panel,
    screens,
    service_panel,
    who_may_panel,
)
from mailadmin.forms import fields as form_fields
from mailadmin.interchange import (
    activities,
    carriers,
    cells,
    mailbox_rights,
    script_lexing,
    scripts,
    streams,
    xlsx_tables,
)
from mailadmin.interchange.reports import colours as report_colours
from mailadmin.interchange.reports import content as report_content
from mailadmin.interchange.reports import marks, page, paper
from mailadmin.interchange.reports import pictures as report_pictures
from mailadmin.migration import content, effects, kinds, mapping, planning
from mailadmin.migration.edits import Edits
from mailadmin.policy import plausible
from mailadmin.providers import capabilities, entra, ews_errors, graph_errors, ladder, registry, smtp_replies
from mailadmin.resolution import columns, hierarchy, provenance
from mailadmin.resolution import legacy as legacy_rules
from mailadmin.resolution.provenance import Context, Status, Tier
from mailadmin.resolution.resolver import resolve
from mailadmin.sandbox import entra as sandbox_entra
from mailadmin.sandbox import exchange, faults, graph, portal_documents, refusals, smtp, types, views
from mailadmin.storage import outbox, tables, unit_of_work, verifications
from mailadmin.storage.unit_of_work import Store
from mailadmin.usecases import fleet, maintaining, portal_settings, preferring, starting, validating
from tests.unit.audit.cases import CASES as AUDIT_CASES

SOURCE = Path(__file__).parents[1] / "src"


def tables_in(path: Path) -> Iterator[str]:
    """The names of a module whose docstring begins with TABLE."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    for statement, after in pairwise(body):
        if not (isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)):
            continue
        said = after.value.value
        if isinstance(said, str) and said.startswith("TABLE:"):
            target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
            assert isinstance(target, ast.Name), f"{path}: what is the table called?"
            yield target.id


def every_table() -> set[str]:
    found = set()
    for path in SOURCE.rglob("*.py"):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        found |= {f"{module}.{name}".removeprefix("mailadmin.") for name in tables_in(path)}
    return found


# --- domain -------------------------------------------------------------------------------------------------------


def fields_of_services() -> None:
    assert tuple(field.name for field in fields(Settings)) == FIELD_NAMES
    assert {field.unit for field in FIELDS} == set(Unit)
    assert {kind for field in FIELDS for kind in field.services} == set(ServiceKind) - {ServiceKind.OUTLOOK}
    hints = get_type_hints(Settings, include_extras=True)
    secret = {name for name in FIELD_NAMES if SecretRef in get_args(hints[name])}
    assert secret == {field.name for field in FIELDS if field.secret}
    assert all(field.required <= field.services for field in FIELDS)
    assert len({field.legacy for field in FIELDS}) == len({field.label for field in FIELDS}) == len(FIELDS)


def obsoleted_members() -> None:
    count = {owner: sum(m.owner is owner for m in legacy.OBSOLETED) for owner in legacy.Owner}
    assert list(count.values()) == [10, 26, 8, 2]
    assert len({(member.owner, member.name) for member in legacy.OBSOLETED}) == 46
    assert all(member.replacement for member in legacy.OBSOLETED)
    assert {member.kind for member in legacy.OBSOLETED} == set(legacy.Kind)


def governed_tables() -> None:
    assert {governed.row for governed in GOVERNED.values()} == set(get_args(Row))
    for name, governed in GOVERNED.items():
        assert set(governed.key) <= set(governed.columns), name
        hints = get_type_hints(governed.row, include_extras=True)
        secret = {column for column in governed.columns if SecretRef in get_args(hints[column])}
        assert set(governed.secrets) == secret, name
    order = list(GOVERNED)
    for before, after in (("cost_centres", "services"), ("users", "overrides"), ("cost_centres", "branches")):
        assert order.index(before) < order.index(after)


def permission_keys() -> None:
    assert permissions.PERMISSION_KEYS == {"Messaging.Email.UpdateFrom": permissions.Decision.DENY}


def portal_features() -> None:
    for feature in portals.PORTAL_FEATURES:
        sender = portals.FeatureSender(feature=feature, address=f"{feature}@kowhai.example")
        shop = portals.Portal(code="SHOP", override_from=True, smtp_server="s", senders=(sender,))
        answer = resolve(Context(portal="SHOP", feature=feature), Organisation.of([shop]))
        assert answer.sender == (None, sender.address)
        assert content.TABLES["portals"].column(f"from_{feature}") is not None


# --- resolution ---------------------------------------------------------------------------------------------------


def tiers() -> None:
    asked = [tier for tier, _ in hierarchy.TIERS]
    assert asked == [Tier.BRANCH, Tier.ENTITY, Tier.WEB_CONFIGURATION, Tier.GLOBAL]
    assert set(Tier) - set(asked) == {Tier.PORTAL, Tier.PREFERENCE, Tier.USER}
    nowhere = hierarchy.Place.of(Organisation.of([]), None, None, None)
    assert [step.tier for step in hierarchy.path(nowhere)] == asked
    answer = resolve(Context(service=ServiceKind.SMTP), Organisation.of([]))
    assert [step.tier for step in answer.asked] == asked


def status_meanings() -> None:
    assert list(provenance.STATUS_MEANINGS) == list(Status)
    assert all(provenance.STATUS_MEANINGS.values())


def _heads(head: columns.Head, expected: list[str]) -> None:
    assert list(head) == expected
    answer = resolve(Context(user="Ann"), Organisation.of([]))
    assert len(columns.line(answer, head)) == len(columns.names(head)) == len(expected) + 2 * len(FIELDS)


def effective_columns() -> None:
    _heads(columns.EFFECTIVE, ["branch", "web_configuration", "service", "cost_centre", "tier", "status"])


def legacy_columns() -> None:
    _heads(columns.LEGACY, ["web_configuration", "status", "method"])


# --- migration ----------------------------------------------------------------------------------------------------


def mapped_members() -> None:
    """Every member that holds a value is somebody's business, under its own owner, and nothing else is."""
    mapped = {(rule.owner, name) for rule in mapping.MAPPING for name in rule.members}
    assert mapped == {(m.owner, m.name) for m in legacy.OBSOLETED if m.kind is not legacy.Kind.FUNCTION}
    assert all(rule.legacy and rule.target for rule in mapping.MAPPING)
    assert len({rule.legacy for rule in mapping.MAPPING}) == len({rule.write for rule in mapping.MAPPING}) == 12
    read = set(legacy_rules._MEMBER_OF_FIELD.values())
    assert {name for owner in legacy.Owner for name in legacy.members_of(owner)} >= read
    assert set(legacy_rules._MEMBER_OF_FIELD) == set(FIELD_NAMES)


def tables_without_effect() -> None:
    """No answer depends on them: an organisation does not even hold their rows."""
    held = {field.name for field in fields(Organisation)} | {"mail_preferences"}  # held as preferences
    assert frozenset(GOVERNED) - held == planning.WITHOUT_EFFECT


def kinds_of_effect() -> None:
    assert list(kinds.KINDS) == list(kinds.Kind)
    assert all(kinds.KINDS.values())


def content_tables() -> None:
    names = "global_settings user_preferences web_configurations users roles entities branches cost_centres portals"
    assert list(content.TABLES) == [*names.split(), "contacts", "mail_preferences", "widgets"]
    for name, table in content.TABLES.items():
        assert table.name == name
        assert set(table.keys) <= {column.name for column in table.columns}
        if table.owner is not None:
            members = legacy.members_of(table.owner)
            assert {m.name: m.secret for m in table.members} == {n: m.secret for n, m in members.items()}
        for column in table.columns:
            assert column.reference in ("", *content.TABLES)
    owners = {table.owner for table in content.TABLES.values()} - {None}
    assert owners == set(legacy.Owner) - {legacy.Owner.SUPPORT}


def choices() -> None:
    chosen = {column.kind for table in content.TABLES.values() for column in (*table.columns, *table.members)}
    assert chosen == set(content.Kind)
    assert set(content.CHOICES) <= chosen
    for kind in content.Kind:
        assert cells.converter_of(content.Column("x", kind))


# --- storage ------------------------------------------------------------------------------------------------------

_COLUMN_TYPES = {bool: Boolean, int: Integer}


def stored_rows() -> None:
    assert list(tables.ROWS) == list(GOVERNED)
    for name, governed in GOVERNED.items():
        table = tables.ROWS[name]
        assert [column.name for column in table.primary_key] == [f"{part}_key" for part in governed.key]
        hints = get_type_hints(governed.row)
        for column in governed.columns:
            plain = next(
                (kind for kind in (get_args(hints[column]) or (hints[column],)) if kind in _COLUMN_TYPES), None
            )
            expected = _COLUMN_TYPES.get(plain, Text) if plain else Text
            assert type(table.c[column].type) is expected, f"{name}.{column}"


def pragmas(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'pragmas.db'}", created_at="2026-11-22T09:00:00+00:00")
    try:
        with store.reading() as connection:
            found = {p: connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in unit_of_work.PRAGMAS}
    finally:
        store.close()
    assert found == unit_of_work.PRAGMAS


# --- interchange --------------------------------------------------------------------------------------------------


def flags() -> None:
    for text, value in cells.FLAGS.items():
        assert text == text.lower()
        for written in (text, text.upper(), text.capitalize(), f" {text} "):
            assert cells.flag(written, lambda remark: None) is value
    assert set(cells.FLAGS.values()) == {True, False}


def signatures(tmp_path: Path) -> None:
    from mailadmin.errors import BadInput
    from mailadmin.interchange.legacy_exports import read_legacy_export

    for start, what in carriers._SIGNATURES:
        path = tmp_path / "source"
        path.write_bytes(start + b"\n" * 64)
        with pytest.raises(BadInput, match=what.partition(";")[0]):
            read_legacy_export(path)


def cell_types() -> None:
    """ECMA-376 part 1, 18.18.11: b, d, e, inlineStr, n, s, str."""
    assert set(xlsx_tables._READERS) == {"b", "d", "e", "n", "s", "str"}
    assert all(map(callable, xlsx_tables._READERS.values()))


def parts_of_a_report() -> None:
    """Every part is drawn on the page, on paper by the template too, and none is drawn that is no part."""
    parts = set(report_content.PARTS)
    assert parts == set(get_args(report_content.Part)) == set(page.DRAWN) == set(paper.DRAWN)
    template = (SOURCE / "mailadmin/interchange/reports/report.typ").read_text("utf-8")
    table = template.partition("#let parts = (")[2].partition("\n)\n")[0]
    assert set(re.findall(r"^  (\w+): \(part, section\)", table, re.MULTILINE)) == {part.__name__ for part in parts}


def pictures_of_a_report() -> None:
    assert set(report_pictures.DRAWN) == set(get_args(report_content.Picture))


def colours_of_a_report() -> None:
    words = {*kinds.Kind, *access.Word, *history.Turn, *findings.Severity}
    assert set(report_colours.COLOURS) == {*map(str, words), report_colours.OPEN, report_colours.ACCEPTED}


def marks_of_files() -> None:
    """Every kind of file a report consists of has a place for the mark."""
    assert set(marks.MARKED) == {"html", "xlsx", "pdf", "csv", "json", "ipynb"}
    assert all(map(callable, marks.MARKED.values()))


# --- sending ------------------------------------------------------------------------------------------------------


def settings_of_sending() -> None:
    """Every setting has a meaning, a default it may have, and somebody who asks for it."""
    source = "".join(file.read_text("utf-8") for file in (SOURCE / "mailadmin").rglob("*.py"))
    constants = {value: name for name, value in vars(settings).items() if name.isupper() and isinstance(value, str)}
    for name, spec in settings.SETTINGS.items():
        assert spec.label
        assert not spec.default or spec.check(spec.default) == spec.default
        assert len(re.findall(rf"\b{constants[name]}\b", source)) >= 3, f"nobody asks for {name}"


def clouds() -> None:
    assert list(settings.CLOUDS) == list(settings.Cloud)
    assert all(hosts.login and hosts.graph and hosts.uploads for hosts in settings.CLOUDS.values())


def needed_when() -> None:
    assert list(capabilities.NEEDED_WHEN) == list(capabilities.Capability)


def providers_of_services() -> None:
    assert set(registry.PROVIDERS) == {kind for profile in get_args(MailProfile) for kind in [profile.service]}
    assert all(provider.ABILITY.can <= set(capabilities.Capability) for provider in registry.PROVIDERS.values())


def smtp_replies_known() -> None:
    assert all(known.meaning and known.remedy for known in smtp_replies.REPLIES)
    assert len({known.pattern for known in smtp_replies.REPLIES}) == len(smtp_replies.REPLIES)
    assert all(re.compile(known.pattern) for known in smtp_replies.REPLIES)


def graph_errors_known() -> None:
    assert all(known.meaning and known.remedy for known in graph_errors.GRAPH_ERRORS.values())


def entra_errors_known() -> None:
    """What the sandbox can say, we know; but for grants we never ask for."""
    assert all(known.meaning and known.remedy for known in entra.ENTRA_ERRORS.values())
    assert set(sandbox_entra.ERRORS) - {70003} <= set(entra.ENTRA_ERRORS)


def states_of_the_outbox() -> None:
    assert list(outbox.STATES) == list(outbox.State)
    assert set(outbox.State) >= outbox.BY_MACHINE | outbox.FINISHED


def rungs() -> None:
    assert set(ladder.RUNGS) == set(registry.PROVIDERS)
    assert set(ladder.RUNGS[ServiceKind.SMTP]) == {"DNS", *ladder._RUNG_OF_STAGE.values()}
    assert set(ladder._TOLD) == set(ladder._RUNG_OF_STAGE.values())


# --- sandbox ------------------------------------------------------------------------------------------------------


def _sandbox(name: str = "*") -> str:
    return "".join(file.read_text("utf-8") for file in (SOURCE / "mailadmin" / "sandbox").glob(f"{name}.py"))


def sandbox_faults() -> None:
    """Every fault has its effect, and strikes somewhere."""
    assert list(faults.FAULTS) == list(faults.Fault)
    assert [fault for fault in faults.Fault if f"strike(Fault.{fault.name}" not in _sandbox()] == []


def sandbox_types() -> None:
    named = {kind for name in types.TYPES for kind in types.properties(name).values()}
    named |= {kind for parameters in types.ACTIONS.values() for kind in parameters.values()}
    inner = {kind.removeprefix("Collection(").removesuffix(")") for kind in named}
    assert {kind for kind in inner if kind.startswith("Edm.")} == set(types._PRIMITIVES)
    graphs = {kind.removeprefix("graph.") for kind in inner if kind.startswith("graph.")}
    assert graphs <= types.TYPES.keys() | types.ENUMS.keys()
    assert set(types.ENUMS) <= graphs
    assert all(type_.base is None or type_.base in types.TYPES for type_ in types.TYPES.values())


def sandbox_actions() -> None:
    assert [action for action in types.ACTIONS if f'"{action}")' not in _sandbox()] == []


def sandbox_refusals() -> None:
    source = _sandbox()
    assert [code for code in refusals.REFUSALS if source.count(f'"{code}"') < 2] == []


def sandbox_entra_errors() -> None:
    raised = {int(code) for code in re.findall(r"_RefusedToken\((\d+)", _sandbox("entra"))}
    assert raised == set(sandbox_entra.ERRORS)


def sandbox_routes() -> None:
    assert len({(route.method, route.path) for route in graph.ROUTES}) == len({r.answer for r in graph.ROUTES}) + 2
    assert all(route.roles and route.answer.__doc__ for route in graph.ROUTES)


def sandbox_folders() -> None:
    assert [exchange.folder_name(exchange.folder_id(name)) for name in exchange.FOLDERS] == list(exchange.FOLDERS)
    assert set(exchange.FOLDERS.values()) == set(exchange._LETTER)


def sandbox_doors() -> None:
    assert {door.security for door in smtp.DOORS.values()} == {
        Security.START_TLS,
        Security.SSL_ON_CONNECT,
        Security.NONE,
    }


def sandbox_pages() -> None:
    assert [path for path in views.PAGES if f'"{path}"' not in _sandbox("views")] == []


# --- pictures -----------------------------------------------------------------------------------------------------


def colours() -> None:
    assert set(pictures.COLOURS) == set(kinds.Kind)


def colours_of_decisions() -> None:
    assert set(forms_auditing.WORDS) == set(access.Word)


def colours_of_severities() -> None:
    assert set(forms_auditing.SEVERITIES) == set(findings.Severity)


# --- use cases ----------------------------------------------------------------------------------------------------


def doctors_looks() -> None:
    looks = {node.name for node in ast.parse(Path(maintaining.__file__).read_text("utf-8")).body
             if isinstance(node, ast.FunctionDef) and node.returns and ast.unparse(node.returns) == "Iterator[Check]"
             and ast.unparse(node.args) == "app: App, connection: Connection"}  # fmt: skip
    assert looks == {look.__name__ for look in maintaining.LOOKS}


def flags_of_users() -> None:
    plain = access.Question(UserLevel.NORMAL, True, False, False, ())
    assert not any(holds(plain) for holds in access.FLAGS.values())
    odd = [plain._replace(level=level) for level in UserLevel if level is not UserLevel.NORMAL]
    odd += [plain._replace(active=False), plain._replace(locked_out=True), plain._replace(external=True)]
    told = [{name for name, holds in access.FLAGS.items() if holds(asked)} for asked in odd]
    assert sorted(map(len, told)) == [1] * len(access.FLAGS)
    assert set().union(*told) == set(access.FLAGS)


def remedies_of_mismatches() -> None:
    assert list(gates.REMEDIES) == list(gates.Mismatch)
    assert len(set(gates.REMEDIES.values())) == len(gates.REMEDIES)


def exports_of_rights() -> None:
    assert {kind for export in mailbox_rights.EXPORTS.values() for kind in export.kinds} == set(gates.RIGHTS)
    columns = [export.columns for export in mailbox_rights.EXPORTS.values()]
    assert all(columns)
    assert not any(one <= other for one in columns for other in columns if one is not other)


def audit_rules() -> None:
    assert set(AUDIT_CASES) == set(rules.RULES)
    assert all(all((r.title, r.rationale, r.source, r.remedy)) for r in rules.RULES.values())
    assert all(name == rule.id for name, rule in rules.RULES.items())


def required_widgets() -> None:
    assert [(w.name, w.version, w.day.isoformat()) for w in widgets.REQUIRED] == [
        ("EmailMessage", "1.05", "2025-11-13"),
        ("DocumentCreate", "1.12", "2025-11-26"),
        ("DocumentExecute", "1.05", "2025-11-13"),
        ("WorkflowActions", "1.01", "2025-11-13"),
        ("CostCentreEdit_General", "1.01", "2025-11-05"),
    ]
    assert audit_widgets.check_widgets([{"name": w.name, "version": w.version} for w in widgets.REQUIRED]) == ()


def remedies_of_widgets() -> None:
    assert list(audit_widgets.REMEDIES) == list(audit_widgets.State)
    assert all(audit_widgets.REMEDIES.values())


def languages_of_scripts() -> None:
    assert list(scripts._SUFFIXES) == list(script_lexing.Language)
    suffixes = [suffix for several in scripts._SUFFIXES.values() for suffix in several]
    assert len(set(suffixes)) == len(suffixes)
    for language, several in scripts._SUFFIXES.items():
        assert {scripts.language_of(suffix.upper(), "") for suffix in several} == {language}


def kinds_of_fields() -> None:
    assert list(form_fields.WIDGETS) == list(form_fields.Kind)


def forms_by_name() -> None:
    found = {name: getattr(mailadmin.forms, name) for name in mailadmin.forms._FORMS}
    assert all(made.__module__.startswith("mailadmin.forms.") for made in found.values())
    assert dir(mailadmin.forms) == sorted(found)


def headings_of_units() -> None:
    assert set(service_panel.HEADINGS) == set(Unit)


def panels_of_rows() -> None:
    for table, asking in row_panel.ASKED.items():
        kind = GOVERNED[table].row
        row = kind(code="A", entity="E") if kind is Branch else kind(code="A")
        assert set(asking(Edits({}), row)) <= set(GOVERNED[table].columns) - set(GOVERNED[table].key)


def forms_of_fields() -> None:
    assert plausible.FORMS.keys() <= {field.name for field in FIELDS if not field.secret}


def advice_of_statuses() -> None:
    assert list(explaining.WHAT_TO_DO) == list(Status)


def parts_of_recipients() -> None:
    assert list(recipients.WHOM) == list(recipients.Part)


def actions_of_messages() -> None:
    assert list(outboxing.ACTIONS) == list(outbox.State)
    assert {a for several in outboxing.ACTIONS.values() for a in several} == set(outboxing.Action)


def tones_of_messages() -> None:
    assert list(results.TONES) == list(outbox.State)


def old_screens() -> None:
    asked = {(content.TABLES[s.table].owner, c.name) for s in screens.SCREENS for c in screens.columns_of(s)}
    members = {(m.owner, m.name) for m in legacy.OBSOLETED if m.kind is not legacy.Kind.FUNCTION and not m.is_resolved}
    # Worked out by the old system, on no screen.
    assert {name for _, name in members - asked} == {"EmailIsUnattendedAvailable"}
    assert len({s.title for s in screens.SCREENS}) == len(screens.SCREENS)


def starts_looks() -> None:
    source = ast.parse(Path(starting.__file__).read_text("utf-8")).body
    looks = {
        node.name
        for node in source
        if isinstance(node, ast.FunctionDef)
        and node.returns
        and ast.unparse(node.returns) == "Iterator[Point]"
        and ast.unparse(node.args) == "seen: Seen"
    }
    assert looks == {look.__name__ for look in starting.LOOKS.values()}


def ews_errors_known() -> None:
    """Every code is one the library knows an error for."""
    assert {*ews_errors.EWS_ERRORS, *ews_errors.CHANGED} <= set(vars(ews_library))
    assert not set(ews_errors.EWS_ERRORS) & set(ews_errors.CHANGED)
    assert all(known.meaning and known.remedy for known in ews_errors.EWS_ERRORS.values())


def ews_statuses_known() -> None:
    assert all(known.meaning and known.remedy for known in ews_errors.EWS_STATUSES.values())


def ews_changes_known() -> None:
    assert all(ews_errors.CHANGED.values())


def activity_columns() -> None:
    assert list(activities.COLUMNS) == [field.name for field in fields(Activity)]


def monitors_words() -> None:
    assert {*preferring.LABELS, "user_id"} == set(MailPreference.__dataclass_fields__)
    assert list(preferring.METHODS) == list(EmailMethod)
    assert len({*preferring.LABELS.values(), *preferring.METHODS.values()}) == len(preferring.LABELS) + len(EmailMethod)


def marks_of_results() -> None:
    assert set(validating.MARKS) == set(ladder.Result)
    assert len(set(validating.MARKS.values())) == len(ladder.Result)


def choices_of_answers() -> None:
    assert list(who_may_panel.ONLY) == list(who_may_panel.Only)
    plain = access.Answer(UserLevel.NORMAL, True, False, False, access.Word.DENY, "", (), (), False, (), ())
    odd = [
        plain._replace(decision=access.Word.ALLOW),
        plain._replace(conflict=True),
        plain._replace(decision=access.Word.UNKNOWN),
        plain._replace(flags=("inactive",)),
    ]
    everybody, *narrower = who_may_panel.ONLY.values()
    assert all(map(everybody, [plain, *odd]))
    assert [[wanted(answer) for answer in odd] for wanted in narrower] == [[i == n for i in range(4)] for n in range(4)]
    assert not any(wanted(plain) for wanted in narrower)


def choices_of_findings() -> None:
    assert list(findings_panel.WHICH) == list(findings_panel.Which)
    kinds = [findings.Finding("r", findings.Severity.LOW, "s", "f", "m", until) for until in ("", "2026-11-30")]
    found = [[wanted(one) for one in kinds] for wanted in findings_panel.WHICH.values()]
    assert found == [[True, False], [False, True], [True, True]]


def pages_of_the_audit() -> None:
    assert list(inquiring.PAGES) == list(inquiring.Page)
    assert len({made.panel for made in inquiring.PAGES.values()}) == len(inquiring.PAGES)


def kinds_of_documents() -> None:
    made_up = portal_documents.documents_of("C1")
    assert {one.document.kind for one in made_up} == set(portals.DOCUMENT_KINDS)
    words = [word for kind in portals.DOCUMENT_KINDS.values() for word in kind]
    assert len(set(words)) == len(words)


def notifications() -> None:
    assert {told.feature for told in portals.NOTIFICATIONS.values()} <= set(portals.PORTAL_FEATURES)
    assert all("{it}" in told.text for told in portals.NOTIFICATIONS.values())


def settings_of_portals() -> None:
    assert set(portal_settings.LABELS) == {field.name for field in fields(portals.Portal)} - {"code", "senders"}
    assert set(portal_setup._FEATURES) == set(portals.PORTAL_FEATURES)


def formats_of_everybody() -> None:
    assert list(streams.FORMATS) == [".csv", ".json", ".parquet"]
    assert all(ending in get_args(OutOption)[1].help for ending in streams.FORMATS)
    one = columns.Columns(("branch",), ["Ann"], array("I", [0]), [("AKL",)])
    for write in streams.FORMATS.values():
        out = io.BytesIO()
        write([one], out, False)
        assert b"Ann" in out.getvalue()


def parts_of_the_command_line() -> None:
    folder = Path(mailadmin.cli.__file__).parent
    adding = {file.stem for file in folder.glob("*.py") if "def add_to(" in file.read_text(encoding="utf-8")}
    assert sorted(mailadmin.cli.PARTS) == sorted(adding)
    every = {command.callback.__name__ for command in mailadmin.cli.application().registered_commands}
    assert mailadmin.cli.ALONE.keys() <= every
    assert {part for parts in mailadmin.cli.ALONE.values() for part in parts} <= adding


def questions_of_a_fleet() -> None:
    assert set(fleet.QUESTIONS) == {command.callback.__name__ for command in cli_fleet.commands.registered_commands}


CHECKS: dict[str, Callable[..., None]] = {
    "audit.access.FLAGS": flags_of_users,
    "audit.gates.REMEDIES": remedies_of_mismatches,
    "interchange.mailbox_rights.EXPORTS": exports_of_rights,
    "audit.rules.RULES": audit_rules,
    "domain.widgets.REQUIRED": required_widgets,
    "audit.widgets.REMEDIES": remedies_of_widgets,
    "interchange.scripts._SUFFIXES": languages_of_scripts,
    "forms._FORMS": forms_by_name,
    "forms.fields.WIDGETS": kinds_of_fields,
    "forms.service_panel.HEADINGS": headings_of_units,
    "forms.row_panel.ASKED": panels_of_rows,
    "forms.explaining.WHAT_TO_DO": advice_of_statuses,
    "policy.plausible.FORMS": forms_of_fields,
    "forms.recipients.WHOM": parts_of_recipients,
    "forms.outboxing.ACTIONS": actions_of_messages,
    "forms.results.TONES": tones_of_messages,
    "forms.screens.SCREENS": old_screens,
    "usecases.starting.LOOKS": starts_looks,
    "providers.ews_errors.EWS_ERRORS": ews_errors_known,
    "providers.ews_errors.EWS_STATUSES": ews_statuses_known,
    "providers.ews_errors.CHANGED": ews_changes_known,
    "interchange.activities.COLUMNS": activity_columns,
    "usecases.preferring.LABELS": monitors_words,
    "usecases.preferring.METHODS": monitors_words,
    "usecases.validating.MARKS": marks_of_results,
    "forms.who_may_panel.ONLY": choices_of_answers,
    "forms.findings_panel.WHICH": choices_of_findings,
    "forms.inquiring.PAGES": pages_of_the_audit,
    "domain.portals.DOCUMENT_KINDS": kinds_of_documents,
    "domain.portals.NOTIFICATIONS": notifications,
    "usecases.portal_settings.LABELS": settings_of_portals,
    "interchange.streams.FORMATS": formats_of_everybody,
    "cli.PARTS": parts_of_the_command_line,
    "usecases.fleet.QUESTIONS": questions_of_a_fleet,
    "domain.services.FIELDS": fields_of_services,
    "domain.legacy.OBSOLETED": obsoleted_members,
    "domain.governed.GOVERNED": governed_tables,
    "domain.permissions.PERMISSION_KEYS": permission_keys,
    "domain.portals.PORTAL_FEATURES": portal_features,
    "resolution.hierarchy.TIERS": tiers,
    "resolution.provenance.STATUS_MEANINGS": status_meanings,
    "resolution.columns.EFFECTIVE": effective_columns,
    "resolution.columns.LEGACY": legacy_columns,
    "migration.mapping.MAPPING": mapped_members,
    "migration.planning.WITHOUT_EFFECT": tables_without_effect,
    "migration.kinds.KINDS": kinds_of_effect,
    "migration.content.TABLES": content_tables,
    "migration.content.CHOICES": choices,
    "storage.unit_of_work.PRAGMAS": pragmas,
    "interchange.cells.FLAGS": flags,
    "interchange.carriers._SIGNATURES": signatures,
    "interchange.xlsx_tables._READERS": cell_types,
    "interchange.reports.content.PARTS": parts_of_a_report,
    "interchange.reports.page.DRAWN": parts_of_a_report,
    "interchange.reports.paper.DRAWN": parts_of_a_report,
    "interchange.reports.pictures.DRAWN": pictures_of_a_report,
    "interchange.reports.colours.COLOURS": colours_of_a_report,
    "interchange.reports.marks.MARKED": marks_of_files,
    "forms.auditing.WORDS": colours_of_decisions,
    "forms.auditing.SEVERITIES": colours_of_severities,
    "forms.pictures.COLOURS": colours,
    "domain.settings.SETTINGS": settings_of_sending,
    "domain.settings.CLOUDS": clouds,
    "providers.capabilities.NEEDED_WHEN": needed_when,
    "providers.registry.PROVIDERS": providers_of_services,
    "providers.smtp_replies.REPLIES": smtp_replies_known,
    "providers.graph_errors.GRAPH_ERRORS": graph_errors_known,
    "providers.entra.ENTRA_ERRORS": entra_errors_known,
    "providers.ladder.RUNGS": rungs,
    "storage.outbox.STATES": states_of_the_outbox,
    "sandbox.entra.ERRORS": sandbox_entra_errors,
    "sandbox.exchange.FOLDERS": sandbox_folders,
    "sandbox.faults.FAULTS": sandbox_faults,
    "sandbox.graph.ROUTES": sandbox_routes,
    "sandbox.refusals.REFUSALS": sandbox_refusals,
    "sandbox.smtp.DOORS": sandbox_doors,
    "sandbox.types.ACTIONS": sandbox_actions,
    "sandbox.types.ENUMS": sandbox_types,
    "sandbox.types.TYPES": sandbox_types,
    "sandbox.views.PAGES": sandbox_pages,
    "usecases.maintaining.LOOKS": doctors_looks,
}


def test_every_table_has_a_check_here_and_every_check_a_table() -> None:
    assert every_table() == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_nothing_is_missing_from(name: str, tmp_path: Path) -> None:
    check = CHECKS[name]
    check(tmp_path) if check.__code__.co_argcount else check()


@pytest.mark.parametrize("name", CHECKS)
def test_a_table_is_not_empty(name: str) -> None:
    module, _, table = f"mailadmin.{name}".rpartition(".")
    assert getattr(importlib.import_module(module), table)


def test_the_kept_rows_have_the_types_of_the_rows() -> None:
    stored_rows()


def test_the_schema_that_is_built_is_the_schema_that_is_meant(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'schema.db'}", created_at="2026-11-22T09:00:00+00:00")
    try:
        with store.reading() as connection:
            assert verifications.VERIFICATIONS.name in tables.METADATA.tables
            assert compare_metadata(MigrationContext.configure(connection), tables.METADATA) == []
    finally:
        store.close()


def test_words_that_stand_in_files_are_never_two_things() -> None:
    for words in (Status, Tier, kinds.Kind, effects.Change, legacy.Method):
        assert len({str(word) for word in words}) == len(words)


def test_global_is_made_where_no_row_says_so() -> None:
    row = CostCentre(code=GLOBAL)
    assert Organisation.of([]).cost_centres == {key_of(row)[0]: row}
    assert table_of(row) == "cost_centres"
