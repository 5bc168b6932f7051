"""Layers without a file system that can show them: compared with each other, and copied on top of each other."""

from __future__ import annotations

import filecmp
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import combinations
from pathlib import Path

from runner.adapters.overlayfs import OPAQUE, opaque

from .layers import Layer, contents, is_directory, leads_to
from .layout import Layout
from .removal import remove

_BOOKKEEPING = frozenset({".package-lock.json", ".yarn-integrity", ".modules.yaml", "pyvenv.cfg", "RECORD"})
"""Files in which installers remember what is there: of two, the upper one is corrected by the next installer."""
_CACHES = frozenset({"__pycache__", ".cache", ".vite"})


def agree(layout: Layout, layers: Sequence[Layer]) -> bool:
    """May the layers be laid on each other? Two that did not know of each other must not hold different things at one
    path: half of one version of a package over half of another would be neither."""
    return all(_agree(layout, *pair, place) for pair in _strangers(layers) for place in _shared(*pair))


def fill(layout: Layout, tree: Path, layers: Sequence[Layer]) -> None:
    """Copy what the layers hold, the lowest first, into a tree that has been checked out just now.

    Copies and never hard links: those are the same file, and whoever writes to one writes to all. Half a copy is worse
    than none: where one cannot be finished, that raises OSError and leaves nothing.
    """
    wanted = sorted({place for one in layers for place in one.places})
    places = [place for place in wanted if leads_to(tree, place)]
    try:
        for place in places:
            remove(tree / place)
            _copy(layout, tree, _chain(layout, layers, place), place)
    except OSError:
        for place in places:
            remove(tree / place)
        raise


def _copy(layout: Layout, tree: Path, chain: Sequence[Layer], place: str) -> None:
    for one in chain:
        (tree / place).parent.mkdir(parents=True, exist_ok=True)
        moved = (str(layout.tree(one.story)), str(tree))
        _lay(contents(layout, one) / place, tree / place, moved, alone=not one.whole)


def _chain(layout: Layout, layers: Sequence[Layer], place: str) -> list[Layer]:
    """The layers that make up what is seen at a place. Where they disagree, the last one's word counts."""
    having = [one for one in layers if place in one.places]
    last = having[-1]
    if not all(_agree(layout, one, other, place) for one, other in _strangers(having)):
        having = [one for one in having if one is last or one.story in last.over]
    replaced = {story for one in layers if one.replaces(place) for story in one.over}
    return [one for one in having if one.story not in replaced]


def _strangers(layers: Sequence[Layer]) -> Iterator[tuple[Layer, Layer]]:
    return ((one, other) for one, other in combinations(layers, 2) if one.story not in other.over)


def _shared(one: Layer, other: Layer) -> Iterator[str]:
    return (place for place in one.places if place in other.places)


def _agree(layout: Layout, one: Layer, other: Layer, place: str) -> bool:
    return _same_forever(contents(layout, one) / place, contents(layout, other) / place)


@lru_cache(maxsize=1024)
def _same_forever(one: Path, other: Path) -> bool:
    """Layers never change, and runs have names of their own: each pair is looked at once."""
    return _same(one, other)


def _same(one: Path, other: Path) -> bool:
    """Does nothing in one contradict the other?"""
    if one.name in _CACHES | _BOOKKEEPING or not os.path.lexists(other):
        return True
    kind = stat.S_IFMT(one.lstat().st_mode)
    if kind != stat.S_IFMT(other.lstat().st_mode):
        return False
    match kind:
        case stat.S_IFDIR:
            return all(_same(path, other / path.name) for path in sorted(one.iterdir()))
        case stat.S_IFLNK:
            return one.readlink() == other.readlink()
        case stat.S_IFREG:
            return filecmp.cmp(one, other, shallow=False)
    return True


def _lay(source: Path, target: Path, moved: tuple[str, str], *, alone: bool = True) -> None:
    """Copy `source` over what an earlier layer has put at `target`, as an overlay would show it. `moved`: absolute
    links to a path below the first point below the second now. Not `alone`: even a directory that is marked opaque
    leaves what is there, because that comes from a stranger and not from below."""
    status = source.lstat()
    if not stat.S_ISDIR(status.st_mode):
        remove(target)
        if stat.S_ISLNK(status.st_mode):
            target.symlink_to(_pointing(str(source.readlink()), moved))
        elif stat.S_ISREG(status.st_mode):
            shutil.copy2(source, target)
        return
    if (alone and opaque(source)) or not is_directory(target):
        remove(target)
    target.mkdir(exist_ok=True)
    for path in source.iterdir():
        _lay(path, target / path.name, moved)
    shutil.copystat(source, target)
    target.chmod(stat.S_IMODE(status.st_mode) | stat.S_IRWXU)  # the next layer has something to put there
    _open(target)


def _pointing(link: str, moved: tuple[str, str]) -> str:
    old, new = moved
    return new + link.removeprefix(old) if f"{link}/".startswith(f"{old}/") else link


def _open(directory: Path) -> None:
    """What overlayfs wrote on a layer's directory would be misunderstood in a tree."""
    with suppress(OSError):
        os.removexattr(directory, OPAQUE)
