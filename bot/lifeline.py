"""Children that cannot outlive their parent, however it ends."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def tied_to_us() -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel kill the child when this process dies. None where no kernel offers it.

    SIGKILL, because nobody is left to insist: whatever we start is built to survive it. The kernel watches the
    *thread* that forks, so children are to be started from the main thread.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork: the child may not allocate much
    parent = os.getpid()

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != parent:  # it died in between
            os.kill(os.getpid(), signal.SIGKILL)

    return tie


async def stop(process: asyncio.subprocess.Process, grace: float) -> int:
    """SIGTERM, and SIGKILL after `grace` seconds. Returns the exit status, negative for a signal."""
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(grace):
                await process.wait()
        except TimeoutError:
            process.kill()
    return await process.wait()
