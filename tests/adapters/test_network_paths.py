"""Where a request below the gateway's address goes."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.adapters.network.paths import Base, base, below

SEGMENT = st.text(min_size=1, max_size=8).filter(lambda text: text.isprintable() and not set(text) & set("/\\;%#?"))


@given(st.lists(SEGMENT.filter(lambda text: text.strip(".")), min_size=1, max_size=5), st.text(max_size=10))
def test_a_plain_path_is_passed_on_as_it_was_written_and_its_query_too(names: list[str], query: str) -> None:
    rest = "/" + "/".join(quote(name, safe=":@") for name in names) + "?" + quote(query, safe="/.%")
    assert below("/model", f"/model{rest}") == rest


PIECES = ("/", ".", "..", "%2e", "%2F", "%25", "2e", "a", "\\", "%5c", ";", "?", "#")


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_whatever_is_passed_on_stays_below_however_often_it_is_decoded(rest: str) -> None:
    passed = below("/model", f"/model{rest}")
    if passed is None:
        return
    assert passed == rest
    path = rest.partition("?")[0]
    for _ in range(5):
        names = [name.split(";")[0] for name in path.replace("\\", "/").split("/")]
        assert ".." not in names
        assert "." not in names
        assert "//" not in path
        path = unquote(path)


@pytest.mark.parametrize(
    "rest", ["", "/", "/v1/messages?beta=true", "?x=//y", "/v1/models/arn%3Aaws%2Fmodel", "/a:b@c"]
)
def test_what_agents_ask_for_is_let_through(rest: str) -> None:
    assert below("/model", f"/model{rest}") == rest


@pytest.mark.parametrize(
    "target",
    [
        *("/", "/other", "/models", "/modelx/y", "/v1/model", "/model\\x", "/model//evil.example", "/model/../x"),
        *("/model/..", "/model/%2e%2e/x", "/model/%252e%252e/x", "/model/a%2f..%2fx", "/model/..;/x", "/model/./x"),
        *("/model/%5c..%5cx", "/model/a%00", "/model/a%0d%0ax", "/model/a#b", "/model/%2f/x"),
    ],
)
def test_what_could_climb_or_mean_another_host_is_refused(target: str) -> None:
    assert below("/model", target) is None


def test_a_providers_address_is_taken_apart() -> None:
    assert base("https://api.example.com/v1/") == Base("https", "api.example.com", 443, "/v1")
    assert base("http://[::1]:8080").netloc == "[::1]:8080"
    assert base("https://api.example.com:443").netloc == "api.example.com"
