"""The merge ladder with real git: each rung, what it costs, and that asking twice is asking once."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.adapters.workspace.ladder import Merged, combine
from runner.adapters.workspace.layout import Layout
from runner.domain.change import Discarded, Landed, Preserved
from tests.adapters.git_world import World, git, write

NUMBERS = "".join(f"{n}\n" for n in range(1, 21))
FILES: dict[str, str | bytes | None] = {"a.txt": NUMBERS, "b.txt": "b\n", "pic.bin": b"\0one", "doc.md": NUMBERS}


@pytest.fixture
async def world(tmp_path: Path) -> World:
    world = World(tmp_path, FILES)
    await world.workspace.prepare(world.spec)
    return world


async def two(world: World, one: Mapping[str, str | bytes | None], other: Mapping[str, str | bytes | None]) -> str:
    """S1 and S2 work side by side, S1 lands; the commit of S2."""
    await world.sit("S1")
    await world.sit("S2")
    first, second = await world.work("S1", one), await world.work("S2", other)
    assert isinstance(await world.land(first, "S1"), Landed)
    return second


def changed(line: int, text: str) -> str:
    return NUMBERS.replace(f"{line}\n", f"{text}\n", 1)


# --- rung 1 ----------------------------------------------------------------------------------------------------


async def test_stories_that_do_not_meet_are_merged_with_two_parents(world: World) -> None:
    second = await two(world, {"a.txt": changed(1, "first")}, {"a.txt": changed(20, "last")})
    head = world.log("-1", "--format=%H", world.spec.branch)
    landed = await world.land(second, "S2")
    assert (landed.rung, landed.discarded) == ("plain", ())
    assert world.at_head("a.txt").splitlines()[::19] == ["first", "last"]
    assert world.log("-1", "--format=%P%n%s", landed.commit) == f"{head} {second}\nbaro: merge story S2"
    assert world.log("-1", "--format=%(trailers:key=Baro-Story,valueonly)", landed.commit) == "S2"


async def test_the_only_story_lands_as_one_plain_commit(world: World) -> None:
    commit = await world.work("S1", {"new.txt": "n\n"})
    assert await world.land(commit, sole=True) == Landed(commit, "plain")
    assert world.log("--format=%s", world.spec.branch).splitlines() == ["Do the work", "ann's work"]


async def test_landing_again_is_the_same_answer_and_no_second_merge(world: World) -> None:
    second = await two(world, {"a.txt": changed(5, "ours")}, {"a.txt": changed(5, "theirs")})
    answers = [await world.land(second, "S2")]
    world.workspace = world.again()
    answers.append(await world.land(second, "S2"))
    await world.land(await world.work("S3", {"c.txt": "c\n"}), "S3")
    answers.append(await world.land(second, "S2"))
    assert answers[1:] == answers[:1] * 2
    assert answers[0].discarded == (Discarded("a.txt", ("ours",)),)
    assert world.log("--merges", "--format=%s", world.spec.branch).count("S2") == 1


async def test_a_sole_landing_again_is_the_same_answer(world: World) -> None:
    commit = await world.work("S1", {"new.txt": "n\n"})
    assert await world.land(commit, sole=True) == await world.land(commit, sole=True) == await world.land(commit)


async def test_a_file_renamed_on_one_side_and_edited_on_the_other_merges(world: World) -> None:
    second = await two(world, {"doc.md": None, "docs/doc.md": NUMBERS}, {"doc.md": changed(3, "three")})
    assert (await world.land(second, "S2")).rung == "plain"
    assert "three" in world.at_head("docs/doc.md")


# --- rung 2 ----------------------------------------------------------------------------------------------------


async def test_where_both_changed_a_line_the_merging_story_wins_and_the_loss_is_written_down(world: World) -> None:
    ours = changed(5, "five, ours\nand more").replace("1\n", "one\n", 1)
    second = await two(world, {"a.txt": ours}, {"a.txt": changed(5, "five, theirs")})
    landed = await world.land(second, "S2")
    assert landed == Landed(landed.commit, "theirs", (Discarded("a.txt", ("five, ours", "and more")),))
    assert world.at_head("a.txt").splitlines()[:5] == ["one", "2", "3", "4", "five, theirs"]
    assert world.log("-1", "--format=%H", world.spec.story_branch("S2")) == second


async def test_a_file_that_both_added_is_resolved_too(world: World) -> None:
    second = await two(world, {"new.txt": "same\nours\n"}, {"new.txt": "same\ntheirs\n"})
    assert (await world.land(second, "S2")).discarded == (Discarded("new.txt", ("ours",)),)
    assert world.at_head("new.txt") == "same\ntheirs"


async def test_lines_that_look_like_conflict_markers_are_text(world: World) -> None:
    # Not in the order of a conflict: that one the gate would hold back.
    ours = changed(5, ">>>>>>> docs\nours\n=======\nx\n<<<<<<< docs")
    second = await two(world, {"a.txt": ours}, {"a.txt": changed(5, "theirs")})
    lost = (await world.land(second, "S2")).discarded[0].lines
    assert lost == (">>>>>>> docs", "ours", "=======", "x", "<<<<<<< docs")


# --- beyond ----------------------------------------------------------------------------------------------------

BEYOND: dict[str, tuple[dict[str, str | bytes | None], dict[str, str | bytes | None]]] = {
    "modify/delete": ({"b.txt": "changed\n"}, {"b.txt": None}),
    "binary": ({"pic.bin": b"\0two"}, {"pic.bin": b"\0three"}),
    "rename/rename": ({"doc.md": None, "x.md": NUMBERS}, {"doc.md": None, "y.md": NUMBERS}),
    "file/directory": ({"new": "a file\n"}, {"new/inside": "a directory\n"}),
}


@pytest.mark.parametrize("kind", BEYOND)
async def test_what_lines_cannot_settle_is_preserved_and_the_run_branch_stays(world: World, kind: str) -> None:
    second = await two(world, *BEYOND[kind])
    head = world.log("-1", "--format=%H", world.spec.branch)
    landing = await world.land(second, "S2")
    assert isinstance(landing, Preserved)
    assert (landing.branch, landing.commit) == ("baro-wt/run0000001/S2", second)
    assert kind in landing.reason
    assert landing.conflicts
    assert world.log("-1", "--format=%H", world.spec.branch) == head
    assert world.log("-1", "--format=%H", world.spec.story_branch("S2")) == second
    assert await world.land(second, "S2") == landing


async def test_one_conflict_beyond_lines_leaves_all_of_them_untouched(world: World) -> None:
    one: dict[str, str | bytes | None] = {"a.txt": changed(5, "ours"), "b.txt": "changed\n"}
    second = await two(world, one, {"a.txt": changed(5, "theirs"), "b.txt": None})
    assert isinstance(await world.land(second, "S2"), Preserved)
    assert "ours" in world.at_head("a.txt").splitlines()


async def test_a_link_against_a_file_is_preserved(world: World) -> None:
    await world.sit("S1")
    tree = (await world.sit("S2")).tree
    await world.land(await world.work("S1", {"b.txt": "changed\n"}))
    (tree / "b.txt").unlink()
    (tree / "b.txt").symlink_to("a.txt")
    assert isinstance(await world.land((await world.harvest("S2")).commit, "S2"), Preserved)


async def test_evidence_of_a_conflict_is_text_that_a_journal_can_hold(world: World) -> None:
    second = await two(world, {"b.txt": b"caf\xe9\n"}, {"b.txt": None})
    landing = await world.land(second, "S2")
    assert b"caf" in msgspec.json.encode(landing)


# --- against the real thing ------------------------------------------------------------------------------------

_LINES = st.lists(st.sampled_from(["a", "b", "c", "d", "", "}", "x = 1", "<<<<<<<"]), max_size=10)


@st.composite
def three_ways(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    base = draw(_LINES)
    end = draw(st.sampled_from(["\n", ""]))
    return tuple(
        ("\n".join(side) + (end if side else "")).encode() for side in (base, _edit(draw, base), _edit(draw, base))
    )  # type: ignore[return-value]


def _edit(draw: st.DrawFn, base: list[str]) -> list[str]:
    lines = list(base)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines)))
        lines[at : at + draw(st.integers(0, 2))] = draw(_LINES)[:3]
    return lines


@contextmanager
def bench() -> Iterator[tuple[Path, Layout]]:
    """A repository in which to merge the same three texts with git itself and with the ladder."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        layout = Layout(place / "home", "run", 1)
        layout.root.mkdir(parents=True)
        git(place, "init", "--quiet", "--initial-branch=main", "real")
        layout.clone.symlink_to(place / "real" / ".git")
        yield place / "real", layout


def commit_text(real: Path, text: bytes, *parents: str) -> str:
    write(real, {"f": text})
    git(real, "add", "f")
    tree = git(real, "write-tree")
    return git(real, "commit-tree", tree, "-m", "x", *(word for parent in parents for word in ("-p", parent)))


# For its conflicts, rung two pairs lines as `git merge-file` does; git's default strategy does it by another algorithm.
AS_GIT = {"plain": (), "theirs": ("-s", "recursive", "-X", "theirs", "-X", "diff-algorithm=myers")}


def taken_out(real: Path, old: str, new: str) -> list[bytes]:
    """The lines that one side deliberately removed from the base."""
    hunks = git(real, "diff", "--unified=0", "--diff-algorithm=myers", old, new).partition("\n@@")[2]
    return [line[1:].encode() for line in hunks.split("\n") if line.startswith("-")]


@given(sides=three_ways())
@settings(max_examples=25, deadline=None)
def test_each_rung_is_what_git_itself_does_and_no_line_is_lost_in_silence(
    sides: tuple[bytes, bytes, bytes],
) -> None:
    with bench() as (real, layout):
        base = commit_text(real, sides[0])
        ours, theirs = commit_text(real, sides[1], base), commit_text(real, sides[2], base)
        result = asyncio.run(combine(layout, ours, theirs))
        assert isinstance(result, Merged)
        git(real, "reset", "--quiet", "--hard", ours)
        git(real, "merge", "--quiet", "--no-ff", *AS_GIT[result.rung], "-m", "m", theirs)
        assert result.tree == git(real, "rev-parse", "HEAD^{tree}")
        if result.rung == "plain":
            return
        merged = Counter((real / "f").read_bytes().split(b"\n"))
        told = Counter(line.encode() for lost in result.discarded for line in lost.lines)
        taken_out_by_the_story = Counter(taken_out(real, base, theirs))
        gone = Counter(sides[1].split(b"\n")) - merged
        assert not gone - told - taken_out_by_the_story - Counter([b""])
