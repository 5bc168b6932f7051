"""Which route each request of a run takes, and which one follows when it cannot: from the journal alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from runner.domain import events as e
from runner.domain.agent import Ended, Failure
from runner.domain.detour import Roads
from runner.domain.plan import Story
from runner.domain.route import Purpose
from runner.domain.run import RunSpec

ROUTED = e.IntakeWanted | e.PlanWanted | e.StoryWanted | e.CritiqueWanted | e.HealingWanted
"""requests that name the route they are to take"""


@dataclass
class Routes:
    """Folds every entry; never speaks."""

    spec: RunSpec | None = None
    wall: float = math.inf
    """when the run is ended at the latest, in seconds since the epoch"""
    taken: dict[str, str] = field(default_factory=dict)
    """by story, of its last attempt"""
    _roads: Roads = field(default_factory=Roads)
    _stories: dict[str, Story] = field(default_factory=dict)
    _host: str = ""

    def fold(self, entry: e.Entry) -> None:
        match entry.event:
            case e.RunSubmitted(spec=spec):
                self.spec = spec
            case e.RunTaken(host=host):
                if host != self._host:
                    self._roads.moved()
                self._host = host
            case e.TimerSet(name="wall", due=due):
                self.wall = due
            case e.PlanShaped(stories=stories) | e.PlanHealed(stories=stories):
                self._stories = {story.id: story for story in stories}
            case e.StoryWanted(story=story, route=route):
                self.taken[story] = route
            case e.RouteFailed(route=route, failure=failure):
                self._close(route, entry.at, failure)
            case e.AttemptEnded(story=story, ended=Ended(failure=Failure() as failure)) if failure.of_the_route:
                self._close(self.taken[story], entry.at, failure)

    def _close(self, route: str, at: float, failure: Failure) -> None:
        assert self.spec is not None
        self._roads.close(route or self.spec.agent, at, failure)

    def best(self, purpose: Purpose, at: float) -> str:
        """The first one that is open, else the one that opens soonest."""
        assert self.spec is not None
        return self._roads.choose(self.spec.routes(purpose), at)

    def opens(self, purpose: Purpose, at: float) -> float:
        """When one of them is open: `at`, or later; infinity where waiting cures nothing."""
        assert self.spec is not None
        return self._roads.opens(self.spec.routes(purpose), at)

    def held(self, at: float) -> dict[str, float]:
        """Stories that had better not begin yet, because no route of theirs is open, and when one will be. What cannot
        be waited for is not held: it begins, and its failure says why."""
        opening = {story.id: self.opens(story.tier, at) for story in self._stories.values()}
        return {story: due for story, due in opening.items() if at < due < self.wall}

    def another(self, at: float, wanted: e.Request | None, failed: e.RouteFailed) -> Iterator[e.Event]:
        """The same request on the next route, where one is open; else nothing."""
        assert isinstance(wanted, ROUTED)
        purpose = self._purpose(wanted)
        if self.opens(purpose, at) <= at:
            taken, story = self.best(purpose, at), getattr(wanted, "story", "")
            yield e.Rerouted(failed.role, story, failed.route, taken, failed.failure.message)
            yield replace(wanted, route=taken)

    def _purpose(self, wanted: ROUTED) -> Purpose:
        match wanted:
            case e.IntakeWanted():
                return "intake"
            case e.PlanWanted():
                return "plan"
            case e.CritiqueWanted():
                return "critic"
            case e.HealingWanted():
                return "surgeon"
            case e.StoryWanted(story=story):
                return self._stories[story].tier

    def tier(self, story: str) -> Purpose:
        return self._stories[story].tier
