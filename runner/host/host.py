"""The host: claims runs and carries each to its end, a few at a time, under a lease.

Leaving it puts every run down where it stands; the journal lets the next host go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from structlog.contextvars import bound_contextvars

from runner.bus import Bus, Roster
from runner.crashpoints import crashpoint
from runner.domain import events as e
from runner.domain.isolation import SandboxLevel
from runner.domain.run import RunSpec
from runner.errors import LeaseLost, StaleSchema, StoreDown
from runner.ports import Clock, Journal, Lease, Leases, Runs

from .lease import held

log = structlog.get_logger(__name__)

TRIES = 3
"""times a run may break the engine itself before it is given up in words"""

LastWords = Callable[[RunSpec], Awaitable[None]]
"""Tells people about a run whose participants cannot speak any more."""


@dataclass(frozen=True)
class Durable:
    """The stores a host stands on; one object may satisfy all three."""

    journal: Journal
    leases: Leases
    runs: Runs


class Host:
    def __init__(
        self,
        name: str,
        durable: Durable,
        clock: Clock,
        seat: Callable[[], Roster],
        last_words: LastWords,
        *,
        capacity: int,
        lease_seconds: float,
        isolation: SandboxLevel | None = None,
    ) -> None:
        """`name` must be the same after a restart and differ from every live host's. `capacity` is runs at a time,
        `isolation` how well agents are isolated here."""
        self.name = name
        self._durable = durable
        self._clock = clock
        self._seat = seat
        self._last_words = last_words
        self._capacity = capacity
        self._lease_seconds = lease_seconds
        self._isolation = isolation
        self._running: dict[str, asyncio.Task[None]] = {}
        self._broken: dict[str, int] = {}
        self._stopping = False
        self._taking = asyncio.Lock()
        self.freed = asyncio.Event()
        """set whenever a run has left this host, so that a pending one can be taken at once"""

    @property
    def full(self) -> bool:
        return self._stopping or len(self._running) >= self._capacity

    @property
    def running(self) -> tuple[str, ...]:
        return tuple(self._running)

    async def take(self, run: str) -> bool:
        """Claim the run and go on with it in the background. False when it is not ours to take, or we are full."""
        async with self._taking:  # a second claim of ours would take the lease from the first
            if self.full or run in self._running:
                return False
            lease = await self._durable.leases.claim(run, self.name)
            if lease is None:
                return False
            self._start(lease)
        return True

    def _start(self, lease: Lease) -> None:
        run = lease.run
        task = asyncio.create_task(self._guarded(lease), name=f"baro:run:{run}")
        self._running[run] = task
        task.add_done_callback(lambda _: self._left(run))

    async def stop(self) -> None:
        """Take nothing new and put every run down; returns when nothing of theirs is left on this machine."""
        async with self._taking:
            self._stopping = True
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _left(self, run: str) -> None:
        self._running.pop(run, None)
        self.freed.set()

    async def _guarded(self, lease: Lease) -> None:
        """One lease on one run. Whatever goes wrong ends in the log, and after a few tries in words to people."""
        with bound_contextvars(run=lease.run):
            try:
                async with held(self._durable.leases, lease, self._clock, self._lease_seconds):
                    await self._carry(lease)
                self._broken.pop(lease.run, None)
            except LeaseLost as lost:
                log.warning("run.lease_lost", why=str(lost))
            except StoreDown as error:
                log.warning("run.store_away", error=str(error))
            except Exception:
                log.exception("run.broke")

    async def _carry(self, lease: Lease) -> None:
        entries = await self._durable.journal.read(lease.run)
        spec = _spec(entries)
        try:
            if not isinstance(entries[-1].event, e.RunEnded):
                await self._play(lease, entries)
        except (LeaseLost, StoreDown):
            raise
        except Exception:
            self._broken[lease.run] = self._broken.get(lease.run, 0) + 1
            if self._broken[lease.run] < TRIES:
                raise
            log.exception("run.given_up")
            await self._last_words(spec)
        crashpoint("run.ended")
        await self._durable.runs.close(lease, spec.thread)
        log.info("run.closed")

    async def _play(self, lease: Lease, entries: Sequence[e.Entry]) -> None:
        bus = Bus(self._seat(), _Recorder(self._durable.journal, lease), self._clock.now)
        bus.replay(entries)
        log.info("run.taken", fence=lease.fence, resumed=len(entries) > 1)
        await bus.run(e.RunTaken(host=self.name, fence=lease.fence, isolation=self._isolation))


class _Recorder:
    def __init__(self, journal: Journal, lease: Lease) -> None:
        self._journal = journal
        self._lease = lease

    async def append(self, expected: int, entries: Sequence[e.Entry]) -> None:
        crashpoint("turn.before")
        await self._journal.append(self._lease, expected, entries)
        crashpoint("turn.after")


def _spec(entries: Sequence[e.Entry]) -> RunSpec:
    """Raises StaleSchema for a journal from a newer baro."""
    first = entries[0].event
    assert isinstance(first, e.RunSubmitted)
    if first.schema > e.SCHEMA:
        raise StaleSchema(f"Run {first.spec.id} was started by a newer baro (schema {first.schema}).")
    return first.spec
