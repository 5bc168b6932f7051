"""The gateway to the model: what it adds, what it takes away, and what it refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import pytest_asyncio

from runner.adapters.agents.backend import Provider
from tests.adapters.network_world import Asked, Inlet, Upstream, inlet, whole
from tests.adapters.seats import until

KEY = "sk-the-real-key"
OURS = {"x-api-key": KEY, "accept-encoding": "identity"}
GET = "GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n"


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream().running() as upstream:
        yield upstream


@pytest_asyncio.fixture
async def gate(upstream: Upstream) -> AsyncIterator[Inlet]:
    async with inlet(provider=Provider(f"{upstream.url}/base", {"X-Api-Key": KEY})) as gate:
        yield gate


def get(target: str, headers: str = "Connection: close\r\n") -> str:
    return GET.format(target, headers)


async def test_the_key_takes_the_place_of_whatever_the_agent_sends(gate: Inlet, upstream: Upstream) -> None:
    own = "".join(
        f"{name}: mine\r\n" for name in ("Authorization", "X-API-KEY", "api-key", "Cookie", "Proxy-Authorization")
    )
    answer = await gate.ask(get("/model/v1/messages?beta=true", own + "Anthropic-Beta: x\r\nConnection: close\r\n"))
    assert answer.endswith("hello")
    (asked,) = upstream.asked
    assert asked.target == "/base/v1/messages?beta=true"
    assert asked.headers == {"host": f"127.0.0.2:{upstream.port}", "anthropic-beta": "x", **OURS}


async def test_headers_about_one_connection_stay_on_it(gate: Inlet, upstream: Upstream) -> None:
    await gate.ask(get("/model", "Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"))
    assert upstream.asked[0].headers.keys() == {"host", *OURS}


async def test_an_agent_cannot_have_the_key_taken_away_by_calling_it_a_hop(gate: Inlet, upstream: Upstream) -> None:
    await gate.ask(get("/model", "Connection: close, x-api-key\r\n"))
    assert upstream.asked[0].headers["x-api-key"] == KEY


@pytest.mark.parametrize(
    "target",
    ["/", "/v1", "/models", "/model/../admin", "/model/%2e%2e/admin", "/model//127.0.0.1/x", "/model/a%2f..%2f..%2fb"],
)
async def test_what_is_not_below_its_path_reaches_nobody(gate: Inlet, upstream: Upstream, target: str) -> None:
    assert (await gate.ask(get(target))).startswith("HTTP/1.1 404 ")
    assert upstream.connections == 0


async def test_a_stream_arrives_as_it_is_sent(gate: Inlet, upstream: Upstream) -> None:
    """The second event is sent only when the first has been read at the other end."""
    read = asyncio.Event()

    async def events(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        writer.write(b"d\r\ndata: first\n\n\r\n")
        await writer.drain()
        await read.wait()
        writer.write(b"e\r\ndata: second\n\n\r\n0\r\n\r\n")

    upstream.answer = events
    async with gate.client() as client:
        client.send(get("/model/v1/messages"))
        assert "text/event-stream" in await client.head()
        await client.until(b"data: first\n\n")
        read.set()
        await client.until(b"data: second\n\n")
        await client.until(b"0\r\n\r\n")


async def test_a_request_is_sent_on_while_it_is_still_being_written(gate: Inlet, upstream: Upstream) -> None:
    async with gate.client() as client:
        client.send("POST /model HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
        assert (await client.head()).startswith("HTTP/1.1 100 ")
        client.send("5\r\nfirst\r\n")
        client.send("6\r\nsecond\r\n0\r\n\r\n")
        assert "200" in await client.head()
    (asked,) = upstream.asked
    assert asked.body == b"firstsecond"
    assert asked.headers["transfer-encoding"] == "chunked"
    assert "expect" not in asked.headers


async def test_large_bodies_pass_and_connections_are_used_again(gate: Inlet, upstream: Upstream) -> None:
    body = "x" * 3_000_000
    async with gate.client() as client:
        for _ in range(2):
            client.send(f"POST /model HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}")
            assert "200" in await client.head()
            await client.until(b"hello")
    assert [len(asked.body) for asked in upstream.asked] == [len(body)] * 2
    assert upstream.asked[0].headers["content-length"] == str(len(body))


async def test_a_body_beyond_the_limit_is_refused(
    gate: Inlet, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.adapters.network.wire.BODY_LIMIT", 10)
    answer = await gate.ask("POST /model HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n" + "x" * 11)
    assert answer.startswith("HTTP/1.1 413 ")
    assert upstream.asked == []


@pytest.mark.parametrize("status", [400, 401, 429, 529, 301])
async def test_what_the_provider_says_is_passed_through_and_no_redirect_is_followed(
    gate: Inlet, upstream: Upstream, status: int
) -> None:
    upstream.answer = whole(
        status, b'{"error": "x"}', retry_after="7", location="http://127.0.0.1:1/", set_cookie="a=b"
    )
    answer = await gate.ask(get("/model"))
    assert answer.startswith(f"HTTP/1.1 {status} Scripted\r\n")
    assert "retry-after: 7" in answer.lower()
    assert "set-cookie" not in answer.lower()
    assert answer.endswith('{"error": "x"}')
    assert upstream.connections == 1


async def test_a_provider_that_cannot_be_reached_is_a_bad_gateway_that_says_so() -> None:
    async with inlet(provider=Provider("http://127.0.0.1:9", {"x-api-key": KEY})) as gate:
        head, _, body = (await gate.ask(get("/model/v1"))).partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 502 ")
    assert json.loads(body)["error"]["type"] == "baro_unreachable"
    assert KEY not in head + body


async def test_half_an_answer_does_not_look_like_a_whole_one(gate: Inlet, upstream: Upstream) -> None:
    async def broken(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")

    upstream.answer = broken
    answer = await gate.ask(get("/model"))
    assert "hello" in answer
    assert not answer.endswith("0\r\n\r\n")


async def test_a_provider_is_hung_up_on_when_the_agent_goes_away(gate: Inlet, upstream: Upstream) -> None:
    async def never(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    upstream.answer = never
    async with gate.client() as client:
        client.send(get("/model"))
        await until(lambda: upstream.asked)
    async with asyncio.timeout(60):
        await upstream.hung_up.wait()


async def test_a_client_that_goes_on_talking_while_it_waits_is_hung_up_on(
    gate: Inlet, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it sends would have to be kept."""

    async def never(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("runner.adapters.network.wire.AHEAD", 1000)
    upstream.answer = never
    async with gate.client() as client:
        client.send(get("/model"))
        await until(lambda: upstream.asked)
        client.send("x" * 2000)
        assert await client.rest() == b""


async def test_a_websocket_is_refused_in_a_way_that_clients_fall_back_from(gate: Inlet, upstream: Upstream) -> None:
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n"
    assert (await gate.ask(get("/model/v1/responses", upgrade))).startswith("HTTP/1.1 426 ")
    assert upstream.connections == 0


async def test_a_head_request_has_no_body_and_leaves_the_connection_usable(gate: Inlet, upstream: Upstream) -> None:
    async with gate.client() as client:
        client.send("HEAD /model HTTP/1.1\r\nHost: x\r\n\r\n")
        assert "content-length: 5" in (await client.head()).lower()
        client.send(get("/model"))
        assert "200" in await client.head()
        assert await client.rest() == b"hello"


@pytest.mark.parametrize(
    "request_",
    [
        "POST /model HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
        "POST /model HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST /model HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /model HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "GET /model HTTP/1.1\r\n\r\n",
        "GET /model HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET /model HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
        "GET /mo del HTTP/1.1\r\nHost: x\r\n\r\n",
        "nonsense\r\n\r\n",
        "GET /model HTTP/1.1\r\nHost: x\r\nX: " + "a" * 200_000 + "\r\n\r\n",
    ],
)
async def test_requests_that_two_programs_could_read_differently_reach_nobody(
    gate: Inlet, upstream: Upstream, request_: str
) -> None:
    answer = await gate.ask(request_)
    assert answer[:10] in ("HTTP/1.1 4", "HTTP/1.1 5")
    assert answer.count("HTTP/1.1 ") == 1
    assert upstream.connections == 0


async def test_requests_one_after_another_are_answered_one_after_another(gate: Inlet, upstream: Upstream) -> None:
    answer = await gate.ask("GET /model/1 HTTP/1.1\r\nHost: x\r\n\r\n" + get("/model/2"))
    assert answer.count("hello") == 2
    assert [asked.target for asked in upstream.asked] == ["/base/1", "/base/2"]


# --- what the provider refuses ---------------------------------------------------------------------------------------


async def post(gate: Inlet, path: str = "/model/v1/messages") -> str:
    return await gate.ask(f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")


async def test_refusals_in_a_row_are_counted_and_the_last_ones_words_kept(gate: Inlet, upstream: Upstream) -> None:
    for number in range(3):
        upstream.answer = whole(429, f"slow down, {number}".encode(), retry_after="7")
        await post(gate)
    refusal = gate.gateway.refusal
    assert refusal
    assert (refusal.status, refusal.words, refusal.retry_after, refusal.times) == (429, "slow down, 2", 7.0, 3)
    assert refusal.since < refusal.at


async def test_of_a_long_refusal_only_the_beginning_is_kept_and_all_is_passed_on(
    gate: Inlet, upstream: Upstream
) -> None:
    upstream.answer = whole(500, b"x" * 100_000)
    assert (await post(gate)).count("x") == 100_000
    refusal = gate.gateway.refusal
    assert refusal
    assert refusal.words == "x" * 2000


async def test_a_good_answer_ends_a_row_of_refusals(gate: Inlet, upstream: Upstream) -> None:
    upstream.answer = whole(529)
    await post(gate)
    assert gate.gateway.refusal
    upstream.answer = whole(200)
    await post(gate)
    assert gate.gateway.refusal is None


async def test_a_provider_that_was_not_reached_or_breaks_off_has_refused() -> None:
    async def broken(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")

    async with Upstream(broken).running() as upstream, inlet(provider=Provider(upstream.url, {})) as gate:
        await post(gate)
        refusal = gate.gateway.refusal
        assert refusal
        assert (refusal.status, refusal.times) == (None, 1)
        assert refusal.words.startswith("broke off its answer: ")
    async with inlet(provider=Provider("http://127.0.0.1:9", {})) as gate:
        await post(gate)
        refusal = gate.gateway.refusal
        assert refusal
        assert refusal.words == "cannot be reached: All connection attempts failed"


async def test_looking_around_is_no_refusal_and_one_path_says_nothing_about_another(
    gate: Inlet, upstream: Upstream
) -> None:
    upstream.answer = whole(404)
    await gate.ask(get("/model/v1/models"))
    assert gate.gateway.refusal is None
    await post(gate, "/model/v1/messages/count_tokens?beta=true")
    assert gate.gateway.refusal
    upstream.answer = whole(500)
    await post(gate)
    assert gate.gateway.refusal
    assert gate.gateway.refusal.times == 1


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        ("0.5", 0.5, 0.5),
        (format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True), 3600, 7200),
    ],
    ids=["seconds", "a part of one", "a date"],
)
async def test_a_provider_may_say_when_to_come_back_in_seconds_or_by_date(
    gate: Inlet, upstream: Upstream, header: str, least: float, most: float
) -> None:
    upstream.answer = whole(429, retry_after=header)
    await post(gate)
    refusal = gate.gateway.refusal
    assert refusal
    assert refusal.retry_after is not None
    assert least <= refusal.retry_after <= most


@pytest.mark.parametrize("header", ["", "soon", "-1", "7 parsecs", "nan"])
async def test_a_time_to_come_back_that_is_none_is_no_time(gate: Inlet, upstream: Upstream, header: str) -> None:
    upstream.answer = whole(429, retry_after=header)
    await post(gate)
    refusal = gate.gateway.refusal
    assert refusal
    assert refusal.retry_after is None


async def test_it_is_known_that_an_answer_is_awaited(gate: Inlet, upstream: Upstream) -> None:
    go = asyncio.Event()

    async def slow(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        await whole()(asked, writer)

    upstream.answer = slow
    asking = asyncio.create_task(post(gate))
    await until(lambda: upstream.asked)
    assert gate.gateway.asking
    go.set()
    await asking
    assert not gate.gateway.asking
