"""mailadmin export, import, schema: the configuration as a document people can review."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .migration import show_plan
from .output import Form, print_text
from .session import opened


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(export)
    app.command("import")(import_)
    app.command()(schema)


def export(
    context: typer.Context,
    form: Annotated[str, typer.Option("--format", help="toml or json.")] = "toml",
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
) -> None:
    """Write the whole configuration as TOML or JSON; secrets as fingerprints only.

    Example: mailadmin export --out site.toml
    """
    from ..errors import BadInput
    from ..interchange.configuration import DocumentFormat
    from ..usecases import configuring

    if form not in set(DocumentFormat):
        raise BadInput(f"A configuration is not written as {form!r}.", remedy="Use --format toml or --format json.")
    with opened(context) as app:
        text = configuring.export_configuration(app, DocumentFormat(form), out=out)
    print_text(f"Configuration written to {out}." if out else text)


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="TOML or JSON file, as written by export.")],
    out: Annotated[Path, typer.Option(help="Write the plan to this file.")] = Path("plan.json"),
    remove_missing: Annotated[
        bool, typer.Option("--remove-missing", help="Remove rows the document's tables do not name.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Show every changed column.")] = False,
) -> None:
    """Plan what a reviewed configuration changes; apply the plan to make it so.

    Example: mailadmin import site.toml --out plan.json
    """
    from ..migration.effects import headline
    from ..usecases import configuring, migrating

    with opened(context) as app:
        made = configuring.plan_import(app, file, remove_missing=remove_missing, out=out)
        summary = migrating.effects(app, made).summary()
    show_plan(made, full=full, form=Form.TABLE)
    print_text(f"Effects: {headline(summary)}.")
    print_text(f"Plan written to {out}. Then: mailadmin apply {out} --confirm {made.confirmation}")


def schema() -> None:
    """Print the JSON Schema of a configuration.

    Example: mailadmin schema > configuration.schema.json
    """
    from ..interchange import configuration

    print_text(configuration.schema())
