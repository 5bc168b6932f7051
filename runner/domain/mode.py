"""The shape of the work, and the decision on it with its reason."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct


class Mode(StrEnum):
    FOCUSED = "focused"
    SEQUENTIAL = "sequential"
    PARALLEL = "parallel"


class Intake(Struct, frozen=True):
    """A decided mode. `confidence` is 0..1; `source` says who decided, in falling order of authority."""

    mode: Mode
    confidence: float
    reason: str
    source: Literal["user", "config", "rule", "model", "fallback"]
