"""The StoryFactory: answers a wanted story with a worktree, a prompt and a route, and owns that worktree.

Hears: StoryWanted. Says: StorySeated, or RouteFailed where the route's command line cannot be used here. The
StoryAgent it seats gets its job from `job`.
"""

from __future__ import annotations

import asyncio

from runner.bus import Say
from runner.domain import events as e
from runner.domain.dependencies import lineage
from runner.errors import AgentUnavailable
from runner.ports import AgentJob, Agents, Seat, Workspace
from runner.prompts import story_prompt

from .hand import RepeatableHand, unusable
from .view import View


class StoryFactory(RepeatableHand):
    name = "story_factory"

    def __init__(self, view: View, workspace: Workspace, agents: Agents) -> None:
        self._view = view
        self._workspace = workspace
        self._agents = agents

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.Answer:
        assert isinstance(request, e.StoryWanted)
        try:
            agent = await asyncio.to_thread(self._agents.named, request.route or self._view.spec.agent)
        except AgentUnavailable as missing:
            return e.RouteFailed(answers=seq, role="story", route=request.route, failure=unusable(missing))
        fresh = not request.keep
        seat = await self._seat(request.story, request.attempt, fresh=fresh)
        return e.StorySeated(answers=seq, story=request.story, attempt=request.attempt, base=seat.base, agent=agent)

    async def job(self, wanted: e.AttemptWanted, *, fresh: bool) -> AgentJob:
        """What the seated agent is to do. `fresh`: in an emptied worktree, because a crash left half an attempt."""
        return self._job(wanted, await self._seat(wanted.story, wanted.attempt, fresh=fresh))

    async def _seat(self, story: str, attempt: int, *, fresh: bool) -> Seat:
        depends_on = {other.id: other.depends_on for other in self._view.stories.values()}
        after = lineage(depends_on, story)
        return await self._workspace.seat(self._view.spec, story, attempt, fresh=fresh, after=after)

    def _job(self, wanted: e.AttemptWanted, seat: Seat) -> AgentJob:
        spec, story = self._view.spec, self._view.stories[wanted.story]
        others = [other for other in self._view.stories.values() if other.id != story.id]
        assert self._view.report.mode is not None
        return AgentJob(
            run=spec.id,
            role="story",
            prompt=story_prompt(
                spec,
                self._view.report.mode,
                story,
                wanted.attempt,
                others,
                wanted.evidence,
                self._view.findings.get((story.id, wanted.attempt), ()),
                [(warning.other, warning.path) for warning in self._view.warnings.get(story.id, ())],
                self._view.survey.instructions if self._view.survey else (),
            ),
            seat=seat,
            agent=wanted.route or spec.agent,
            story=story.id,
            attempt=wanted.attempt,
            silence=spec.limits.silence,
        )
