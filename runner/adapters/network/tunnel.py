"""A tunnel between two connections: bytes both ways, until both ends have said all they had to say."""

from __future__ import annotations

import asyncio
import contextlib

from .addresses import CHUNK


async def join(
    near: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    far: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    first: bytes = b"",
) -> None:
    """`first` has been read from the near end already. An end that breaks off is the end of both."""
    far[1].write(first)
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_pump(near[0], far[1]))
            both.create_task(_pump(far[0], near[1]))
    except* OSError:
        pass
    finally:
        for writer in (near[1], far[1]):
            writer.close()
        for writer in (near[1], far[1]):
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK):
        sink.write(data)
        await sink.drain()
    # The other direction may still have much to say.
    with contextlib.suppress(OSError):
        sink.write_eof()
