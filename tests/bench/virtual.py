"""Plans run in virtual time: exact, without a clock, under the schedule that real runs use."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from graphlib import TopologicalSorter
from random import Random

from msgspec.structs import replace

from runner.domain.plan import Story, Tier
from runner.domain.schedule import Schedule

Durations = Mapping[str, float]


def makespan(stories: Sequence[Story], durations: Durations, slots: int) -> float:
    """When the last story has landed, if each takes its duration and everything else takes nothing."""
    return _play(Schedule(stories, slots), durations, lambda ready, _: ready)


def by_levels(stories: Sequence[Story], durations: Durations, slots: int) -> float:
    """The same plan with its levels as barriers."""
    return sum(makespan([replace(s, depends_on=()) for s in level], durations, slots) for level in levels(stories))


def foreknown(stories: Sequence[Story], durations: Durations, slots: int) -> float:
    """The same, longest remaining path first, by somebody who knows how long every story will take."""
    ahead = dict(durations)
    for story in reversed(_in_order(stories)):
        for before in story.depends_on:
            ahead[before] = max(ahead[before], durations[before] + ahead[story.id])

    def choose(ready: list[str], busy: int) -> list[str]:
        return sorted(ready, key=lambda id: -ahead[id])[: slots - busy]

    return _play(Schedule(stories, len(stories)), durations, choose)


def bound(stories: Sequence[Story], durations: Durations, slots: int) -> float:
    """No schedule is shorter than the critical path, or than all the work shared out evenly over the slots."""
    ends: dict[str, float] = {}
    for story in _in_order(stories):
        ends[story.id] = durations[story.id] + max((ends[id] for id in story.depends_on), default=0.0)
    return max(max(ends.values()), sum(durations[story.id] for story in stories) / slots)


def levels(stories: Sequence[Story]) -> list[list[Story]]:
    """Stories by the length of the longest way to them."""
    depth: dict[str, int] = {}
    found: dict[int, list[Story]] = {}
    for story in _in_order(stories):
        depth[story.id] = max((depth[id] + 1 for id in story.depends_on), default=0)
        found.setdefault(depth[story.id], []).append(story)
    return [found[level] for level in sorted(found)]


def _play(schedule: Schedule, durations: Durations, choose: Callable[[list[str], int], list[str]]) -> float:
    now, working = 0.0, list[tuple[float, str]]()
    while not schedule.done:
        for id in choose(schedule.ready(), len(working)):
            schedule.start(id)
            heapq.heappush(working, (now + durations[id], id))
        now, done = heapq.heappop(working)
        schedule.landed(done)
    return now


def _in_order(stories: Sequence[Story]) -> list[Story]:
    by_id = {story.id: story for story in stories}
    return [by_id[id] for id in TopologicalSorter({s.id: s.depends_on for s in stories}).static_order()]


# --- plans -----------------------------------------------------------------------------------------------------


def random_plan(random: Random) -> tuple[list[Story], dict[str, float], int]:
    """Stories, their durations in minutes, and slots: 3 to 40 stories in layers of a width that differs by plan, each
    after one to three of those before it (mostly of the last layer), under 2 to 8 slots.

    Durations are log-normal, as in life: most alike, a few several times as long. Tiers are a planner's guess at them.
    """
    size, width, slots = random.randint(3, 40), random.randint(1, 10), random.randint(2, 8)
    spread = random.uniform(0.1, 0.9)
    stories: list[Story] = []
    durations: dict[str, float] = {}
    layers: list[list[str]] = []
    while len(stories) < size:
        first, count = len(stories) + 1, min(random.randint(1, width), size - len(stories))
        layer = [f"S{number}" for number in range(first, first + count)]
        for id in layer:
            durations[id] = random.lognormvariate(1.0, spread)
            stories.append(Story(id, id, id, depends_on=_before(layers, random), tier=_guess(durations[id], random)))
        layers.append(layer)
    return stories, durations, slots


def _before(layers: Sequence[Sequence[str]], random: Random) -> tuple[str, ...]:
    near = [id for layer in layers[-2 if random.random() < 0.25 else -1 :] for id in layer]
    return tuple(sorted(random.sample(near, min(len(near), random.randint(1, 3)))))


def _guess(duration: float, random: Random) -> Tier:
    guess = duration * random.lognormvariate(0.0, 0.4)
    return "light" if guess < 1.8 else "standard" if guess < 4.5 else "heavy"
