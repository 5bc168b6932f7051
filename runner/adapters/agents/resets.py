"""When a provider that is at its limit says that it can be asked again: read from the words of its message. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

LONGEST = 8 * 86_400.0
"""seconds; a weekly limit is the longest there is, and anything later was misread"""

_LIMIT = re.compile(
    r"\b(?:usage|rate|session|weekly|daily|hourly|spending|5-hour|opus|sonnet)[ _-]limit"
    r"(?:s? (?:is |was |were |been )?(?:reached|exceeded|hit)|_(?:reached|exceeded|error))"
    r"|\byou(?:'|’)?ve (?:hit|reached) your\b.{0,30}\blimit|\bout of (?:extra )?usage\b|\btoo many requests\b",
    re.IGNORECASE,
)

_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_SPAN = re.compile(
    r"(\d+(?:\.\d+)?)\s*(milliseconds?|ms|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])", re.I
)

_EPOCH = re.compile(r"limit[^|\n]{0,80}\|(\d{10})\b", re.IGNORECASE)
_STAMP = re.compile(
    r"(?:-reset|resets?(?: at| on)?)\W{1,4}(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d))", re.I
)
_HEADER = re.compile(r"\bretry[-_ ]after\W{1,4}(\d+(?:\.\d+)?)", re.IGNORECASE)
_IN = re.compile(
    r"\b(?:try again|resets?|retry|available|wait)(?: again)?(?: in| for| after)? (?:about )?"
    r"((?:\d+(?:\.\d+)?\s*[a-z]+[\s,]*(?:and\s+)?)+)",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"\b(?:resets?|try again|available)(?: again)?(?: at| on)?\s+"
    r"(?:(?P<month>[A-Z][a-z]{2})[a-z]* (?P<day>\d{1,2})(?:st|nd|rd|th)?(?:, \d{4})?,?(?: at)? )?"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?\s*(?P<half>[ap]m)?(?!\w)(?:\s*\((?P<zone>[\w/+-]+)\))?",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def is_limit(message: str) -> bool:
    """It speaks of a limit that was reached, whatever status came with it."""
    return _LIMIT.search(message) is not None


def wait(message: str, now: float) -> float | None:
    """Seconds from `now` (since the epoch) until the message says that it can be asked again; None where it does not
    say, or says what cannot be. Of several times the latest: the shorter limit may reset while the longer one holds."""
    found = [seconds for read in _READERS for seconds in read(message, now)]
    fit = [seconds for seconds in found if 0 < seconds <= LONGEST]
    return max(fit, default=None)


def _epochs(message: str, now: float) -> list[float]:
    return [int(at) - now for at in _EPOCH.findall(message)]


def _stamps(message: str, now: float) -> list[float]:
    return [at.timestamp() - now for text in _STAMP.findall(message) if (at := _parsed(text))]


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _headers(message: str, now: float) -> list[float]:  # noqa: ARG001 - a span needs no clock
    return [float(seconds) for seconds in _HEADER.findall(message)]


def _spans(message: str, now: float) -> list[float]:  # noqa: ARG001 - a span needs no clock
    return [_seconds(words) for words in _IN.findall(message)]


def _seconds(words: str) -> float:
    total = 0.0
    for number, unit in _SPAN.findall(words):
        short = "ms" if unit.lower().startswith(("ms", "milli")) else unit[0].lower()
        total += float(number) * _UNITS[short]
    return total


def _clocks(message: str, now: float) -> list[float]:
    return [at.timestamp() - now for match in _CLOCK.finditer(message) if (at := _next(match, now))]


def _next(match: re.Match[str], now: float) -> datetime | None:
    """The next time it is that o'clock there. Without a zone it is UTC, which is what an agent in a sandbox has."""
    if match["half"] is None and match["minute"] is None:
        return None  # a bare number is no time of day
    today = datetime.fromtimestamp(now, _zone(match["zone"]))
    hour = int(match["hour"]) % 12 + 12 * (match["half"].lower() == "pm") if match["half"] else int(match["hour"])
    try:
        at = today.replace(hour=hour, minute=int(match["minute"] or 0), second=0, microsecond=0)
        if match["month"] is None:
            return at if at > today else at + timedelta(days=1)
        at = at.replace(month=_MONTHS.index(match["month"].lower()) + 1, day=int(match["day"]))
        return at if at > today - timedelta(days=30) else at.replace(year=at.year + 1)
    except ValueError:
        return None


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (OSError, ValueError, KeyError):  # a name that is none, or a machine without the names
        return UTC


_READERS: tuple[Callable[[str, float], list[float]], ...] = (_epochs, _stamps, _headers, _spans, _clocks)
