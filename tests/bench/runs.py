"""Whole runs for the benches: scripted agents, the local GitHub, and the journal of what happened."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.demo.github import Request
from bot.embedded import embedded_redis
from runner.adapters.redis_store import Store, connect, entry_of, journal_key
from runner.domain.events import Entry
from runner.domain.plan import Story
from tests.bench.gits import Gits
from tests.world.house import PATIENCE, REPO, House, house

PASS = {"role": "critic", "answer": {"verdict": "pass", "reasoning": "as asked", "violated_criteria": []}}
INTAKE = {"mode": "parallel", "confidence": 0.95, "reason": "independent parts"}


@dataclass(frozen=True)
class Ran:
    """One run that has ended: its journal as the store keeps it, and what it cost around it."""

    entries: list[Entry]
    journal_bytes: int
    gits: list[str]
    requests: list[Request]


class Bench:
    def __init__(self, baro: House, redis_url: str, gits: Gits) -> None:
        self.baro = baro
        self.gits = gits
        self._redis_url = redis_url

    async def run(self, repo: str = REPO) -> Ran:
        """Label an issue, and wait for the end of what comes of it."""
        gits, requests = len(self.gits.calls), len(self.baro.github.requests)
        issue = await self.baro.github.open_issue(repo, "maria", "A should be two", "Please set `A` to 2 in src/a.py.")
        await self.baro.github.label(repo, issue.number, "baro", by="maria")
        await self.baro.ended(issue.number, repo)
        found = re.search(r"baro:run=(\w+)", self.baro.living(issue.number, repo) or "")
        assert found
        entries, size = await self._journal(found[1])
        return Ran(entries, size, self.gits.calls[gits:], self.baro.github.requests[requests:])

    async def _journal(self, run: str) -> tuple[list[Entry], int]:
        client = connect(self._redis_url)
        store = Store(client, lease=5, retention=60)
        async with asyncio.timeout(PATIENCE):
            while run in await store.open():  # noqa: ASYNC110 - another process closes it, after the last comment
                await asyncio.sleep(0.02)
        raw = await client.xrange(journal_key(run))
        size = sum(len(name) + len(value) for _, fields in raw for name, value in fields.items())
        await store.aclose()
        return [entry_of(id, fields) for id, fields in raw], size


@asynccontextmanager
async def bench(root: Path, redis_url: str = "") -> AsyncIterator[Bench]:
    """With a Redis of its own where none is given; every git that baro starts is counted."""
    if redis_url:
        gits = Gits(root)
        async with house(root, redis_url, start=False, PATH=gits.path) as baro:
            yield Bench(baro, redis_url, gits)
    else:
        async with embedded_redis(root / "redis") as url, bench(root, url) as made:
            yield made


def planned(stories: Sequence[Story], steps: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The script of a run with this plan, in which agents take these steps."""
    plan = [
        {
            "id": story.id,
            "title": story.title,
            "goal": story.goal,
            "acceptance": ["it is done"],
            "depends_on": list(story.depends_on),
            "writes": list(story.writes),
        }
        for story in stories
    ]
    work = [{"role": "story", "story": id, "steps": its} for id, its in steps.items()]
    return [{"role": "intake", "answer": INTAKE}, {"role": "plan", "answer": {"stories": plan}}, PASS, *work]
