"""Who decides the shape, and what a base branch that moves means for the result."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.test_endings import labelled
from tests.e2e.test_parallel import INTAKE, PLAN, WORK, story, writes
from tests.world.house import REPO, house

LAST = writes("S4", "README.md", "# two\n")


@pytest.mark.parametrize(("label", "shape"), [("baro:parallel", "parallel"), ("baro:sequential", "sequential")])
async def test_a_label_that_names_a_mode_outranks_the_repository_and_the_model(
    label: str, shape: str, tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.github.commit(REPO, "main", {".github/baro.yml": "mode: focused\n"}, by="maria")
        baro.script(INTAKE, PLAN, *WORK, LAST)
        issue = await baro.github.open_issue(REPO, "maria", "Everything should be two", "All of it.")
        await baro.github.label(REPO, issue.number, label, by="maria")
        comment = await baro.ended(issue.number)
        assert f"Shape: **{shape}**, confidence 100% (you chose it)" in comment
        assert "4 of 4 stories" in comment


async def test_a_comment_that_begins_with_a_mode_is_obeyed(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.script(PLAN, *WORK, LAST)
        issue = await baro.github.open_issue(REPO, "maria", "Everything should be two", "All of it.")
        await baro.github.comment(REPO, issue.number, "maria", "/baro sequential set everything to two")
        assert "Shape: **sequential**, confidence 100% (you chose it)" in await baro.ended(issue.number)


async def test_overlapping_surfaces_are_ordered_and_the_reason_is_shown(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        stories = [story("S1", ["src/a.py"]), story("S2", ["src/**"]), story("S3", ["docs/x.md"])]
        baro.script(
            INTAKE,
            {"role": "plan", "answer": {"stories": stories}},
            writes("S1", "src/a.py", "A = 2\n"),
            {"role": "story", "story": "S2", "steps": [{"edit": {"path": "src/a.py", "old": "2", "new": "3"}}]},
            writes("S3", "docs/x.md", "x\n"),
        )
        comment = await baro.ended(await labelled(baro))
        assert comment.startswith("✅ **baro opened #2 (3 of 3 stories)**")
        assert "| S2 | Do S2 | S1 |" in comment
        assert "S1 and S2" in comment or "S2 waits for S1" in comment


async def test_a_base_that_moved_out_of_the_way_changes_nothing(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.script({"role": "story", "steps": [{"sleep": 1.5}, {"write": {"path": "src/a.py", "text": "A = 2\n"}}]})
        number = await labelled(baro)
        await baro.until(lambda: "🔧 working" in (baro.living(number) or ""))
        baro.github.commit(REPO, "main", {"src/b.py": "B = 7\n"}, "Change b", by="maria")
        assert (await baro.ended(number)).startswith("✅ **baro opened #2 (1 of 1 story)**")


async def test_a_base_that_moved_into_the_way_makes_a_draft_that_says_so(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.script({"role": "story", "steps": [{"sleep": 1.5}, {"write": {"path": "src/a.py", "text": "A = 2\n"}}]})
        number = await labelled(baro)
        await baro.until(lambda: "🔧 working" in (baro.living(number) or ""))
        baro.github.commit(REPO, "main", {"src/a.py": "A = 7\n"}, "Change a", by="maria")
        comment = await baro.ended(number)
        assert comment.startswith("🟡 **baro opened #2 as a draft: it conflicts with the base branch (1 of 1 story)**")
        assert "the base branch has moved meanwhile and conflicts in `src/a.py`." in comment
        (pull,) = baro.github.pulls(REPO)
        assert pull.pull.draft
        assert pull.title.startswith("[checkpoint] ")


async def test_a_finished_run_leaves_its_logs_and_nothing_else_on_the_runner(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.script(writes("S1", "src/a.py", "A = 2\n"))
        other = tmp_path / "home" / "runs" / "somebodyelse"
        other.mkdir(parents=True, exist_ok=True)
        await baro.ended(await labelled(baro))
        await baro.terminate("runner")
        left = {path.name for path in (tmp_path / "home" / "runs").iterdir() if path.is_dir()}
        assert other.name in left
        (run,) = left - {other.name}
        assert {path.name for path in (tmp_path / "home" / "runs" / run).iterdir()} <= {"logs", "script-counts.json"}


async def test_planning_for_a_pull_request_is_told_what_that_changes(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        told = {"role": "plan", "when": r"changes already, as data:\s+```\s+src/d\.py", "answer": PLAN["answer"]}
        baro.script(told, *WORK, LAST)
        baro.github.commit(REPO, "topic", {"src/d.py": "D = 1\n"}, "Add d", by="maria")
        pull = await baro.github.open_pull(REPO, "maria", "topic", "main", "Add d", "A new module.")
        await baro.github.comment(REPO, pull.number, "maria", "/baro parallel set everything to two")
        comment = await baro.ended(pull.number)
        assert comment.startswith("✅ **baro added its work to this pull request (4 of 4 stories)**")
