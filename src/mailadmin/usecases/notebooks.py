"""Notebooks that come with mailadmin, executed with parameters and shown as a page without code.

Laws: a secret is never a parameter, since parameters stand in what is kept; no widget state and no time is kept; the
page asks nothing of the network; a form, which nobody can press on paper, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..bootstrap import App, notebooks_folder
from ..errors import BadInput, UnknownName
from ..interchange.reports.page import MARK

FORM = "form"
"""The tag of a cell that opens a form, or says how to use it."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def run(app: App, name: str, parameters: Mapping[str, str], *, mark: str) -> dict[str, bytes]:
    """The notebook executed on this store, and its page: two files.

    Raises UnknownName for a parameter it does not have, BadInput where the store's URL holds a password, and what a
    cell raises.
    """
    file = notebooks_folder() / f"{name}.ipynb"
    given = {**parameters, "store": _store(app)}
    known = _parameters(file)
    for parameter in sorted(given.keys() - known):
        raise UnknownName("parameter", parameter, remedy=f"{name} has: {', '.join(sorted(known))}.")
    notebook = _executed(file, given)
    notebook.metadata = {
        "kernelspec": notebook.metadata.kernelspec,
        "language_info": {"name": "python"},
        "mailadmin": mark,
    }
    return {f"{name}.ipynb": _text(notebook).encode(), f"{name}.html": _page(notebook, mark).encode()}


def _store(app: App) -> str:
    url = app.store.engine.url
    if url.password is not None or url.query:
        raise BadInput(
            "The store's URL holds a password or options, and parameters stand in the notebook that is kept.",
            remedy="Leave the password out of the URL: PGPASSFILE or PGPASSWORD provide it.",
        )
    sqlite = url.get_backend_name() == "sqlite" and url.database
    return str(Path(str(url.database)).resolve()) if sqlite else url.render_as_string()


def _parameters(file: Path) -> set[str]:
    papermill: Any = import_module("papermill")
    return {str(one) for one in papermill.inspect_notebook(str(file))}


def _executed(file: Path, given: Mapping[str, str]) -> Any:
    papermill: Any = import_module("papermill")
    nbformat: Any = import_module("nbformat")
    with TemporaryDirectory(prefix="mailadmin-") as folder:
        out = Path(folder) / file.name
        nbformat.write(without_forms(nbformat.read(file, as_version=4)), out)
        try:
            papermill.execute_notebook(
                out, out, parameters=dict(given), cwd=folder, progress_bar=False, record_timing=False,
                store_widget_state=False,
            )  # fmt: skip
        except papermill.PapermillExecutionError as error:
            raise BadInput(f"{file.name} stopped: {error.ename}: {error.evalue}.") from None
        return _plain(nbformat.read(out, as_version=4))


def without_forms(notebook: Any) -> Any:
    """Without the cells that open a form."""
    notebook.cells = [cell for cell in notebook.cells if FORM not in cell.metadata.get("tags", [])]
    return notebook


def _plain(notebook: Any) -> Any:
    """Without what differs from run to run."""
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags} if tags else {}
        if "injected-parameters" in tags:
            cell["id"] = "injected-parameters"
    return notebook


def _text(notebook: Any) -> str:
    nbformat: Any = import_module("nbformat")
    return str(nbformat.writes(notebook))


def _page(notebook: Any, mark: str) -> str:
    nbconvert: Any = import_module("nbconvert")
    exporter = nbconvert.HTMLExporter(exclude_input=True, exclude_input_prompt=True, exclude_output_prompt=True)
    exporter.mathjax_url = exporter.require_js_url = exporter.mermaid_js_url = exporter.jquery_url = ""
    exporter.embed_images = True
    page, _ = exporter.from_notebook_node(notebook)
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><meta name="{MARK}" content="{escape(mark)}">'
    )
    without_scripts = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
    return re.sub(r"(<head>)", rf"\1{head}", without_scripts, count=1)
