"""One story, from being wanted to having landed."""

from __future__ import annotations

from typing import ClassVar

from runner.domain.agent import Did, Ended, FailureKind
from runner.domain.change import Harvest, Landing

from .base import Answer, Event, Request


class StoryWanted(Request, frozen=True):
    """Seat an agent for this attempt. `evidence` is what the last attempt failed with."""

    to: ClassVar[str] = "story_factory"
    story: str
    attempt: int
    evidence: str = ""
    keep: bool = False
    """go on in the worktree as the last attempt left it, rather than from the run branch's head"""
    route: str = ""
    """`backend[:model]`; empty: the run's agent"""


class StorySeated(Answer, frozen=True):
    story: str
    attempt: int
    base: str
    agent: str
    """backend:model"""


class AttemptWanted(Request, frozen=True):
    to: ClassVar[str] = "story_agent"
    story: str
    attempt: int
    evidence: str = ""
    route: str = ""


class AgentDid(Event, frozen=True):
    """What a live agent did since the last one of these: coalesced, kinds and paths only."""

    story: str
    attempt: int
    did: tuple[Did, ...]


class AttemptEnded(Answer, frozen=True):
    story: str
    attempt: int
    ended: Ended


class HarvestWanted(Request, frozen=True):
    to: ClassVar[str] = "operator"
    story: str
    attempt: int
    at: float
    """the commit's date: a repeated harvest makes the same commit"""


class StoryHarvested(Answer, frozen=True):
    story: str
    harvest: Harvest


class LandWanted(Request, frozen=True):
    to: ClassVar[str] = "operator"
    story: str
    commit: str
    at: float


class StoryLanded(Answer, frozen=True):
    story: str
    landing: Landing


class StoryUnchanged(Event, frozen=True):
    """The agent ended well and there is nothing to merge."""

    story: str


class StoryFailed(Event, frozen=True):
    """No further attempt: `blocked` are the descendants that will not run because of it."""

    story: str
    kind: FailureKind
    sentence: str
    evidence: str = ""
    blocked: tuple[str, ...] = ()
