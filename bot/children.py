"""Processes that cannot outlive us, and are started again when they end."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, NoReturn

import structlog

from runner.errors import BaroError

QUICK_SECONDS = 10.0
"""a child that ends sooner after its start did not stay up"""
QUICK_ENDS = 5
"""so many of these in a row, and we give up"""
FIRST_DELAY = 0.2
LONGEST_DELAY = 10.0
"""seconds before a restart; doubled with each quick end"""
SETTINGS_EXIT = 2
"""exit status of a child that will end the same way every time"""

_PR_SET_PDEATHSIG = 1

log = structlog.get_logger(__name__)


class NotStayingUpError(BaroError):
    """A child of ours ended too often, or in a way that no restart cures."""


async def start(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    output: IO[bytes] | None = None,
    directory: Path | None = None,
) -> Process:
    """A child in a process group of its own (Ctrl-C on the terminal is for us to pass on) that dies when we die.

    To be called in the main thread: what the kernel watches is the thread that forks. None: ours.
    """
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=environment,
        cwd=directory,
        process_group=0,
        preexec_fn=_tied_to_us(),
    )


async def stop(process: Process, grace: float) -> int:
    """SIGTERM, and SIGKILL after `grace` seconds. Returns the exit status, negative for a signal."""
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(grace):
                await process.wait()
        except TimeoutError:
            log.warning("it did not stop in time and was killed", pid=process.pid, seconds=grace)
            process.kill()
    return await process.wait()


async def keep_up(
    name: str, begin: Callable[[], Awaitable[Process]], *, grace: float, running: Process | None = None
) -> NoReturn:
    """Start it (unless it is `running`) and start it again whenever it ends; stop it when cancelled.

    Raises NotStayingUpError when that leads nowhere.
    """
    quick_ends = 0
    while True:
        began = asyncio.get_running_loop().time()
        process = running or await begin()
        running = None
        try:
            code = await process.wait()
        finally:
            await stop(process, grace)
        quick_ends = quick_ends + 1 if asyncio.get_running_loop().time() - began < QUICK_SECONDS else 1
        if code == SETTINGS_EXIT or quick_ends >= QUICK_ENDS:
            log.error("a process does not stay up", process=name, end=how_it_ended(code), ends=quick_ends)
            raise NotStayingUpError(f"{name} does not stay up: {how_it_ended(code)}.")
        delay = min(FIRST_DELAY * 2 ** (quick_ends - 1), LONGEST_DELAY)
        log.warning("a process ended and is started again", process=name, end=how_it_ended(code), seconds=delay)
        await asyncio.sleep(delay)


def how_it_ended(code: int) -> str:
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def _tied_to_us() -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel kill the child when we are gone. None where no kernel offers it.

    SIGKILL, because nobody is left to insist, and whatever we start is built to survive it.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork: a child must do little between fork and exec
    parent = os.getpid()

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != parent:  # it died in between
            os.kill(os.getpid(), signal.SIGKILL)

    return tie
