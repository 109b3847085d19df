"""A certificate authority for this machine only, made anew for every sandbox: nothing else ever trusts it."""

from __future__ import annotations

import ssl
from pathlib import Path

from trustme import CA


def server_context(ca_file: Path) -> ssl.SSLContext:
    """What a TLS server for `localhost` needs; the authority's certificate is written to `ca_file` for clients."""
    authority = CA(organization_name="mailadmin sandbox")
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1", "::1").configure_cert(context)
    return context
