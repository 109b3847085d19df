"""The one form in which content is hashed and sealed: JSON, keys sorted, no blanks, no floats (after RFC 8785)."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(content: Any) -> bytes:
    """Content as canonical JSON bytes. Floats are refused (TypeError): two machines may write them differently."""
    _refuse_floats(content)
    return _written(content).encode()


_written = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
_PLAIN = frozenset({str, int, bool, type(None)})


def sha256(content: Any) -> str:
    """The SHA-256 of content's canonical form, 64 hex digits."""
    return hashlib.sha256(canonical(content)).hexdigest()


def _refuse_floats(content: Any) -> None:
    if isinstance(content, float):
        raise TypeError("canonical content holds no floats")
    if isinstance(content, dict | list | tuple):
        for value in content.values() if isinstance(content, dict) else content:
            if type(value) not in _PLAIN:  # a million rows are sealed through here
                _refuse_floats(value)
