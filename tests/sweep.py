"""The end of every session of tests: no canary stands in any file it wrote, nor in what it printed, logged or reported.

Laws: a find fails the session. A file is searched before a test deletes it or puts another in its place. Only the
customer's own files, noted by `canaries.exported`, may hold a canary.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests import canaries

_GOING = {"os.remove": 0, "os.rename": 1, "shutil.rmtree": 0}
"""What Python does to files that are then no more, as its audit events, and which argument is the file."""


def start(config: pytest.Config) -> None:
    """Have this session swept. Raises UsageError where pytest itself would throw files away before."""
    if config.getini("tmp_path_retention_policy") != "all":
        raise pytest.UsageError("tmp_path_retention_policy must be all: what a test wrote is searched at the end")
    config.pluginmanager.register(Folders())
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Sweep())


class Folders:
    """In every process that runs tests: says whose folder is whose, and watches what is deleted."""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """Watch, when the register is there."""
        ours = [_register().parent]

        def heard(event: str, about: tuple[Any, ...]) -> None:
            if event == "tempfile.mkdtemp":
                ours.append(Path(about[0]))
            elif event in _GOING:
                with suppress(OSError, TypeError, ValueError):
                    going = Path(about[_GOING[event]]).absolute()
                    if any(going.is_relative_to(folder) for folder in ours):
                        _search(going)

        sys.addaudithook(heard)

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """A test's own folder goes with its report."""
        if (folder := getattr(item, "funcargs", {}).get("tmp_path")) is not None:
            item.user_properties.append(("folder", str(folder)))


def _register() -> Path:
    return Path(os.environ[canaries.REGISTER])


def _search(going: Path) -> None:
    """Note every canary in what is about to be deleted, and who deletes it."""
    for file, how in canaries.hits(going):
        canaries.note("finds", f"{how} in {file}, deleted by {canaries.current_test()}")


class Sweep:
    """In the process that reports: collects what tests said, and searches what they wrote."""

    def __init__(self) -> None:
        self._tests: dict[Path, str] = {}
        self._found: set[str] = set()

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Make the register, before workers are started."""
        base: Path = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        register = base / "register"
        register.mkdir()
        os.environ[canaries.REGISTER] = str(register)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Search what a test printed, logged and raised."""
        self._tests |= {Path(str(folder)): report.nodeid for name, folder in report.user_properties if name == "folder"}
        for title, text in [*report.sections, ("traceback", report.longreprtext)]:
            self._found |= {f"{how} in {title}, said by {report.nodeid}" for how in canaries.found_in(text.encode())}

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Search every file, when the last worker is done."""
        self._found |= {f"{how} in {file}{self._written_by(file)}" for file, how in canaries.hits(_register().parent)}
        self._found |= set(canaries.noted("finds"))
        if self._found:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _written_by(self, file: Path) -> str:
        test = next((self._tests[folder] for folder in file.parents if folder in self._tests), "")
        return f", written by {test}" if test else ""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where."""
        if self._found:
            terminalreporter.section(f"{len(self._found)} canaries got out", red=True)
            for line in sorted(self._found):
                terminalreporter.write_line(line)
