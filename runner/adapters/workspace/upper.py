"""What an overlay's upper directory says about the commit below it: only what differs is read.

A file stands for itself, a whiteout for what is gone, an opaque directory for one that was made anew.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from posixpath import join

from msgspec import Struct, field

from runner.adapters.overlayfs import opaque, whiteout

from .trees import Entry, Tree


class Found(Struct):
    """`removed` are files and whole directories of the commit that do not show any more, `tracked` the files above
    it that the commit has too. `others`: there is more, which the commit knows nothing of.

    `neighbours` is what the commit has in the directories that were looked at, a directory with a slash at its end.
    `submodules` are among them, and left alone. `adopted` are the commit's files in directories that somebody has made
    a repository of: they are the commit's all the same."""

    removed: list[str] = field(default_factory=list)
    tracked: list[str] = field(default_factory=list)
    neighbours: set[str] = field(default_factory=set)
    submodules: dict[str, Entry] = field(default_factory=dict)
    adopted: dict[str, Entry] = field(default_factory=dict)
    others: bool = False


def compare(upper: Path, below: Tree) -> Found:
    found = Found()
    _directory(found, upper, "", below)
    return found


def _directory(found: Found, upper: Path, at: str, below: Tree) -> None:
    for name, entry in below.entries.items():
        found.neighbours.add(join(at, name) + ("/" if entry.is_tree else ""))
        if entry.is_submodule:
            found.submodules[join(at, name)] = entry
    with os.scandir(upper / at) as items:
        for item in items:
            if item.name != ".git":
                _item(found, upper, join(at, item.name), item, below)
            elif at:
                files = {name: entry for name, entry in below.entries.items() if not entry.is_tree}
                found.adopted |= {join(at, name): entry for name, entry in files.items()}


def _item(found: Found, upper: Path, path: str, item: os.DirEntry[str], below: Tree) -> None:
    entry = below.entries.get(item.name)
    status = item.stat(follow_symlinks=False)
    if entry is None:
        found.others = found.others or not whiteout(status)
    elif entry.is_submodule:
        return
    elif stat.S_ISDIR(status.st_mode) and entry.is_tree:
        inside = below.inside(item.name)
        if opaque(upper / path):
            _remove(found, path, inside)
        _directory(found, upper, path, inside)
    elif not entry.is_tree and not stat.S_ISDIR(status.st_mode) and not whiteout(status):
        found.tracked.append(path)
    else:
        found.others = found.others or not whiteout(status)
        _remove(found, path, below.inside(item.name) if entry.is_tree else None)


def _remove(found: Found, path: str, inside: Tree | None) -> None:
    found.removed.append(path)
    if inside is not None:
        found.submodules |= dict(_submodules(path, inside))


def _submodules(at: str, tree: Tree) -> Iterator[tuple[str, Entry]]:
    for name, entry in tree.entries.items():
        if entry.is_submodule:
            yield join(at, name), entry
        elif entry.is_tree:
            yield from _submodules(join(at, name), tree.inside(name))
