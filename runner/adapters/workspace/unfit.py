"""What a tree may hold that git would stop at, wait for or choke on: sorted out before git is told to add it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from runner.domain.amounts import MEGABYTE
from runner.domain.change import HeldBack
from runner.domain.names import reserved, unfit

from .clone import printable

MAX_READ = 100 * MEGABYTE
"""bytes; what is larger is not even looked into: GitHub takes no such file"""
NESTED = "is a repository inside the repository"
REMOVED = "is the story's whole directory, which its agent removed or replaced"
_HUGE = f"is larger than {MAX_READ // MEGABYTE} MiB, which GitHub does not take"
_NO_FILE = "is no file any more, but a pipe, a socket or a device"


def standing(tree: Path) -> bool:
    """Is the directory still there? Through a link in its place we would take in what lies elsewhere."""
    return tree.is_dir() and not tree.is_symlink()


def sorted_out(tree: Path, paths: Iterable[str]) -> dict[str, str]:
    """Paths that stay out, and why. Files that their owner may not read become readable: the agent did that, and we
    are the owner."""
    linked = cache(lambda directory: (tree / directory).is_symlink())
    return {
        path: reason
        for path in paths
        if not any(map(linked, _parents(path))) and (reason := _reason(tree / path, path)) is not None
    }


def told(held: dict[str, str], nested: Iterable[str]) -> tuple[HeldBack, ...]:
    named = [HeldBack(printable(path), reason) for path, reason in held.items()]
    return (*named, *(HeldBack(printable(path), NESTED) for path in nested))


def unlock(tree: Path) -> None:
    """Let us into directories that the agent has locked behind itself: what is in there is its work."""
    for directory, names, _ in os.walk(tree):
        for name in names:
            child = Path(directory, name)
            if not child.is_symlink() and child.stat().st_mode & stat.S_IRWXU != stat.S_IRWXU:
                child.chmod(0o700)


def _reason(place: Path, path: str) -> str | None:
    if reserved(path):
        return unfit(path)
    try:
        found = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None  # deleted, or below what is no directory any more: git knows what that means
    if stat.S_ISLNK(found.st_mode) or stat.S_ISDIR(found.st_mode):
        return None
    if not stat.S_ISREG(found.st_mode):
        return _NO_FILE
    if not found.st_mode & stat.S_IRUSR:
        place.chmod(0o600)
    return _HUGE if found.st_size > MAX_READ else None


def _parents(path: str) -> Iterator[str]:
    names = path.split("/")
    return ("/".join(names[:depth]) for depth in range(1, len(names)))
