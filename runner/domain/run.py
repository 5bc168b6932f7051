"""A run: one attempt to achieve a goal."""

from __future__ import annotations

import base64
import hashlib
from enum import StrEnum

from msgspec import Struct

from .config import Limits
from .goal import Goal, Person, PullTarget, Thread, Trigger
from .mode import Mode
from .route import AUTO, Purpose, Routing
from .text import slug
from .verdict import Check


class Outcome(StrEnum):
    """How a run ended; exactly one."""

    DONE = "done"
    GAPS = "gaps"
    """something shipped, as a checkpoint that says what is missing"""
    UNCHANGED = "unchanged"
    """the agents ended well and changed nothing"""
    FAILED = "failed"
    CANCELLED = "cancelled"


class RunSpec(Struct, frozen=True):
    """Everything that was decided when the run was admitted."""

    id: str
    installation: int
    thread: Thread
    trigger: Trigger
    goal: Goal
    requester: Person
    base_ref: str
    """the branch the result is for: the default branch, or a pull request's base"""
    pull: PullTarget | None = None
    """set for a follow-up: the run starts from this head and is pushed to it"""
    mode: Mode | None = None
    """a person's explicit wish"""
    config_mode: Mode | None = None
    """the repository's wish"""
    agent: str = AUTO
    """who does what `agents` says nothing of"""
    agents: Routing = {}
    """for each role and tier its routes, best first"""
    limits: Limits = Limits()
    verify: tuple[Check, ...] | None = None
    """what the repository wants its result checked with; None: what is found in it, empty: nothing"""

    @property
    def branch(self) -> str:
        """The run's own branch; a follow-up pushes to `pull.head_ref` instead."""
        return f"baro/{slug(self.goal.title)}-{self.id}"

    def routes(self, purpose: Purpose) -> tuple[str, ...]:
        return self.agents.get(purpose) or (self.agent,)

    def story_branch(self, story: str) -> str:
        return f"baro-wt/{self.id}/{story}"


def run_id(ask_key: str) -> str:
    """The same ask twice is the same run: 10 characters of base32, derived from the ask's key alone."""
    digest = hashlib.sha256(ask_key.encode()).digest()
    return base64.b32encode(digest).decode().lower()[:10]
