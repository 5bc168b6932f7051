"""Why a check could not say anything: parts of sentences, `code` in backticks."""

from __future__ import annotations

import signal

from runner.domain.allowance import Allowance, Excess

from .allowance import took_too_much


def not_installed(what: str) -> str:
    return f"`{what}` is not installed where checks run"


def not_found() -> str:
    return "a program it needs is not installed where checks run"


def dependencies_missing() -> str:
    return "the project's dependencies are not installed where checks run"


def no_tests() -> str:
    return "it found no tests"


def killed(number: int) -> str:
    name = signal.Signals(number).name if number in {*signal.Signals} else str(number)
    return f"it was killed by {name}, which says nothing about the code"


def silent(seconds: float) -> str:
    return f"it printed nothing for {seconds:g} s and was stopped"


def flooded() -> str:
    return "it printed without end and was stopped"


def stopped(excess: Excess, allowance: Allowance) -> str:
    return f"it was stopped: {took_too_much(excess, allowance)}"


def directory_gone(directory: str) -> str:
    return f"`{directory}` is no longer there"
