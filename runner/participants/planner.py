"""Planner: asks for a DAG of stories and gives back only a valid one.

Hears: PlanWanted. Says: PlanGiven, with the plan, or with every reason why there is none after one repair; or
RouteFailed, where the planner could not be asked this way.
"""

from __future__ import annotations

from runner.bus import Say
from runner.domain import events as e
from runner.domain.agent import Usage
from runner.domain.plan import Plan, read_plan
from runner.ports import AgentReply
from runner.prompts import PLAN_SCHEMA, plan_prompt

from .hand import RepeatableHand
from .oneshot import OneShot, route_failed
from .view import View

TRIES = 2
"""the question, and one repair with the problems in the prompt"""


class PlannerHand(RepeatableHand):
    name = "planner"

    def __init__(self, view: View, oneshot: OneShot) -> None:
        self._view = view
        self._oneshot = oneshot

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.Answer:
        assert isinstance(request, e.PlanWanted)
        usage, previous = Usage(), ""
        problems: tuple[str, ...] = ()
        for attempt in range(1, TRIES + 1):
            reply = await self._ask(request, problems, previous, attempt)
            usage += reply.ended.usage
            if unserved := route_failed(seq, "plan", request.route, reply.ended.failure, usage):
                return unserved
            plan, problems = self._read(reply)
            if plan is not None:
                return e.PlanGiven(answers=seq, plan=plan, usage=usage)
            previous = reply.ended.said
        return e.PlanGiven(answers=seq, plan=None, problems=problems, usage=usage)

    async def _ask(self, wanted: e.PlanWanted, problems: tuple[str, ...], previous: str, attempt: int) -> AgentReply:
        assert self._view.survey is not None
        prompt = plan_prompt(self._view.spec, wanted.intake, self._view.survey, problems, previous)
        return await self._oneshot.ask("plan", prompt, PLAN_SCHEMA, route=wanted.route, attempt=attempt)

    def _read(self, reply: AgentReply) -> tuple[Plan | None, tuple[str, ...]]:
        if reply.ended.failure:
            return None, (reply.ended.failure.message,)
        return read_plan(reply.json, max_stories=self._view.spec.limits.stories)
