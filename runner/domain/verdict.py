"""What others say about a story's work: checks that ran, and a critic's vote."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec import Struct

from .network import Blocked


class Check(Struct, frozen=True):
    """One command that says whether the repository is well. `source` is the file that asks for it."""

    name: str
    command: str
    source: str = ""
    directory: str = ""
    """repository-relative; empty is the root"""


class CheckResult(Struct, frozen=True):
    """`skipped` is neither of the others: the check could not say anything, for `reason`."""

    name: str
    command: str
    state: Literal["pass", "fail", "skipped"]
    seconds: float = 0.0
    reason: str = ""
    output: str = ""
    """a capped tail of what it printed, where it failed"""
    blocked: tuple[Blocked, ...] = ()
    """hosts that it asked for and did not reach"""


def failing_before(results: Iterable[CheckResult], before: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """Of the checks that fail on a result, as they were where the run began: those that failed there as well."""
    failed = {_key(result) for result in results if result.state == "fail"}
    return tuple(old for old in before if old.state == "fail" and _key(old) in failed)


def blamed(results: Iterable[CheckResult], before: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """The checks that fail on a result and did not before."""
    old = {_key(result) for result in before if result.state == "fail"}
    return tuple(result for result in results if result.state == "fail" and _key(result) not in old)


def _key(result: CheckResult) -> tuple[str, str]:
    return result.name, result.command


class Verdict(Struct, frozen=True):
    """A critic's vote on a story's work. An evaluator that could not be asked is inconclusive, never a fail."""

    verdict: Literal["pass", "fail", "inconclusive"]
    reasoning: str = ""
    violated_criteria: tuple[str, ...] = ()

    @property
    def evidence(self) -> str:
        """What an attempt that was sent back is told."""
        violated = "\n".join(f"- {criterion}" for criterion in self.violated_criteria)
        return f"A reviewer found this not done:\n{violated}\n\n{self.reasoning}".strip()


def read_verdict(reply: object) -> Verdict:
    """A critic's JSON; whatever cannot be understood is inconclusive."""
    try:
        return msgspec.convert(reply, Verdict)
    except msgspec.ValidationError as error:
        return Verdict("inconclusive", f"the critic's answer could not be read: {error}")
