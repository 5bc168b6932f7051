"""Folding stories together and keeping them in order, without losing a goal, a criterion, a path or a dependency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from graphlib import TopologicalSorter
from itertools import pairwise

import msgspec

from .plan import Story, Tier
from .text import one_line

Group = list[Story]

_TIERS: tuple[Tier, ...] = ("light", "standard", "heavy")


def in_order(stories: Iterable[Story]) -> list[Story]:
    """Every story after its dependencies, otherwise as the planner listed them."""
    left, placed, ordered = list(stories), set[str](), list[Story]()
    while left:
        following = next(story for story in left if placed.issuperset(story.depends_on))
        left.remove(following)
        placed.add(following.id)
        ordered.append(following)
    return ordered


def ancestors(stories: Iterable[Story]) -> dict[str, set[str]]:
    """Everything each story waits for, near and far."""
    after = {story.id: set(story.depends_on) for story in stories}
    for id in TopologicalSorter(after).static_order():
        after[id] = after[id].union(*(after[before] for before in after[id]))
    return after


def fold(group: Sequence[Story]) -> Story:
    """Several stories as one that keeps every goal, criterion, path and check, under the first one's id."""
    first = group[0]
    if len(group) == 1:
        return first
    return Story(
        id=first.id,
        title=one_line("; ".join(story.title for story in group)),
        goal="\n\n".join(f"{story.title}:\n{story.goal}" for story in group),
        acceptance=_union(story.acceptance for story in group),
        depends_on=_union(story.depends_on for story in group),
        writes=_union(story.writes for story in group),
        tier=max((story.tier for story in group), key=_TIERS.index),
        verify=_union(story.verify for story in group),
    )


def _union(texts: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for each in texts for text in each))


def contract(groups: Sequence[Group]) -> list[Story]:
    """Every group as one story; dependencies on a member become dependencies on its group."""
    home = home_of(groups)
    folded = []
    for group in groups:
        story = fold(group)
        needs = dict.fromkeys(home[id] for id in story.depends_on)
        folded.append(msgspec.structs.replace(story, depends_on=tuple(id for id in needs if id != story.id)))
    return in_order(folded)


def home_of(groups: Iterable[Group]) -> dict[str, str]:
    return {story.id: group[0].id for group in groups for story in group}


def slices(stories: Sequence[Story], cap: int) -> list[Group]:
    """At most `cap` runs of neighbours, as even as can be: neighbours of an order never make a circle."""
    count = min(cap, len(stories))
    bounds = [round(number * len(stories) / count) for number in range(count + 1)]
    return [list(stories[start:end]) for start, end in pairwise(bounds)]


def smallest_groups(stories: Sequence[Story], cap: int) -> list[Group]:
    """Pairs are folded until `cap` are left: the smallest first, then those that wait for each other anyway."""
    groups: list[Group] = [[story] for story in stories]
    while len(groups) > cap:
        first, second = min(_foldable(groups), key=lambda pair: pair[0])[1]
        groups[first] = sorted([*groups[first], *groups.pop(second)], key=stories.index)
        groups.sort(key=lambda group: stories.index(group[0]))
    return groups


def _foldable(groups: Sequence[Group]) -> Iterable[tuple[tuple[int, bool, int, int], tuple[int, int]]]:
    """Pairs with no third group between them (folding would make a circle), each with its rank."""
    folded = contract(groups)
    place = {group[0].id: number for number, group in enumerate(groups)}
    before = ancestors(folded)
    after = {id: {other for other in before if id in before[other]} for id in before}
    for a, b in ((x, y) for at, x in enumerate(folded) for y in folded[at + 1 :]):
        if after[a.id] & before[b.id]:
            continue
        first, second = sorted((place[a.id], place[b.id]))
        size = len(groups[first]) + len(groups[second])
        yield (size, a.id not in before[b.id], first, second), (first, second)
