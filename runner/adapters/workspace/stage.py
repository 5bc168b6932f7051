"""What a worktree holds, as a tree object: trusted git directory, copied index, nothing of the agent's executed."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

from runner.adapters.git import Git
from runner.domain.change import HeldBack
from runner.domain.policy import agent_configuration
from runner.domain.residue import kept

from .layers import installed
from .layout import Layout
from .unfit import sorted_out, told, unlock

_GITLINK = "160000"
_UNTRACKED = "? "
_LOCKED = "could not open directory"


class Staged(Struct, frozen=True):
    """A worktree in an index of its own. `unfit` is what no commit can hold: repositories inside it, pipes, …"""

    git: Git
    unfit: tuple[HeldBack, ...]

    async def tree(self) -> str:
        return (await self.git.run("write-tree")).line


@asynccontextmanager
async def scratch_index(layout: Layout, source: Path | None = None) -> AsyncIterator[Path]:
    """A throw-away index file, a copy of `source` or none yet."""
    layout.scratch.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(dir=layout.scratch))
    try:
        if source is not None:
            shutil.copy2(source, directory / "index")
        yield directory / "index"
    finally:
        shutil.rmtree(directory, ignore_errors=True)  # `scratch` is emptied with the run in any case


@asynccontextmanager
async def staged(layout: Layout, seat: str, declared: Sequence[str] = ()) -> AsyncIterator[Staged]:
    """Stage everything the seat's tree holds, except what an installer left in it.

    The index is a copy of the trusted one, whose file times make this cost what changed and not what there is.
    """
    administration, tree = layout.administration(seat), layout.tree(seat)
    async with scratch_index(layout, administration / "index") as index:
        git = Git(administration, work_tree=tree, index=index)
        tracked, untracked = await _listed(git)
        # git ends a directory in a slash here when it is a repository of its own
        nested = [path.rstrip("/") for path in untracked if path.endswith("/")]
        new = [path for path in untracked if not path.endswith("/")]
        submodules = [path for path, mode in tracked.items() if mode == _GITLINK]
        changed = (await git.run("ls-files", "-z", "--modified")).fields
        held = sorted_out(tree, (path for path in changed if tracked[path] != _GITLINK)) | sorted_out(tree, new)
        await _add_tracked(git, [*submodules, *(held.keys() & tracked.keys())])
        new = [path for path in new if path not in held]
        await _add(git, kept(new, tracked.keys(), declared, _empty(tree, new), installed(layout, seat)))
        yield Staged(git, told(held, nested))


async def _listed(git: Git) -> tuple[dict[str, str], list[str]]:
    """Path to mode of everything in the index, and what is not in it. The tag (`-t`) in front of each line tells the
    two apart, whatever a file is called."""
    listing = ("ls-files", "-z", "-t", "--stage", "--others", "--exclude-standard")
    answer = await git.run(*listing)
    if _LOCKED in answer.stderr and git.work_tree:
        await asyncio.to_thread(unlock, git.work_tree)
        answer = await git.run(*listing)
    lines = answer.fields
    entries = (line.split("\t", 1) for line in lines if not line.startswith(_UNTRACKED))
    tracked = {path: head.split(" ")[1] for head, path in entries}
    return tracked, [line.removeprefix(_UNTRACKED) for line in lines if line.startswith(_UNTRACKED)]


async def _add_tracked(git: Git, but: Sequence[str]) -> None:
    """Changes to tracked files. Submodules are left out: to see whether one is dirty, git would run `git status`
    inside it, under whatever configuration the agent has put there."""
    if not but:
        await git.run("add", "--update")
        return
    pathspecs = [".", *(f":(exclude,literal,top){path}" for path in but)]
    given = "\0".join(pathspecs).encode(errors="surrogateescape")
    await git.run("add", "--update", "--pathspec-from-file=-", "--pathspec-file-nul", input=given)


async def _add(git: Git, paths: Sequence[str]) -> None:
    if paths:
        given = "".join(f"{path}\0" for path in paths).encode(errors="surrogateescape")
        await git.run("update-index", "--add", "--replace", "-z", "--stdin", input=given)


def _empty(tree: Path, paths: Sequence[str]) -> frozenset[str]:
    """Empty files among the agent settings: the only ones for which it matters."""
    return frozenset(path for path in paths if agent_configuration(path) and os.lstat(tree / path).st_size == 0)
