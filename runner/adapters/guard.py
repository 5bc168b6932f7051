"""Watches what an attempt takes of the machine, and says when it is too much.

It costs some ten reads of /proc and a statvfs or two each time. Where /proc cannot be read, it finds nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from runner.domain.allowance import Allowance, Excess

EVERY = 0.25
"""seconds between two looks; in that time a fork bomb starts a few thousand processes"""
WALK = 60.0
"""seconds between two walks through what was written; sooner when the volume has lost that much meanwhile"""
EFFORT = 100
"""a look, and a walk, is followed by at least so many times its own processor time without another"""
PAGE = os.sysconf("SC_PAGE_SIZE")
BLOCK = 512
"""bytes: the unit of st_blocks, whatever the file system's own"""


class Guard:
    """Of one attempt: `pid` is its first process, `writes` the directories on disk that it may fill."""

    def __init__(self, pid: int, allowance: Allowance, writes: Sequence[Path]) -> None:
        self._pid = pid
        self._allowance = allowance
        self._writes = tuple(writes)
        self._since = time.time()
        self._free = max((free(path) for path in self._writes), default=0)
        self._walk_at = time.monotonic() + WALK

    async def exceeded(self) -> Excess:
        """Returns when it has taken too much."""
        pause = EVERY
        while True:
            await asyncio.sleep(pause)
            found, effort = await asyncio.to_thread(self._timed)
            if found:
                return found
            pause = max(EVERY, EFFORT * effort)

    def _timed(self) -> tuple[Excess | None, float]:
        """Its own time, not the clock's: what starves us is to be looked at sooner, not later."""
        began = time.thread_time()
        return self.look(), time.thread_time() - began

    def look(self) -> Excess | None:
        pids = family(self._pid, self._allowance.processes + 1)
        if len(pids) > self._allowance.processes:
            return "processes"
        # Shared pages count again in every process; who seems to be too large is measured properly.
        if sum(map(resident, pids)) > self._allowance.memory and sum(map(proportional, pids)) > self._allowance.memory:
            return "memory"
        return self._disk() if self._writes else None

    def _disk(self) -> Excess | None:
        left = min(map(free, self._writes))
        if left < self._allowance.spare:
            return "full"
        self._free = max(self._free, left)
        due = self._walk_at if self._free - left <= self._allowance.disk else self._walk_at - WALK
        if time.monotonic() < due:
            return None
        began = time.thread_time()
        size = written(self._writes, self._since, self._allowance.disk)
        self._walk_at = time.monotonic() + WALK + EFFORT * (time.thread_time() - began)
        return "disk" if size > self._allowance.disk else None


def family(pid: int, most: int) -> list[int]:
    """The process and everything below it, as far as it has ended up there: orphans of a PID namespace go to its first
    process, those of no namespace to the machine's. Stops after `most`."""
    found = [pid]
    for member in found:
        if len(found) > most:
            break
        found += _children(member)
    return found


def _children(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):  # it has just ended
        for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - names only, once a second
            with contextlib.suppress(OSError):
                yield from map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())


def resident(pid: int) -> int:
    """Bytes in memory, shared ones included."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def proportional(pid: int) -> int:
    """Bytes in memory, each shared page divided among those who share it. Dear: the kernel walks all of them."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return resident(pid) if Path(f"/proc/{pid}").exists() else 0
    return 0


def free(path: Path) -> int:
    """Bytes that are left on its volume; unlimited where it is gone."""
    try:
        found = os.statvfs(path)
    except OSError:
        return 1 << 62
    return found.f_bavail * found.f_frsize


def written(paths: Sequence[Path], since: float, most: int) -> int:
    """Bytes on disk of the files below these directories that were changed since then; stops counting after `most`."""
    size = 0
    seen: set[int] = set()
    waiting = [os.fspath(path) for path in paths]
    while waiting and size <= most:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    size += _new(entry, since, seen)
    return size


def _new(entry: os.DirEntry[str], since: float, seen: set[int]) -> int:
    with contextlib.suppress(OSError):
        stat = entry.stat(follow_symlinks=False)
        if stat.st_ctime < since or stat.st_ino in seen:
            return 0
        if stat.st_nlink > 1:
            seen.add(stat.st_ino)
        return stat.st_blocks * BLOCK
    return 0
