"""What stories have installed, kept as immutable layers: one per story, taken from its worktree when it is over.

A layer may be a difference: a character device in it says that what lies below is gone, a directory marked opaque that
nothing below shines through (both are overlayfs's own words, and mean the same here).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from runner.adapters.overlayfs import OPAQUE, whiteout
from runner.domain.dependencies import above

from .clone import printable
from .layout import Layout
from .removal import remove


class Layer(Struct, frozen=True):
    """`number` counts layers as they were made: a later one lies above. `over` are the stories whose layers its own
    story saw, `places` the paths it has something at, `gone` the directories of code that its story has removed, with
    everything that was installed in them. `whole`: at its places it has all there is, and not a difference."""

    story: str
    number: int
    over: tuple[str, ...]
    places: tuple[str, ...]
    gone: tuple[str, ...]
    whole: bool

    def replaces(self, place: str) -> bool:
        """Does nothing show there of what lies below?"""
        return self.whole or not set(above(place)).isdisjoint(self.gone)


class Shown(Struct, frozen=True):
    """What a seat's tree shows besides what it holds: the layers of these stories. `copied`: they are in the tree."""

    over: tuple[str, ...]
    copied: bool = False


# --- reading ---------------------------------------------------------------------------------------------------


def layer(layout: Layout, story: str) -> Layer | None:
    path = layout.layer(story) / "layer.json"
    return msgspec.json.decode(path.read_bytes(), type=Layer) if path.is_file() else None


def stack(layout: Layout, stories: Iterable[str]) -> list[Layer]:
    """Of those stories that installed something, the lowest first."""
    found = [known for story in stories if (known := layer(layout, story)) and (known.places or known.gone)]
    return sorted(found, key=lambda known: known.number)


def contents(layout: Layout, one: Layer) -> Path:
    return layout.layer(one.story) / "tree"


def shown(layout: Layout, seat: str) -> Shown | None:
    """None for a seat that has not been furnished yet."""
    path = layout.view(seat) / "shown.json"
    return msgspec.json.decode(path.read_bytes(), type=Shown) if path.is_file() else None


def installed(layout: Layout, seat: str) -> tuple[str, ...]:
    """The places at which the seat's tree may hold no more than a difference to what it is shown."""
    known = shown(layout, seat)
    return tuple(place for one in stack(layout, known.over if known else ()) for place in one.places)


def expect(layout: Layout, seat: str, places: Sequence[str]) -> None:
    """Note where the seat's story may have installed something, as whoever has just read its whole tree knows."""
    _note(layout.view(seat) / "places.json", [place for place in places if printable(place) == place])


def expected(layout: Layout, seat: str) -> tuple[str, ...] | None:
    """None: nobody has read it."""
    path = layout.view(seat) / "places.json"
    return msgspec.json.decode(path.read_bytes(), type=tuple[str, ...]) if path.is_file() else None


def remember(layout: Layout, seat: str, now: Shown) -> None:
    _note(layout.view(seat) / "shown.json", now)


def _note(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".new").write_bytes(msgspec.json.encode(value))
    path.with_suffix(".new").rename(path)


# --- making ----------------------------------------------------------------------------------------------------


def freeze(layout: Layout, story: str, places: Collection[str]) -> None:
    """Take what the story installed out of its worktree. Its agent is gone, and nobody looks there any more.

    Nothing is copied. What a crash has left half moved is found and gone on from; the last rename makes it a layer.
    """
    tree, building = layout.tree(story), layout.layers / f"{story}.building"
    below = shown(layout, story) or Shown(())
    known = {*places, *installed(layout, story)}
    parents = {parent for place in known for parent in above(place)}
    (building / "tree").mkdir(parents=True, exist_ok=True)
    for place in sorted(known):
        _take(tree, place, building / "tree", whole=below.copied)
    for parent in sorted(parents):
        if leads_to(tree, parent) and _gone(tree / parent):
            _move(tree / parent, building / "tree" / parent)
    made = Layer(
        story,
        number=sum(1 for _ in layout.layers.glob("*/layer.json")),
        over=below.over,
        places=_there(building / "tree", known),
        gone=tuple(parent for parent in _there(building / "tree", parents) if _gone(building / "tree" / parent)),
        whole=below.copied or not below.over,
    )
    (building / "layer.json").write_bytes(msgspec.json.encode(made))
    building.rename(layout.layer(story))


def _there(tree: Path, paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(path for path in paths if os.path.lexists(tree / path)))


def _take(tree: Path, place: str, to: Path, *, whole: bool) -> None:
    if not leads_to(tree, place) or not _belongs(tree / place):
        return
    if whole:
        _close(tree / place)
    _move(tree / place, to / place)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    remove(target)
    if source.is_dir():
        source.chmod(source.stat().st_mode | stat.S_IRWXU)  # a directory that may not be written cannot be moved
    source.rename(target)


def leads_to(tree: Path, place: str) -> bool:
    """Is there nothing but directories on the way? A link that an agent has put there could lead out of the tree."""
    return not any(os.path.lexists(tree / parent) and not is_directory(tree / parent) for parent in above(place))


def _belongs(path: Path) -> bool:
    """A directory, a file (of those installers that keep everything in one), or the word that something is gone. A
    link shows what is elsewhere, and stays."""
    return os.path.lexists(path) and (is_directory(path) or _gone(path) or stat.S_ISREG(path.lstat().st_mode))


def is_directory(path: Path) -> bool:
    return os.path.lexists(path) and stat.S_ISDIR(path.lstat().st_mode)


def _gone(path: Path) -> bool:
    return os.path.lexists(path) and whiteout(path.lstat())


def _close(path: Path) -> None:
    """A whole copy replaces what lies below it. A file system that cannot be marked so has no overlays either."""
    if is_directory(path):
        with suppress(OSError):
            os.setxattr(path, OPAQUE, b"y", follow_symlinks=False)
