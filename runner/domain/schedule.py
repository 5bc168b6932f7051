"""Which stories may run now: dataflow over the DAG, under a cap of slots."""

from __future__ import annotations

from collections.abc import Container, Sequence
from graphlib import TopologicalSorter
from typing import Literal

from .config import Limits
from .mode import Mode
from .plan import Story, Tier

State = Literal["waiting", "running", "landed", "failed", "blocked"]

OVER: frozenset[State] = frozenset({"landed", "failed", "blocked"})


def slots_for(mode: Mode, limits: Limits) -> int:
    """How many agents may work at a time: only a parallel run has more than one."""
    return max(1, limits.agents) if mode is Mode.PARALLEL else 1


class Schedule:
    """The state of every story of one run. Each change is one of four named transitions; any other is a bug.

    waiting ─start→ running ─landed→ landed
       └────────failed───┴─failed→ failed   (and all that waits for it, however far down: blocked)
    """

    def __init__(self, stories: Sequence[Story], slots: int) -> None:
        """The stories of a shaped plan, which has no cycle and no unknown dependency."""
        self._after: dict[str, tuple[str, ...]] = {story.id: story.depends_on for story in stories}
        self._slots = slots
        self._state: dict[str, State] = dict.fromkeys(self._after, "waiting")
        self._depth = _remaining(stories)

    def ready(self, held: Container[str] = ()) -> list[str]:
        """The stories to start now, none of those `held`: those with most ahead of them first, then in the plan's
        order."""
        waiting = [id for id, state in self._state.items() if state == "waiting" and id not in held]
        able = [id for id in waiting if self._all_landed(id)]
        return sorted(able, key=lambda id: -self._depth[id])[: max(0, self._slots - len(self.running))]

    def start(self, id: str) -> None:
        self._move(id, "running", {"waiting"})

    def landed(self, id: str) -> None:
        """Its work, or the fact that there was none to do, is in place for those that depend on it."""
        self._move(id, "landed", {"running"})

    def lost(self, id: str) -> None:
        """Its work is gone with the machine that held it: it has to be done again, and what builds on it waits."""
        self._move(id, "waiting", {"landed"})
        for other in self._descendants(id):
            if self._state[other] == "running":
                self._state[other] = "waiting"

    def failed(self, id: str) -> tuple[str, ...]:
        """Returns the descendants that are blocked by it now, in the plan's order. A waiting story may be given up."""
        self._move(id, "failed", {"running", "waiting"})
        blocked = self.blocked_by(id)
        for other in blocked:
            self._move(other, "blocked", {"waiting"})
        return blocked

    def blocked_by(self, id: str) -> tuple[str, ...]:
        """What `failed(id)` would block; changes nothing."""
        return tuple(other for other in self._descendants(id) if self._state[other] == "waiting")

    def replanned(self, stories: Sequence[Story], again: str) -> Schedule:
        """The same run with another plan: what landed, failed or is running stays that; `again`, the story that made
        the change necessary, and all that has not begun wait, or are blocked by what failed."""
        new = Schedule(stories, self._slots)
        begun: set[State] = {"landed", "failed", "running"}
        for id, state in self._state.items():
            if id in new._state and id != again and state in begun:
                new._state[id] = state
        for id, state in list(new._state.items()):
            if state == "failed":
                for other in new.blocked_by(id):
                    new._state[other] = "blocked"
        return new

    @property
    def states(self) -> dict[str, State]:
        """A copy, in the plan's order."""
        return dict(self._state)

    @property
    def running(self) -> tuple[str, ...]:
        return tuple(id for id, state in self._state.items() if state == "running")

    @property
    def done(self) -> bool:
        return all(state in OVER for state in self._state.values())

    def _all_landed(self, id: str) -> bool:
        return all(self._state[other] == "landed" for other in self._after[id])

    def _move(self, id: str, to: State, allowed: set[State]) -> None:
        if self._state[id] not in allowed:
            raise ValueError(f"story {id} is {self._state[id]} and cannot become {to}")
        if to == "running" and not self._all_landed(id):
            raise ValueError(f"story {id} cannot start before its dependencies have landed")
        self._state[id] = to

    def _descendants(self, id: str) -> list[str]:
        found = {id}
        for other in TopologicalSorter(self._after).static_order():
            if found.intersection(self._after[other]):
                found.add(other)
        return [other for other in self._after if other in found - {id}]


WEIGHT: dict[Tier, int] = {"light": 2, "standard": 3, "heavy": 4}
"""how long a story of a tier takes, beside the others: nobody knows before, but planners know the hard ones"""
BUNDLE = 3
"""Two ways of the same length are likelier to hold a slow story than one is: lengths are bundled as their cubic norm,
between their maximum (what a known duration would ask for) and their sum. Larger and smaller exponents, the work that
waits behind a story and the number of its descendants were no better on ten seeds of `make bench`."""


def _remaining(stories: Sequence[Story]) -> dict[str, float]:
    """The weight of what each story keeps waiting on the ways from it to the end, itself included."""
    after = {story.id: story.depends_on for story in stories}
    weight = {story.id: WEIGHT[story.tier] for story in stories}
    ahead: dict[str, float] = dict.fromkeys(after, 0.0)
    """the lengths of the ways on from each story, to the power of BUNDLE"""
    depth: dict[str, float] = {}
    for id in reversed([*TopologicalSorter(after).static_order()]):
        depth[id] = weight[id] + ahead[id] ** (1 / BUNDLE)
        for before in after[id]:
            ahead[before] += depth[id] ** BUNDLE
    return depth
