"""The Verifier on a real repository, with real checks in the real sandbox."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec

from runner.adapters.checks import SandboxedChecks
from runner.adapters.network import Network
from runner.adapters.network.installed import Registries
from runner.adapters.sandbox import choose
from runner.domain import events as e
from runner.domain.change import Landed
from runner.domain.mode import Intake, Mode
from runner.domain.plan import Story
from runner.domain.verdict import Check, CheckResult
from runner.participants.operator import Operator
from runner.participants.verifier import Verifier
from runner.participants.view import View
from runner.ports import Seat
from tests.adapters.git_world import World

FILES = {"Makefile": "check:\n\tgrep -q fine state\n", "state": "fine\n"}


class Watched:
    """The real checks, and how many of them run at a time."""

    def __init__(self) -> None:
        self._checks = SandboxedChecks(choose("auto", os.environ["PATH"]), Network("model", Registries({}), own=True))
        self.live = self.most = 0
        self.ran: list[str] = []

    async def run(self, seat: Seat, check: Check, *, silence: float) -> CheckResult:
        self.live += 1
        self.most = max(self.most, self.live)
        self.ran.append(check.command)
        try:
            return await self._checks.run(seat, check, silence=silence)
        finally:
            self.live -= 1


class Run:
    """A run as far as a Verifier sees it: its view, its hands, and a journal that only grows."""

    def __init__(
        self, root: Path, checks: Watched, turn: asyncio.Lock, files: dict[str, str] | None = None, **spec: Any
    ) -> None:
        self.world = World(root, files or FILES, **spec)
        self.view = View()
        self.operator = Operator(self.view, self.world.workspace)
        self.watched = checks
        self.verifier = Verifier(self.view, self.world.workspace, checks, turn)
        self._seq = 0
        self.hear(e.RunSubmitted(spec=self.world.spec))

    def hear(self, *events: e.Event) -> None:
        for event in events:
            self._seq += 1
            self.view.hear(e.Entry(self._seq, 1000.0 + self._seq, "test", event))

    async def prepare(self) -> tuple[Check, ...]:
        ready = await self.operator.perform(2, e.WorkspaceWanted(), lambda event: None)
        assert isinstance(ready, e.WorkspaceReady)
        self.hear(ready)
        return ready.checks

    def plan(self, *stories: Story) -> None:
        self.hear(e.PlanShaped(Mode.PARALLEL, stories, Intake(Mode.PARALLEL, 1, "r", "user")))

    def landed(self, story: str, commit: str) -> None:
        self.hear(e.StoryLanded(answers=3, story=story, landing=Landed(commit, "plain")))

    async def verify(self, commit: str, *stories: str) -> e.Verified:
        request = e.VerifyWanted(story="", commit=commit, stories=stories)
        answer = await self.verifier.resume(9, request, lambda event: None)
        assert isinstance(answer, e.Verified)
        assert answer.answers == 9
        return answer

    async def said(self, commit: str, *stories: str) -> list[str]:
        return [f"{result.name}: {result.state}" for result in (await self.verify(commit, *stories)).results]


def begin(root: Path, files: dict[str, str] | None = None, **spec: Any) -> Run:
    return Run(root, Watched(), asyncio.Lock(), files, **spec)


async def test_checks_are_found_before_any_agent_runs_and_no_agent_can_take_one_away(tmp_path: Path) -> None:
    run = begin(tmp_path)
    assert await run.prepare() == (Check("make check", "make check", "Makefile"),)
    run.plan(Story("S1", "One", "do"))
    commit = await run.world.work("S1", {"Makefile": "build:\n\ttrue\n", "state": "broken\n"})
    run.landed("S1", commit)
    assert await run.said(commit) == ["make check: fail"]


async def test_exactly_the_commit_asked_about_is_checked(tmp_path: Path) -> None:
    run = begin(tmp_path)
    await run.prepare()
    run.plan(Story("S1", "One", "do"), Story("S2", "Two", "do"))
    bad = await run.world.work("S1", {"state": "broken\n"})
    good = await run.world.work("S2", {"other": "fine\n"})
    assert await run.said(bad) == ["make check: fail"]
    assert await run.said(good) == ["make check: pass"]
    assert await run.said(bad) == ["make check: fail"]


async def test_the_repositorys_own_list_replaces_what_would_be_found(tmp_path: Path) -> None:
    run = begin(tmp_path, verify=(Check("state", "test -e state", ".github/baro.yml"),))
    assert [check.name for check in await run.prepare()] == ["state"]
    run.plan(Story("S1", "One", "do"))
    assert await run.said(await run.world.work("S1", {"state": "broken\n"})) == ["state: pass"]


async def test_a_repository_that_wants_nothing_verified_gets_that(tmp_path: Path) -> None:
    run = begin(tmp_path, verify=())
    assert await run.prepare() == ()
    run.plan(Story("S1", "One", "do", verify=("false",)))
    commit = await run.world.work("S1", {"state": "broken\n"})
    run.landed("S1", commit)
    assert (await run.verify(commit, "S1")).results == ()


async def test_a_repository_without_checks_has_no_results_and_no_problem(tmp_path: Path) -> None:
    run = begin(tmp_path, {"README.md": "hello\n"})
    assert await run.prepare() == ()
    run.plan(Story("S1", "One", "do"))
    assert await run.verify(await run.world.work("S1", {"x": "1\n"})) == e.Verified(answers=9, story="", results=())


async def test_a_commit_is_checked_with_the_commands_of_the_stories_that_are_in_it(
    tmp_path: Path,
) -> None:
    run = begin(tmp_path)
    await run.prepare()
    run.plan(
        Story("S1", "One", "do", verify=("test -e one", "make check")),
        Story("S2", "Two", "do", verify=("test -e two", "test -e one")),
        Story("S3", "Three", "do", verify=("test -e three",)),
    )
    one = await run.world.work("S1", {"one": "1\n"})
    assert await run.said(one, "S1") == ["make check: pass", "S1: test -e one: pass"]
    assert await run.said(one, "S1", "S2") == ["make check: pass", "S1: test -e one: pass", "S2: test -e two: fail"]


async def test_one_check_at_a_time_runs_on_a_host_whatever_its_runs_ask(tmp_path: Path) -> None:
    checks, turn = Watched(), asyncio.Lock()
    runs = [Run(tmp_path / str(n), checks, turn, id=f"run000000{n}") for n in range(3)]
    commits = []
    for run in runs:
        await run.prepare()
        run.plan(Story("S1", "One", "do", verify=("true", "sleep 0.05")))
        commits.append(await run.world.work("S1", {"x": "1\n"}))
    await asyncio.gather(*(run.verify(commit, "S1") for run, commit in zip(runs, commits, strict=True)))
    assert len(checks.ran) == 9
    assert checks.most == 1


async def test_a_check_that_is_cancelled_gives_its_turn_to_the_next(tmp_path: Path) -> None:
    run = begin(tmp_path, verify=(Check("slow", "sleep 600"),))
    await run.prepare()
    run.plan(Story("S1", "One", "do"))
    commit = await run.world.work("S1", {"x": "1\n"})
    task = asyncio.create_task(run.verify(commit))
    async with asyncio.timeout(90):
        while not run.verifier._turn.locked():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not run.verifier._turn.locked()


async def test_what_cannot_be_examined_is_said_and_fails_no_run(tmp_path: Path) -> None:
    run = begin(tmp_path)
    await run.prepare()
    run.plan(Story("S1", "One", "do"))
    answer = await run.verify("f" * 40)
    assert answer.results == ()
    assert answer.problem.startswith("`git worktree` failed")


async def test_checks_stay_those_of_the_first_time_when_another_machine_goes_on(tmp_path: Path) -> None:
    run = begin(tmp_path)
    frozen = await run.prepare()
    later = e.WorkspaceReady(answers=5, survey=run.view.survey or msgspec.UNSET, checks=())  # type: ignore[arg-type]
    run.hear(later)
    assert run.view.checks == frozen


async def test_a_check_that_failed_is_run_where_the_run_began_and_only_that_one(tmp_path: Path) -> None:
    """In the same throw-away checkout; what the result looks like has no say there."""
    files = {"Makefile": "check:\n\tgrep -q fine state\nlint:\n\ttrue\n", "state": "broken before\n"}
    run = begin(tmp_path, files)
    check, lint = await run.prepare()
    assert run.view.survey is not None
    base = run.view.survey.commit
    run.plan(Story("S1", "One", "do"))
    commit = await run.world.work("S1", {"state": "broken by the run\n"})
    run.landed("S1", commit)
    assert await run.said(commit) == ["make check: fail", "make lint: pass"]
    compared = await run.verifier.resume(10, e.CompareWanted(base, (check,)), lambda event: None)
    assert isinstance(compared, e.Compared)
    assert [(result.name, result.state) for result in compared.results] == [("make check", "fail")]
    run.watched.ran.clear()
    good = await run.verifier.resume(11, e.CompareWanted(base, (lint,)), lambda event: None)
    assert isinstance(good, e.Compared)
    assert [result.state for result in good.results] == ["pass"]
    assert run.watched.ran == ["make lint"]
