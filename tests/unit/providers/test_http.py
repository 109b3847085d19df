"""The HTTP gate without a server: which addresses it opens, what it makes of an answer, and what a path may hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.errors import BadInput, EndpointRefused, Outcome
from mailadmin.providers.http import Answer, Gate, host_of, segment


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://graph.microsoft.com/v1.0/users", "graph.microsoft.com"),
        ("https://Graph.Microsoft.COM/", "graph.microsoft.com"),
        ("https://localhost:8443?x", "localhost:8443"),
        ("http://graph.microsoft.com/", ""),
        ("https://user@graph.microsoft.com/", ""),
        ("https://@graph.microsoft.com/", ""),
        ("https://graph.microsoft.com\\@evil.test/", ""),
        ("https://graph.microsoft.com\t/", ""),
        ("https://graph.microsoft.com/\n", ""),
        ("https://outloo\u212a.office.com/", ""),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_gr_24_an_address_has_a_host_only_where_everybody_reads_it_alike(url: str, host: str) -> None:
    assert host_of(url) == host


@given(st.text(max_size=60), st.sampled_from(["", "https://", "https://graph.microsoft.com", "https://a@"]))
def test_no_text_whatever_makes_a_host_of_nothing(text: str, start: str) -> None:
    found = host_of(start + text)
    assert found == "" or f"https://{found}" == (start + text)[: 8 + len(found)].lower()


@pytest.mark.parametrize("url", ["https://graph.microsoft.com.evil.test/", "https://graph.microsoft.com:444/", "x"])
def test_an_address_of_another_host_is_refused_before_any_traffic(url: str) -> None:
    gate = Gate(frozenset({"graph.microsoft.com"}))
    with pytest.raises(EndpointRefused) as raised:
        gate.request("GET", url)
    gate.close()
    assert raised.value.outcome is Outcome.FAILED


def test_a_missing_file_of_authorities_is_named() -> None:
    with pytest.raises(BadInput, match=r"nowhere\.pem"):
        Gate(frozenset(), ca_file="nowhere.pem")


@pytest.mark.parametrize(
    ("status", "ok", "settled"),
    [
        (200, True, True),
        (202, True, True),
        (299, True, True),
        (400, False, True),
        (404, False, True),
        (429, False, True),
        (408, False, False),
        (500, False, False),
        (507, False, False),
        (999, False, False),
        (102, False, False),
    ],
)
def test_an_answer_tells_or_does_not(status: int, ok: bool, settled: bool) -> None:
    found = Answer(status, {}, b"")
    assert (found.ok, found.settled) == (ok, settled)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b'"x"', b"5", b"<html>", b"\xff\xfe", b"{", b'{"a":', b"[" * 100_000, b"\xef\xbb\xbf{}"),
        *(b'{"a":' * 40 + b"1" + b"}" * 40, b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}", b'{"a":' + b"9" * 5000 + b"}"),
    ],
)
def test_what_is_no_object_or_a_deep_one_is_an_empty_one(body: bytes) -> None:
    assert Answer(200, {}, body).json() == {}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), _JSON))
def test_an_object_is_read_as_it_is(found: dict[str, Any]) -> None:
    assert Answer(200, {}, json.dumps(found).encode()).json() == found


@given(st.binary(max_size=200))
def test_any_bytes_are_some_object(body: bytes) -> None:
    assert isinstance(Answer(200, {}, body).json(), dict)


@pytest.mark.parametrize(
    ("text", "written"),
    [("a/b@c.test", "a%2Fb%40c.test"), ("a#b", "a%23b"), ("a?x=1", "a%3Fx%3D1"), ("ü", "%C3%BC"), ("%2e", "%252e")],
)
def test_gr_42_a_segment_stays_one(text: str, written: str) -> None:
    assert segment(text) == written


@pytest.mark.parametrize("text", ["", ".", "..", "a b", "a\r\nb", "\x7f", "a\0"])
def test_gr_42_what_would_be_another_path_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        segment(text)
