"""File locks between processes that share a directory, and the clean-up that holding one allows."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from runner.adapters.git import holding
from runner.errors import BaroError

PATIENCE = 1800.0
"""seconds to wait for a lock: longer than any fetch that still makes progress should take"""
_LOOK = 0.01
"""seconds between two looks; flock has no way to wait that can be cancelled"""


@asynccontextmanager
async def locked(path: Path, *, git_dir: Path | None = None, patience: float = PATIENCE) -> AsyncIterator[None]:
    """Hold `path` alone among all tasks and processes.

    Every git started inside inherits the lock. Once we have it, no git of a predecessor that was killed is still at
    work, so lock files found in `git_dir` belong to nobody and are removed.
    """
    descriptor = await _acquire(path, patience)
    try:
        with holding(descriptor):
            if git_dir is not None:
                _remove_abandoned(git_dir)
            yield
    finally:
        os.close(descriptor)


async def _acquire(path: Path, patience: float) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        async with asyncio.timeout(patience):
            while (descriptor := _try(path)) is None:  # noqa: ASYNC110 — other processes set no event
                await asyncio.sleep(_LOOK)
            return descriptor
    except TimeoutError as late:
        raise BaroError(f"Another process has held {path.name} for {patience:g} seconds") from late


def _try(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass  # somebody else has it, or removed the file we opened: look again
    os.close(descriptor)
    return None


def _remove_abandoned(git_dir: Path) -> None:
    for directory, names, files in os.walk(git_dir):
        if directory == str(git_dir) and "objects" in names:
            names.remove("objects")  # large, and git locks nothing in there
        for file in files:
            if file.endswith(".lock"):
                Path(directory, file).unlink(missing_ok=True)
