"""How overlayfs says in a directory what of the directories below it does not show, and what a seat shows therefore."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from runner.ports import Seat

OPAQUE = "user.overlay.opaque"


def whiteout(status: os.stat_result) -> bool:
    """What lies below at this path is gone."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def put_whiteout(path: Path) -> None:
    """The kernel lets everybody do this, since 5.8: such a device can do nothing."""
    os.mknod(path, stat.S_IFCHR)


def opaque(directory: Path) -> bool:
    """Does nothing of the directories below shine through?"""
    try:
        return os.getxattr(directory, OPAQUE, follow_symlinks=False) == b"y"
    except OSError:
        return False  # not set, or a file system that cannot


def find(seat: Seat, path: str) -> Path | None:
    """Where on this host lies what the seat shows at a path; None where it shows nothing."""
    places = [seat.tree, *(reversed(seat.view.layers) if seat.view else ())]
    for name in PurePosixPath(path).parts:
        places = list(_shown(places, name))
    return places[0] if places else None


def _shown(directories: Iterable[Path], name: str) -> Iterator[Path]:
    """The entries of that name, the uppermost first, as far down as they are one directory."""
    above = False
    for path in (directory / name for directory in directories):
        if not os.path.lexists(path):
            continue
        status = path.lstat()
        if whiteout(status) or (above and not stat.S_ISDIR(status.st_mode)):
            return
        yield path
        if not stat.S_ISDIR(status.st_mode) or opaque(path):
            return
        above = True
