"""Ready-made values for tests that need a run but not a GitHub."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from runner.domain import events as e
from runner.domain.goal import Goal, Person, Repository, Thread, Trigger
from runner.domain.run import RunSpec
from runner.errors import LeaseLost

REPOSITORY = Repository(7, "acme", "toolkit")
SPEC = RunSpec(
    id="run0000001",
    installation=1,
    thread=Thread(REPOSITORY, 3, "issue"),
    trigger=Trigger("issue", 3),
    goal=Goal("Add a greeting", "Write `greet(name)` and test it.", "issue", "http://127.0.0.1/acme/toolkit/issues/3"),
    requester=Person(11, "maria"),
    base_ref="main",
)


def spec(**changes: Any) -> RunSpec:
    return msgspec.structs.replace(SPEC, **changes)


def first(run: RunSpec = SPEC, at: float = 1000.0) -> e.Entry:
    return e.Entry(seq=1, at=at, by="admission", event=e.RunSubmitted(spec=run))


def journal(*said: tuple[str, e.Event], run: RunSpec = SPEC, step: float = 1.0) -> list[e.Entry]:
    """A journal of these events after the first, one second apart."""
    rest = [e.Entry(seq=n, at=1000.0 + step * n, by=by, event=event) for n, (by, event) in enumerate(said, 2)]
    return [first(run), *rest]


class MemoryJournal:
    """An append-only list with the journal's one rule, for tests of the bus alone.

    `lost` decides, per append, whether the host dies before or after the write."""

    def __init__(self, entries: Sequence[e.Entry] = (), fate: Callable[[], str] = lambda: "ok") -> None:
        self.entries = list(entries)
        self._fate = fate

    async def append(self, expected: int, entries: Sequence[e.Entry]) -> None:
        fate = self._fate()
        if fate == "before":
            raise LeaseLost("died before the write")
        if expected != (self.entries[-1].seq if self.entries else 0):
            raise LeaseLost("somebody else wrote")
        # Through the wire format, as Redis would: what cannot be written must not pass a test.
        self.entries += [msgspec.structs.replace(entry, event=e.decode(e.encode(entry.event))) for entry in entries]
        if fate == "after":
            raise LeaseLost("died after the write")
