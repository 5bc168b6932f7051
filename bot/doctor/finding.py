"""One line of the doctor's: what was looked at, how it is, and whose turn it is."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

State = Literal["ok", "warning", "failed", "skipped"]
"""`skipped`: not needed here, or not to be known before something else is mended"""


class Finding(Struct, frozen=True):
    """`name` is stable, for machines; `says` is one sentence, `hint` what is to be done about it."""

    name: str
    state: State
    says: str
    hint: str = ""


def ok(name: str, says: str, hint: str = "") -> Finding:
    return Finding(name, "ok", says, hint)


def warning(name: str, says: str, hint: str = "") -> Finding:
    return Finding(name, "warning", says, hint)


def failed(name: str, says: str, hint: str = "") -> Finding:
    return Finding(name, "failed", says, hint)


def skipped(name: str, says: str, hint: str = "") -> Finding:
    return Finding(name, "skipped", says, hint)
