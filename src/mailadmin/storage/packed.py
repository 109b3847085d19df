"""Documents as a store keeps them: packed, a tenth of their size, and unpacked a piece at a time."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterable, Iterator

from ..errors import Tampered

_FAST = 1
"""zlib's quickest level: rows are so alike that the slowest saves another third and takes five times as long."""

_PIECE = 1 << 20


def packed(pieces: Iterable[bytes]) -> bytes:
    """A document, packed."""
    packer = zlib.compressobj(_FAST)
    return b"".join([*map(packer.compress, pieces), packer.flush()])


def unpacked(document: bytes, where: str) -> Iterator[str]:
    """The text of a packed document. Raises Tampered, when it comes to that, where it is none."""
    unpacker, decoder = zlib.decompressobj(), codecs.getincrementaldecoder("utf-8")()
    try:
        while not unpacker.eof:
            piece = unpacker.decompress(document, _PIECE)
            if not piece and not unpacker.unconsumed_tail and not unpacker.eof:
                raise EOFError
            yield decoder.decode(piece)
            document = unpacker.unconsumed_tail
        yield decoder.decode(b"", final=True)
    except (zlib.error, EOFError, UnicodeDecodeError, TypeError) as error:
        raise Tampered(f"{where} is not as it was written.", remedy="Restore the store from a backup.") from error
