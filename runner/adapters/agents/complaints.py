"""What is wrong at the model provider, read from the words of a command line that passes on nothing else."""

from __future__ import annotations

import re
from typing import Literal

Trouble = int | Literal["unreachable"]
"""an HTTP status, or a connection that failed"""

STATUS = re.compile(r"\b(?:status:?|error:?|http)\s+(\d{3})\b|^(\d{3})\b", re.IGNORECASE)
WORDS: tuple[tuple[Trouble, str], ...] = (
    (402, r"quota exceeded|insufficient.quota|billing|credit balance"),
    (429, r"usage limit|rate.?limit|too many requests"),
    (503, r"at capacity|overloaded"),
    (500, r"high demand|internal server error"),
    (401, r"not (?:logged|signed) in|log(?:ged)? (?:in again|out)|refresh token|invalid.api.key|incorrect api key"),
    (404, r"model\b.* (?:does not exist|not (?:found|supported|available))|model_not_found"),
    (413, r"context window|context.length|maximum context"),
    (400, r"max_output_tokens|content.?filter"),
    (
        "unreachable",
        r"stream disconnected|stream error|network|connection|connect\b|timed? ?out|error sending request|socket|dns",
    ),
)
"""The first that is found counts: what a model is short of is said inside of sentences about streams and requests."""

AGAIN = re.compile(
    r"(?:try again|retry)\s+(?:in|after)\s+((?:\d+(?:\.\d+)?\s*[a-z]+[\s,]*(?:and\s+)?)+)", re.IGNORECASE
)
SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.IGNORECASE)
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def trouble(words: str) -> Trouble | None:
    """None where the words say nothing that is known."""
    if status := STATUS.search(words):
        return int(status[1] or status[2])
    return next((what for what, pattern in WORDS if re.search(pattern, words, re.IGNORECASE)), None)


def retry_after(words: str) -> float | None:
    """Seconds, as in "try again in 1.5s" or "in 2 hours 5 minutes"."""
    span = AGAIN.search(words)
    return sum(float(number) * _unit(unit) for number, unit in SPAN.findall(span[1])) if span else None


def _unit(name: str) -> float:
    return UNITS["ms"] if name.lower().startswith(("ms", "milli")) else UNITS.get(name[0].lower(), 1.0)
