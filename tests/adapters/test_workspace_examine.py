"""What checks get: the texts they are found in, and a checkout of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.adapters.workspace.texts import MAX_TEXT
from runner.errors import BaroError
from tests.adapters.git_world import World, git, write

FILES = {"pytest.ini": "[pytest]\n", "src/a.py": "a = 1\n", ".gitignore": "build/\n"}


pytestmark = pytest.mark.usefixtures("either_way")


@pytest.fixture
async def world(tmp_path: Path) -> World:
    world = World(tmp_path, FILES)
    await world.workspace.prepare(world.spec)
    return world


# --- texts -----------------------------------------------------------------------------------------------------


async def test_texts_are_those_of_where_the_run_began(world: World) -> None:
    await world.land(await world.work("S1", {"pytest.ini": "[pytest]\naddopts = --none\n", "go.mod": "module x\n"}))
    assert await world.workspace.texts(world.spec, ["pytest.ini", "go.mod", "none"]) == {"pytest.ini": "[pytest]\n"}
    assert await world.workspace.texts(world.spec, []) == {}


async def test_only_regular_files_of_a_sensible_length_are_read(tmp_path: Path) -> None:
    files = {"a/package.json": b"{\xff}", "long": "x" * (MAX_TEXT + 1), "*": "star", "-rf": "dashes", "x/y": "deep"}
    world = World(tmp_path, files)
    (world.origin.anns / "link").symlink_to("/etc/passwd")
    world.origin.push({})
    await world.workspace.prepare(world.spec)
    found = await world.workspace.texts(world.spec, ["a/package.json", "long", "link", "*", "-rf", "x"])
    assert found == {"a/package.json": "{\ufffd}", "*": "star", "-rf": "dashes"}


async def test_the_files_are_those_of_where_the_run_began_shallow_first(tmp_path: Path) -> None:
    world = World(tmp_path, {"z": "1", "a/b/c": "1", "d/e": "1", "ümlaut": "1"})
    await world.workspace.prepare(world.spec)
    await world.land(await world.work("S1", {"later": "1\n"}))
    assert await world.workspace.files(world.spec) == ("z", "ümlaut", "d/e", "a/b/c")


# --- examine ---------------------------------------------------------------------------------------------------


async def test_a_commit_is_examined_as_it_is_and_not_as_the_run_branch_or_a_story_is(world: World) -> None:
    first = await world.work("S1", {"src/a.py": "a = 2\n"})
    await world.land(first)
    await world.land(await world.work("S2", {"src/a.py": "a = 3\n"}))
    seat = await world.workspace.examine(world.spec, first)
    assert seat.writable
    assert seat.base == git(seat.tree, "rev-parse", "HEAD") == first
    assert (seat.tree / "src/a.py").read_text() == "a = 2\n"
    assert git(seat.tree, "status", "--porcelain") == ""
    assert git(seat.tree, "log", "--format=%s", "-1", "main") == "ann's work"


async def test_nothing_of_one_examination_is_left_for_the_next(world: World) -> None:
    commit = await world.work("S1", {"src/b.py": "b = 1\n"})
    seat = await world.workspace.examine(world.spec, commit)
    write(seat.tree, {"src/a.py": "vandalised\n", "left.txt": "left\n", "build/cache": "ignored\n", "no/entry": "x\n"})
    (seat.tree / "no").chmod(0o000)
    git(seat.tree, "config", "core.fsmonitor", "touch /tmp/never")
    again = await world.workspace.examine(world.spec, commit)
    assert again == seat
    assert sorted(path.name for path in again.tree.iterdir()) == [".git", ".gitignore", "pytest.ini", "src"]
    assert (again.tree / "src/a.py").read_text() == "a = 1\n"
    assert git(again.tree, "config", "--get", "core.fsmonitor", ok=False) == ""


async def test_what_a_check_does_to_its_checkout_reaches_neither_the_run_branch_nor_a_story(world: World) -> None:
    commit = await world.work("S1", {"src/b.py": "b = 1\n"})
    seat = await world.workspace.examine(world.spec, commit)
    write(seat.tree, {"src/a.py": "vandalised\n"})
    git(seat.tree, "add", "--all")
    git(seat.tree, "commit", "--quiet", "-m", "by a check")
    assert (await world.land(commit)).commit
    assert world.at_head("src/a.py") == "a = 1"
    assert "by a check" not in world.log("--all", "--format=%s")


@pytest.mark.parametrize("commit", ["main", "HEAD", "--help", "", "a" * 40])
async def test_what_is_no_commit_of_the_run_cannot_be_examined(world: World, commit: str) -> None:
    with pytest.raises(BaroError):
        await world.workspace.examine(world.spec, commit)


async def test_examining_without_a_workspace_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, FILES)
    with pytest.raises(BaroError, match="has no workspace on this machine"):
        await world.workspace.examine(world.spec, "a" * 40)
