"""Random plans for the property tests of the domain."""

from __future__ import annotations

from hypothesis import strategies as st

from runner.domain.plan import Plan, Story

SURFACES = ("src/a.py", "src/b.py", "src/**", "src/*.py", "docs/", "docs/[ab].md", "tests/?.py", "README.md", "**/x")


@st.composite
def plans(draw: st.DrawFn, max_stories: int = 9) -> Plan:
    """Valid plans: a random DAG, listed in random order, in which some stories declare no surface."""
    count = draw(st.integers(1, max_stories))
    stories = [_story(draw, number) for number in range(count)]
    return Plan(tuple(draw(st.permutations(stories))))


def _story(draw: st.DrawFn, number: int) -> Story:
    earlier = [f"S{before}" for before in range(number)]
    return Story(
        id=f"S{number}",
        title=f"title {number}",
        goal=f"goal {number}.",
        acceptance=(f"criterion {number}",),
        depends_on=tuple(sorted(draw(st.sets(st.sampled_from(earlier), max_size=3)))) if earlier else (),
        writes=tuple(sorted(draw(st.sets(st.sampled_from(SURFACES), max_size=2)))),
        tier=draw(st.sampled_from(("light", "standard", "heavy"))),
        verify=(f"check {number}",),
    )


def ancestors(stories: tuple[Story, ...]) -> dict[str, set[str]]:
    """Everything each story waits for; a KeyError tells that one is listed before its dependency."""
    before: dict[str, set[str]] = {}
    for story in stories:
        before[story.id] = set(story.depends_on).union(*(before[id] for id in story.depends_on))
    return before
