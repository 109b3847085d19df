"""From an answer to an account: what is asked of the settings, and what is refused before a password goes anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailadmin import connect
from mailadmin.bootstrap import App
from mailadmin.domain.governed import Organisation
from mailadmin.domain.preferences import EmailMethod, MailPreference
from mailadmin.domain.profiles import ExchangeServerProfile
from mailadmin.domain.services import NO_AUTHENTICATION
from mailadmin.domain.settings import CLOUDS, SettingsInForce
from mailadmin.errors import NotReady, Unsupported
from mailadmin.providers.ews import EwsProvider
from mailadmin.providers.registry import provider_for
from mailadmin.resolution.provenance import Context
from mailadmin.resolution.resolver import resolve
from mailadmin.usecases.accounts import Account, account_of

ONLINE = sorted(host for cloud in CLOUDS.values() for host in cloud.uploads)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    found = connect(tmp_path / "store.db", environment={}, actor="tester")
    yield found
    found.close()


def account(app: App, **given: Any) -> Account:
    """Anna's account at an Exchange server."""
    values = {"server": "mail.kowhai.example", "user_name": "anna", "email": "anna@kowhai.example"}
    row = MailPreference(
        user_id="ANNA",
        method=EmailMethod.EXCHANGE_SERVER,
        **({"password": "hmac:0123456789abcdef"} | values | given),  # type: ignore[arg-type]
    )
    return account_of(app, resolve(Context(user="ANNA"), Organisation.of([row])), SettingsInForce())


def test_an_exchange_server_is_reached_by_https_whatever_the_security_says(app: App) -> None:
    for use_ssl in (True, False, None):
        found = account(app, use_ssl=use_ssl)
        assert isinstance(found.profile, ExchangeServerProfile)
        assert found.profile.endpoint == "https://mail.kowhai.example/EWS/Exchange.asmx"
        assert (found.profile.mailbox, found.own.email) == ("anna@kowhai.example", "anna@kowhai.example")
        assert isinstance(provider_for(found.profile), EwsProvider)


@pytest.mark.parametrize("host", [*ONLINE, "https://outlook.office365.com/EWS/Exchange.asmx", "OUTLOOK.office365.com"])
def test_exchange_online_is_refused_before_a_password_goes_there(app: App, host: str) -> None:
    with pytest.raises(Unsupported, match="takes no user name and password by EWS"):
        account(app, server=host)


@pytest.mark.parametrize("server", ["http://mail.kowhai.example/EWS/Exchange.asmx", "mail kowhai"])
def test_what_is_no_https_address_is_not_ready(app: App, server: str) -> None:
    with pytest.raises(NotReady, match="no name of a server"):
        account(app, server=server)


def test_nobody_gets_in_without_a_password(app: App) -> None:
    with pytest.raises(NotReady, match="without a user name and a password"):
        account(app, user_name=NO_AUTHENTICATION, password=None)
