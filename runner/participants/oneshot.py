"""One question to a model that sees the repository read-only and answers with JSON."""

from __future__ import annotations

from typing import Any

from runner.domain.agent import Did, Role
from runner.ports import AgentJob, AgentReply, Agents, Workspace

from .view import View


class OneShot:
    def __init__(self, view: View, workspace: Workspace, agents: Agents) -> None:
        self._view = view
        self.workspace = workspace
        self._agents = agents

    async def ask(
        self, role: Role, prompt: str, schema: dict[str, Any], *, story: str = "", attempt: int = 1
    ) -> AgentReply:
        """`attempt` tells a repair, or another question about the same story, from the first."""
        spec = self._view.spec
        job = AgentJob(
            run=spec.id,
            role=role,
            prompt=prompt,
            seat=await self.workspace.reading(spec),
            agent=spec.agent,
            story=story,
            attempt=attempt,
            schema=schema,
            silence=spec.limits.silence,
        )
        return await self._agents.run(job, _unheard)


def _unheard(did: Did) -> None:
    """What a one-shot reads on its way is nobody's business yet."""
