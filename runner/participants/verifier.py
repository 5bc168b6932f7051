"""The Verifier: runs what says that the repository is well, on exactly the commit it is asked about.

Hears: VerifyWanted, CompareWanted. Says: Verified, with a result for each check: those that the Operator found before
any agent ran, and those the stories themselves named; Compared, with what the failed ones said where the run began. A
check of a host runs alone: builds side by side starve each other, and then fail for reasons that are nobody's. What
cannot be verified is said, and fails no run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable

from runner.bus import Say
from runner.crashpoints import crashpoint
from runner.domain import events as e
from runner.domain.checks import named
from runner.domain.plan import Story
from runner.domain.text import one_line
from runner.domain.verdict import Check, CheckResult
from runner.errors import BaroError
from runner.ports import Checks, Seat, Workspace

from .hand import RepeatableHand
from .view import View

NAME_LENGTH = 60
"""characters of a story's command where a name is wanted"""


class Verifier(RepeatableHand):
    """`turn` is held by whichever check runs on this host: all its runs share one."""

    name = "verifier"
    serial = True  # a run has one checkout for checks

    def __init__(self, view: View, workspace: Workspace, checks: Checks, turn: asyncio.Lock) -> None:
        self._view = view
        self._workspace = workspace
        self._checks = checks
        self._turn = turn

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.Answer:
        if isinstance(request, e.CompareWanted):
            return await self._compare(seq, request)
        assert isinstance(request, e.VerifyWanted)
        return await self._verify(seq, request)

    async def _compare(self, seq: int, request: e.CompareWanted) -> e.Compared:
        try:
            results = await self._results(request.commit, request.checks)
        except BaroError as error:
            return e.Compared(answers=seq, results=(), problem=str(error))
        return e.Compared(answers=seq, results=results)

    async def _verify(self, seq: int, request: e.VerifyWanted) -> e.Verified:
        wanted = self._wanted(request.stories)
        if not wanted:
            return e.Verified(answers=seq, story=request.story, results=())
        crashpoint("verify.start")
        try:
            results = await self._results(request.commit, wanted)
        except BaroError as error:
            return e.Verified(answers=seq, story=request.story, results=(), problem=str(error))
        crashpoint("verify.done")
        return e.Verified(answers=seq, story=request.story, results=results)

    async def _results(self, commit: str, wanted: Iterable[Check]) -> tuple[CheckResult, ...]:
        seat = await self._workspace.examine(self._view.spec, commit)
        return tuple([await self._result(seat, check) for check in wanted])

    async def _result(self, seat: Seat, check: Check) -> CheckResult:
        try:
            async with self._turn:
                return await self._checks.run(seat, check, silence=self._view.spec.limits.silence)
        except BaroError as error:
            return CheckResult(check.name, check.command, "skipped", reason=str(error))

    def _wanted(self, stories: Collection[str]) -> tuple[Check, ...]:
        """The frozen checks, then the commands of the stories, each command once."""
        if self._view.spec.verify == ():
            return ()
        every: dict[tuple[str, str], Check] = {}
        for check in (*self._view.checks, *(check for one in self._planned(stories) for check in _own(one))):
            every.setdefault((check.directory, check.command), check)
        return tuple(every.values())

    def _planned(self, ids: Collection[str]) -> list[Story]:
        return [story for story in self._view.stories.values() if story.id in ids]


def _own(story: Story) -> tuple[Check, ...]:
    names = ((f"{story.id}: {one_line(command, NAME_LENGTH)}", command) for command in story.verify)
    return named(names, story.id)
