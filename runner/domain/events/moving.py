"""A run that goes on elsewhere."""

from __future__ import annotations

from typing import ClassVar

from .base import Answer, Event, Request


class CheckpointWanted(Request, frozen=True):
    """Keep what has landed where another machine finds it; nobody waits for it."""

    to: ClassVar[str] = "checkpointer"


class Checkpointed(Answer, frozen=True):
    problem: str = ""


class StoryLost(Event, frozen=True):
    """A landed story that is not on this machine's run branch: its host is gone, and it was not checkpointed yet."""

    story: str


class RunMoved(Event, frozen=True):
    """The workspace is ready on another host than before; the run goes on from what is there."""
