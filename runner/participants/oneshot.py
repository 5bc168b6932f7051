"""One question to a model that sees the repository read-only and answers with JSON."""

from __future__ import annotations

from typing import Any

from runner.domain.agent import Did, Role
from runner.ports import AgentJob, AgentReply, Agents, Workspace

from .view import View


class OneShot:
    def __init__(self, view: View, workspace: Workspace, agents: Agents) -> None:
        self._view = view
        self._workspace = workspace
        self._agents = agents

    async def ask(self, role: Role, prompt: str, schema: dict[str, Any], *, attempt: int = 1) -> AgentReply:
        """`attempt` tells a repair from the first question."""
        spec = self._view.spec
        job = AgentJob(
            run=spec.id,
            role=role,
            prompt=prompt,
            seat=await self._workspace.reading(spec),
            agent=spec.agent,
            attempt=attempt,
            schema=schema,
            silence=spec.limits.silence,
        )
        return await self._agents.run(job, _unheard)


def _unheard(did: Did) -> None:
    """What a one-shot reads on its way is nobody's business yet."""
