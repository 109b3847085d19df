"""The store's key: where it is found, and what it does. It never meets a repr, a log or a file but its own.

A key is 32 random bytes, base64url, from the environment (MAILADMIN_KEY), a file only its owner can read
(MAILADMIN_KEY_FILE, or `<store>.key` beside a SQLite store) or the operating system's keyring. No key is a choice
somebody makes, never a silent plaintext. While keys are being changed there are two, the new one first.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ..errors import BadInput, KeyNeeded

KEY_VARIABLE, KEY_FILE_VARIABLE = "MAILADMIN_KEY", "MAILADMIN_KEY_FILE"
KEYRING_SERVICE = "mailadmin"
_BYTES = 32
_STEP = 32


class _Hidden:
    """Bytes that show in no repr and in no pickle."""

    __slots__ = ("__key",)

    def __init__(self, key: bytes) -> None:
        self.__key = key

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")

    def _bytes(self) -> bytes:
        return self.__key

    def _derived(self, purpose: str) -> bytes:
        return hmac.digest(self.__key, f"mailadmin {purpose}".encode(), "sha256")


class Sealer(_Hidden):
    """What seals documents and rows and fingerprints secrets, for as long as the store lives.

    It stands in the store, encrypted under the store's key, so that changing the key changes no fingerprint.
    """

    __slots__ = ("_fingerprints", "_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        seals = self._derived("seal").ljust(hashlib.sha256().block_size, b"\0")
        self._inner, self._outer = (hashlib.sha256(bytes(part ^ pad for part in seals)) for pad in (0x36, 0x5C))
        self._fingerprints = self._derived("fingerprint")

    def __repr__(self) -> str:
        return "Sealer(…)"

    def seal(self, document: bytes | Iterable[bytes]) -> str:
        """The seal of a document, whole or in pieces: HMAC-SHA256, 64 hex digits.

        By RFC 2104 from hashes that took in the key once: half of what `hmac` costs, for a million rows.
        """
        inner, outer = self._inner.copy(), self._outer.copy()
        for piece in (document,) if isinstance(document, bytes) else document:
            inner.update(piece)
        outer.update(inner.digest())
        return outer.hexdigest()

    def fingerprint(self, secret: str) -> str:
        """The fingerprint of a secret: `hmac:` and 16 hex digits; alike for like secrets of one store."""
        return "hmac:" + hmac.digest(self._fingerprints, secret.encode(), "sha256").hex()[:16]

    def text(self) -> str:
        """The sealer as it is encrypted."""
        return base64.urlsafe_b64encode(self._bytes()).decode()

    @classmethod
    def of(cls, text: str) -> Sealer:
        """The sealer a decrypted text stands for."""
        return cls(base64.urlsafe_b64decode(text))


class StoreKey(_Hidden):
    """One key. `id` names it without giving it away."""

    __slots__ = ("_vault", "id")

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self._vault = self._derived("vault")
        self.id = hashlib.sha256(b"mailadmin key id" + key).hexdigest()[:8]

    def __repr__(self) -> str:
        return f"StoreKey({self.id}…)"

    @classmethod
    def parse(cls, text: str, where: str) -> StoreKey:
        """The key a text stands for. Raises BadInput, without repeating the text."""
        try:
            key = base64.b64decode(text.strip().encode(), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            key = b""
        if len(key) != _BYTES:
            raise BadInput(f"{where} does not hold a key.", remedy="A key is made by: mailadmin key create")
        return cls(key)

    def text(self) -> str:
        """The key as it is kept."""
        return base64.urlsafe_b64encode(self._bytes()).decode()

    def encrypt(self, secret: str, context: bytes) -> tuple[bytes, bytes]:
        """Nonce and ciphertext (AES-256-GCM), bound to a context, padded so that the length tells little."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(12)
        plain = secret.encode() + b"\x80"
        plain += bytes(-len(plain) % _STEP)
        return nonce, AESGCM(self._vault).encrypt(nonce, plain, context)

    def decrypt(self, nonce: bytes, ciphertext: bytes, context: bytes) -> str:
        """The secret. Raises KeyNeeded where key, context or ciphertext do not belong together."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            plain = AESGCM(self._vault).decrypt(nonce, ciphertext, context)
        except InvalidTag as error:
            raise KeyNeeded(
                f"A secret cannot be read with key {self.id}….", remedy="Use the store's own key, or enter it again."
            ) from error
        return plain.rstrip(b"\0")[:-1].decode()


def new_sealer() -> Sealer:
    """A random sealer, for a store that gets its first key."""
    return Sealer(secrets.token_bytes(_BYTES))


def new_key() -> StoreKey:
    """A random key."""
    return StoreKey(secrets.token_bytes(_BYTES))


@dataclass(frozen=True, slots=True)
class KeyPlaces:
    """Where a store's key may be. `lineage` names it in the keyring."""

    environment: Mapping[str, str]
    beside: Path | None
    lineage: str

    @property
    def file(self) -> Path | None:
        """The key file, whether it exists or not."""
        named = self.environment.get(KEY_FILE_VARIABLE)
        return Path(named) if named else self.beside

    def candidates(self) -> Iterator[StoreKey]:
        """Every key that can be found, nearest first."""
        if text := self.environment.get(KEY_VARIABLE):
            yield from _parsed(text, f"The environment variable {KEY_VARIABLE}")
        if (file := self.file) is not None and file.exists():
            yield from _parsed(_private_text(file), str(file))
        if text := _keyring_get(self.lineage):
            yield from _parsed(text, "The operating system's keyring")

    def find(self, key_id: str | None) -> StoreKey | None:
        """The key with this id, or the nearest where the store has none yet."""
        return next((key for key in self.candidates() if key_id in (None, key.id)), None)

    def all(self) -> dict[str, StoreKey]:
        """Every key that can be found, by id."""
        return {key.id: key for key in self.candidates()}

    def keep(self, keys: list[StoreKey]) -> None:
        """Keep keys where the store's key is kept now. Raises KeyNeeded for the environment, which others write."""
        known = {key.id for key in keys}
        file = self.file
        if self.environment.get(KEY_VARIABLE):
            here = {key.id for key in _parsed(self.environment[KEY_VARIABLE], KEY_VARIABLE)}
            if not known <= here:
                raise KeyNeeded(
                    f"The key is in {KEY_VARIABLE}, which mailadmin does not write.",
                    remedy="Set it to the new key, a blank, and the old key; then rotate again.",
                )
        elif file is not None and file.exists():
            self.keep_in_file(keys, replace=True)
        else:
            self.keep_in_keyring(keys)

    def keep_in_file(self, keys: Iterable[StoreKey], *, replace: bool = False) -> Path:
        """Write keys to the key file, for its owner alone, whole or not at all.

        Raises BadInput where there is a file already, unless it is to be replaced, or it cannot be written.
        """
        file = self.file
        if file is None:
            raise BadInput("This store has no folder for a key file.", remedy=f"Name one in {KEY_FILE_VARIABLE}.")
        if file.exists() and not replace:
            raise BadInput(f"There is a key in {file} already.", remedy="It was left as it is.")
        temporary = file.with_name(f".{file.name}.new")
        try:
            temporary.unlink(missing_ok=True)
            handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w") as opened:
                opened.writelines(key.text() + "\n" for key in keys)
                opened.flush()
                os.fsync(opened.fileno())
            temporary.replace(file)
        except OSError as error:
            raise BadInput(f"{file} cannot be written: {error.strerror}.", remedy="No key was changed.") from error
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        return file

    def keep_in_keyring(self, keys: Iterable[StoreKey]) -> None:
        """Put keys into the operating system's keyring. Raises KeyNeeded where there is none."""
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(KEYRING_SERVICE, self.lineage, "\n".join(key.text() for key in keys))
        except KeyringError as error:
            raise KeyNeeded(
                "This machine has no keyring that can be used.", remedy="Keep the key in a file: mailadmin key create"
            ) from error


def _parsed(text: str, where: str) -> list[StoreKey]:
    return [StoreKey.parse(part, where) for part in text.split()]


def _private_text(file: Path) -> str:
    if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise KeyNeeded(f"The key file {file} can be read by others.", remedy=f"chmod 600 {file}")
    return file.read_text()


def _keyring_get(lineage: str) -> str | None:
    """A key from the keyring; a machine without one has none (headless Linux)."""
    if os.name == "posix" and not os.environ.get("DBUS_SESSION_BUS_ADDRESS") and not Path("/usr/bin/security").exists():
        return None
    import keyring
    from keyring.errors import KeyringError

    with contextlib.suppress(KeyringError):
        return keyring.get_password(KEYRING_SERVICE, lineage)
    return None
