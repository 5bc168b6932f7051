"""`baro up`: everything on one machine. Redis first in and last out, web and runner kept up in between."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio import Task
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, NoReturn

import structlog

from .children import keep_up, start
from .embedded import embedded_redis
from .settings import AppSettings

SERVICES = ("web", "runner")
STOP_MARGIN = 5.0
"""seconds a service gets on top of its own BARO_STOP_GRACE, before SIGKILL"""

log = structlog.get_logger(__name__)


async def up(settings: AppSettings) -> int:
    """Supervise until SIGTERM (0) or SIGINT (130); 1 as soon as one service cannot stay up."""
    with stop_signals() as told:
        async with _redis(settings) as url:
            environment = {**os.environ, "REDIS_URL": url}
            keepers = [_keeper(name, environment, settings.stop_grace) for name in SERVICES]
            log.info("baro is up", services=SERVICES, url=settings.public_url)
            return await _first_of(told, keepers)


def service(name: str) -> list[str]:
    """The command of one of SERVICES, as a child of ours. `-P`: a directory called `bot` may lie anywhere."""
    return [sys.executable, "-P", "-m", "bot", name]


def _keeper(name: str, environment: Mapping[str, str], grace: float) -> Task[NoReturn]:
    async def begin() -> Process:
        return await start(service(name), environment)

    return asyncio.create_task(keep_up(name, begin, grace=grace + STOP_MARGIN), name=name)


async def _first_of(told: asyncio.Future[int], keepers: list[Task[NoReturn]]) -> int:
    """Wait for a signal or for the first keeper that gives up, then stop them all."""
    try:
        endings: list[asyncio.Future[Any]] = [told, *keepers]
        await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
        return told.result() if told.done() else 1  # why it gave up, it has said itself
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)


@contextlib.asynccontextmanager
async def _redis(settings: AppSettings) -> AsyncIterator[str]:
    if settings.redis_url:
        yield settings.redis_url
    else:
        async with embedded_redis(settings.home) as url:
            yield url


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Future[int]]:
    """A future that becomes the exit status when somebody wants us to stop."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[int] = loop.create_future()
    statuses = {signal.SIGTERM: 0, signal.SIGINT: 130}

    def tell(status: int) -> None:
        if not told.done():
            told.set_result(status)

    for number, status in statuses.items():
        loop.add_signal_handler(number, tell, status)
    try:
        yield told
    finally:
        for number in statuses:
            loop.remove_signal_handler(number)
