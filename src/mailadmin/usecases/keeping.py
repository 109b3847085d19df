"""The store's key: made once, kept in a private file or the keyring, never shown."""

from __future__ import annotations

from ..bootstrap import App
from ..errors import BadInput
from ..storage import repository, sealing
from ..storage.keys import new_key


def create_key(app: App, *, in_keyring: bool = False) -> str:
    """Make the store's key and say where it is kept.

    Raises BadInput where there is a key already, KeyNeeded where the keyring cannot be used.
    """
    with app.store.writing() as connection:
        if (known := repository.state(connection).key_id) is not None:
            raise BadInput(f"This store has a key already: {known}….", remedy="It was left as it is.")
        key = new_key()
        if in_keyring:
            app.places.keep_in_keyring([key])
            where = "the keyring"
        else:
            where = str(app.places.keep_in_file([key]))
        sealing.give_sealer(connection, key)
    return where
