"""Killed anywhere and asked again, the workspace ends up with the very same commits."""

from __future__ import annotations

import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.adapters.git_world import Origin, World, git

FILES = {"a.txt": "a\n"}
RUN = """
import asyncio, json, sys
from pathlib import Path
from runner.crashpoints import arm
from tests.adapters.git_world import World, write
from tests.adapters.seen import Seen

if sys.argv[3] == "overlays":
    World.made = Seen
root = Path(sys.argv[1])
journal = root / "journal.jsonl"
world = World(root, {})

async def answered(name, request):
    '''As the engine does: what the journal has an answer for is not asked again.'''
    answers = dict(map(json.loads, journal.read_text().splitlines())) if journal.exists() else {}
    if name not in answers:
        answers[name] = await request()
        with journal.open("a") as file:
            print(json.dumps([name, answers[name]]), file=file)
    return answers[name]

async def story(id):
    async def attempt(number):
        seat = await world.sit(id, attempt=number, fresh=number > 1)
        write(seat.tree, {f"{id}.txt": "half" if number == 1 else "whole"})
    async def harvest():
        return (await world.harvest(id)).commit
    async def land():
        return (await world.land(commit, id)).commit
    await answered(f"{id} first", lambda: attempt(1))
    await answered(f"{id} second", lambda: attempt(2))
    commit = await answered(f"{id} harvest", harvest)
    await answered(f"{id} land", land)

async def push():
    return (await world.workspace.push(world.spec, aside=False)).commit

async def main():
    if not journal.exists() or "push" not in journal.read_text():
        await world.workspace.prepare(world.spec)
    await story("S1")
    await story("S2")
    print(await answered("push", push))
    await world.workspace.tidy(world.spec)

arm(sys.argv[2])
asyncio.run(main())
"""


def run(place: Path, armed: str = "", way: str = "worktrees") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN, str(place), armed, way], capture_output=True, text=True, timeout=180, check=False
    )


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One repository to copy, so that every run begins from the same commit."""
    place = tmp_path_factory.mktemp("start")
    Origin(place, FILES)
    return place


def copy(start: Path, place: Path) -> Path:
    git(start, "clone", "--quiet", "--bare", str(start / "origin.git"), str(place / "origin.git"))
    return place


@cache
def undisturbed(start: Path) -> str:
    done = run(copy(start, start / "undisturbed"))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("way", ["worktrees", "overlays"])
@pytest.mark.parametrize(
    "place",
    [
        "clone.begun",
        "seat.based:2",
        "seat.based:3",
        "seat.placed",
        "seat.preserved",
        "harvest.committed",
        "harvest.done:2",
        "land.merged",
        "land.done:2",
        "push.before",
        "push.after",
        "tidy.removed",
    ],
)
def test_a_kill_changes_nothing_about_the_result(start: Path, tmp_path: Path, place: str, way: str) -> None:
    copy(start, tmp_path)
    killed = run(tmp_path, place, way)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = run(tmp_path, way=way)
    assert again.returncode == 0, again.stderr
    world = World(tmp_path, {})
    assert world.origin.head(world.spec.branch) == undisturbed(start) == again.stdout.strip()
    assert not (tmp_path / "home" / "runs" / world.spec.id).exists()


@pytest.mark.parametrize("place", ["ground.built", "ground.built:2"])
def test_a_ground_that_was_cut_short_is_made_again(start: Path, tmp_path: Path, place: str) -> None:
    test_a_kill_changes_nothing_about_the_result(start, tmp_path, place, "overlays")
