"""The Surgeon: on a failed story, proposes how the rest of the plan can still be done.

Hears: HealingWanted. Says: HealingProposed, or RouteFailed where it could not be asked this way. What it proposes is
validated and shaped like a plan, and applied by the Conductor only.
"""

from __future__ import annotations

import msgspec

from runner.bus import Say
from runner.domain import events as e
from runner.domain.agent import Usage
from runner.domain.heal import Proposal, heal, read_proposal
from runner.domain.plan import Plan, Story
from runner.domain.shape import shape
from runner.prompts import SURGEON_SCHEMA, surgeon_prompt
from runner.voice import endings

from .hand import RepeatableHand
from .oneshot import OneShot, route_failed
from .view import View


class Surgeon(RepeatableHand):
    name = "surgeon"

    def __init__(self, view: View, oneshot: OneShot) -> None:
        self._view = view
        self._oneshot = oneshot

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.Answer:
        assert isinstance(request, e.HealingWanted)
        view = self._view
        stories, fixed = tuple(view.stories.values()), view.fixed - {request.story}
        evidence = f"{request.sentence}\n{request.evidence}".strip()
        prompt = surgeon_prompt(view.spec, stories, fixed, request.story, evidence)
        reply = await self._oneshot.ask(
            "surgeon", prompt, SURGEON_SCHEMA, route=request.route, story=request.story, attempt=seq
        )
        failure, usage = reply.ended.failure, reply.ended.usage
        if unserved := route_failed(seq, "surgeon", request.route, failure, usage):
            return unserved
        read = (None, (failure.message,)) if failure else read_proposal(reply.json)
        return self._answer(seq, request, usage, stories, fixed, *read)

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
            healed, problems = self._shaped(healed, problems)
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

    def _shaped(
        self, healed: tuple[Story, ...] | None, problems: tuple[str, ...]
    ) -> tuple[tuple[Story, ...] | None, tuple[str, ...]]:
        """In the mode's contract, like the plan it replaces; one that would have to be folded is none."""
        report = self._view.report
        if healed is None or report.mode is None or report.intake is None:
            return healed, problems
        intake = msgspec.structs.replace(report.intake, mode=report.mode)
        shaped = shape(Plan(healed), intake, self._view.spec.limits)
        if {story.id for story in shaped.stories} != {story.id for story in healed}:
            return None, (endings.does_not_fit(report.mode),)
        return shaped.stories, problems
