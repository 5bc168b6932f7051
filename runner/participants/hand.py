"""What most hands share: their work looks before it acts, so that doing it again is how it is resumed."""

from __future__ import annotations

from runner.bus import Say
from runner.domain.agent import Failure
from runner.domain.events import Answer, Request
from runner.errors import AgentUnavailable


class RepeatableHand:
    """A hand whose `perform` may be repeated after a crash at any point of it."""

    name: str
    serial = False

    async def perform(self, seq: int, request: Request, say: Say) -> Answer:
        raise NotImplementedError

    async def resume(self, seq: int, request: Request, say: Say) -> Answer:
        return await self.perform(seq, request, say)


def unusable(missing: AgentUnavailable) -> Failure:
    """A command line that this host cannot start, as the failure of whatever was to be done with it."""
    return Failure("infrastructure", str(missing), f"{missing.hint}\n{missing.evidence}".strip(), lasting=True)
