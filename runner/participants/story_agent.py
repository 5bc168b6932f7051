"""The StoryAgent: one attempt at one story by one agent process.

Hears: AttemptWanted. Says: AgentDid while it works (coalesced), AttemptEnded with what it used and ended with.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runner.bus import Say
from runner.crashpoints import crashpoint
from runner.domain import events as e
from runner.domain.agent import Did, Ended
from runner.errors import AgentUnavailable
from runner.ports import AgentJob, Agents, Clock

from .hand import unusable
from .story_factory import StoryFactory

COALESCE = 3.0
"""seconds of an agent's tool calls that share one journal entry"""
DID_LIMIT = 40
"""tool calls named in one entry; the rest of that interval is in the raw log only"""


class StoryAgent:
    name = "story_agent"
    serial = False

    def __init__(self, factory: StoryFactory, agents: Agents, clock: Clock) -> None:
        self._factory = factory
        self._agents = agents
        self._clock = clock

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.AttemptEnded:
        assert isinstance(request, e.AttemptWanted)
        return await self._run(seq, request, await self._factory.job(request, fresh=False), say)

    async def resume(self, seq: int, request: e.Request, say: Say) -> e.AttemptEnded:
        """Its process died with the host that started it, unless it had ended by then: then that is the answer."""
        assert isinstance(request, e.AttemptWanted)
        job = await self._factory.job(request, fresh=False)
        finished = await self._agents.recall(job)
        if finished is not None:
            return _ended(seq, request, finished.ended)
        return await self._run(seq, request, await self._factory.job(request, fresh=True), say)

    async def _run(self, seq: int, request: e.AttemptWanted, job: AgentJob, say: Say) -> e.AttemptEnded:
        crashpoint("attempt.start")
        did: list[Did] = []
        async with self._telling(request, did, say):
            ended = await self._ran(job, did)
        crashpoint("attempt.ended")
        return _ended(seq, request, ended)

    async def _ran(self, job: AgentJob, did: list[Did]) -> Ended:
        try:
            return (await self._agents.run(job, did.append)).ended
        except AgentUnavailable as missing:  # it was there when the story was seated
            return Ended(unusable(missing))

    @asynccontextmanager
    async def _telling(self, request: e.AttemptWanted, did: list[Did], say: Say) -> AsyncIterator[None]:
        def flush() -> None:
            if did:
                say(e.AgentDid(story=request.story, attempt=request.attempt, did=tuple(did[:DID_LIMIT])))
                did.clear()

        async def now_and_then() -> None:
            while True:
                await self._clock.sleep(COALESCE)
                flush()

        ticking = asyncio.create_task(now_and_then(), name=f"baro:telling:{request.story}")
        try:
            yield
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
            flush()


def _ended(seq: int, request: e.AttemptWanted, ended: Ended) -> e.AttemptEnded:
    return e.AttemptEnded(answers=seq, story=request.story, attempt=request.attempt, ended=ended)
