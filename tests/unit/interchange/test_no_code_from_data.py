"""Nothing that is read is ever run: what would run it does not stand in the source (FI-36)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[3] / "src"
MODULES = {
    "pickle",
    "_pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "yaml",
    "runpy",
    "code",
}
CALLS = {"eval", "exec", "compile", "__import__"}
METHODS = {"system", "popen", "read_pickle", "to_pickle", "literal_eval", "full_load", "unsafe_load"}


def odd(source: str) -> Iterator[tuple[int, str]]:
    """(line, what) for everything that could run data, or hand it to a shell."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from ((node.lineno, name) for name in names if name.partition(".")[0] in MODULES)
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in CALLS:
                yield node.lineno, node.func.id
            if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
                yield node.lineno, node.func.attr
            for keyword in node.keywords:
                if keyword.arg in ("shell", "allow_pickle") and not _is_false(keyword.value):
                    yield node.lineno, keyword.arg


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


def test_nothing_that_is_read_is_run() -> None:
    files = sorted(SOURCE.rglob("*.py"))
    assert [(str(file), *found) for file in files for found in odd(file.read_text(encoding="utf-8"))] == []
    assert SOURCE / "mailadmin" / "interchange" / "reader.py" in files


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import pickle", "pickle"),
        ("from pickle import loads", "pickle"),
        ("def f():\n    import yaml.loader", "yaml.loader"),
        ("eval('1')", "eval"),
        ("x = exec", None),
        ("exec(text)", "exec"),
        ("os.system('ls')", "system"),
        ("subprocess.run(x, shell=True)", "shell"),
        ("subprocess.run(x, shell=wanted)", "shell"),
        ("subprocess.run(x, shell=False)", None),
        ("pandas.read_pickle(x)", "read_pickle"),
        ("re.compile(x)", None),
    ],
)
def test_what_would_be_found(source: str, what: str | None) -> None:
    assert [found for _, found in odd(source)] == ([] if what is None else [what])
