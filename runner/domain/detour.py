"""Which routes are closed for now, why the next one is taken, and when to try again. No clock: time is an argument."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from .agent import Failure

PAUSE_FIRST = 2.0
"""seconds before the first repeat of what failed for reasons of its surroundings; doubles from there"""
PAUSE_MAX = 60.0
"""seconds, the longest such pause unless the provider asks for more"""


def pause(failure: Failure, times: int) -> float:
    """Seconds to wait after the same has happened for the `times`th time."""
    return failure.retry_after or min(PAUSE_FIRST * 2 ** (min(times, 30) - 1), PAUSE_MAX)


@dataclass
class Roads:
    """A run's memory of the routes that were closed to it: until when, in seconds since the epoch."""

    _until: dict[str, float] = field(default_factory=dict)
    _times: Counter[str] = field(default_factory=Counter)

    def close(self, route: str, at: float, failure: Failure) -> None:
        """A route that failed for its own reasons: until the provider's limit is over, or for as long as this host
        has the run where waiting cures nothing."""
        self._times[route] += 1
        self._until[route] = math.inf if failure.lasting else at + pause(failure, self._times[route])

    def moved(self) -> None:
        """Another host has other command lines and another account's credentials; limits may be the same."""
        self._until = {route: until for route, until in self._until.items() if until != math.inf}

    def choose(self, routes: Sequence[str], at: float) -> str:
        """The first that is open, else the one that opens soonest."""
        return min(routes, key=lambda route: max(self._until.get(route, at), at))

    def opens(self, routes: Sequence[str], at: float) -> float:
        """When one of them is open: `at` where one is, infinity where none will be."""
        return max(self._until.get(self.choose(routes, at), at), at)
