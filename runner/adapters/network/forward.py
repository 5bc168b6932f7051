"""Passes one request on to a server and its answer back, both as they come, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from typing import Any

import h11
import httpcore

from .wire import Gone, Headers, Refused, Wire, end_to_end

TIMEOUTS = {"connect": 15.0, "read": None, "write": None, "pool": None}
"""seconds. A model may think for as long as it likes: how long an agent may be silent is decided elsewhere."""
FAILED = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError)
"""The other side was not reached, or is there no more."""


async def forward(
    wire: Wire, request: h11.Request, pool: httpcore.AsyncConnectionPool, url: httpcore.URL, headers: Headers
) -> None:
    """Until the answer is through, or the client has hung up: then the server is hung up on as well.

    Raises Refused where the server could not be reached. One that breaks off breaks the client's connection off too:
    half an answer must not look like a whole one.
    """
    passing = asyncio.ensure_future(_pass(wire, request, pool, url, headers))
    leaving = asyncio.ensure_future(wire.gone())
    try:
        await asyncio.wait({passing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not passing.done():
            raise Gone
        passing.result()
    finally:
        for task in (passing, leaving):
            task.cancel()
        await asyncio.gather(passing, leaving, return_exceptions=True)


async def _pass(
    wire: Wire, request: h11.Request, pool: httpcore.AsyncConnectionPool, url: httpcore.URL, headers: Headers
) -> None:
    async with aclosing(wire.body()) as body:
        asked = httpcore.Request(
            request.method,
            url,
            headers=_framed(request.headers, headers),
            content=body,
            extensions={"timeout": TIMEOUTS},
        )
        answer = await _reached(pool, asked, url)
        try:
            async for _ in body:  # a server that answers early leaves the rest unread
                pass
            await wire.send(_head(answer))
            async for chunk in answer.aiter_stream():
                await wire.send(h11.Data(data=chunk))
            await wire.send(h11.EndOfMessage())
        except (httpcore.NetworkError, httpcore.ProtocolError, h11.LocalProtocolError) as error:
            raise Gone from error
        finally:
            await answer.aclose()


async def _reached(pool: httpcore.AsyncConnectionPool, asked: httpcore.Request, url: httpcore.URL) -> httpcore.Response:
    try:
        return await pool.handle_async_request(asked)
    except FAILED as error:
        place = url.host.decode()
        raise Refused(502, "unreachable", f"{place} cannot be reached: {str(error) or type(error).__name__}") from None


def _framed(original: Iterable[tuple[bytes, bytes]], headers: Headers) -> Headers:
    """A body is sent on the way it came, with its length where that is known."""
    kept = [(name, value) for name, value in headers if name != b"content-length"]
    lengths = dict(original)
    if b"content-length" in lengths:
        return [*kept, (b"content-length", lengths[b"content-length"])]
    return [*kept, (b"transfer-encoding", b"chunked")] if b"transfer-encoding" in lengths else kept


def _head(answer: httpcore.Response) -> h11.Response:
    reason: Any = answer.extensions.get("reason_phrase", b"")
    # A gateway keeps no cookies for its clients, and takes none from them.
    return h11.Response(status_code=answer.status, reason=reason, headers=end_to_end(answer.headers, b"set-cookie"))
