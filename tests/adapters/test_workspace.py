"""Preparing a run, seating agents, and leaving nothing behind: with real repositories."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runner.adapters.workspace.layout import head_ref, plain_name
from runner.domain.change import Instructions
from runner.errors import BaroError
from tests.adapters.git_world import World, git, write

FILES = {"README.md": "# toolkit\n", "src/a.py": "a = 1\n", "src/b.py": "b = 1\n", ".gitignore": "build/\n"}


pytestmark = pytest.mark.usefixtures("either_way")


@pytest.fixture
async def world(tmp_path: Path) -> World:
    world = World(tmp_path, FILES)
    await world.workspace.prepare(world.spec)
    return world


# --- prepare ---------------------------------------------------------------------------------------------------


async def test_the_survey_shows_the_base_commit(world: World) -> None:
    survey = await world.workspace.prepare(world.spec)
    assert survey.commit == world.origin.head("main")
    assert survey.files == 4
    assert survey.tree == (".gitignore", "README.md", "src/a.py", "src/b.py")
    assert survey.languages[0] == (".py", 2)


async def test_the_instructions_are_those_of_the_base_commit_and_bounded(tmp_path: Path) -> None:
    world = World(tmp_path, {**FILES, "AGENTS.md": "Use tabs.\n", "CLAUDE.md": "x" * 100_000, "src/AGENTS.md": "no"})
    first = await world.workspace.prepare(world.spec)
    assert await world.land(await world.work("S1", {"AGENTS.md": "Push to main.\n"}))
    world.origin.push({"AGENTS.md": "Use spaces.\n"})
    again = await world.again().prepare(world.spec)
    assert first.instructions == again.instructions
    agents, claude = again.instructions
    assert agents == Instructions("AGENTS.md", "Use tabs.")
    assert len(claude.text) == 12_000


async def test_instructions_that_repeat_others_or_lead_elsewhere_are_left_out(tmp_path: Path) -> None:
    world = World(tmp_path, {**FILES, "AGENTS.md": "Use tabs.\n", "CLAUDE.md": "Use tabs.\n"})
    assert (await world.workspace.prepare(world.spec)).instructions == (Instructions("AGENTS.md", "Use tabs."),)
    (world.origin.anns / "CLAUDE.md").unlink()
    (world.origin.anns / "CLAUDE.md").symlink_to("/etc/passwd")
    world.origin.push({"AGENTS.md": None})
    later = World(tmp_path / "later", FILES, id="run0000002")
    later.root, later.remote = world.root, world.remote
    assert (await later.again().prepare(later.spec)).instructions == ()


async def test_a_run_keeps_its_start_when_the_base_moves_and_it_is_prepared_again(world: World) -> None:
    start = world.origin.head("main")
    world.origin.push({"later.txt": "later\n"})
    assert (await world.again().prepare(world.spec)).commit == start


async def test_a_later_run_sees_the_moved_base_through_the_same_mirror(world: World) -> None:
    later = World(world.root / "later", FILES, id="run0000002")
    later.root, later.remote = world.root, world.remote
    moved = world.origin.push({"later.txt": "later\n"})
    assert (await later.again().prepare(later.spec)).commit == moved
    assert len(list((world.root / "home" / "mirrors").glob("*.git"))) == 1


async def test_the_clone_borrows_objects_and_knows_no_remote(world: World) -> None:
    assert "mirrors/7.git/objects" in (world.clone / "objects" / "info" / "alternates").read_text()
    assert "origin.git" not in (world.clone / "config").read_text()
    assert git(world.root, f"--git-dir={world.clone}", "remote") == ""


async def test_a_branch_that_took_the_place_of_a_directory_of_branches_can_be_fetched(world: World) -> None:
    world.origin.push({}, branch="release")
    first = World(world.root / "x", FILES, id="run0000002", base_ref="release")
    first.root, first.remote = world.root, world.remote
    await first.again().prepare(first.spec)
    git(world.origin.bare, "update-ref", "-d", "refs/heads/release")
    moved = world.origin.push({"n.txt": "1\n"}, branch="release/1")
    second = World(world.root / "y", FILES, id="run0000003", base_ref="release/1")
    second.root, second.remote = world.root, world.remote
    assert (await second.again().prepare(second.spec)).commit == moved


async def test_a_missing_base_branch_is_said_in_one_sentence(tmp_path: Path) -> None:
    world = World(tmp_path, FILES, base_ref="trunk")
    with pytest.raises(BaroError, match="acme/toolkit has no branch `trunk`"):
        await world.workspace.prepare(world.spec)


async def test_a_follow_up_starts_at_the_pull_requests_head(tmp_path: Path) -> None:
    world = World(tmp_path, FILES)
    sha = world.origin.push({"topic.txt": "1\n"}, branch="topic")
    world.follow_up("topic", sha)
    world.origin.push({"topic.txt": "2\n"}, branch="topic")
    assert (await world.workspace.prepare(world.spec)).commit == sha


async def test_a_follow_up_whose_commit_is_gone_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, FILES)
    world.origin.push({"topic.txt": "1\n"}, branch="topic")
    world.follow_up("topic", "1" * 40)
    with pytest.raises(BaroError, match="no longer has commit 111111111111"):
        await world.workspace.prepare(world.spec)


async def test_another_machine_goes_on_from_the_pushed_run_branch(world: World) -> None:
    start = world.origin.head("main")
    await world.land(await world.work("S1", {"new.txt": "new\n"}))
    pushed = await world.workspace.push(world.spec, aside=False)
    elsewhere = world.again(home="elsewhere")
    assert (await elsewhere.prepare(world.spec)).commit == pushed.commit  # type: ignore[union-attr]
    assert [change.path for change in await elsewhere.changes(world.spec)] == ["new.txt"]
    assert git(world.root / "elsewhere/runs/run0000001/integration", "log", "-1", "--format=%H", "main") == start


async def test_runs_prepared_at_the_same_time_share_a_mirror_without_a_collision(tmp_path: Path) -> None:
    world = World(tmp_path, FILES)
    others = [World(tmp_path / str(n), FILES, id=f"run000001{n}") for n in range(3)]
    specs = [world.spec, *(other.spec for other in others)]
    surveys = await asyncio.gather(*(world.again().prepare(spec) for spec in specs))
    assert {survey.commit for survey in surveys} == {world.origin.head("main")}


@pytest.mark.parametrize(
    "name", ["$(id)", "a;touch x", "-x", "a..b", "@", "x.lock", "a b", "\u202egpj", "", "a//b", "/a"]
)
def test_branch_names_that_git_or_a_shell_would_misread_are_refused(name: str) -> None:
    with pytest.raises(BaroError):
        head_ref(name)


@pytest.mark.parametrize(
    "name", ["main", "feature/x-1", "dependabot/npm_and_yarn/@types/node-1.2.3", "größe", "v1+2=3"]
)
def test_ordinary_branch_names_pass(name: str) -> None:
    assert head_ref(name) == f"refs/heads/{name}"


@pytest.mark.parametrize("name", ["..", "a/b", "", "-S1", "S1.lock", "S..1"])
def test_a_story_id_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(BaroError):
        plain_name(name)


# --- seats -----------------------------------------------------------------------------------------------------


async def test_a_seat_shows_the_run_branch_in_a_clean_repository(world: World) -> None:
    seat = await world.sit()
    assert seat.base == world.origin.head("main")
    assert (seat.tree / "src/a.py").read_text() == "a = 1\n"
    assert git(seat.tree, "status", "--porcelain") == ""
    assert git(seat.tree, "rev-parse", "HEAD", "main").splitlines() == [seat.base, seat.base]
    assert git(seat.tree, "branch", "--show-current") == "baro-wt/run0000001/S1"


async def test_an_agent_may_commit_stash_and_look_at_history(world: World) -> None:
    seat = await world.sit()
    write(seat.tree, {"src/a.py": "a = 2\n"})
    git(seat.tree, "stash")
    assert (seat.tree / "src/a.py").read_text() == "a = 1\n"
    git(seat.tree, "stash", "pop")
    git(seat.tree, "commit", "--quiet", "-am", "mine")
    git(seat.tree, "checkout", "--quiet", "-b", "elsewhere")
    assert "mine" in git(seat.tree, "log", "--oneline", "-1")
    assert "+a = 2" in git(seat.tree, "diff", "main")


async def test_an_agent_sees_the_decoy_wherever_it_is_bound(world: World, tmp_path: Path) -> None:
    """As in the sandbox: the tree and the decoy at other paths, only the object directories where they were."""
    seat = await world.sit()
    seat.git.rename(tmp_path / "baro-git")
    seat.tree.rename(tmp_path / "tree")
    (tmp_path / "tree" / ".git").write_text(f"gitdir: {tmp_path}/baro-git\n")
    assert git(tmp_path / "tree", "status", "--porcelain") == ""
    assert git(tmp_path / "tree", "rev-parse", "--show-toplevel") == str(tmp_path / "tree")
    git(tmp_path / "tree", "commit", "--quiet", "--allow-empty", "-m", "works")


async def test_nothing_an_agent_does_with_git_reaches_the_trusted_repository(world: World) -> None:
    seat = await world.sit()
    before = _state(world)
    write(seat.tree, {"x.txt": "1\n"})
    git(seat.tree, "add", "--all")
    git(seat.tree, "commit", "--quiet", "-m", "x")
    git(seat.tree, "branch", "-D", "main")
    git(seat.tree, "config", "core.fsmonitor", "false")
    git(seat.tree, "tag", "v1")
    git(seat.tree, "gc", "--prune=now", "--quiet")
    assert _state(world) == before


def _state(world: World) -> tuple[str, str, set[str]]:
    refs = git(world.root, f"--git-dir={world.clone}", "for-each-ref")
    objects = {
        str(path) for place in (world.clone, world.root / "home/mirrors") for path in place.rglob("objects/**/*")
    }
    return refs, (world.clone / "config").read_text(), objects


async def test_a_dependent_story_starts_from_what_has_landed(world: World) -> None:
    await world.land(await world.work("S1", {"one.txt": "1\n"}))
    assert ((await world.sit("S2")).tree / "one.txt").read_text() == "1\n"


async def test_a_seat_that_is_asked_for_again_is_left_as_it_is(world: World) -> None:
    seat = await world.sit()
    write(seat.tree, {"half.txt": "half done\n"})
    assert await world.sit(attempt=2) == seat
    assert (seat.tree / "half.txt").exists()


async def test_a_fresh_seat_is_clean_and_the_earlier_attempt_is_preserved(world: World) -> None:
    seat = await world.sit()
    write(
        seat.tree, {"half.txt": "half done\n", "build/out": "ignored\n", "src/a.py": None, "node_modules/m/i.js": "m"}
    )
    again = await world.sit(attempt=2, fresh=True)
    assert sorted(p.name for p in again.tree.iterdir()) == [".git", ".gitignore", "README.md", "src"]
    assert git(again.tree, "status", "--porcelain", "--ignored") == ""
    kept = "refs/baro/run0000001/interrupted/S1-2"
    assert world.log("-1", "--format=", "--name-status", kept).split() == ["A", "half.txt", "D", "src/a.py"]


async def test_a_fresh_seat_is_based_on_the_newest_head(world: World) -> None:
    await world.sit("S2")
    landed = await world.land(await world.work("S1", {"one.txt": "1\n"}))
    assert (await world.sit("S2", attempt=2, fresh=True)).base == landed.commit


async def test_a_second_leftover_of_the_same_attempt_is_preserved_beside_the_first(world: World) -> None:
    for text in ("one\n", "two\n"):
        write((await world.sit()).tree, {"half.txt": text})
        await world.sit(attempt=2, fresh=True)
    kept = git(
        world.root,
        f"--git-dir={world.clone}",
        "for-each-ref",
        "--format=%(refname:lstrip=4)",
        "refs/baro/run0000001/interrupted",
    )
    assert kept.split() == ["S1-2", "S1-2-2"]


async def test_a_clean_leftover_leaves_no_ref(world: World) -> None:
    await world.sit()
    await world.sit(attempt=2, fresh=True)
    assert git(world.root, f"--git-dir={world.clone}", "for-each-ref", "refs/baro/run0000001/interrupted") == ""


async def test_a_seat_whose_making_was_cut_short_is_made_again(world: World) -> None:
    seat = await world.sit()
    git(world.root, "-C", str(seat.git.parent), "init", "--quiet", "--bare", "S2.building")
    for path in sorted(seat.git.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    seat.git.rmdir()
    assert git((await world.sit()).tree, "status", "--porcelain") == ""


async def test_seats_asked_for_at_once_do_not_disturb_each_other(world: World) -> None:
    seats = await asyncio.gather(*(world.sit(f"S{n}") for n in range(1, 7)))
    assert len({seat.tree for seat in seats}) == 6
    assert all(git(seat.tree, "status", "--porcelain") == "" for seat in seats)


async def test_a_directory_its_owner_may_not_enter_can_still_be_removed(world: World) -> None:
    seat = await world.sit()
    write(seat.tree, {"locked/inner/file": "x\n"})
    (seat.tree / "locked/inner").chmod(0o000)
    (seat.tree / "locked").chmod(0o500)
    await world.sit(attempt=2, fresh=True)
    assert not (seat.tree / "locked").exists()


async def test_readers_see_the_current_head_without_leftovers_of_checks(world: World) -> None:
    reading = await world.workspace.reading(world.spec)
    assert not reading.writable
    write(reading.tree, {"src/a.py": "vandalised\n", "left.txt": "left\n"})
    landed = await world.land(await world.work("S1", {"one.txt": "1\n"}))
    reading = await world.workspace.reading(world.spec)
    assert reading.base == landed.commit
    assert (reading.tree / "one.txt").read_text() == "1\n"
    assert (reading.tree / "src/a.py").read_text() == "a = 1\n"
    assert not (reading.tree / "left.txt").exists()
    assert git(reading.tree, "status", "--porcelain") == ""
    assert git(reading.tree, "rev-parse", "HEAD") == landed.commit


# --- tidy ------------------------------------------------------------------------------------------------------


async def test_tidying_removes_this_run_and_nothing_of_another(world: World) -> None:
    other = World(world.root / "other", FILES, id="run0000002")
    other.root, other.remote = world.root, world.remote
    other.workspace = other.again()
    await other.workspace.prepare(other.spec)
    seat = await other.sit()
    await world.sit()
    await world.workspace.tidy(world.spec)
    await world.workspace.tidy(world.spec)
    assert [path.name for path in (world.root / "home/runs").iterdir() if path.is_dir()] == ["run0000002"]
    assert git(seat.tree, "status", "--porcelain") == ""
    assert world.remote.forgotten == ["run0000001", "run0000001"]


async def test_a_run_without_a_workspace_is_an_error_that_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, FILES)
    with pytest.raises(BaroError, match="has no workspace on this machine"):
        await world.workspace.reading(world.spec)
