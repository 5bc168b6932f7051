"""A plan: a DAG of small, independently shippable stories."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Tier = Literal["light", "standard", "heavy"]


class Story(Struct, frozen=True):
    """One unit of work. `writes` are repository-relative paths or globs: the declared write surface."""

    id: str
    title: str
    goal: str
    acceptance: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    tier: Tier = "standard"
    verify: tuple[str, ...] = ()


class Plan(Struct, frozen=True):
    """Stories as proposed, by a model or a rule: not yet fit to run (see shape)."""

    stories: tuple[Story, ...]
