"""What Jupyter and its kernels are told: the store, and this Python."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME

from mailadmin.jupyter.kernels import ThisPython, surround

VARIABLES = ("MAILADMIN_STORE", "JUPYTER_PATH", "JUPYTER_CONFIG_PATH")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "")


@pytest.mark.parametrize(("named", "told"), [("", ""), ("a.db", "{here}/a.db"), ("postgresql:///x", "postgresql:///x")])
def test_the_store_is_handed_on_wherever_the_notebooks_are(tmp_path: Path, named: str, told: str) -> None:
    surround(named or None)
    assert os.environ["MAILADMIN_STORE"] == told.format(here=tmp_path)


def test_a_store_that_is_here_is_handed_on(tmp_path: Path) -> None:
    (tmp_path / "mailadmin.db").touch()
    surround(None)
    assert os.environ["MAILADMIN_STORE"] == str(tmp_path / "mailadmin.db")


def test_what_others_set_up_comes_after_what_comes_with_mailadmin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_PATH", "/theirs")
    surround(None)
    ours, theirs = os.environ["JUPYTER_PATH"].split(os.pathsep)
    assert Path(ours, "voila", "templates", "mailadmin", "index.html.j2").is_file()
    assert theirs == "/theirs"
    assert Path(os.environ["JUPYTER_CONFIG_PATH"], "labconfig", "default_setting_overrides.json").is_file()


def test_there_is_one_kernel_and_it_is_this_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "kernels" / NATIVE_KERNEL_NAME
    other.mkdir(parents=True)
    (other / "kernel.json").write_text('{"argv": ["/elsewhere/python"], "display_name": "x", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    kernels = ThisPython()
    assert list(kernels.find_kernel_specs()) == [NATIVE_KERNEL_NAME]
    assert kernels.get_kernel_spec(NATIVE_KERNEL_NAME).argv[0] == sys.executable
