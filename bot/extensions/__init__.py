"""Code from outside: found by entry point, given a room of its own, and carried by one runner at a time.

However an extension behaves, runs go on as if it were not there, and the log names it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

from runner.errors import BaroError
from runner.host.lease import held
from runner.ports import Clock, Leases

from .room import Misbehaved, Room, room

log = structlog.get_logger(__name__)

LOADING = 10.0
"""seconds in which a class must be imported and constructed"""

Carry = Callable[[str, Any, Room], Awaitable[None]]
"""Lets one extension, by its name, do what its kind does; until cancelled."""


class Extensions:
    def __init__(self, kinds: Mapping[str, Carry], leases: Leases, clock: Clock, host: str, lease: float) -> None:
        """`kinds`: how the extensions of each entry-point group are carried. `lease` in seconds."""
        self._kinds = kinds
        self._leases = leases
        self._clock = clock
        self._host = host
        self._lease = lease
        self._rooms: list[Room] = []

    @property
    def stuck(self) -> bool:
        """After the end: a thread of theirs did not stop, and would keep this process from leaving."""
        return any(room.occupied for room in self._rooms)

    async def forever(self) -> None:
        """Until cancelled; with no extension installed as well."""
        async with asyncio.TaskGroup() as group:
            for kind, carry in self._kinds.items():
                for point in found(kind):
                    group.create_task(self._keep(point, carry), name=f"baro:{kind}:{point.name}")
            await asyncio.Event().wait()

    async def _keep(self, point: EntryPoint, carry: Carry) -> None:
        with bound_contextvars(extension=point.name, group=point.group):
            async with room(f"{point.group}:{point.name}") as its:
                self._rooms.append(its)
                try:
                    guest = await its.call(lambda: _made(point), LOADING)
                except Misbehaved as wrong:
                    log.error("extension.not_loaded", object=point.value, why=str(wrong), exc_info=wrong.__cause__)
                    return
                log.info("extension.loaded", object=point.value)
                while True:
                    await self._carry(point, carry, guest, its)
                    await self._clock.sleep(self._lease)

    async def _carry(self, point: EntryPoint, carry: Carry, guest: object, its: Room) -> None:
        """For as long as no other runner does. Comes back when that has to be seen anew."""
        try:
            lease = await self._leases.claim(f"{point.group}:{point.name}", self._host)
            if lease is None:
                return
            async with held(self._leases, lease, self._clock, self._lease):
                await carry(point.name, guest, its)
        except BaroError as error:
            log.warning("extension.later", why=str(error))
        except Exception:
            log.exception("extension.bug")


def found(group: str) -> list[EntryPoint]:
    """The group's entry points, one of each name: progress is kept by name, so two would take it from each other."""
    first: dict[str, EntryPoint] = {}
    try:
        points = entry_points(group=group)
    except Exception:  # one package with broken metadata, of all that are installed, is enough
        log.exception("extensions.not_listed", group=group)
        return []
    for point in points:
        if first.setdefault(point.name, point) is not point:
            log.error("extension.name_taken", extension=point.name, group=group, object=point.value)
    return list(first.values())


async def _made(point: EntryPoint) -> object:
    """Imported and constructed, inside its room: both run code of theirs."""
    made: object = point.load()()
    return made
