"""The settings of sending: what each may be, and whose value counts."""

import pytest
from pydantic import ValidationError

from mailadmin.domain.settings import (
    CLOUDS,
    SETTINGS,
    Cloud,
    Hosts,
    Setting,
    SettingsInForce,
)


def test_a_cost_centres_own_value_wins_over_the_sites() -> None:
    found = SettingsInForce(
        [
            Setting(name="smtp.deadline", value="60"),
            Setting(name="smtp.deadline", cost_centre="AKL", value="5"),
        ]
    )
    assert [found.get("smtp.deadline", centre) for centre in ("akl", "WGN", "")] == ["5", "60", "60"]
    assert SettingsInForce().get("smtp.deadline", "AKL") == "120"


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("test_mode.forced", "YES", "yes"),
        ("permission.rule", "Allow Wins", "allow wins"),
        ("test_mode.redirect_to_email", "a@BÜCHER.test", "a@xn--bcher-kva.test"),
        ("smtp.pinned_certificate", "AB:" * 31 + "CD", "ab" * 31 + "cd"),
        ("exchange.graph_host", "localhost:8443", "localhost:8443"),
        ("smtp.ehlo_name", "Mail.Example.test", "mail.example.test"),
        ("dns.resolver", "127.0.0.1:5353", "127.0.0.1:5353"),
        ("dns.resolver", "[2001:db8::53]:53", "[2001:db8::53]:53"),
        ("dns.resolver", "System", "system"),
    ],
)
def test_a_value_is_kept_in_one_form(name: str, value: str, kept: str) -> None:
    assert Setting(name=name, value=value).value == kept


@pytest.mark.parametrize(
    ("name", "centre", "value"),
    [
        ("no.such", "", "x"),
        ("test_mode.forced", "", "maybe"),
        ("test_mode.forced", "AKL", "yes"),
        ("test_mode.forced", "", ""),
        ("test_mode.redirect_to_email", "", "a@d.test, b@d.test"),
        ("smtp.ehlo_name", "", "x\r\nMAIL FROM:<e@x>"),
        ("smtp.deadline", "", "0"),
        ("exchange.cloud", "", "moon"),
        ("exchange.login_host", "", "https://login.evil.test/t"),
        ("exchange.login_host", "", "login.microsoftonline.com@evil.test"),
        ("smtp.pinned_certificate", "", "abc"),
        ("dns.resolver", "", "ns.example.test"),
        ("dns.resolver", "", "127.0.0.1:0"),
        ("dns.resolver", "", "127.0.0.1:65536"),
        ("dns.resolver", "", "1.2.3"),
        ("dns.resolver", "AKL", "127.0.0.1"),
    ],
)
def test_what_a_setting_cannot_be_is_refused_sm_31(name: str, centre: str, value: str) -> None:
    with pytest.raises(ValidationError):
        Setting(name=name, cost_centre=centre, value=value)


def test_every_cloud_has_hosts_and_a_host_may_be_set_in_its_place() -> None:
    assert set(CLOUDS) == set(Cloud)
    found = SettingsInForce([Setting(name="exchange.graph_host", value="localhost:1")])
    assert found.hosts() == Hosts("login.microsoftonline.com", "localhost:1", CLOUDS[Cloud.GLOBAL].uploads)


def test_every_default_is_a_value_the_setting_may_have() -> None:
    assert [name for name, spec in SETTINGS.items() if spec.default and spec.check(spec.default) != spec.default] == []
