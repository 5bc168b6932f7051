"""How well agents are isolated on a host, as found by trying to break out."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Level = Literal["full", "degraded", "none"]
Probe = Literal[
    "files", "environment", "namespaces", "processes", "writes", "kernel", "privileges", "survivor", "redis", "network"
]
"""what was tried from inside"""
_ORDER: tuple[Level, ...] = ("none", "degraded", "full")


class SandboxLevel(Struct, frozen=True):
    """`none` is what an operator asked for in so many words, and so is `degraded`, for its reasons. A sandbox that does
    not hold otherwise has no level: no agent is started in it."""

    level: Level
    reasons: tuple[Probe, ...] = ()


def worse(one: SandboxLevel | None, other: SandboxLevel | None) -> SandboxLevel | None:
    """What a reader must assume of a run that both hosts had; None is unknown."""
    if one is None or other is None:
        return one or other
    level = min(one.level, other.level, key=_ORDER.index)
    return SandboxLevel(level, tuple(dict.fromkeys([*one.reasons, *other.reasons])))
