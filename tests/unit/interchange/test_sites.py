"""A list of sites is read whole or not at all, and no password travels in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailadmin.errors import BadInput, SourceRejected, UnknownName
from mailadmin.interchange.sites import Site, read_sites, tagged
from tests.canaries import canary, exported


def listed(folder: Path, text: str) -> Path:
    file = folder / "sites.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_sites_are_read_in_their_order_with_paths_beside_the_list(tmp_path: Path) -> None:
    file = listed(
        tmp_path,
        '[[site]]\nname = "b"\nstore = "b.db"\ntags = ["NZ"]\nscripts = ["src"]\n'
        '[[site]]\nname = "a"\nstore = "postgresql://host/db"\n[[site]]\nname = "c"\nstore = "/srv/c.db"\n'
        '[[site]]\nname = "d"\nstore = "sqlite:///d.db"\n[[site]]\nname = "e"\nstore = "postgresql://me@[::1]:5432/db?a=b"\n',
    )
    b, a, c, d, e = read_sites(file)
    assert (b.name, b.store, b.tags, b.scripts) == ("b", str(tmp_path / "b.db"), ("NZ",), (str(tmp_path / "src"),))
    assert (a.store, c.store) == ("postgresql://host/db", "/srv/c.db")
    assert (d.store, e.store) == (str(tmp_path / "d.db"), "postgresql://me@[::1]:5432/db?a=b")


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    file = listed(tmp_path, '[[site]]\nname = ""\nstore = "a"\n[[site]]\nname = "b"\n[[site]]\nname = "c"\nkey = 1\n')
    with pytest.raises(SourceRejected) as refused:
        read_sites(file)
    assert len(refused.value.problems) >= 3


@pytest.mark.parametrize(
    "store",
    [
        "postgresql://me:{}@host/db",
        "postgresql://me:/{}@host/db",
        "postgresql://me:?{}@host/db",
        "postgresql://[me:{}@host/db",
        "postgresql+psycopg://host/db?connect_timeout=1&password={}",
        "postgresql://host/db?p%61ssword={}",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_repeated(store: str, tmp_path: Path) -> None:
    secret = "CANARY" + canary().partition("&")[0]
    file = exported(listed(tmp_path, f'[[site]]\nname = "a"\nstore = "{store.format(secret)}"\n'))
    with pytest.raises(SourceRejected, match="holds a password") as refused:
        read_sites(file)
    assert secret not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not toml", "is not TOML"),
        ("sites = 1", "no list of sites"),
        ('[[site]]\nname = "A"\nstore = "x"\n[[site]]\nname = "a"\nstore = "y"\n', "stands there twice"),
    ],
)
def test_what_is_no_list_of_sites_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_sites(listed(tmp_path, text))


def test_a_list_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read") as refused:
        read_sites(tmp_path / "sites.toml")
    assert "TOML" not in str(refused.value).replace("sites.toml", "")


def test_sites_are_chosen_by_tag() -> None:
    sites = tuple(
        Site(name=name, store="x", tags=tags) for name, tags in (("a", ("NZ",)), ("b", ("AU", "gold")), ("c", ()))
    )
    assert [site.name for site in tagged(sites, [])] == ["a", "b", "c"]
    assert [site.name for site in tagged(sites, ["nz", "Gold"])] == ["a", "b"]
    with pytest.raises(UnknownName, match="silver"):
        tagged(sites, ["silver"])
