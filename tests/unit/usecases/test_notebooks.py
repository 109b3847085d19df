"""Notebooks as evidence: whatever can only be pressed is left out before they are executed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from mailadmin.bootstrap import notebooks_folder
from mailadmin.usecases.notebooks import without_forms


def test_the_audit_notebook_is_evidence_without_its_form() -> None:
    nbformat: Any = import_module("nbformat")
    notebook = nbformat.read(notebooks_folder() / "3-audit.ipynb", as_version=4)
    assert any("forms.audit(desk)" in cell.source for cell in notebook.cells)
    left = "\n".join(cell.source for cell in without_forms(notebook).cells)
    assert "desk" not in left.replace("desktop", "")
    assert "step by step" not in left
    assert "auditing.access(app, key, at=day)" in left
