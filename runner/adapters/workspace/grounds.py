"""What lies below the trees of a large repository: one read-only checkout of where the run began, and for every later
commit a layer of the files that differ, a whiteout in place of each that is gone.

A ground never changes once it is there. Stories, readers and checks at the same commit share it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from posixpath import basename

import msgspec
from msgspec import Struct

from runner.adapters.git import Git
from runner.adapters.objects import Objects
from runner.adapters.overlayfs import put_whiteout
from runner.crashpoints import crashpoint
from runner.domain.dependencies import above
from runner.errors import BaroError

from . import commits
from .diffs import Difference, differences
from .layout import Layout
from .refs import resolve
from .removal import remove
from .trees import Tree

_RULES = (".gitignore", ".gitattributes")


class Ground(Struct, frozen=True):
    """`layers` are its directories, the lowest first; `index` belongs to them, with the file times they have.

    `rules` is an index of just the files that say what is ignored and how contents are converted (`ruled`), marked as
    not checked out: so git obeys them in a tree that has only what differs."""

    layers: tuple[Path, ...]
    index: Path
    rules: Path
    ruled: tuple[str, ...]


def begun(layout: Layout, start: str) -> bool:
    return layout.ground(start).is_dir()


async def ground(layout: Layout, commit: str) -> Ground:
    """The ground at a commit of the run, made where it is not there yet. Holds the run's lock."""
    start = await resolve(layout.git, layout.start)
    if start is None:
        raise BaroError(f"Run {layout.run} has no workspace on this machine")
    for needed in dict.fromkeys((start, commit)):
        place = layout.ground(needed)
        if not place.is_dir():
            building = place.with_name(f"{needed}.building")
            await asyncio.to_thread(remove, building)
            (building / "tree").mkdir(parents=True)
            await (_whole(layout, building, start) if needed == start else _layer(layout, building, start, needed))
            crashpoint("ground.built")
            building.rename(place)
    place = layout.ground(commit)
    layers = tuple(layout.ground(one) / "tree" for one in dict.fromkeys((start, commit)))
    ruled = msgspec.json.decode((place / "ruled.json").read_bytes(), type=tuple[str, ...])
    return Ground(layers, place / "index", place / "rules", ruled)


async def _whole(layout: Layout, building: Path, start: str) -> None:
    git = Git(layout.clone, work_tree=building / "tree", index=building / "index")
    await git.run("read-tree", "--reset", "-u", start)
    await _rules(git, building)


async def _layer(layout: Layout, building: Path, start: str, commit: str) -> None:
    git = Git(layout.clone, work_tree=building / "tree", index=building / "index")
    below = layout.ground(start)
    await asyncio.to_thread(shutil.copy2, below / "index", building / "index")
    found = await differences(layout.git, start, commit)
    if found:
        await git.run("update-index", "--replace", "-z", "--index-info", input=_lines(map(_entry, found)))
        present = [d.path for d in found if d.after.is_blob]
        await git.run("checkout-index", "--force", "--index", "-z", "--stdin", input=_lines(present))
        await _whiteouts(layout, building / "tree", commit, [d.path for d in found if d.status == "D"])
    if any(basename(d.path) in _RULES for d in found):
        await _rules(git, building)
    else:
        for name in ("rules", "ruled.json"):
            shutil.copy2(below / name, building / name)


def _entry(d: Difference) -> str:
    return f"{d.after.mode if d.status != 'D' else '0'} {d.after.oid}\t{d.path}"


def _lines(items: Sequence[str] | map[str]) -> bytes:
    return "".join(f"{item}\0" for item in items).encode(errors="surrogateescape")


async def _whiteouts(layout: Layout, tree: Path, commit: str, gone: Sequence[str]) -> None:
    """One for each file that is gone, or for the outermost directory that has gone with it.

    What was installed in such a directory does not show any more either."""
    root = (await commits.read(layout.git, commit)).tree
    with Objects(layout.git) as objects:
        places = await asyncio.to_thread(_outermost, Tree(objects, root), gone)
    await asyncio.to_thread(_put, tree, places)


def _put(tree: Path, places: Iterable[str]) -> None:
    for place in places:
        if not os.path.lexists(tree / place):  # else something else has come in its place
            (tree / place).parent.mkdir(parents=True, exist_ok=True)
            put_whiteout(tree / place)


def _outermost(root: Tree, gone: Sequence[str]) -> set[str]:
    return {next((place for place in (*above(path), path) if not _holds(root, place)), path) for path in gone}


def _holds(root: Tree, place: str) -> bool:
    tree = root
    *parents, name = place.split("/")
    for parent in parents:
        tree = tree.inside(parent)
    return name in tree.entries


async def _rules(git: Git, building: Path) -> None:
    """The index of rules, from the whole one."""
    wanted = [f":(top,glob)**/{name}" for name in _RULES]
    listed = (await git.run("ls-files", "-z", "--stage", "--", *wanted)).fields
    rules = Git(git.dir, work_tree=git.work_tree, index=building / "rules")
    ruled = [line.split("\t", 1)[1] for line in listed]
    await rules.run("update-index", "--add", "-z", "--index-info", input=_lines(listed))
    await rules.run("update-index", "--skip-worktree", "-z", "--stdin", input=_lines(ruled))
    if not ruled:
        await rules.run("read-tree", "--empty")
    readable = [path for path in ruled if path.encode(errors="replace").decode() == path]
    (building / "ruled.json").write_bytes(msgspec.json.encode(readable))
