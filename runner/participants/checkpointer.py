"""The Checkpointer: keeps what has landed where another machine can go on from it.

Hears: CheckpointWanted. Says: Checkpointed. It reads commits that never change, so it does not wait for the Operator;
no run fails because of it.
"""

from __future__ import annotations

from runner.bus import Say
from runner.domain import events as e
from runner.errors import BaroError
from runner.ports import Workspace

from .hand import RepeatableHand
from .view import View


class Checkpointer(RepeatableHand):
    name = "checkpointer"

    def __init__(self, view: View, workspace: Workspace) -> None:
        self._view = view
        self._workspace = workspace

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.Checkpointed:
        try:
            await self._workspace.checkpoint(self._view.spec)
        except BaroError as error:
            return e.Checkpointed(answers=seq, problem=str(error))
        return e.Checkpointed(answers=seq)
