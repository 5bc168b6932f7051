"""Healing a plan: a surgeon's proposal applied to the stories that have not begun, and to the one that failed.

What has landed or is at work is never touched. The result must be a valid plan like any other.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from .plan import Story, read_plan

Action = Literal["split", "prerequisite", "rewire", "drop", "stop"]


class Rewired(Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    depends_on: tuple[str, ...]


class Proposal(Struct, frozen=True):
    """A surgeon's JSON, read."""

    action: Action
    reason: str
    added: tuple[Story, ...] = ()
    removed: tuple[str, ...] = ()
    rewired: tuple[Rewired, ...] = ()


def read_proposal(reply: object) -> tuple[Proposal | None, tuple[str, ...]]:
    try:
        return msgspec.convert(reply, Proposal), ()
    except msgspec.ValidationError as error:
        return None, (f"the surgeon's answer could not be read: {error}",)


def heal(
    stories: tuple[Story, ...], fixed: frozenset[str], failed: str, proposal: Proposal, limit: int
) -> tuple[tuple[Story, ...] | None, tuple[str, ...]]:
    """The whole plan after the proposal, or every reason why it cannot be. `fixed` are the stories that have landed,
    are at work or are over; `limit` is how many stories the plan may have."""
    problems = [*_forbidden(stories, fixed, proposal)]
    if problems:
        return None, tuple(problems)
    rewired = {change.id: change.depends_on for change in proposal.rewired}
    gone = _gone(failed, proposal)
    kept = [
        msgspec.structs.replace(story, depends_on=_needs(story, failed, rewired, gone, proposal))
        for story in stories
        if story.id not in gone
    ]
    healed = (*kept, *proposal.added)
    problems = [*read_plan({"stories": msgspec.json.decode(msgspec.json.encode(healed))})[1]]
    if len(healed) > limit:
        problems.append(f"The plan would have {len(healed)} stories, and {limit} are allowed.")
    return (None, tuple(problems)) if problems else (healed, ())


def _gone(failed: str, proposal: Proposal) -> set[str]:
    """A dropped story stays in the plan as the failure it is; a split one is replaced."""
    gone = set(proposal.removed) - ({failed} if proposal.action == "drop" else set())
    return gone | ({failed} if proposal.action == "split" else set())


def _needs(
    story: Story, failed: str, rewired: dict[str, tuple[str, ...]], gone: set[str], proposal: Proposal
) -> tuple[str, ...]:
    """Unless it says otherwise, what waited for a story that is gone waits for all that replaces it, and a story that
    gets a prerequisite waits for that too."""
    if story.id in rewired:
        return rewired[story.id]
    if proposal.action == "prerequisite" and story.id == failed:
        return (*story.depends_on, *(new.id for new in proposal.added))
    if not gone.intersection(story.depends_on):
        return story.depends_on
    instead = tuple(new.id for new in proposal.added) if proposal.action == "split" else ()
    return (*(need for need in story.depends_on if need not in gone), *instead)


def _forbidden(stories: tuple[Story, ...], fixed: frozenset[str], proposal: Proposal) -> list[str]:
    known = {story.id for story in stories}
    problems = [f"Story {id} has begun or is over and cannot be removed." for id in proposal.removed if id in fixed]
    problems += [f"Story {r.id} has begun or is over and cannot be rewired." for r in proposal.rewired if r.id in fixed]
    problems += [f"Story {id} is not in the plan." for id in proposal.removed if id not in known]
    problems += [f"Story {r.id} is not in the plan." for r in proposal.rewired if r.id not in known]
    problems += [f"Story {s.id} is in the plan already." for s in proposal.added if s.id in known]
    if proposal.action in ("split", "prerequisite") and not proposal.added:
        problems.append(f"A {proposal.action} adds at least one story.")
    if proposal.action == "rewire" and not proposal.rewired:
        problems.append("A rewire changes at least one story.")
    if proposal.action in ("rewire", "drop") and proposal.added:
        problems.append(f"A {proposal.action} adds no story.")
    return problems
