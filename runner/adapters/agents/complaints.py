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


def trouble(words: str) -> Trouble | None:
    """None where the words say nothing that is known."""
    if status := STATUS.search(words):
        return int(status[1] or status[2])
    return next((what for what, pattern in WORDS if re.search(pattern, words, re.IGNORECASE)), None)
