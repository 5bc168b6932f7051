"""The usual way: a git worktree for every seat, with the trusted git directory out of the agent's reach."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

from runner.adapters.git import Git
from runner.domain.change import HeldBack
from runner.domain.dependencies import places
from runner.domain.residue import kept
from runner.ports import View

from .checkout import Staged
from .diffs import Difference
from .layers import installed
from .layout import Layout
from .scratch import add, empty_settings, listed, scratch_index
from .unfit import sorted_out, told

_GITLINK = "160000"
_UNTRACKED = "? "


class Worktrees:
    """Satisfies `Checkout`."""

    async def place(self, layout: Layout, seat: str, commit: str) -> None:
        layout.tree(seat).parent.mkdir(parents=True, exist_ok=True)
        await layout.git.run("worktree", "add", "--quiet", "--detach", str(layout.tree(seat)), commit)

    async def follow(self, layout: Layout, seat: str, commit: str) -> None:
        git = Git(layout.administration(seat), work_tree=layout.tree(seat))
        await git.run("reset", "--hard", "--quiet", commit)
        # Ignored files stay: they are what checks have installed and built here, and cost minutes to make again.
        await git.run("clean", "-ffdq")

    async def index(self, layout: Layout, seat: str, commit: str) -> Path:
        return layout.administration(seat) / "index"

    async def view(self, layout: Layout, seat: str, commit: str) -> View | None:
        return None

    @asynccontextmanager
    async def staged(
        self, layout: Layout, seat: str, commit: str, declared: Sequence[str] = ()
    ) -> AsyncIterator[Staged]:
        """Nothing of the agent's is executed. The index is a copy of the trusted one, whose file times make this cost
        what changed, and a look at each file."""
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
            shipped = kept(new, tracked.keys(), declared, empty_settings(tree, new), installed(layout, seat))
            await add(git, shipped)
            yield _Indexed(git, told(held, nested), places([*tracked, *shipped]))


class _Indexed(Struct, frozen=True):
    """Satisfies `Staged`: a worktree in an index of its own."""

    git: Git
    unfit: tuple[HeldBack, ...]
    places: tuple[str, ...]

    async def tree(self, held: Sequence[Difference] = ()) -> str:
        if held:  # mode 0 removes a path that was not there before
            entries = "".join(f"{d.before.mode} {d.before.oid}\t{d.path}\0" for d in held)
            given = entries.encode(errors="surrogateescape")
            await self.git.run("update-index", "--replace", "-z", "--index-info", input=given)
        return (await self.git.run("write-tree")).line


async def _listed(git: Git) -> tuple[dict[str, str], list[str]]:
    """Path to mode of everything in the index, and what is not in it. The tag (`-t`) in front of each line tells the
    two apart, whatever a file is called."""
    lines = await listed(git, "-t", "--stage")
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
