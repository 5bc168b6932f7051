"""Starting and merging a story in a large repository, beside what plain git takes for the same.

`python -m tests.bench.large [--files 50000] [--rounds 7]` makes one repository, has baro's workspace and plain git
take turns in it, and prints medians. Plain git is what a script would do: `git worktree add`, `git add --all` with
`git commit`, and `git merge --no-ff` in a worktree of the target branch.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from runner.adapters.workspace import GitWorkspace
from tests.adapters.git_world import World, git, write

PER_DIRECTORY = 100
LIFE = 1.1
"""seconds between a story's start and its end: git reads files again that are as young as its index, and no agent is
that fast"""
AIMS = {"start": "1x, if possible 3x", "merge": "10x"}
STEPS = {
    "start": ("seat", "git worktree add"),
    "harvest": ("harvest", "git add, git commit"),
    "merge": ("land", "git merge"),
    "merge path": ("harvest + land", "git add, commit, merge"),
}


class Large(World):
    """Stories share a checkout, as they do where the sandbox can show it."""

    made = partial(GitWorkspace, sharing="overlay")


class Bench:
    """One world and one plain clone of the same origin; milliseconds by step and side."""

    def __init__(self, root: Path, files: int) -> None:
        self.world = Large(root / "ours", {f"src/d{n // PER_DIRECTORY}/f{n}.py": text(n) for n in range(files)})
        self.plain = root / "plain"
        git(root, "clone", "--quiet", str(self.world.origin.bare), str(self.plain))
        self.took: dict[tuple[str, str], list[float]] = defaultdict(list)

    async def ours(self, number: int) -> None:
        story = f"S{number}"
        with self.timed("start", "baro"):
            seat = await self.world.sit(story)
        await asyncio.sleep(LIFE)
        write(seat.tree, work(number))
        with self.timed("harvest", "baro"), self.timed("merge path", "baro"):
            commit = (await self.world.harvest(story)).commit
        with self.timed("merge", "baro"), self.timed("merge path", "baro", again=True):
            await self.world.land(commit, story)

    async def theirs(self, number: int) -> None:
        tree, branch = self.plain.parent / f"story-{number}", f"story-{number}"
        with self.timed("start", "git"):
            git(self.plain, "worktree", "add", "-b", branch, str(tree))
        await asyncio.sleep(LIFE)
        write(tree, work(number))
        with self.timed("harvest", "git"), self.timed("merge path", "git"):
            git(tree, "add", "--all")
            git(tree, "commit", "--quiet", "-m", branch)
        with self.timed("merge", "git"), self.timed("merge path", "git", again=True):
            git(self.plain, "merge", "--quiet", "--no-ff", "--no-edit", branch)

    @contextmanager
    def timed(self, step: str, side: str, *, again: bool = False) -> Iterator[None]:
        """`again`: this is a later part of the same measurement."""
        began = time.perf_counter()
        yield
        took = (time.perf_counter() - began) * 1000
        if again:
            self.took[step, side][-1] += took
        else:
            self.took[step, side].append(took)


def text(number: int) -> str:
    return f'"""Module {number}."""\n\nVALUE = {number}\n' + f"LINE_{number} = VALUE + 1\n" * 10


def work(number: int) -> dict[str, str]:
    """Three files changed and one new, in directories of its own."""
    changed = {f"src/d{number}/f{number * PER_DIRECTORY + n}.py": f"VALUE = {n}\n" for n in range(3)}
    return changed | {f"src/d{number}/new.py": "VALUE = 0\n"}


async def bench(files: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as root:
        made = Bench(Path(root), files)
        await made.world.workspace.prepare(made.world.spec)
        for number in range(rounds + 1):
            for side in (made.ours, made.theirs)[:: 1 if number % 2 else -1]:
                await side(number)
    print(f"large: a repository of {files:,} files, median of {rounds} stories each, milliseconds")
    print(f"  {'':<12}{'baro':>8}{'git':>8}{'faster':>9}   {'aim':<20}")
    for step, (ours, theirs) in STEPS.items():
        mine, plain = (median(made.took[step, side][1:]) for side in ("baro", "git"))  # the first one warms the cache
        print(f"  {step:<12}{mine:>8.0f}{plain:>8.0f}{plain / mine:>8.1f}x   {AIMS.get(step, ''):<20}{ours} : {theirs}")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.large", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    asyncio.run(bench(options.files, options.rounds))


if __name__ == "__main__":
    main()
