"""What others say about a story: findings, warnings, checks, votes, and a mended plan."""

from __future__ import annotations

from typing import ClassVar, Literal

from runner.domain.agent import FailureKind, Finding, Usage
from runner.domain.plan import Story
from runner.domain.verdict import Check, CheckResult, Verdict

from .base import Answer, Event, Request


class FindingsOffered(Event, frozen=True):
    """What the Librarian gives an attempt on its way; it stands in that attempt's prompt."""

    story: str
    attempt: int
    findings: tuple[Finding, ...]


class WriteWarned(Event, frozen=True):
    """`story` approaches `path`, which `other`, still at work, has already changed."""

    story: str
    other: str
    path: str


class BudgetReached(Event, frozen=True):
    """The run has used what it was given: nothing new is started, and what is done ships."""

    sentence: str


class VerifyWanted(Request, frozen=True):
    """Run the frozen checks, and those of `stories`, which are all in `commit`. `story` is the one whose merge made it
    necessary; empty: the whole result."""

    to: ClassVar[str] = "verifier"
    story: str
    commit: str
    stories: tuple[str, ...]


class Verified(Answer, frozen=True):
    story: str
    results: tuple[CheckResult, ...]
    problem: str = ""
    """why nothing could be verified"""


class CompareWanted(Request, frozen=True):
    """Run these checks, which failed on the result, on `commit`, where the run began: did they fail before?"""

    to: ClassVar[str] = "verifier"
    commit: str
    checks: tuple[Check, ...]


class Compared(Answer, frozen=True):
    results: tuple[CheckResult, ...]
    problem: str = ""


class CritiqueWanted(Request, frozen=True):
    to: ClassVar[str] = "critic"
    story: str
    attempt: int
    commit: str
    route: str = ""


class Critiqued(Answer, frozen=True):
    story: str
    verdict: Verdict
    usage: Usage = Usage()


class HealingWanted(Request, frozen=True):
    """A story failed for reasons of its own, and the plan may be changed once more."""

    to: ClassVar[str] = "surgeon"
    story: str
    kind: FailureKind
    sentence: str
    evidence: str
    route: str = ""


class HealingProposed(Answer, frozen=True):
    """`stories` is the whole plan as it would be then, validated; None: leave it as it is."""

    story: str
    action: Literal["split", "prerequisite", "rewire", "drop", "stop"]
    reason: str
    stories: tuple[Story, ...] | None = None
    usage: Usage = Usage()


class PlanHealed(Event, frozen=True):
    """The plan that runs from here on, and why it changed."""

    story: str
    action: str
    reason: str
    stories: tuple[Story, ...]
