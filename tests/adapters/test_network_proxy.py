"""The proxy: what it lets through, and what it says to the rest."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest
from inline_snapshot import snapshot

from runner.adapters.network import server
from runner.domain.network import Authority, Blocked, Rules
from tests.adapters.network_world import Asked, Upstream, allowing, inlet
from tests.adapters.seats import until

CONNECT = "CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n"


async def test_an_allowed_host_is_tunnelled_byte_for_byte() -> None:
    async with Upstream().running() as upstream, inlet(allowing(upstream)) as gate, gate.client() as client:
        client.send(CONNECT.format(f"127.0.0.2:{upstream.port}"))
        head = await client.head()
        assert head.startswith("HTTP/1.1 200 ")
        assert "transfer-encoding" not in head.lower()
        client.send("GET /through HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.rest()).endswith(b"hello")
        assert upstream.asked[0].target == "/through"
        assert gate.proxy.blocked == ()


async def test_what_a_client_sends_without_waiting_is_not_lost() -> None:
    async with Upstream().running() as upstream, inlet(allowing(upstream)) as gate:
        early = CONNECT.format(f"127.0.0.2:{upstream.port}") + "GET /early HTTP/1.1\r\nHost: x\r\n\r\n"
        assert (await gate.ask(early)).endswith("hello")


async def test_a_blocked_host_is_refused_with_the_setting_that_would_allow_it_and_is_remembered() -> None:
    async with inlet(Rules("registry")) as gate:
        for _ in range(2):
            head, _, body = (await gate.ask(CONNECT.format("evil.example:443"))).partition("\r\n\r\n")
        assert head.splitlines()[0] == snapshot(
            "HTTP/1.1 403 evil.example is blocked: BARO_NETWORK=registry, only package registries are reachable. Whoever runs baro can allow it with BARO_NETWORK_HOSTS=evil.example"
        )
        assert json.loads(body) == snapshot(
            {
                "error": {
                    "type": "baro_blocked",
                    "message": "evil.example is blocked: BARO_NETWORK=registry, only package registries are reachable. Whoever runs baro can allow it with BARO_NETWORK_HOSTS=evil.example",
                }
            }
        )
        await gate.ask(CONNECT.format("mail.example:25"))
        assert gate.proxy.blocked == (Blocked("evil.example", 2), Blocked("mail.example:25", 1))


async def test_no_more_hosts_are_remembered_than_anybody_wants_to_read() -> None:
    async with inlet() as gate:
        for number in range(30):
            await gate.ask(CONNECT.format(f"n{number}.example:443"))
        assert len(gate.proxy.blocked) == 20


@pytest.mark.parametrize(
    "target",
    [
        *("127.0.0.1:443", "localhost:443", "[::1]:443", "[::ffff:127.0.0.1]:443", "[::ffff:7f00:1]:443"),
        *("10.0.0.1:443", "192.168.0.1:80", "169.254.169.254:80", "0.0.0.0:443", "[fd00:ec2::254]:80"),
    ],
)
async def test_even_an_open_network_does_not_lead_back_to_the_machine_or_its_neighbours(target: str) -> None:
    async with inlet(Rules("open")) as gate:
        answer = await gate.ask(CONNECT.format(target))
        assert answer.startswith("HTTP/1.1 403 ")
        assert "private address" in answer
        assert len(gate.proxy.blocked) == 1


async def test_a_public_name_that_leads_to_this_machine_is_blocked() -> None:
    """Whoever owns a name decides where it leads: it is the address that counts."""
    async with Upstream().running() as upstream, inlet(Rules("registry", frozenset({"localhost"}))) as gate:
        assert (await gate.ask(CONNECT.format("localhost:443"))).startswith("HTTP/1.1 403 ")
        assert (await gate.ask("GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n")).startswith("HTTP/1.1 403 ")
        assert upstream.connections == 0


@pytest.mark.parametrize(
    "target",
    [
        *("127.0.0.1", "user@127.0.0.1:443", "127.1:443", "2130706433:443", "0x7f.1:443", "localhost.:443"),
        *("[fe80::1%25eth0]:443", "http://a:443", "a:443/", "*:443", "a:99999"),
    ],
)
async def test_a_target_that_is_no_exact_host_and_port_is_no_sound_request(target: str) -> None:
    async with inlet(Rules("open")) as gate:
        assert (await gate.ask(CONNECT.format(target))).startswith("HTTP/1.1 400 ")


async def test_a_port_that_is_not_the_webs_has_to_be_named_by_the_operator() -> None:
    async with inlet(Rules("open")) as gate:
        assert "BARO_NETWORK_HOSTS=one.one.one.one:25" in await gate.ask(CONNECT.format("one.one.one.one:25"))


async def test_plain_requests_are_forwarded_to_the_host_in_their_address_whatever_host_they_claim() -> None:
    async with Upstream().running() as upstream, inlet(allowing(upstream)) as gate:
        own = "Host: other.example\r\nAuthorization: kept\r\nProxy-Authorization: dropped\r\nConnection: close\r\n"
        answer = await gate.ask(f"GET {upstream.url}/a//b?c HTTP/1.1\r\n{own}\r\n")
        assert answer.endswith("hello")
        (asked,) = upstream.asked
        assert asked.target == "/a//b?c"
        assert asked.headers == {"host": f"127.0.0.2:{upstream.port}", "authorization": "kept"}


@pytest.mark.parametrize("target", ["http://user@h/", "https://h/", "ftp://h/", "http:///", "h", "*", "http://h:x/"])
async def test_other_kinds_of_targets_are_refused(target: str) -> None:
    async with inlet(Rules("open")) as gate:
        assert (await gate.ask(f"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n")).startswith("HTTP/1.1 400 ")


async def test_a_refusal_of_a_head_request_has_no_body() -> None:
    async with inlet() as gate:
        answer = await gate.ask("HEAD http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert answer.startswith("HTTP/1.1 403 evil.example is blocked")
        assert answer.endswith("\r\n\r\n")


async def test_without_a_provider_there_is_no_model() -> None:
    async with inlet(Rules("open")) as gate:
        assert (await gate.ask("GET /model HTTP/1.1\r\nHost: h\r\n\r\n")).startswith("HTTP/1.1 404 ")


async def test_a_host_that_is_allowed_and_away_is_a_bad_gateway_and_not_blocked() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.2", 0))
        away = Authority("127.0.0.2", closed.getsockname()[1])
        async with inlet(Rules("registry", listed=frozenset({away}))) as gate:
            assert (await gate.ask(CONNECT.format(str(away)))).startswith("HTTP/1.1 502 ")
            assert (await gate.ask(f"GET http://{away}/ HTTP/1.1\r\nHost: h\r\n\r\n")).startswith("HTTP/1.1 502 ")
            assert gate.proxy.blocked == ()


async def test_connections_beyond_a_limit_are_turned_away_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONNECTIONS", 1)
    async with Upstream().running() as upstream, inlet(allowing(upstream)) as gate, gate.client() as first:
        first.send(CONNECT.format(f"127.0.0.2:{upstream.port}"))
        await first.head()
        async with gate.client() as second:
            assert (await second.rest()).startswith(b"HTTP/1.1 503 ")
        first.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await first.rest()).endswith(b"hello")


async def test_with_the_attempt_every_connection_ends() -> None:
    async def never(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with Upstream(never).running() as upstream:
        async with inlet(allowing(upstream)) as gate:
            tunnel = await asyncio.open_connection("127.0.0.1", gate.port)
            tunnel[1].write(
                CONNECT.format(f"127.0.0.2:{upstream.port}").encode() + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
            )
            await tunnel[0].readuntil(b"\r\n\r\n")
            idle = await asyncio.open_connection("127.0.0.1", gate.port)
            await until(lambda: upstream.asked)
        async with asyncio.timeout(60):
            assert await tunnel[0].read() == b""
            assert await idle[0].read() == b""
            await upstream.hung_up.wait()
        for _, writer in (tunnel, idle):
            writer.close()
