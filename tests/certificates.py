"""Certificates servers show in the tests: the right one, and the wrong ones; one authority for the whole run."""

from __future__ import annotations

import hashlib
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from trustme import CA, LeafCert

NAMES = ("localhost", "127.0.0.1")
"""What the right certificate is for."""


class Shown(NamedTuple):
    """A certificate chain and its key, in PEM."""

    chain: bytes
    key: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the first certificate, in hex."""
        first = self.chain.decode().partition("-----END CERTIFICATE-----")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first[0] + first[1])).hexdigest()

    def server(self) -> ssl.SSLContext:
        """What a server that shows it needs."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile() as pem:
            pem.write(self.key + self.chain)
            pem.flush()
            context.load_cert_chain(pem.name)
        return context


@cache
def authority() -> CA:
    """Whom the tests trust."""
    return CA(organization_name="mailadmin tests")


@cache
def right() -> Shown:
    """By the authority, for this machine."""
    return _shown(authority().issue_cert(*NAMES))


@cache
def of_another_name() -> Shown:
    """By the authority, for another machine."""
    return _shown(authority().issue_cert("other.test"))


@cache
def of_names_only() -> Shown:
    """By the authority, for this machine's name and not for its address."""
    return _shown(authority().issue_cert("localhost"))


@cache
def expired() -> Shown:
    """By the authority, for this machine, until yesterday."""
    now = datetime.now(UTC)
    return _shown(
        authority().issue_cert(*NAMES, not_before=now - timedelta(days=30), not_after=now - timedelta(days=1))
    )


@cache
def of_a_stranger() -> Shown:
    """By another authority, for this machine."""
    return _shown(CA().issue_cert(*NAMES))


@cache
def self_signed() -> Shown:
    """By nobody but itself, for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Shown(certificate.public_bytes(pem), private)


def _shown(leaf: LeafCert) -> Shown:
    return Shown(b"".join(pem.bytes() for pem in leaf.cert_chain_pems), leaf.private_key_pem.bytes())
