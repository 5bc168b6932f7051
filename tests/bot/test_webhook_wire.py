"""The door for deliveries under the real server, spoken to byte by byte."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn

from bot.web import WebDeps, web_app
from bot.wiring import RedisInbox
from handlers.us import Us
from runner.adapters.redis_store import Store
from tests.world.payloads import encoded, issue_event, signed

SECRET = "a secret"
US = Us(app="4242")
LABELED = encoded(issue_event())


@pytest.fixture
async def port(store: Store) -> AsyncIterator[int]:
    """The door under the real server."""
    app = web_app(WebDeps(secrets=[SECRET], us=US, inbox=RedisInbox(store)))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http="httptools", log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield listening.getsockname()[1]
    server.should_exit = True
    await serving


async def talk(port: int, *sent: bytes) -> bytes:
    """Everything the server says until it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in sent:
        writer.write(part)
    async with asyncio.timeout(90):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


POST = b"POST /webhooks/github HTTP/1.1\r\nhost: baro.example\r\n"


async def test_a_declared_length_over_the_limit_is_answered_before_the_body_comes(port: int) -> None:
    answer = await talk(port, POST + b"content-length: 99999999999\r\n\r\n", b"{")
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_body_that_never_comes_is_not_waited_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.webhook.READ_WITHIN", 0.05)
    answer = await talk(port, POST + b"content-length: 100\r\n\r\n", b"{")
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_body_in_pieces_is_one_body(port: int, store: Store) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in signed(LABELED, SECRET, "issues").items()).encode()
    pieces = [b"%x\r\n%s\r\n" % (len(part), part) for part in (LABELED[:10], LABELED[10:])]
    chunked = POST + head + b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    assert (await talk(port, chunked, *pieces, b"0\r\n\r\n")).startswith(b"HTTP/1.1 202 ")
    assert len(await store.pending()) == 1


async def test_who_hangs_up_half_way_does_no_harm(port: int, store: Store) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(POST + b"content-length: 100\r\n\r\n{")
    await writer.drain()
    writer.transport.abort()
    assert (await talk(port, b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).startswith(
        b"HTTP/1.1 200 "
    )
    assert not await store.pending()
