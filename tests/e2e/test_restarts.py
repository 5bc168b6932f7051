"""SIGKILL in the middle of a run, then a restart: the run goes on, with one pull request and no story twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.test_parallel import INTAKE, PLAN, WORK
from tests.world.house import REPO, House, house

LAST = {"role": "story", "story": "S4", "steps": [{"run": "cat src/a.py src/b.py src/c.py > README.md"}]}

RUNNER_PLACES = [
    "run.submitted",
    "ask.decided",
    "turn.before:2",
    "turn.after:2",
    "turn.after:6",
    "attempt.start",
    "attempt.ended:2",
    "harvest.done",
    "land.done:2",
    "push.start",
    "push.done",
    "comment.shown:3",
    "pull.shown",
    "run.ended",
]


async def label(baro: House) -> int:
    issue = await baro.github.open_issue(REPO, "maria", "Everything should be two", "All three modules.")
    await baro.github.label(REPO, issue.number, "baro", by="maria")
    return issue.number


def assert_done_once(baro: House) -> None:
    """What people and git may see of a run that was killed: nothing."""
    (pull,) = baro.github.pulls(REPO)
    assert not pull.pull.draft
    assert baro.github.file(REPO, pull.pull.head, "README.md") == b"A = 2\nB = 2\nC = 2\n"
    merges = [line for line in baro.subjects(f"main..{pull.pull.head}") if line.startswith("baro: merge")]
    assert sorted(merges) == [f"baro: merge story S{n}" for n in range(1, 5)]
    assert not any(push.forced for push in baro.github.pushes)


@pytest.mark.parametrize("place", RUNNER_PLACES)
async def test_a_runner_killed_anywhere_in_a_run_goes_on_after_a_restart(
    place: str, tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis, start=False) as baro:
        baro.script(INTAKE, PLAN, *WORK, LAST)
        await baro.start("web")
        await baro.start("runner", BARO_CRASHPOINT=place)
        number = await label(baro)
        assert await baro.died("runner") == -9
        await baro.start("runner")
        assert (await baro.ended(number)).startswith("✅ **baro opened #2 (4 of 4 stories)**")
        assert_done_once(baro)
        assert len(baro.github.comments(REPO, number)) == 1


async def test_a_web_process_killed_after_its_answer_loses_no_ask(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis, start=False) as baro:
        baro.script(INTAKE, PLAN, *WORK, LAST)
        await baro.start("web")
        number = await label(baro)
        await baro.github.idle()
        await baro.kill("web")
        await baro.start("runner")
        await baro.ended(number)
        assert_done_once(baro)


async def test_sigterm_puts_the_run_down_within_the_grace_period_and_the_next_runner_takes_it_up(
    tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis) as baro:
        hanging = {"role": "story", "story": "S2", "times": 1, "steps": [{"say": "here"}, {"hang": True}]}
        baro.script(INTAKE, PLAN, hanging, *WORK, LAST)
        number = await label(baro)
        await baro.until(lambda: "| S1 | Do S1 | – | ✅ landed" in (baro.living(number) or ""))
        assert await baro.terminate("runner") == 0
        baro.script(INTAKE, PLAN, *WORK, LAST)
        await baro.start("runner")
        await baro.ended(number)
        assert_done_once(baro)


async def test_another_machine_goes_on_from_what_was_checkpointed(tmp_path: Path, clean_redis: str) -> None:
    """Another BARO_HOME: nothing of the first one's disk is there, only Redis and GitHub."""
    async with house(tmp_path, clean_redis) as baro:
        hanging = {"role": "story", "story": "S2", "steps": [{"hang": True}]}
        baro.script(INTAKE, PLAN, hanging, *WORK, LAST)
        number = await label(baro)
        await baro.until(lambda: _hidden(baro) and "| S3 | Do S3 | – | ✅ landed" in (baro.living(number) or ""))
        await baro.kill("runner")
        baro.script(INTAKE, PLAN, *WORK, LAST)
        await baro.start("runner2", BARO_HOME=str(tmp_path / "elsewhere"))
        await baro.ended(number)
        assert_done_once(baro)
        assert len(baro.github.comments(REPO, number)) == 1
        await baro.until(lambda: not _hidden(baro))


async def test_what_was_not_checkpointed_is_done_again_on_another_machine(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis, start=False) as baro:
        baro.script(INTAKE, PLAN, *WORK, LAST)
        await baro.start("web")
        await baro.start("runner", BARO_CRASHPOINT="land.done")
        number = await label(baro)
        assert await baro.died("runner") == -9
        await baro.start("runner2", BARO_HOME=str(tmp_path / "elsewhere"))
        await baro.ended(number)
        assert_done_once(baro)


def _hidden(baro: House) -> dict[str, str]:
    return baro.github.refs(REPO, "refs/baro/")
