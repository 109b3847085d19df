"""A Postfix of our own, in a folder of its own: it takes mail on loopback in every way a server can, into files.

Its services differ by port. Mail for anybody elsewhere is refused; nothing leaves this machine. Passwords are checked
by Cyrus SASL, at one port by Dovecot.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from mailadmin.domain.profiles import Secret, SmtpProfile
from mailadmin.domain.services import Security
from tests import certificates
from tests.engines import missing

DOMAIN = "example.com"
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
"""Where servers are, whoever asks."""

LARGEST = 3_000_000
"""Bytes of a message it takes."""

INBOXES = ("ann", "bob", "cy", "ü")
ANSWERS = {
    "greylisted": "450 4.7.1 Greylisted, see you later",
    "nobody": "550 5.1.1 There is nobody here",
    "full": "452 4.2.2 Mailbox full",
}
"""Recipients who have no inbox, and what is said of them."""


class Service(NamedTuple):
    """What happens at a port: the certificate that is shown, and parameters of Postfix."""

    certificate: Callable[[], certificates.Shown] | None
    parameters: tuple[str, ...] = ()


_TLS = ("smtpd_tls_security_level=may",)
_IMPLICIT = ("smtpd_tls_security_level=encrypt", "smtpd_tls_wrappermode=yes")
_SIGNED_IN = (
    "smtpd_tls_security_level=encrypt", "smtpd_tls_auth_only=yes", "smtpd_sasl_auth_enable=yes",
    "smtpd_client_restrictions=permit_sasl_authenticated,reject",
)  # fmt: skip

SERVICES: dict[str, Service] = {
    "plain": Service(None),
    "ASCII only": Service(None, ("smtputf8_enable=no",)),
    "STARTTLS": Service(certificates.right, _TLS),
    "TLS": Service(certificates.right, _IMPLICIT),
    "wrong name": Service(certificates.of_another_name, _TLS),
    "expired": Service(certificates.expired, _TLS),
    "self-signed": Service(certificates.self_signed, _TLS),
    "submission": Service(certificates.right, _SIGNED_IN),
    "submissions": Service(certificates.right, (*_SIGNED_IN, *_IMPLICIT)),
    "CRAM-MD5": Service(certificates.right, (*_SIGNED_IN, "smtpd_sasl_path=cram")),
    "Dovecot": Service(certificates.right, (*_SIGNED_IN, "smtpd_sasl_type=dovecot", "smtpd_sasl_path={folder}/auth")),
}

_MAIN = """\
compatibility_level = 3.6
config_directory = {folder}/etc
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
inet_interfaces = loopback-only
inet_protocols = ipv4
disable_dns_lookups = yes
smtpd_peername_lookup = no
myhostname = mail.{domain}
mydestination =
local_recipient_maps =
alias_maps =
default_transport = error:nothing leaves this machine
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ {inboxes} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_mailbox_limit = 0
message_size_limit = {largest}
queue_minfree = 0
local_header_rewrite_clients =
smtpd_client_connection_count_limit = 0
smtpd_recipient_restrictions = check_recipient_access inline:{{ {answers} }}, reject_unauth_destination
smtpd_sasl_local_domain = {domain}
cyrus_sasl_config_path = {folder}/etc/sasl
smtpd_tls_session_cache_database =
"""

_MASTER = """\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
tlsmgr unix - - n 1000? 1 tlsmgr
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
"""

_DOVECOT = """\
protocols =
base_dir = {folder}/dovecot
state_dir = {folder}/dovecot
log_path = {folder}/dovecot.log
ssl = no
auth_mechanisms = plain login
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0600
    user = postfix
  }}
}}
"""

_ADDED = re.compile(rb"(?:(?:Return-Path|X-Original-To|Delivered-To|Received):[^\n]*\n(?:[ \t][^\n]*\n)*)*")
"""What Postfix writes above a message."""


class Postfix:
    """A running Postfix, the ports of its services, and what it received."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = f"user@{DOMAIN}"
        self.password = secrets.token_urlsafe(24)
        self.ca_file = str(folder / "ca.pem")
        self.ports = dict(zip(SERVICES, _free_ports(len(SERVICES)), strict=True))

    def configure(self) -> None:
        """Write everything it reads."""
        for name in ("etc", "etc/sasl", "queue", "data", "mail", "certificates"):
            (self.folder / name).mkdir(mode=0o755)
        nobody, postfix = pwd.getpwnam("nobody"), pwd.getpwnam("postfix")
        os.chown(self.folder / "mail", nobody.pw_uid, nobody.pw_gid)
        os.chown(self.folder / "data", postfix.pw_uid, postfix.pw_gid)
        certificates.authority().cert_pem.write_to_path(self.ca_file)
        main = _MAIN.format(
            folder=self.folder,
            domain=DOMAIN,
            largest=LARGEST,
            uid=nobody.pw_uid,
            gid=nobody.pw_gid,
            inboxes=" ".join(f"{{ {name}@{DOMAIN} = {name}/ }}" for name in INBOXES),
            answers=" ".join(f"{{ {name}@{DOMAIN} = {answer} }}" for name, answer in ANSWERS.items()),
        )
        (self.folder / "etc" / "main.cf").write_text(main)
        lines = (self._line(name, service) for name, service in SERVICES.items())
        (self.folder / "etc" / "master.cf").write_text(_MASTER + "".join(lines))
        self._let_in(postfix.pw_uid)

    def _line(self, name: str, service: Service) -> str:
        parameters = [parameter.format(folder=self.folder) for parameter in service.parameters]
        if service.certificate is not None:
            pem = self.folder / "certificates" / f"{self.ports[name]}.pem"
            pem.touch(mode=0o600)
            pem.write_bytes(service.certificate().key + service.certificate().chain)
            parameters.append(f"smtpd_tls_chain_files={pem}")
        options = "".join(f" -o {parameter}" for parameter in parameters)
        return f"127.0.0.1:{self.ports[name]} inet n - n - - smtpd{options}\n"

    def _let_in(self, owner: int) -> None:
        """Tell Cyrus SASL who may sign in; Debian's looks below the configuration, whatever it is told."""
        database = self.folder / "etc" / "sasl" / "users"
        for name, mechanisms in (("smtpd", "PLAIN LOGIN"), ("cram", "CRAM-MD5")):
            (self.folder / "etc" / "sasl" / f"{name}.conf").write_text(
                f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {database}\nmech_list: {mechanisms}\n"
            )
        _run("saslpasswd2", "-p", "-c", "-f", str(database), "-u", DOMAIN, "user", told=self.password.encode())
        os.chown(database, owner, -1)

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._postfix("start")

    def stop(self) -> None:
        """End it, at once: nothing in it is worth keeping."""
        self._postfix("abort")

    def _postfix(self, command: str) -> None:
        log = self.folder / "log"
        try:
            _run("postfix", "-c", str(self.folder / "etc"), command)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{log.read_text() if log.exists() else ''}") from None

    def account(self, service: str, security: Security, *, signed_in: bool = False, **parts: Any) -> SmtpProfile:
        """An account at one of its services."""
        wanted = {
            "server": "localhost",
            "port": self.ports[service],
            "security": security,
            "user_name": self.user if signed_in else None,
            "password": Secret(lambda: self.password) if signed_in else None,
            "ca_file": self.ca_file,
            "deadline": 30.0,
        }
        return SmtpProfile(**(wanted | parts))

    def received(self, inbox: str, message_id: str) -> bytes:
        """A message as it lies in an inbox, without what was written above it, with CRLF again."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            for file in (self.folder / "mail" / inbox / "new").glob("*"):
                content = file.read_bytes()
                if message_id.encode() in content:
                    return content[_ADDED.match(content).end() :].replace(b"\n", b"\r\n")  # type: ignore[union-attr]
            time.sleep(0.02)
        raise AssertionError(f"{inbox} did not receive {message_id}\n{(self.folder / 'log').read_text()}")


class Dovecot:
    """A Dovecot that does nothing but check passwords, asked by Postfix through a socket."""

    def __init__(self, postfix: Postfix) -> None:
        self.folder = postfix.folder
        self._configuration = postfix.folder / "dovecot.conf"
        self._configuration.touch(mode=0o600)
        self._configuration.write_text(_DOVECOT.format(folder=postfix.folder, password=postfix.password))

    def start(self) -> None:
        """Start it; its socket is there when the command ends."""
        _run("dovecot", "-c", str(self._configuration))

    def stop(self) -> None:
        """End it."""
        _run("dovecot", "-c", str(self._configuration), "stop")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]


def _run(*words: str, told: bytes = b"") -> None:
    # A file and no pipe: a daemon keeps what it inherits, and a pipe would be waited for.
    with tempfile.TemporaryFile() as said:
        environment = {**os.environ, "PATH": _PATH}
        done = subprocess.run(words, input=told, stdout=said, stderr=said, env=environment, check=False)
        said.seek(0)
        assert done.returncode == 0, f"{words}: {said.read().decode()}"


@contextmanager
def running_postfix() -> Iterator[Postfix]:
    """A running Postfix, and a Dovecot beside it."""
    for program, package in (("postfix", "postfix"), ("saslpasswd2", "sasl2-bin"), ("dovecot", "dovecot-core")):
        if shutil.which(program, path=_PATH) is None:
            missing(package)
    if os.geteuid() != 0:
        missing("postfix (and root, whom it needs to start)")
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="postfix"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        postfix = Postfix(folder)
        postfix.configure()
        for server in (postfix, Dovecot(postfix)):
            server.start()
            stack.callback(server.stop)
        yield postfix
