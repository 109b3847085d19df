"""A file that cannot be written whole is not there, the store is as it was; others read none of them (ST-05, ST-47)."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

from mailadmin.bootstrap import App
from mailadmin.errors import BadInput, MailAdminError
from mailadmin.interchange.configuration import DocumentFormat
from mailadmin.interchange.files import write_privately
from mailadmin.storage import backup
from mailadmin.storage.keys import KEY_FILE_VARIABLE, KeyPlaces, new_key
from mailadmin.usecases import configuring, keeping, maintaining, migrating, reporting
from tests.campaign import Child, Places, Say, Stage, applied, canary, export, file_of, first_snapshot, killed, stages
from tests.contract.test_killed import old_store
from tests.engines import database

PAGE = 4096
ROOMS = (0, PAGE, 16 * PAGE, 100 * PAGE)
"""Too little for anything, for the larger files, for several, and enough."""

Sizes = dict[str, int]


class Output(NamedTuple):
    """What is written to a folder: by which work, as which files, and which of them are there before."""

    work: Callable[[App, Path], object]
    files: tuple[str, ...]
    before: tuple[str, ...]


def written_again(work: Callable[[App, Path], object], *files: str) -> Output:
    """Files of which there is an earlier version."""
    return Output(work, files, files)


OUTPUTS = {
    "export": written_again(
        lambda app, folder: configuring.export_configuration(app, DocumentFormat.TOML, out=folder / "site.toml"),
        "site.toml",
    ),
    "snapshot": written_again(
        lambda app, folder: migrating.take_snapshot(app, folder.with_name("other.json"), out=folder / "before.json"),
        "before.json",
    ),
    "plan": written_again(
        lambda app, folder: migrating.make_plan(app, first_snapshot(app), out=folder / "plan.json"),
        "plan.json",
    ),
    "rollback": written_again(lambda app, folder: migrating.plan_rollback(app, out=folder / "back.json"), "back.json"),
    "report": written_again(
        lambda app, folder: reporting.write_migration_report(app, folder.with_name("plan.json"), folder, pdf=False),
        "migration.html",
        "migration.xlsx",
    ),
    "key": Output(lambda app, _: keeping.create_key(app), ("the.key",), ()),
    "changed key": written_again(lambda app, _: maintaining.rotate_key(app), "the.key"),
    "backup": Output(lambda _app, _folder: None, ("old.db", "old.db.schema1"), ("old.db",)),
}
"""TABLE: what is written beside a store; a backup, by opening an old one."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    return stages(Places(tmp_path_factory.mktemp("files-out"), server))["apply"]


@contextmanager
def staged(base: Stage, folder: Path, name: str) -> Iterator[Stage]:
    """A store about to write this to a folder."""
    folder.mkdir()
    for file in OUTPUTS[name].before:
        (folder / file).write_bytes(b"old")
    with base.places.copied(base.url) as url:
        stage = replace(base, url=url)
        match name:
            case "snapshot":
                export(folder.with_name("other.json"), canary(), "other.example")
            case "report":
                with stage.opened(url) as app:
                    applied(app, migrating.plan_rollback(app))
                    migrating.make_plan(app, first_snapshot(app), out=folder.with_name("plan.json"))
            case "key" | "changed key":
                environment = {KEY_FILE_VARIABLE: str(folder / "the.key")}
                stage = replace(base, url=base.places.fresh(), environment=environment)
                with stage.opened(stage.url) as app:
                    if name == "changed key":
                        KeyPlaces(environment, None, "").keep_in_file([new_key()], replace=True)
                        migrating.take_snapshot(app, export(folder.with_name("export.json"), canary()))
            case "backup":
                file_of(old_store(base.places)).replace(folder / "old.db")
                stage = replace(base, url=f"sqlite:///{folder / 'old.db'}")
        yield stage


def written(stage: Stage, folder: Path, name: str, room: int) -> tuple[str, Sizes]:
    """What is said of the work where the folder has so much room, and the files there are then."""

    def write(say: Say) -> None:
        fill(folder, room)
        said = "done"
        try:
            with stage.opened(stage.url) as app:
                OUTPUTS[name].work(app, folder)
        except MailAdminError as error:
            said = f"{type(error).__name__}: {error}".replace("\n", " ")
        say(said)
        say(json.dumps(sizes_in(folder)))

    said, *found = Child(write).end().said
    return said, json.loads(found[0]) if found else {}


def sizes_in(folder: Path) -> Sizes:
    return {path.name: path.stat().st_size for path in folder.iterdir() if path.name != ".filler"}


def fill(folder: Path, room: int) -> None:
    """Put a small disk of the child's own in the folder's place, with what the folder held, and room for no more."""
    held = {path: path.read_bytes() for path in folder.iterdir()}
    os.umask(0o077)
    mount(folder)
    for path, content in held.items():
        path.write_bytes(content)
    with (folder / ".filler").open("wb", buffering=0) as filler:
        with suppress(OSError):
            while filler.write(bytes(PAGE)):
                pass
        filler.truncate(filler.tell() - room)


def mount(folder: Path) -> None:
    """Mount a disk in memory that no other process sees. Raises OSError where the system forbids it."""
    new_mounts, private_and_below = 0x20000, 0x44000  # CLONE_NEWNS, and MS_PRIVATE | MS_REC, of Linux
    system = ctypes.CDLL(None, use_errno=True)
    if (
        system.unshare(new_mounts)
        or system.mount(None, b"/", None, private_and_below, None)
        or system.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=1m")
    ):
        raise OSError(ctypes.get_errno(), "no disk of one's own")


@pytest.fixture
def mounts(tmp_path: Path) -> None:
    """Skip where a container, or not being root, forbids mounting."""
    if sys.platform != "linux" or Child(lambda _: mount(tmp_path)).end().said:
        pytest.skip("only root may mount a full disk, and not in every container")


def fill_up(base: Stage, folder: Path, name: str) -> None:
    """Give a folder ever more room, from none on: until there is enough, all is as it was (ST-05)."""
    attempts = []
    with staged(base, folder, name) as stage:
        before = sizes_in(folder)
        picture = base.places.picture(stage.url) if name != "backup" else {}
        for room in ROOMS:
            said, found = written(stage, folder, name, room)
            if said == "done":
                break
            attempts.append(found)
            assert said.partition(":")[0] in {"BadInput", "StoreFailed"}
            assert any(file in said for file in OUTPUTS[name].files), said
            assert name == "backup" or base.places.picture(stage.url) == picture
    assert (said, sorted(found)) == ("done", sorted(OUTPUTS[name].files))
    assert attempts[0] == before
    for left in attempts:
        assert {file: size for file, size in left.items() if size not in (before.get(file), found.get(file))} == {}


@pytest.mark.usefixtures("mounts")
@pytest.mark.parametrize("name", [name for name in OUTPUTS if name != "backup"])
def test_on_a_full_disk_a_file_is_as_it_was(base: Stage, tmp_path: Path, name: str) -> None:
    fill_up(base, tmp_path / "out", name)


@pytest.mark.usefixtures("mounts")
def test_on_a_full_disk_an_older_store_is_as_it_was(tmp_path: Path) -> None:
    fill_up(stages(Places(tmp_path))["apply"], tmp_path / "out", "backup")


WRITERS: dict[str, Callable[[Path], object]] = {
    "document": lambda folder: write_privately(folder / "site.toml", "x" * 10_000),
    "key": lambda folder: KeyPlaces({KEY_FILE_VARIABLE: str(folder / "the.key")}, None, "").keep_in_file([new_key()]),
    "backup": lambda folder: backup.copy_file(folder / "1.db", "schema1"),
}
"""TABLE: the functions that write a file, for whatever reason it is written."""


def come_short(room: int) -> None:
    """Let no file grow beyond a size, for the rest of a child's life: the beginning of what is written is taken."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))


@pytest.mark.parametrize("room", [0, 1, 40])
@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_comes_short_is_not_kept(tmp_path: Path, name: str, room: int) -> None:
    """ST-05, without being root."""
    with database(tmp_path / "1.db") as connection:
        connection.execute("CREATE TABLE anything (x)")

    def write(_: Say) -> None:
        come_short(room)
        WRITERS[name](tmp_path)

    [said] = Child(write).end().said
    assert said.partition(":")[0] in {"BadInput", "StoreFailed"}
    assert [path.name for path in tmp_path.iterdir()] == ["1.db"]


def interrupted() -> NoReturn:
    raise KeyboardInterrupt


ENDS: dict[str, tuple[Callable[[], None], int]] = {"killed": (killed, 1), "interrupted": (interrupted, 0)}
"""TABLE: how a writer ends, and how many files it leaves beside what it wrote: who is killed cannot tidy up."""


@pytest.mark.parametrize("how", ENDS)
def test_a_file_is_as_it_was_when_its_writer_ends_before_it_is_moved(tmp_path: Path, how: str) -> None:
    """ST-01 and ST-50, within an export."""
    file = tmp_path / "site.toml"
    write_privately(file, "old")
    happens, left = ENDS[how]

    def write(_: Say) -> None:
        sys.addaudithook(lambda event, _: happens() if event == "os.rename" else None)
        write_privately(file, "new")

    Child(write).end()
    assert file.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1 + left
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


KINDS: dict[str, Callable[[Path], object]] = {
    "link": lambda place: place.symlink_to("elsewhere"),
    "folder": lambda place: place.mkdir(),
    "pipe": os.mkfifo,
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_not_replaced_by_one(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "out"
    KINDS[kind](place)
    before = place.lstat().st_ino
    with pytest.raises(BadInput, match="out"):
        write_privately(place, "new")
    assert (place.lstat().st_ino, list(tmp_path.iterdir())) == (before, [place])


@pytest.fixture
def report(tmp_path: Path) -> Iterator[Stage]:
    """A store about to write a report to the folder `out`, where there is an earlier one."""
    with staged(stages(Places(tmp_path))["apply"], tmp_path / "out", "report") as stage:
        yield stage


def test_a_report_that_cannot_be_drawn_is_refused(report: Stage, tmp_path: Path) -> None:
    """A workbook is drawn in temporary files, and there may be no room for those (ST-05)."""

    def write(_: Say) -> None:
        with report.opened(report.url) as app:
            come_short(PAGE)
            OUTPUTS["report"].work(app, tmp_path / "out")

    [said] = Child(write).end().said
    assert said.partition(":")[0] == "BadInput"
    assert set(sizes_in(tmp_path / "out").values()) == {len(b"old")}


@pytest.fixture
def hiding_nothing() -> Iterator[None]:
    """A umask that hides nothing (ST-47)."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("hiding_nothing")
def test_a_folder_that_is_made_is_for_its_owner_alone(report: Stage, tmp_path: Path) -> None:
    with report.opened(report.url) as app:
        reporting.write_migration_report(app, tmp_path / "plan.json", tmp_path / "new", pdf=False)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("hiding_nothing")
def test_reports_and_backups_are_for_their_owner_alone(report: Stage, tmp_path: Path) -> None:
    """For what else is written see test_many_writers."""
    with report.opened(report.url) as app:
        OUTPUTS["report"].work(app, tmp_path / "out")
    old = old_store(report.places)
    with report.opened(old):
        written = [*(tmp_path / "out").iterdir(), Path(f"{file_of(old)}.schema1")]
    modes = {path.suffix: path.stat().st_mode & 0o777 for path in written}
    assert modes == dict.fromkeys((".html", ".xlsx", ".schema1"), 0o600)
