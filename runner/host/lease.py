"""Holding a lease: renewed while it is needed, and the work under it cancelled the moment it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from runner.errors import LeaseLost, StoreDown
from runner.ports import Clock, Lease, Leases

log = structlog.get_logger(__name__)

BEATS = 3
"""renewals in one lease time: two may be missed"""


@asynccontextmanager
async def held(leases: Leases, lease: Lease, clock: Clock, seconds: float) -> AsyncIterator[None]:
    """Renew `lease` for as long as the body runs, then give it back; once it is gone the body ends in LeaseLost."""
    body = asyncio.current_task()
    assert body is not None
    lost = False

    async def beat() -> None:
        nonlocal lost
        due = clock.now() + seconds
        while clock.now() < due:
            await clock.sleep(seconds / BEATS)
            try:
                if not await leases.renew(lease):
                    break
                due = clock.now() + seconds
            except StoreDown as error:  # the store is away; the lease may still be ours when it is back
                log.warning("lease.unrenewed", run=lease.run, error=str(error))
        lost = True
        body.cancel()

    beating = asyncio.create_task(beat(), name=f"baro:lease:{lease.run}")
    try:
        yield
    except asyncio.CancelledError:
        if not lost:
            raise
        body.uncancel()
        raise LeaseLost(f"The lease on {lease.run} could not be renewed.") from None
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        if not lost:
            await _release(leases, lease)


async def _release(leases: Leases, lease: Lease) -> None:
    try:
        await leases.release(lease)
    except StoreDown as error:  # it expires by itself
        log.warning("lease.unreleased", run=lease.run, error=str(error))
