"""The Surgeon: on a failed story, proposes how the rest of the plan can still be done.

Hears: HealingWanted. Says: HealingProposed. What it proposes is validated like a plan and applied by the Conductor only.
"""

from __future__ import annotations

from runner.bus import Say
from runner.domain import events as e
from runner.domain.agent import Usage
from runner.domain.heal import Proposal, heal, read_proposal
from runner.domain.plan import Story
from runner.prompts import SURGEON_SCHEMA, surgeon_prompt
from runner.voice import endings

from .hand import RepeatableHand
from .oneshot import OneShot
from .view import View


class Surgeon(RepeatableHand):
    name = "surgeon"

    def __init__(self, view: View, oneshot: OneShot) -> None:
        self._view = view
        self._oneshot = oneshot

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.HealingProposed:
        assert isinstance(request, e.HealingWanted)
        view = self._view
        stories, fixed = tuple(view.stories.values()), view.fixed - {request.story}
        prompt = surgeon_prompt(view.spec, stories, fixed, request.story, request.evidence)
        reply = await self._oneshot.ask("surgeon", prompt, SURGEON_SCHEMA, story=request.story, attempt=seq)
        failure = reply.ended.failure
        read = (None, (failure.message,)) if failure else read_proposal(reply.json)
        return self._answer(seq, request, reply.ended.usage, stories, fixed, *read)

    def _answer(
        self,
        seq: int,
        request: e.HealingWanted,
        usage: Usage,
        stories: tuple[Story, ...],
        fixed: frozenset[str],
        proposal: Proposal | None,
        problems: tuple[str, ...],
    ) -> e.HealingProposed:
        healed = None
        if proposal is not None and proposal.action != "stop":
            healed, problems = heal(stories, fixed, request.story, proposal, self._view.spec.limits.stories)
        if proposal is None or problems:
            return e.HealingProposed(
                answers=seq, story=request.story, action="drop", reason=endings.no_healing(problems), usage=usage
            )
        return e.HealingProposed(
            answers=seq,
            story=request.story,
            action=proposal.action,
            reason=proposal.reason,
            stories=healed,
            usage=usage,
        )
