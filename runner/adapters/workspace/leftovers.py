"""Taking away what runs made: after a run its trees and clones, after a while what dead runs left behind.

The logs of a run stay until it is swept: they are what is looked at when something went wrong.
"""

from __future__ import annotations

import time
from pathlib import Path

from .layout import Layout
from .removal import remove

LOGS = "logs"


def clear(layout: Layout) -> None:
    """All that this run made here, but its logs."""
    if not layout.root.is_dir():
        return
    for child in layout.root.iterdir():
        if child.name != LOGS:
            remove(child)
    if not any(layout.root.iterdir()):
        layout.root.rmdir()


def sweep(home: Path, keep: frozenset[str], older: float) -> tuple[str, ...]:
    """Remove the directories of runs that are not in `keep` and that nothing has touched for `older` seconds."""
    runs = home / "runs"
    gone = []
    for root in sorted(runs.iterdir()) if runs.is_dir() else ():
        if root.is_dir() and root.name not in keep and time.time() - _touched(root) > older:
            remove(root)
            (runs / f"{root.name}.lock").unlink(missing_ok=True)
            gone.append(root.name)
    return tuple(gone)


def _touched(root: Path) -> float:
    """When something was last made or removed in it, or in one of its directories."""
    return max(path.lstat().st_mtime for path in (root, *root.iterdir()))
