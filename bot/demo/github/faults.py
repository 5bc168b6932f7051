"""What can go wrong on purpose: chosen requests are refused, hang, or lose their answer after they took effect."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["answer", "hang", "drop"]
When = Literal["before", "after"]


@dataclass(slots=True)
class Fault:
    """One rule. `when="after"` lets the request take effect first; `hits` counts how often it struck."""

    method: str
    path: re.Pattern[str]
    kind: Kind
    status: int
    message: str
    headers: dict[str, str]
    when: When
    times: int | None
    hits: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, method: str, path: str) -> bool:
        spent = self.times is not None and self.hits >= self.times
        return not spent and self.method in ("*", method) and self.path.search(path) is not None


class Faults:
    """The rules in force. `path` is a regular expression searched in the whole path (`/api/v3/repos/…`, `/o/r.git/…`);
    `times=None` strikes until `clear()`. The first rule that matches a request takes it."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def add(
        self, method: str, path: str, *, status: int = 502, times: int | None = 1, message: str = "",
        headers: Mapping[str, str] | None = None, when: When = "before",
    ) -> Fault:  # fmt: skip
        """Answer with `status` in place of, or after, what the request does."""
        return self._rule(Fault(
            method, re.compile(path), "answer", status, message or MESSAGES.get(status, "Server Error"),
            dict(headers or {}), when, times,
        ))  # fmt: skip

    def drop(self, method: str, path: str, *, times: int | None = 1, when: When = "after") -> Fault:
        """Close the connection without an answer; by default after the request took effect."""
        return self._rule(Fault(method, re.compile(path), "drop", 0, "", {}, when, times))

    def hang(self, method: str, path: str, *, times: int | None = 1, when: When = "before") -> Fault:
        """Silence until `fault.released.set()`, `clear()` or the end of the server; then the connection is closed."""
        return self._rule(Fault(method, re.compile(path), "hang", 0, "", {}, when, times))

    def secondary_limit(self, method: str, path: str, *, retry_after: int = 1, times: int | None = 1) -> Fault:
        """GitHub's 403 for going too fast."""
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        return self.add(
            method, path, status=403, times=times, message=message, headers={"Retry-After": str(retry_after)}
        )

    def rate_limit(self, method: str, path: str, *, reset_at: float, times: int | None = 1) -> Fault:
        """GitHub's 403 for an hour's requests used up; `reset_at` in seconds since the epoch."""
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(reset_at))}
        message = "API rate limit exceeded for installation."
        return self.add(method, path, status=403, times=times, message=message, headers=headers)

    def clear(self) -> None:
        """Everything works again, and what hangs is let go."""
        for rule in self._rules:
            rule.released.set()
        self._rules.clear()

    def strike(self, method: str, path: str) -> Fault | None:
        """The rule that takes this request, counted."""
        fault = next((rule for rule in self._rules if rule.matches(method, path)), None)
        if fault:
            fault.hits += 1
        return fault

    def _rule(self, fault: Fault) -> Fault:
        self._rules.append(fault)
        return fault


MESSAGES = {
    401: "Bad credentials",
    403: "Forbidden",
    404: "Not Found",
    429: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
    500: "Internal Server Error",
    502: "Server Error",
    503: "Service Unavailable",
}
