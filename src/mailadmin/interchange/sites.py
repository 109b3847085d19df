"""A fleet's list of sites: a TOML file with a name, a store, tags and script folders for each.

Laws: no password stands in it, because the file travels to whoever runs the fleet; every problem is told at once.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ..domain.keys import STRICT, Line, Name, match_key
from ..errors import BadInput, Problem, SourceRejected, UnknownName
from .budgets import read_regular


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Site:
    """One site: `store` is a SQLite file (beside the list, where it is no whole path) or a database URL."""

    name: Name
    store: Line
    tags: tuple[Name, ...] = ()
    scripts: tuple[Line, ...] = ()


_ADAPTER = TypeAdapter(tuple[Site, ...])


def read_sites(file: str | Path) -> tuple[Site, ...]:
    """The sites of a list, in its order. Raises BadInput, or SourceRejected with every problem."""
    path = Path(file)
    given = read_regular(path)
    try:
        document = tomllib.loads(given.decode())
    except ValueError as error:
        raise BadInput(f"{path} is not TOML: {error}") from error
    if set(document) != {"site"}:
        raise BadInput(f"{path} is no list of sites.", remedy="Each stands under [[site]], with name and store.")
    try:
        sites = _ADAPTER.validate_python(document["site"])
    except ValidationError as error:
        problems = [
            Problem(f"{path.name} site {'.'.join(map(str, e['loc']))}", str(e["msg"]))
            for e in error.errors(include_input=False)
        ]
        raise SourceRejected(str(path), problems) from None
    _refuse(sites, path)
    return tuple(_beside(site, path.parent) for site in sites)


def tagged(sites: Iterable[Site], tags: Iterable[str]) -> tuple[Site, ...]:
    """The sites that have one of these tags; all of them without any. Raises UnknownName for a tag no site has."""
    sites = tuple(sites)
    wanted = {match_key(tag): tag for tag in tags}
    known = {match_key(tag) for site in sites for tag in site.tags}
    if odd := [tag for key, tag in wanted.items() if key not in known]:
        raise UnknownName("tag", odd[0], remedy=f"Tags are: {', '.join(sorted(known))}.")
    return tuple(site for site in sites if not wanted or wanted.keys() & map(match_key, site.tags))


# As SQLAlchemy reads a URL: a password may hold / and ?, and may stand among the options.
_PASSWORD = re.compile(r"://[^:/]*:[^@]*@|://.*[?&][^=&]*password[^=&]*=", re.IGNORECASE)


def _refuse(sites: tuple[Site, ...], path: Path) -> None:
    problems, seen = [], set[str]()
    for site in sites:
        if match_key(site.name) in seen:
            problems.append(Problem(f"{path.name} {site.name}", "the name stands there twice"))
        seen.add(match_key(site.name))
        if _PASSWORD.search(unquote(site.store)):
            # Not shown: it is the password.
            problems.append(
                Problem(f"{path.name} {site.name}", "the store's URL holds a password", "use ~/.pgpass or PGPASSWORD")
            )
    if problems:
        raise SourceRejected(str(path), problems)


def _beside(site: Site, folder: Path) -> Site:
    """The site with whole paths: whoever works on it may stand in another folder."""
    whole = folder.absolute()
    store = site.store.removeprefix("sqlite:///")
    store = store if "://" in store else str(whole / store)
    scripts = tuple(str(whole / place) for place in site.scripts)
    return Site(name=site.name, store=store, tags=site.tags, scripts=scripts)
