"""One question to a model that sees the repository read-only and answers with JSON.

Where the route of the question can do nothing now, the hand that asked answers RouteFailed: which route is next is the
Conductor's to say.
"""

from __future__ import annotations

from typing import Any

from runner.domain import events as e
from runner.domain.agent import Did, Ended, Failure, Role, Usage
from runner.errors import AgentUnavailable
from runner.ports import AgentJob, AgentReply, Agents, Workspace

from .hand import unusable
from .view import View


class OneShot:
    def __init__(self, view: View, workspace: Workspace, agents: Agents) -> None:
        self._view = view
        self.workspace = workspace
        self._agents = agents

    async def ask(
        self, role: Role, prompt: str, schema: dict[str, Any], *, route: str, story: str = "", attempt: int = 1
    ) -> AgentReply:
        """`attempt` tells a repair, or another question about the same story, from the first."""
        spec = self._view.spec
        job = AgentJob(
            run=spec.id,
            role=role,
            prompt=prompt,
            seat=await self.workspace.reading(spec),
            agent=route or spec.agent,
            story=story,
            attempt=attempt,
            schema=schema,
            silence=spec.limits.silence,
        )
        try:
            return await self._agents.run(job, _unheard)
        except AgentUnavailable as missing:
            return AgentReply(Ended(unusable(missing)), job.agent)


def route_failed(seq: int, role: Role, route: str, failure: Failure | None, usage: Usage) -> e.RouteFailed | None:
    """The answer where it was the route's fault, None where the question was answered, or is the answerer's fault."""
    if failure is None or not failure.of_the_route:
        return None
    return e.RouteFailed(answers=seq, role=role, route=route, failure=failure, usage=usage)


def _unheard(did: Did) -> None:
    """What a one-shot reads on its way is nobody's business yet."""
