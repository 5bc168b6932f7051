"""A room for somebody else's code: a thread with an event loop of its own, whose noise stays inside.

What blocks, raises, hangs or leaves the interpreter in there is for us an error to be logged. Only cancelling is asked
for, never forced: code that ignores it keeps its room busy, and the process takes no notice.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog

log = structlog.get_logger(__name__)

CLOSING = 1.0
"""seconds that code in a room gets to end when it is told to"""

Given = TypeVar("Given")
Result = TypeVar("Result")


class Misbehaved(Exception):
    """Theirs raised, took too long or gave up; what it raised is the cause."""


class Room:
    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._turn = asyncio.Lock()
        self._thread = threading.Thread(target=self._live, name=f"baro:{name}", daemon=True)
        self._closing = False
        self._left = asyncio.Event()
        self._ours = asyncio.get_running_loop()
        self._thread.start()

    @property
    def occupied(self) -> bool:
        """Something in it has not ended yet."""
        return not self._left.is_set()

    async def call(self, work: Callable[[], Awaitable[Result]], seconds: float | None = None) -> Result:
        """What `work` gives, called and awaited inside; calls do not overlap. After `seconds` it is cancelled.

        Raises Misbehaved, and nothing else but our own cancellation, which is passed on inside.
        """
        answer = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._contained(work), self._loop))
        try:
            done, _ = await asyncio.wait({answer}, timeout=seconds)
        finally:
            answer.cancel()
        if not done:
            raise Misbehaved(f"not done within {seconds:g} seconds")
        if answer.cancelled():
            raise Misbehaved("cancelled itself")
        if error := answer.exception():
            raise Misbehaved(f"raised {type(error).__name__}") from error
        return answer.result()

    def door(self, work: Callable[[Given], Coroutine[Any, Any, Result]]) -> Callable[[Given], Awaitable[Result]]:
        """`work` of ours, for code inside to call: it is carried out by our event loop."""

        async def call(given: Given) -> Result:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(given), self._ours))

        return call

    async def close(self) -> None:
        """Cancel what is inside and give it a moment."""
        self._closing = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        try:
            async with asyncio.timeout(CLOSING):
                await self._left.wait()
        except TimeoutError:
            log.error("extension.does_not_stop")

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _contained(self, work: Callable[[], Awaitable[Result]]) -> Result:
        async with self._turn:
            try:
                return await work()
            except (Exception, asyncio.CancelledError):
                raise
            except BaseException as error:  # SystemExit would end the event loop, and with it the room
                raise RuntimeError(f"{type(error).__name__} is not for an extension to raise") from error

    def _live(self) -> None:
        while not self._closing:
            try:
                self._loop.run_forever()
            except BaseException:  # a task that they started themselves may raise anything
                log.exception("extension.loop_broken", thread=self._thread.name)
        try:
            self._loop.run_until_complete(_empty())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()
        finally:
            self._ours.call_soon_threadsafe(self._left.set)


@asynccontextmanager
async def room(name: str) -> AsyncIterator[Room]:
    it = Room(name)
    try:
        yield it
    finally:
        await it.close()


async def _empty() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
