"""What of the host a command line needs in order to start inside the sandbox."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct


class Installed(Struct, frozen=True):
    """The program itself, links followed, and the paths that must be visible for it."""

    path: Path
    reads: tuple[Path, ...]


def resolved(program: Path) -> Installed:
    """An npm package needs the packages beside it: its outermost `node_modules`. Anything else is taken to be one
    file; its directory may be somebody's home."""
    path = program.resolve()
    trees = [parent for parent in path.parents if parent.name == "node_modules"]
    return Installed(path, (trees[-1] if trees else path,))
