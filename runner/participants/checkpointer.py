"""The Checkpointer: keeps what has landed where another machine can go on from it.

Hears: CheckpointWanted. Says: Checkpointed. It reads commits that never change, so it does not wait for the Operator;
no run fails because of it. What lands within a few seconds shares one push.
"""

from __future__ import annotations

from runner.bus import Say
from runner.domain import events as e
from runner.errors import BaroError
from runner.ports import Clock, Workspace

from .hand import RepeatableHand
from .view import View

GATHER = 3.0
"""seconds between a landing and its checkpoint: what another machine would have to do again at the most"""


class Checkpointer(RepeatableHand):
    name = "checkpointer"

    def __init__(self, view: View, workspace: Workspace, clock: Clock) -> None:
        self._view = view
        self._workspace = workspace
        self._clock = clock

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.Checkpointed:
        await self._clock.sleep(GATHER)
        try:
            await self._workspace.checkpoint(self._view.spec)
        except BaroError as error:
            return e.Checkpointed(answers=seq, problem=str(error))
        return e.Checkpointed(answers=seq)
