"""Intake: decides the shape of the work, with a confidence and a reason.

Hears: IntakeWanted. Says: IntakeGiven: when nothing can be decided the answer is the smallest shape. Or RouteFailed,
where it could not even be asked this way.
"""

from __future__ import annotations

from runner.bus import Say
from runner.domain import events as e
from runner.domain.mode import Intake, fallback, from_model, settled
from runner.prompts import INTAKE_SCHEMA, intake_prompt
from runner.voice import endings

from .hand import RepeatableHand
from .oneshot import OneShot, route_failed
from .view import View


class IntakeHand(RepeatableHand):
    name = "intake"

    def __init__(self, view: View, oneshot: OneShot) -> None:
        self._view = view
        self._oneshot = oneshot

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.Answer:
        assert isinstance(request, e.IntakeWanted)
        known = settled(self._view.spec)
        return e.IntakeGiven(answers=seq, intake=known) if known else await self._ask(seq, request.route)

    async def _ask(self, seq: int, route: str) -> e.Answer:
        assert self._view.survey is not None
        prompt = intake_prompt(self._view.spec, self._view.survey)
        reply = await self._oneshot.ask("intake", prompt, INTAKE_SCHEMA, route=route)
        failure, usage = reply.ended.failure, reply.ended.usage
        if unserved := route_failed(seq, "intake", route, failure, usage):
            return unserved
        intake: Intake = fallback(endings.no_intake(failure.message)) if failure else from_model(reply.json)
        return e.IntakeGiven(answers=seq, intake=intake, usage=usage)
