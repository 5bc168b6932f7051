"""The provider's HTTP server."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from dataclasses import dataclass

from . import anthropic, completions, responses
from .script import Disconnect, Error, Hang, Reply, Script, Text, Tool
from .wire import Json, Wire

WIRES: dict[str, Wire] = {
    "/v1/messages": anthropic,
    "/v1/responses": responses,
    "/v1/chat/completions": completions,
}
OTHERS: dict[str, Json] = {
    "/v1/models": {"object": "list", "data": []},
    "/v1/messages/count_tokens": {"input_tokens": 10},
}
"""What else command lines like to ask."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    """without its query"""
    headers: dict[str, str]
    body: Json


class Model:
    """`requests` is everything that was asked, in order."""

    def __init__(self, *replies: Reply) -> None:
        self.requests: list[Request] = []
        self._script = Script()
        self._numbers = itertools.count(1)
        self._connections: set[asyncio.StreamWriter] = set()
        if replies:
            self.on("", *replies)

    def on(self, pattern: str, *replies: Reply) -> None:
        self._script.on(pattern, *replies)

    @property
    def url(self) -> str:
        """As ANTHROPIC_BASE_URL names it."""
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    @property
    def openai(self) -> str:
        """As OPENAI_BASE_URL names it."""
        return f"{self.url}/v1"

    @property
    def asked(self) -> list[Json]:
        """The bodies of the requests for a message."""
        return [request.body for request in self.requests if request.path in WIRES]

    async def __aenter__(self) -> Model:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self._connections:
            connection.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await _read(reader)
            self.requests.append(request)
            if request.path in WIRES:
                await self._reply(WIRES[request.path], request.body, reader, writer)
            else:
                _send(writer, 200, OTHERS.get(request.path, {}))
            await writer.drain()
        self._connections.discard(writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _reply(self, wire: Wire, asked: Json, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match self._script.next(json.dumps(wire.opening(asked), ensure_ascii=False)):
            case Error(streamed=True) as error:
                _stream(writer, wire.broken(error))
            case Error() as error:
                retry = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
                _send(writer, error.status, wire.error(error), retry)
            case Hang():
                await reader.read()
            case Disconnect():
                events = wire.events(wire.message(Text("never finished"), asked, next(self._numbers)))
                _stream(writer, events[: len(events) // 2], missing=1000)
            case Text() | Tool() as said:
                message = wire.message(said, asked, next(self._numbers))
                if asked.get("stream"):
                    _stream(writer, wire.events(message))
                else:
                    _send(writer, 200, message)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target.partition("?")[0], headers, json.loads(body) if body else {})


def _send(writer: asyncio.StreamWriter, status: int, body: Json, headers: dict[str, str] | None = None) -> None:
    text = json.dumps(body).encode()
    _head(writer, status, {"content-type": "application/json", "content-length": str(len(text)), **(headers or {})})
    writer.write(text)


def _head(writer: asyncio.StreamWriter, status: int, headers: dict[str, str]) -> None:
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{n}: {v}" for n, v in headers.items()), "connection: close", "", ""]
    writer.write("\r\n".join(lines).encode())


def _stream(writer: asyncio.StreamWriter, events: list[str], missing: int = 0) -> None:
    """Server-sent events. `missing`: so many bytes more are promised than come."""
    text = "".join(events).encode()
    length = {"content-length": str(len(text) + missing)} if missing else {}
    _head(writer, 200, {"content-type": "text/event-stream", **length})
    writer.write(text)
