"""One HTTP/1.1 connection from inside a sandbox, parsed by h11: requests in, responses out, nothing taken on trust."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncGenerator, Iterable

import h11

from .addresses import CHUNK

Headers = list[tuple[bytes, bytes]]
BODY_LIMIT = 256 << 20
"""bytes of a request's body: models take pictures, and nobody uploads anything larger from here"""
AHEAD = 1 << 20
"""bytes of further requests that are kept while one is being answered"""
LINGER = 2.0
"""seconds that a client which was refused may go on sending"""
JSON = b"application/json"

_UNPRINTABLE = re.compile("[^ -~]+")

HOP_BY_HOP = frozenset(
    b"connection keep-alive te trailer transfer-encoding upgrade expect "
    b"proxy-connection proxy-authorization proxy-authenticate proxy-authentication-info".split()
)
"""headers about one connection, which mean nothing on the next one"""


class Refused(Exception):
    """An answer of our own. `reason` stands in the status line too: of a refused tunnel, clients show nothing else."""

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind


class Gone(Exception):
    """The client has hung up."""


class Wire:
    """The server's side. Whoever answers a request sends `h11.Response`, `h11.Data`s and `h11.EndOfMessage`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._http = h11.Connection(h11.SERVER)
        self._reader = reader
        self._writer = writer
        self._whole = asyncio.Event()
        """the request has been read to its end"""
        self._bodiless = False
        """no body may follow the answer's head"""

    async def request(self) -> h11.Request | None:
        """The next one; None when the client has said goodbye. Raises Refused for what is no sound request."""
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        if self._http.our_state is not h11.IDLE:
            return None
        self._whole.clear()
        event = await self._event()
        if not isinstance(event, h11.Request):
            return None
        self._bodiless = event.method == b"HEAD"
        names = {name for name, _ in event.headers}
        if {b"content-length", b"transfer-encoding"} <= names:  # two lengths: the usual way to smuggle a request
            raise Refused(400, "bad_request", "Content-Length together with Transfer-Encoding")
        return event

    async def body(self) -> AsyncGenerator[bytes, None]:
        """The request's body as it comes in."""
        size = 0
        while not self._whole.is_set():
            if self._http.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            event = await self._event()
            if isinstance(event, h11.EndOfMessage):
                self._whole.set()
            elif isinstance(event, h11.Data):
                size += len(event.data)
                if size > BODY_LIMIT:
                    raise Refused(413, "too_large", f"more than {BODY_LIMIT >> 20} MB")
                yield bytes(event.data)
            else:
                raise Gone

    async def gone(self) -> None:
        """Returns when the client hangs up before it has its answer. What it sends meanwhile waits its turn, unless it
        is more than anybody who waits would send."""
        await self._whole.wait()
        ahead = 0
        while ahead < AHEAD and (data := await self._reader.read(CHUNK)):
            self._http.receive_data(data)
            ahead += len(data)

    async def send(self, *events: h11.Event) -> None:
        for event in events:
            data = self._http.send(event)
            if data:
                self._writer.write(data)
        await self._writer.drain()

    async def respond(self, status: int, body: bytes, reason: str = "", extra: Iterable[tuple[str, str]] = ()) -> None:
        """A whole answer of our own, after which the connection is closed: whatever is still on its way in is void."""
        headers = [
            (b"content-type", JSON),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *((name.encode(), value.encode()) for name, value in extra),
        ]
        line = _UNPRINTABLE.sub(" ", reason).encode()
        start = h11.Response(status_code=status, reason=line, headers=headers)
        await self.send(start, *([] if self._bodiless else [h11.Data(data=body)]), h11.EndOfMessage())

    async def refuse(self, refused: Refused) -> None:
        """As far as an answer can still be given: nothing of another one may have gone out."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        extra = [("upgrade", "HTTP/1.1")] if refused.status == 426 else []
        told = {"error": {"type": f"baro_{refused.kind}", "message": str(refused)}}
        await self.respond(refused.status, json.dumps(told).encode(), str(refused), extra)

    async def linger(self) -> None:
        """What a client that was refused is still sending is read and thrown away for a moment: hanging up on it would
        take the answer along before it has been read."""
        self._writer.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while await self._reader.read(CHUNK):
                    pass

    async def switch(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
        """Accept a CONNECT: from here on the connection is the client's own, and `bytes` is what it began with."""
        await self.send(h11.Response(status_code=200, reason=b"Connection established", headers=[]))
        return self._reader, self._writer, self._http.trailing_data[0]

    async def _event(self) -> object:
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                raise Refused(error.error_status_hint, "bad_request", f"no sound request: {error}") from None
            if event is not h11.NEED_DATA:
                return event
            self._http.receive_data(await self._reader.read(CHUNK))


def end_to_end(headers: Iterable[tuple[bytes, bytes]], *dropped: bytes) -> Headers:
    """What is meant for the other end: without what is about this connection, and without `dropped`."""
    kept = [(name.lower(), value) for name, value in headers]
    named = {token.strip().lower() for name, value in kept if name == b"connection" for token in value.split(b",")}
    gone = HOP_BY_HOP | named | set(dropped)
    return [(name, value) for name, value in kept if name not in gone]
