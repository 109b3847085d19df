"""The store's key: where it is found, what it seals, and that it never shows."""

from __future__ import annotations

import pickle
import secrets
from pathlib import Path

import pytest

from mailadmin.errors import BadInput, KeyNeeded
from mailadmin.storage.keys import KEY_FILE_VARIABLE, KEY_VARIABLE, KeyPlaces, Sealer, StoreKey, new_key, new_sealer


def places(folder: Path, **environment: str) -> KeyPlaces:
    return KeyPlaces(environment, folder / "mailadmin.key", "lineage")


def test_what_is_encrypted_for_one_place_is_read_there_only() -> None:
    key, secret = new_key(), secrets.token_hex()
    nonce, ciphertext = key.encrypt(secret, b"overrides/a")
    assert key.decrypt(nonce, ciphertext, b"overrides/a") == secret
    with pytest.raises(KeyNeeded):
        key.decrypt(nonce, ciphertext, b"overrides/b")
    with pytest.raises(KeyNeeded):
        new_key().decrypt(nonce, ciphertext, b"overrides/a")


@pytest.mark.parametrize("secret", ["", "a", "x" * 31, "x" * 32, "ends with \x80", "zero\0", "pässwörd ☃"])
def test_every_text_comes_back_as_it_was(secret: str) -> None:
    key = new_key()
    assert key.decrypt(*key.encrypt(secret, b"c"), b"c") == secret


def test_the_length_of_a_ciphertext_tells_little() -> None:
    key = new_key()
    assert {len(key.encrypt("x" * n, b"c")[1]) for n in range(31)} == {48}


def test_like_secrets_have_like_fingerprints_within_one_store_only() -> None:
    sealer, secret = new_sealer(), secrets.token_hex()
    assert sealer.fingerprint(secret) == Sealer.of(sealer.text()).fingerprint(secret)
    assert sealer.fingerprint(secret) != sealer.fingerprint(secret + " ")
    assert sealer.fingerprint(secret) != new_sealer().fingerprint(secret)


@pytest.mark.parametrize("made", [new_key(), new_sealer()])
def test_a_key_shows_in_no_repr_and_is_not_pickled(made: StoreKey | Sealer) -> None:
    assert made.text() not in f"{made!r} {made}"
    with pytest.raises(TypeError):
        pickle.dumps(made)


def test_a_key_is_found_in_the_environment_then_in_its_file(tmp_path: Path) -> None:
    in_file, in_environment = new_key(), new_key()
    where = places(tmp_path, **{KEY_VARIABLE: in_environment.text()})
    where.keep_in_file([in_file])
    assert [key.id for key in where.candidates()] == [in_environment.id, in_file.id]
    assert where.find(None).id == in_environment.id  # type: ignore[union-attr]
    assert where.find(in_file.id).id == in_file.id  # type: ignore[union-attr]
    assert where.find("00000000") is None


def test_a_named_key_file_goes_before_the_one_beside_the_store(tmp_path: Path) -> None:
    named = tmp_path / "named.key"
    where = places(tmp_path, **{KEY_FILE_VARIABLE: str(named)})
    assert where.keep_in_file([new_key()]) == named


def test_a_key_file_is_for_its_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    where = places(tmp_path)
    file = where.keep_in_file([new_key()])
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BadInput):
        where.keep_in_file([new_key()])
    file.chmod(0o644)
    with pytest.raises(KeyNeeded, match="chmod 600"):
        where.find(None)


def test_a_bad_key_is_refused_without_being_repeated() -> None:
    text = secrets.token_hex(20)
    with pytest.raises(BadInput) as refused:
        StoreKey.parse(text, "The file")
    assert text not in str(refused.value)


def test_a_line_break_after_a_key_does_no_harm() -> None:
    key = new_key()
    assert StoreKey.parse(key.text() + "\n", "here").id == key.id


def test_while_keys_change_there_are_two_and_the_new_one_comes_first(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    where = places(tmp_path)
    where.keep_in_file([old])
    where.keep_in_file([new, old], replace=True)
    assert list(where.all()) == [new.id, old.id]
