"""A scripted model provider on loopback: the Anthropic Messages API, as far as an agent's command line uses it.

    async with Model() as model:
        model.on("parser", Tool("Write", {"file_path": "/workspace/a.py", "content": "x"}), Text("Done."))
        …  ANTHROPIC_BASE_URL=model.url  …

A request is answered by the first pattern found in the first message of its conversation; every pattern gives its
replies in order, and `Text("Done.")` once they are used up.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Tool:
    name: str
    input: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Error:
    """An HTTP status instead of a message."""

    status: int
    kind: str = "api_error"
    message: str = "scripted"
    retry_after: int | None = None


@dataclass(frozen=True)
class Disconnect:
    """The connection breaks in the middle of the stream."""


@dataclass(frozen=True)
class Hang:
    """Nothing comes, for ever."""


Reply = Text | Tool | Error | Disconnect | Hang


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Model:
    """`requests` is everything that was asked, in order."""

    def __init__(self, *replies: Reply) -> None:
        self.requests: list[Request] = []
        self._script: list[tuple[re.Pattern[str], Iterator[Reply]]] = []
        self._numbers = itertools.count(1)
        self._connections: set[asyncio.StreamWriter] = set()
        if replies:
            self.on("", *replies)

    def on(self, pattern: str, *replies: Reply) -> None:
        self._script.append((re.compile(pattern), iter(replies)))

    @property
    def url(self) -> str:
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of the requests for a message."""
        return [request.body for request in self.requests if request.path.startswith("/v1/messages?")]

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
            await self._answer(request, reader, writer)
        self._connections.discard(writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if request.method != "POST":
            _send(writer, 200, {})
        elif "count_tokens" in request.path:
            _send(writer, 200, {"input_tokens": 10})
        else:
            await self._reply(request.body, reader, writer)
        await writer.drain()

    async def _reply(self, body: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match self._choose(body):
            case Error() as error:
                retry = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
                told = {"type": "error", "error": {"type": error.kind, "message": error.message}}
                _send(writer, error.status, told, retry)
            case Hang():
                await reader.read()
            case Disconnect():
                _stream(writer, self._message(Text("never finished"), body), cut=True)
            case Text() | Tool() as reply if body.get("stream"):
                _stream(writer, self._message(reply, body))
            case Text() | Tool() as reply:
                _send(writer, 200, self._message(reply, body))

    def _choose(self, body: dict[str, Any]) -> Reply:
        goal = json.dumps(body["messages"][0], ensure_ascii=False) if body.get("messages") else ""
        replies = next((replies for pattern, replies in self._script if pattern.search(goal)), iter(()))
        return next(replies, Text("Done."))

    def _message(self, reply: Text | Tool, body: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        block: dict[str, Any] = (
            {"type": "text", "text": reply.text}
            if isinstance(reply, Text)
            else {"type": "tool_use", "id": f"toolu_{number}", "name": reply.name, "input": reply.input}
        )
        return {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": body.get("model", "scripted"),
            "content": [block],
            "stop_reason": "end_turn" if isinstance(reply, Text) else "tool_use",
            "stop_sequence": None,
            "usage": {
                "input_tokens": 100,
                "cache_creation_input_tokens": 50,
                "cache_read_input_tokens": 1000,
                "output_tokens": 20,
            },
        }


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, json.loads(body) if body else {})


def _send(
    writer: asyncio.StreamWriter, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
) -> None:
    text = json.dumps(body).encode()
    _head(writer, status, {"content-type": "application/json", "content-length": str(len(text)), **(headers or {})})
    writer.write(text)


def _head(writer: asyncio.StreamWriter, status: int, headers: dict[str, str]) -> None:
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{n}: {v}" for n, v in headers.items()), "connection: close", "", ""]
    writer.write("\r\n".join(lines).encode())


def _stream(writer: asyncio.StreamWriter, message: dict[str, Any], *, cut: bool = False) -> None:
    """The message as server-sent events. `cut`: promised whole, and broken off after its first words."""
    events = list(_events(message))
    text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events[: 3 if cut else None])
    length = {"content-length": str(len(text) + 1000)} if cut else {}
    _head(writer, 200, {"content-type": "text/event-stream", **length})
    writer.write(text.encode())


def _events(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    (block,) = message["content"]
    opened = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    yield {"type": "message_start", "message": opened}
    if block["type"] == "text":
        empty: dict[str, Any] = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        empty = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    yield {"type": "content_block_start", "index": 0, "content_block": empty}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    end = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": message["usage"]["output_tokens"]}}
    yield {"type": "message_stop"}
