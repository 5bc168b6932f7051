"""A workspace that gives its overlays to tests as plain directories.

What the sandbox shows is copied out, and what a test has done to the copy is done to the overlay, in the sandbox and by
the kernel, before baro looks at it again.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from runner.adapters.sandbox.bubblewrap import _bundled
from runner.adapters.workspace import GitWorkspace
from runner.domain.change import Harvest
from runner.domain.plan import Story
from runner.domain.run import RunSpec
from runner.ports import Seat

COPY = """
import filecmp, os, shutil, stat, sys

def kind(path):
    return stat.S_IFMT(os.lstat(path).st_mode) if os.path.lexists(path) else None

def same(one, other):
    if kind(one) != kind(other):
        return False
    if os.path.islink(one):
        return os.readlink(one) == os.readlink(other)
    return os.lstat(one).st_mode == os.lstat(other).st_mode and filecmp.cmp(one, other, shallow=False)

def remove(path):
    shutil.rmtree(path) if kind(path) == stat.S_IFDIR else os.unlink(path)

def bring(source, target, top=False):
    for name in os.listdir(target):
        if not os.path.lexists(os.path.join(source, name)) and not (top and name == ".git"):
            remove(os.path.join(target, name))
    for name in os.listdir(source):
        one, other = os.path.join(source, name), os.path.join(target, name)
        if top and name == ".git" and kind(other) is not None:
            continue
        if kind(one) == stat.S_IFDIR:
            if kind(other) != stat.S_IFDIR:
                if kind(other) is not None:
                    remove(other)
                os.mkdir(other)
            bring(one, other)
            shutil.copystat(one, other)
        elif not same(one, other):
            if kind(other) is not None:
                remove(other)
            shutil.copy2(one, other, follow_symlinks=False)

bring(sys.argv[1], sys.argv[2], top=True)
"""


class Seen(GitWorkspace):
    """Seats have the copy as their tree. Every repository counts as large."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options, sharing="overlay", large=0)

    async def seat(self, spec: RunSpec, story: str, attempt: int, *, fresh: bool, after: Sequence[str] = ()) -> Seat:
        self._bring_in(spec, story)
        return self._copied(await super().seat(spec, story, attempt, fresh=fresh, after=after))

    async def reading(self, spec: RunSpec) -> Seat:
        return self._copied(await super().reading(spec))

    async def examine(self, spec: RunSpec, commit: str) -> Seat:
        return self._copied(await super().examine(spec, commit))

    async def harvest(self, spec: RunSpec, story: Story, *, at: float, message: str) -> Harvest:
        self._bring_in(spec, story.id)
        return await super().harvest(spec, story, at=at, message=message)

    def _copied(self, seat: Seat) -> Seat:
        copy = _copy_of(seat.tree)
        (copy.parent / f"{copy.name}.seat").write_bytes(msgspec.json.encode(seat, enc_hook=str))
        copy.mkdir(exist_ok=True)
        copied(seat, "/mnt/tree", "/mnt/copy")
        return msgspec.structs.replace(seat, tree=copy, view=None)

    def _bring_in(self, spec: RunSpec, story: str) -> None:
        copy = _copy_of(self._layout(spec).tree(story))
        if copy.is_dir() and self._layout(spec).decoy(story).is_dir():  # else a crash has cut the seat short
            noted = (copy.parent / f"{copy.name}.seat").read_bytes()
            copied(
                msgspec.json.decode(noted, type=Seat, dec_hook=lambda kind, text: kind(text)), "/mnt/copy", "/mnt/tree"
            )


def _copy_of(tree: Path) -> Path:
    """In the run's directory, and gone with it."""
    return tree.parent / f"{tree.name}-copy"


def copied(seat: Seat, source: str, target: str) -> None:
    assert seat.view is not None
    below = [word for layer in seat.view.layers for word in ("--overlay-src", str(layer))]
    tree, work = str(seat.tree), str(seat.view.work)
    over = ("--overlay", tree, work) if seat.writable else ("--overlay-src", tree, "--ro-overlay")
    argv = [
        *(str(_bundled()), "--unshare-user", "--bind", "/", "/", "--dev", "/dev", "--tmpfs", "/mnt"),
        *("--bind", str(_copy_of(seat.tree)), "/mnt/copy", *below, *over, "/mnt/tree"),
        *(sys.executable, "-c", COPY, source, target),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
