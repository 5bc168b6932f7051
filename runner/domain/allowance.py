"""How much of its machine one attempt may take, and what it was stopped for."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

GIB = 1 << 30

Excess = Literal["memory", "processes", "disk", "full"]
"""what it took too much of; `full` says that the volume has no room left, whoever filled it"""


class Allowance(Struct, frozen=True):
    """Of one attempt, together with all it starts. Bytes, but for `processes`."""

    memory: int = 8 * GIB
    disk: int = 16 * GIB
    """what it may add to its tree and its home, and the size of a single file"""
    processes: int = 2048
    spare: int = 1 * GIB
    """what must stay free on the volume, for Redis, git and everybody else"""


STANDARD = Allowance()
