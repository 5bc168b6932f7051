"""Intake: decides the shape of the work, with a confidence and a reason.

Hears: IntakeWanted. Says: IntakeGiven, always: when nothing can be decided the answer is the smallest shape.
"""

from __future__ import annotations

from runner.bus import Say
from runner.domain import events as e
from runner.domain.mode import Intake, fallback, from_model, settled
from runner.prompts import INTAKE_SCHEMA, intake_prompt
from runner.voice import endings

from .hand import RepeatableHand
from .oneshot import OneShot
from .view import View


class IntakeHand(RepeatableHand):
    name = "intake"

    def __init__(self, view: View, oneshot: OneShot) -> None:
        self._view = view
        self._oneshot = oneshot

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.IntakeGiven:
        known = settled(self._view.spec)
        return e.IntakeGiven(answers=seq, intake=known) if known else await self._ask(seq)

    async def _ask(self, seq: int) -> e.IntakeGiven:
        assert self._view.survey is not None
        prompt = intake_prompt(self._view.spec, self._view.survey)
        reply = await self._oneshot.ask("intake", prompt, INTAKE_SCHEMA)
        failure = reply.ended.failure
        intake: Intake = fallback(endings.no_intake(failure.message)) if failure else from_model(reply.json)
        return e.IntakeGiven(answers=seq, intake=intake, usage=reply.ended.usage)
