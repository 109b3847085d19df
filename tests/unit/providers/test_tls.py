"""Certificates are verified, TLS is new enough, and what went wrong is said in words (SM-52 to SM-58)."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mailadmin.errors import BadInput, CertificateInvalid, MailFailed, TlsFailed, TlsTooOld
from mailadmin.providers import tls
from tests import certificates


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    """The authority of the tests."""
    certificates.authority().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


def shaken(
    context: ssl.SSLContext, shown: certificates.Shown, name: str, *, answer: bytes = b"", pinned: str = ""
) -> bool:
    """Shake hands with a server that shows this, or gives another answer. Raises MailFailed."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = threading.Thread(target=_serve, args=(theirs, shown, answer))
        server.start()
        try:
            with context.wrap_socket(ours, server_hostname=name) as sock:
                if pinned:
                    tls.check_pinned(sock, pinned, "TLS")
                return True
        except ssl.SSLError as error:
            raise tls.explained(error, "TLS", name) from error
        finally:
            server.join()


def _serve(sock: socket.socket, shown: certificates.Shown, answer: bytes) -> None:
    with sock:
        if answer:
            sock.recv(65536)
            sock.sendall(answer)
            return
        try:
            shown.server().wrap_socket(sock, server_side=True).close()
        except (ssl.SSLError, ConnectionError):
            return


def test_a_context_verifies_and_is_new(ca_file: str) -> None:
    for context in (tls.context_for(), tls.context_for(ca_file)):
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_one_context_serves_all_who_trust_the_same_file_as_it_is_now(ca_file: str) -> None:
    shared = tls.shared_context(ca_file)
    assert tls.shared_context(ca_file) is shared
    Path(ca_file).write_bytes(Path(ca_file).read_bytes() * 2)
    assert tls.shared_context(ca_file) is not shared


def test_a_shared_context_verifies_unless_it_is_for_a_pinned_certificate(ca_file: str) -> None:
    shared = [tls.shared_context(ca_file), tls.shared_context(ca_file, pinned=True), tls.shared_context()]
    assert [context.verify_mode for context in shared] == [ssl.CERT_REQUIRED, ssl.CERT_NONE, ssl.CERT_REQUIRED]
    with pytest.raises(BadInput, match="no file"):
        tls.shared_context(f"{ca_file}.gone")


def test_only_a_pinned_certificate_takes_the_place_of_verifying(ca_file: str) -> None:
    """SM-58"""
    context = tls.context_for(ca_file, pinned=True)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_file_of_authorities_is_all_that_is_trusted(ca_file: str) -> None:
    assert len(tls.context_for(ca_file).get_ca_certs()) == 1


def test_a_file_of_authorities_that_is_none(tmp_path: Path) -> None:
    for name, content in (("empty.pem", b""), ("no.pem", b"no certificate"), ("der.pem", b"\x30\x82\x01")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput, match="holds no certificates in PEM form"):
            tls.context_for(str(tmp_path / name))
    for missing in (tmp_path / "missing.pem", tmp_path, Path("a\0b")):
        with pytest.raises(BadInput, match="There is no file of certificate authorities"):
            tls.context_for(str(missing))


def test_a_file_of_authorities_nobody_may_read(ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(cafile: str | None) -> ssl.SSLContext:
        raise PermissionError(13, os.strerror(13), cafile)

    monkeypatch.setattr(ssl, "create_default_context", refuse)
    with pytest.raises(BadInput, match="cannot be read: Permission denied"):
        tls.context_for(ca_file)


def test_the_right_certificate(ca_file: str) -> None:
    assert shaken(tls.context_for(ca_file), certificates.right(), "localhost")
    assert shaken(tls.context_for(ca_file), certificates.right(), "127.0.0.1")


WRONG = {
    "SM-52 self-signed": (certificates.self_signed, "localhost", "self-signed certificate"),
    "SM-52 an authority nobody knows": (certificates.of_a_stranger, "localhost", "unable to get local issuer"),
    "SM-53 another name": (certificates.of_another_name, "localhost", "Hostname mismatch"),
    "SM-54 expired": (certificates.expired, "localhost", "certificate has expired"),
    "SM-55 an IP address that is not in it": (certificates.of_names_only, "127.0.0.1", "IP address mismatch"),
}


@pytest.mark.parametrize(("shown", "name", "reason"), WRONG.values(), ids=WRONG)
def test_a_wrong_certificate(shown: Callable[[], certificates.Shown], name: str, reason: str, ca_file: str) -> None:
    with pytest.raises(CertificateInvalid, match=reason) as caught:
        shaken(tls.context_for(ca_file), shown(), name)
    assert caught.value.remedy
    assert caught.value.what.startswith(f"TLS: the certificate of {name} is not accepted: ")


@pytest.mark.parametrize("shown", [certificates.self_signed, certificates.expired], ids=["self-signed", "expired"])
def test_a_pinned_certificate_is_taken_whatever_it_says(shown: Callable[[], certificates.Shown], ca_file: str) -> None:
    """SM-58"""
    assert shaken(tls.context_for(ca_file, pinned=True), shown(), "localhost", pinned=shown().fingerprint)


def test_another_certificate_than_the_pinned_one(ca_file: str) -> None:
    """SM-58: not even one the authority stands for."""
    with pytest.raises(CertificateInvalid, match=f"SHA-256 {certificates.right().fingerprint}"):
        shaken(
            tls.context_for(ca_file, pinned=True), certificates.right(), "localhost",
            pinned=certificates.self_signed().fingerprint,
        )  # fmt: skip


ALERTS = {
    "SM-56 TLS 1.1 at most": (b"\x15\x03\x01\x00\x02\x02\x46", TlsTooOld, "knows nothing newer than TLS 1.1"),
    "SM-57 a hello of TLS 1.1": (
        b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02" + b"r" * 32 + b"\x00\x00\x2f\x00", TlsTooOld, "TLS 1.1",
    ),
    "no TLS but SMTP": (b"220 mail.d.test ESMTP\r\n", TlsFailed, "does not speak TLS at this port"),
    "no TLS but HTTP": (b"HTTP/1.1 400 Bad Request\r\n\r\n", TlsFailed, "does not speak TLS at this port"),
    "another alert": (b"\x15\x03\x03\x00\x02\x02\x28", TlsFailed, "no protected connection to localhost"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "error", "said"), ALERTS.values(), ids=ALERTS)
def test_a_handshake_that_fails(answer: bytes, error: type[MailFailed], said: str, ca_file: str) -> None:
    with pytest.raises(error, match=said) as caught:
        shaken(tls.context_for(ca_file), certificates.right(), "localhost", answer=answer)
    assert type(caught.value) is error
