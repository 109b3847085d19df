"""connect(): the only reader of environment and configuration."""

from __future__ import annotations

import getpass
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from .audit.advisories import Advisory, advisories_of
from .domain.canonical import Seal
from .domain.keys import unprintable
from .domain.profiles import Secret
from .errors import BadInput, KeyNeeded
from .storage import repository, sealing
from .storage.keys import KeyPlaces, Sealer, StoreKey
from .storage.unit_of_work import Store
from .storage.vault import Vault

STORE_VARIABLE = "MAILADMIN_STORE"
ACTOR_VARIABLE = "MAILADMIN_ACTOR"
DEFAULT_STORE = "mailadmin.db"


@dataclass(frozen=True, slots=True)
class App:
    """An open store with what surrounds it: its key, a clock (UTC), and who is at work."""

    store: Store
    places: KeyPlaces
    clock: Callable[[], datetime]
    actor: str

    def key(self, connection: Connection) -> StoreKey | None:
        """The store's key, or None where it is not here."""
        return self.places.find(repository.state(connection).key_id)

    def sealer(self, connection: Connection) -> Sealer | None:
        """What seals the store's rows and documents, or None without its key."""
        return sealing.sealer_of(connection, self.places.all())

    def writer_sealer(self, connection: Connection) -> Sealer | None:
        """What seals what is written now. Raises KeyNeeded where the store has a key and it is not here.

        A row written without its seal would be refused as soon as the key is back.
        """
        sealer = self.sealer(connection)
        if sealer is None and (key_id := repository.state(connection).key_id) is not None:
            raise KeyNeeded(
                f"The store's key {key_id}… is not here, and without it nothing can be written.",
                remedy="Bring the key back. Reading works without it.",
            )
        return sealer

    def seal(self) -> Seal | None:
        """What seals documents, or None without a key."""
        with self.store.reading() as connection:
            sealer = self.sealer(connection)
        return sealer.seal if sealer else None

    def vault(self, connection: Connection, what: str) -> Vault:
        """The store's secrets, in a writing transaction. Raises KeyNeeded naming what a key is needed for.

        A key that is here and new to the store becomes its key.
        """
        self.writer_sealer(connection)
        if (key := self.key(connection)) is None:
            raise KeyNeeded(
                f"A key is needed to {what}, and there is none.",
                remedy="Make one with `mailadmin key create`, or choose --no-secrets and enter passwords later.",
            )
        sealer = self.sealer(connection) or sealing.give_sealer(connection, key)
        return Vault(connection, repository.state(connection).lineage, self.places.all(), key, sealer)

    def secret(self, fingerprint: str) -> Secret:
        """A secret of the vault, fetched where it is used. Revealing it raises KeyNeeded where it cannot be read."""

        def fetch() -> str:
            with self.store.reading() as connection:
                key, sealer = self.key(connection), self.sealer(connection)
                if key is None or sealer is None:
                    raise KeyNeeded("The store's key is not here, so no password can be read.", remedy="Bring it back.")
                lineage = repository.state(connection).lineage
                return Vault(connection, lineage, self.places.all(), key, sealer).reveal(fingerprint)

        return Secret(fetch)

    def now(self) -> str:
        """The time, UTC, ISO 8601, to the second."""
        return self.clock().replace(microsecond=0).isoformat()

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def store_url(named: str | Path | None, environment: Mapping[str, str]) -> str:
    """The store's URL: as named, else from MAILADMIN_STORE, else `mailadmin.db` in the working folder."""
    chosen = str(named or environment.get(STORE_VARIABLE) or DEFAULT_STORE)
    return chosen if "://" in chosen else f"sqlite:///{chosen}"


def standing_store(environment: Mapping[str, str] | None = None) -> str:
    """The store `connect()` opens where none is named, if it is there already: by MAILADMIN_STORE or here; or ''."""
    environment = os.environ if environment is None else environment
    return environment.get(STORE_VARIABLE) or (DEFAULT_STORE if Path(DEFAULT_STORE).exists() else "")


def connect(
    store: str | Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] | None = None,
    actor: str | None = None,
) -> App:
    """Open a store, creating it where there is none.

    `store` is a path to a SQLite file or an SQLAlchemy URL. Raises NotAStore, StoreTooNew, StoreBusy, StoreFailed.
    """
    environment = os.environ if environment is None else environment
    clock = clock or (lambda: datetime.now(UTC))
    url = store_url(store, environment)
    who = actor or environment.get(ACTOR_VARIABLE) or getpass.getuser()
    if (found := unprintable(who)) is not None:
        raise BadInput(f"The name of whoever is at work holds the character {found}.", remedy=f"Set {ACTOR_VARIABLE}.")
    opened = Store(url, created_at=clock().replace(microsecond=0).isoformat(), actor=who)
    with opened.reading() as connection:
        lineage = repository.state(connection).lineage
    database = opened.engine.url.database
    beside = Path(database).with_suffix(".key") if url.startswith("sqlite") and database else None
    return App(opened, KeyPlaces(environment, beside, lineage), clock, who)


def data_folder() -> Path:
    """What comes with mailadmin: beside the package when installed, in the checkout's data folder otherwise."""
    package = Path(__file__).parent
    installed = package / "data"
    return installed if installed.is_dir() else package.parents[1] / "data"


def notebooks_folder() -> Path:
    """The notebooks that come with mailadmin, in the same way."""
    package = Path(__file__).parent
    installed = package / "notebooks"
    return installed if installed.is_dir() else package.parents[1] / "notebooks"


def sample_folder() -> Path:
    """The sample company."""
    return data_folder() / "sample"


def advisories() -> tuple[Advisory, ...]:
    """The dated outside facts that come with mailadmin."""
    file = data_folder() / "advisories.toml"
    return advisories_of(tomllib.loads(file.read_text(encoding="utf-8")), file.name)
