"""Which hosts a sandbox may reach."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.domain.network import WEB, Authority, Blocked, Rules, authority, host, listed, total

LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
NAME = st.lists(LABEL, min_size=1, max_size=5).map(".".join)


@given(NAME, st.integers(1, 65535))
def test_an_exact_name_is_read_back_as_it_is_in_whatever_case(name: str, port: int) -> None:
    assert authority(f"{name.upper()}:{port}") == Authority(name, port)


@given(st.text(max_size=60))
def test_whatever_is_read_means_the_same_host_to_everybody(text: str) -> None:
    name = host(text)
    if name is not None:
        assert name == name.lower()
        assert not set(name) & set("@/\\?#%[]* \t\r\n\0")
        assert not name.endswith(".")
        assert host(f"[{name}]" if ":" in name else name) == name


@given(st.text(alphabet="abc019.:[]@/%x-_", max_size=25))
def test_what_is_no_single_host_and_port_is_none(text: str) -> None:
    found = authority(text)
    if found is not None:
        spelled = f"[{found.host}]:{found.port}" if ":" in found.host else f"{found.host}:{found.port}"
        assert authority(spelled) == found
        assert "@" not in text
        assert "/" not in text


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "a..b", "example.com.", ".example.com", "*.example.com", "-a.com", "a-.com", "a b", "a\n", "a\0"),
        *("user@example.com", "example.com/x", "exämple.com", "ｅxample.com", "\u212a.com", "a%2ecom", "x" * 64, "a." * 127 + "a"),
        *("127.1", "2130706433", "0x7f.0.0.1", "0x7f000001", "017700000001", "127.0.0.01", "1.2.3.4.5", "1.2.3.0x4"),
        *("[::1", "::1", "[fe80::1%eth0]", "[::1]x", "[1.2.3.4]", "[]"),
    ],
)  # fmt: skip
def test_spellings_that_programs_read_differently_are_no_host(text: str) -> None:
    assert host(text) is None


@pytest.mark.parametrize(
    "text", ["a", "a:", "a:0", "a:65536", "a:080", "a:+80", "a: 80", "a:８０", "a:80:80", "a:80@b:80", "b@a:80"]
)
def test_a_port_that_is_missing_or_none_is_no_authority(text: str) -> None:
    assert authority(text) is None


def test_addresses_are_kept_in_one_spelling() -> None:
    assert host("[0:0:0:0:0:0:0:1]") == host("[::1]") == "::1"
    assert host("[::FFFF:127.0.0.1]") == host("[::ffff:7f00:1]")
    assert str(Authority("::1", 8080)) == "[::1]:8080"


def test_a_listed_host_is_meant_on_the_ports_of_the_web_or_on_the_one_it_names() -> None:
    assert listed("Example.com") == (Authority("example.com", 80), Authority("example.com", 443))
    assert listed("example.com:8443") == (Authority("example.com", 8443),)
    assert listed("https://example.com") == ()


@given(NAME, st.integers(1, 65535), st.sampled_from(["model", "registry", "open"]))
def test_nothing_is_reachable_that_nobody_has_listed_except_the_web_where_all_of_it_is_open(
    name: str, port: int, level: str
) -> None:
    verdict = Rules(level).judge(Authority(name, port))  # type: ignore[arg-type]
    assert verdict == ("public" if level == "open" and port in WEB else "refused")


def test_only_what_the_operator_has_written_down_may_be_on_his_own_network() -> None:
    rules = Rules("registry", frozenset({"crates.example"}), frozenset({Authority("mirror.corp", 8081)}))
    assert rules.judge(Authority("crates.example", 443)) == "public"
    assert rules.judge(Authority("crates.example", 22)) == "refused"
    assert rules.judge(Authority("mirror.corp", 8081)) == "anywhere"
    assert rules.judge(Authority("mirror.corp", 443)) == "refused"
    assert rules.judge(Authority("sub.crates.example", 443)) == "refused"


def test_what_was_blocked_is_added_up_by_host() -> None:
    assert total([Blocked("b", 1), Blocked("a", 1), Blocked("b", 2)]) == (Blocked("b", 3), Blocked("a", 1))
