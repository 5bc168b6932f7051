"""The way for large repositories: a story's tree holds what it changes, and the sandbox shows it above the ground.

So what a story costs follows its change. What it costs the agent: a directory of the repository is renamed by copying
it (overlays cannot do otherwise, and answer "cross-device link"), which `mv` does by itself and `git mv` does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

from runner.adapters.git import Git
from runner.adapters.objects import Objects
from runner.domain.change import HeldBack
from runner.domain.dependencies import above, places
from runner.domain.residue import kept
from runner.ports import View

from . import commits
from .checkout import Staged
from .diffs import Difference
from .grounds import Ground, ground
from .layers import installed
from .layout import Layout
from .scratch import add, empty_settings, listed, scratch_index
from .trees import Entry, Tree
from .unfit import sorted_out, told, unlock
from .upper import Found, compare

LARGE = 1_000
"""files, from which on a repository is not checked out for every story: there, that takes longer than all else that a
story costs baro. Below, agents may rename directories as everywhere."""


_NOTHING = "0" * 40


class Overlays:
    """Satisfies `Checkout`."""

    async def place(self, layout: Layout, seat: str, commit: str) -> None:
        await ground(layout, commit)
        layout.tree(seat).mkdir(parents=True)
        layout.work(seat).mkdir(parents=True, exist_ok=True)

    async def follow(self, layout: Layout, seat: str, commit: str) -> None:
        await ground(layout, commit)

    async def index(self, layout: Layout, seat: str, commit: str) -> Path:
        return (await ground(layout, commit)).index

    async def view(self, layout: Layout, seat: str, commit: str) -> View | None:
        return View((await ground(layout, commit)).layers, layout.work(seat))

    @asynccontextmanager
    async def staged(
        self, layout: Layout, seat: str, commit: str, declared: Sequence[str] = ()
    ) -> AsyncIterator[Staged]:
        upper, below = layout.tree(seat), await ground(layout, commit)
        root = (await commits.read(layout.git, commit)).tree
        with Objects(layout.git) as objects:
            found = await _found(upper, Tree(objects, root))
            async with scratch_index(layout, below.rules) as index:
                git = Git(layout.clone, work_tree=upper, index=index)
                await _correct(git, below, found)
                nested, new = await _others(git, found)
                found.removed = [path for path in found.removed if path not in nested]
                held = sorted_out(upper, [*found.tracked, *new])
                new = [path for path in new if path not in held]
                shipped = kept(new, found.neighbours, declared, empty_settings(upper, new), installed(layout, seat))
                blobs = await _blobs(git, [*(path for path in found.tracked if path not in held), *shipped])
            known = places({*found.neighbours, *shipped})
            yield _Difference(objects, layout.git, root, found, blobs, told(held, nested), known)


class _Difference(Struct, frozen=True):
    """Satisfies `Staged`: the commit's tree, and what is different in it."""

    objects: Objects
    git: Git
    root: str
    found: Found
    blobs: Mapping[str, Entry]
    unfit: tuple[HeldBack, ...]
    places: tuple[str, ...]

    async def tree(self, held: Sequence[Difference] = ()) -> str:
        return await asyncio.to_thread(self._tree, held)

    def _tree(self, held: Sequence[Difference]) -> str:
        tree = Tree(self.objects, self.root)
        for path in self.found.removed:
            tree.remove(path)
        for path, entry in (*self.blobs.items(), *self.found.submodules.items()):
            tree.put(path, entry)
        for d in held:
            tree.remove(d.path)
        for d in held:
            if d.before.is_blob:
                tree.put(d.path, Entry(d.before.mode, d.before.oid))
        return tree.write(self.git)


async def _found(upper: Path, below: Tree) -> Found:
    try:
        return await asyncio.to_thread(compare, upper, below)
    except PermissionError:
        await asyncio.to_thread(unlock, upper)
        return await asyncio.to_thread(compare, upper, below)


async def _correct(git: Git, below: Ground, found: Found) -> None:
    """Rules that the story has removed, or has put others in place of, are not the commit's any more; and where the
    commit has files, a directory is no repository by itself."""
    gone = {*found.removed, *found.tracked}
    lines = [f"0 {_NOTHING}\t{path}" for path in below.ruled if not gone.isdisjoint((path, *above(path)))]
    lines += [f"{entry.mode} {entry.oid}\t{path}" for path, entry in found.adopted.items() if path not in below.ruled]
    if lines:
        given = "".join(f"{line}\0" for line in lines).encode(errors="surrogateescape")
        await git.run("update-index", "--replace", "-z", "--index-info", input=given)


async def _others(git: Git, found: Found) -> tuple[tuple[str, ...], list[str]]:
    """Repositories in the tree, and its files that are neither in the commit nor ignored."""
    if not found.others:
        return (), []
    paths = await listed(git)
    known = {*found.tracked, *found.submodules}
    free = [path for path in paths if known.isdisjoint((path.rstrip("/"), *above(path.rstrip("/"))))]
    nested = tuple(path.rstrip("/") for path in free if path.endswith("/"))
    return nested, [path for path in free if not path.endswith("/")]


async def _blobs(git: Git, paths: Sequence[str]) -> dict[str, Entry]:
    """The files as git stores them, converted as the attributes say."""
    if not paths:
        return {}
    await add(git, paths)
    wanted = set(paths)
    lines = (line.split("\t", 1) for line in (await git.run("ls-files", "-z", "--stage")).fields)
    return {path: Entry(*head.split(" ")[:2]) for head, path in lines if path in wanted}
