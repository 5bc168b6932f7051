"""The Operator: all git of a run, one thing at a time.

Hears: WorkspaceWanted, HarvestWanted, LandWanted, PushWanted, TidyWanted.
Says: WorkspaceReady, StoryHarvested, StoryLanded, PushEnded, Tidied.
"""

from __future__ import annotations

from runner.bus import Say
from runner.crashpoints import crashpoint
from runner.domain import events as e
from runner.domain.change import Pushed
from runner.domain.checks import discover, manifests
from runner.domain.text import one_line
from runner.domain.verdict import Check
from runner.errors import BaroError
from runner.ports import Workspace

from .hand import RepeatableHand
from .view import View

SUBJECT_LENGTH = 72
"""characters of a commit's first line"""


class Operator(RepeatableHand):
    name = "operator"
    serial = True

    def __init__(self, view: View, workspace: Workspace) -> None:
        self._view = view
        self._workspace = workspace

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.Answer:
        match request:
            case e.WorkspaceWanted():
                return await self._prepare(seq)
            case e.HarvestWanted():
                return await self._harvest(seq, request)
            case e.LandWanted():
                return await self._land(seq, request)
            case e.PushWanted():
                return await self._push(seq, request)
            case e.TidyWanted():
                return await self._tidy(seq)
        raise AssertionError(f"the operator does not know {type(request).__name__}")

    async def _prepare(self, seq: int) -> e.WorkspaceReady:
        spec = self._view.spec
        survey = await self._workspace.prepare(spec)
        landed, checks = await self._workspace.landed(spec), await self._checks()
        return e.WorkspaceReady(answers=seq, survey=survey, checks=checks, landed=landed)

    async def _checks(self) -> tuple[Check, ...]:
        """Found before any agent runs: none can take one away, or put another command in its place."""
        spec = self._view.spec
        if spec.verify is not None:
            return spec.verify
        files = await self._workspace.files(spec)
        return discover(files, await self._workspace.texts(spec, manifests(files)))

    async def _harvest(self, seq: int, request: e.HarvestWanted) -> e.StoryHarvested:
        story = self._view.stories[request.story]
        message = one_line(story.title, SUBJECT_LENGTH)
        crashpoint("harvest.start")
        harvest = await self._workspace.harvest(self._view.spec, story, at=request.at, message=message)
        crashpoint("harvest.done")
        return e.StoryHarvested(answers=seq, story=request.story, harvest=harvest)

    async def _land(self, seq: int, request: e.LandWanted) -> e.StoryLanded:
        story, sole = self._view.stories[request.story], len(self._view.stories) == 1
        crashpoint("land.start")
        landing = await self._workspace.land(self._view.spec, story, request.commit, at=request.at, sole=sole)
        crashpoint("land.done")
        return e.StoryLanded(answers=seq, story=request.story, landing=landing)

    async def _push(self, seq: int, request: e.PushWanted) -> e.PushEnded:
        spec = self._view.spec
        crashpoint("push.start")
        run = await self._workspace.push(spec, aside=request.aside)
        kept = () if request.aside else request.preserved
        preserved = [await self._workspace.push_story(spec, story, self._view.harvested[story]) for story in kept]
        crashpoint("push.done")
        collides = await self._workspace.collides(spec) if isinstance(run, Pushed) and spec.pull is None else ()
        return e.PushEnded(answers=seq, run=run, preserved=tuple(preserved), collides=collides)

    async def _tidy(self, seq: int) -> e.Tidied:
        """A run does not fail because its worktrees could not be removed; the sweeper comes by."""
        try:
            await self._workspace.tidy(self._view.spec)
        except BaroError as error:
            return e.Tidied(answers=seq, problem=str(error))
        return e.Tidied(answers=seq)
