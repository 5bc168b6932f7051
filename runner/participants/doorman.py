"""The Doorman: reads the run's own inbox and brings in what people and GitHub say to a run that is under way.

Hears: nothing on the bus. Says: every knock (CancelAsked, …), exactly once: it goes on after the last one journaled.
"""

from __future__ import annotations

from runner.bus import Say
from runner.ports import RunInbox

from .view import View


class Doorman:
    name = "doorman"

    def __init__(self, view: View, inbox: RunInbox) -> None:
        self._view = view
        self._inbox = inbox

    async def listen(self, say: Say) -> None:
        async for knock in self._inbox.listen(self._view.spec.id, self._view.door):
            say(knock)
