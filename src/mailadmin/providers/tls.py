"""TLS as we use it: certificates verified, TLS 1.2 or newer (RFC 8996, 8997), or one pinned certificate."""

from __future__ import annotations

import hashlib
import ssl
from functools import lru_cache
from pathlib import Path
from threading import Lock

from ..errors import BadInput, CertificateInvalid, MailFailed, TlsFailed, TlsTooOld

_TOO_OLD = ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "VERSION_TOO_LOW")

_MAKING = Lock()
"""Held while a context is made: of many connections begun at once, one makes it and the others wait."""


def shared_context(ca_file: str = "", *, pinned: bool = False) -> ssl.SSLContext:
    """As `context_for`, but one for all connections that trust the same file as it is now; nobody may change it.

    Every authority is read to make one: as long as ten sessions take.
    """
    with _MAKING:
        return _made(ca_file, pinned, _stamp(ca_file or ssl.get_default_verify_paths().cafile))


@lru_cache(maxsize=16)
def _made(ca_file: str, pinned: bool, _stamp: object) -> ssl.SSLContext:
    return context_for(ca_file, pinned=pinned)


def _stamp(file: str | None) -> object:
    """What differs when another file stands at this place, or it was written anew."""
    try:
        found = Path(file).stat() if file else None
    except OSError:
        return None
    return found and (file, found.st_ino, found.st_mtime_ns, found.st_size)


def context_for(ca_file: str = "", *, pinned: bool = False) -> ssl.SSLContext:
    """A verifying context, trusting the system's authorities or those of a file. Raises BadInput for such a file.

    With a pinned certificate the handshake verifies nothing; `check_pinned` must follow it.
    """
    if ca_file and not Path(ca_file).is_file():
        raise BadInput(f"There is no file of certificate authorities {ca_file}.", remedy="Correct the setting.")
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except ssl.SSLError as error:
        raise BadInput(f"{ca_file} holds no certificates in PEM form.", remedy="Correct the setting.") from error
    except OSError as error:
        raise BadInput(f"{ca_file} cannot be read: {error.strerror}.", remedy="Correct the setting.") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python would obey SSLKEYLOGFILE and write the keys of every session to a file (typeshed does not know of None).
    context.keylog_filename = None  # type: ignore[assignment]
    if pinned:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def check_pinned(sock: ssl.SSLSocket, fingerprint: str, stage: str) -> None:
    """Raise CertificateInvalid unless the server showed the very certificate (SHA-256, hex)."""
    shown = hashlib.sha256(sock.getpeercert(binary_form=True) or b"").hexdigest()
    if shown != fingerprint:
        raise CertificateInvalid(
            stage,
            f"the server shows another certificate than the pinned one (SHA-256 {shown}).",
            remedy="Ask whoever runs the server whether it was renewed; then pin the new one.",
        )


def explained(error: ssl.SSLError, stage: str, server: str) -> MailFailed:
    """What went wrong in a handshake, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return CertificateInvalid(
            stage,
            f"the certificate of {server} is not accepted: {error.verify_message.rstrip('.')}.",
            remedy="Correct the server's name, have the certificate renewed, or set the file of its authority.",
        )
    if error.reason in _TOO_OLD:
        return TlsTooOld(stage, f"{server} knows nothing newer than TLS 1.1.", remedy="Have the server updated.")
    if error.reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}:
        return TlsFailed(
            stage,
            f"{server} does not speak TLS at this port.",
            remedy="Use StartTls with port 587 or 25, SslOnConnect with port 465.",
        )
    return TlsFailed(stage, f"no protected connection to {server}: {error.reason or type(error).__name__}.")
