"""The Critic: reads a story's diff against its acceptance criteria and votes.

Hears: CritiqueWanted. Says: Critiqued, or RouteFailed where it could not be asked this way. An evaluator that is out
of reach, or out of its mind, is inconclusive.
"""

from __future__ import annotations

from runner.bus import Say
from runner.domain import events as e
from runner.domain.verdict import Verdict, read_verdict
from runner.prompts import CRITIC_SCHEMA, critic_prompt

from .hand import RepeatableHand
from .oneshot import OneShot, route_failed
from .view import View


class Critic(RepeatableHand):
    name = "critic"

    def __init__(self, view: View, oneshot: OneShot) -> None:
        self._view = view
        self._oneshot = oneshot

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.Answer:
        assert isinstance(request, e.CritiqueWanted)
        story = self._view.stories[request.story]
        diff = await self._oneshot.workspace.diff(self._view.spec, request.commit)
        prompt = critic_prompt(self._view.spec, story, request.attempt, diff)
        reply = await self._oneshot.ask(
            "critic", prompt, CRITIC_SCHEMA, route=request.route, story=story.id, attempt=request.attempt
        )
        failure, usage = reply.ended.failure, reply.ended.usage
        if unserved := route_failed(seq, "critic", request.route, failure, usage):
            return unserved
        verdict = Verdict("inconclusive", failure.message) if failure else read_verdict(reply.json)
        return e.Critiqued(answers=seq, story=story.id, verdict=verdict, usage=usage)
