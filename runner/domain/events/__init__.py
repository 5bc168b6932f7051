"""The typed events of a run: what the bus carries and the journal keeps.

A *request* is addressed to a hand (`to`) and gets exactly one terminal *answer*, which names the request's
sequence number in `answers`. Everything else is a fact. Names: requests end in `Wanted`, facts and answers are
past tense. Adding an event, or a field with a default, keeps the schema; anything else raises SCHEMA.
"""

from __future__ import annotations

from typing import Union

import msgspec

from .base import SCHEMA, Answer, Entry, Event, Request
from .door import CancelAsked, Knocked, TimerFired, TimerSet
from .frame import (
    EngineStalled,
    HandFailed,
    HandStopped,
    ListenerFailed,
    RunConcluded,
    RunEnded,
    RunSubmitted,
    RunTaken,
    Withdrawn,
)
from .judging import (
    BudgetReached,
    Compared,
    CompareWanted,
    Critiqued,
    CritiqueWanted,
    FindingsOffered,
    HealingProposed,
    HealingWanted,
    PlanHealed,
    Verified,
    VerifyWanted,
    WriteWarned,
)
from .moving import Checkpointed, CheckpointWanted, RunMoved, StoryLost
from .planning import IntakeGiven, IntakeWanted, PlanGiven, PlanShaped, PlanWanted, WorkspaceReady, WorkspaceWanted
from .publishing import (
    CommentShown,
    CommentWanted,
    PullShown,
    PullWanted,
    PushEnded,
    PushWanted,
    ReactionShown,
    ReactionWanted,
    Tidied,
    TidyWanted,
)
from .routing import Rerouted, RouteFailed
from .stories import (
    AgentDid,
    AttemptEnded,
    AttemptWanted,
    HarvestWanted,
    LandWanted,
    StoryFailed,
    StoryHarvested,
    StoryLanded,
    StorySeated,
    StoryUnchanged,
    StoryWanted,
)

__all__ = [
    "SCHEMA",
    "AgentDid",
    "Answer",
    "AttemptEnded",
    "AttemptWanted",
    "BudgetReached",
    "CancelAsked",
    "CheckpointWanted",
    "Checkpointed",
    "CommentShown",
    "CommentWanted",
    "CompareWanted",
    "Compared",
    "CritiqueWanted",
    "Critiqued",
    "EngineStalled",
    "Entry",
    "Event",
    "FindingsOffered",
    "HandFailed",
    "HandStopped",
    "HarvestWanted",
    "HealingProposed",
    "HealingWanted",
    "IntakeGiven",
    "IntakeWanted",
    "Knocked",
    "LandWanted",
    "ListenerFailed",
    "PlanGiven",
    "PlanHealed",
    "PlanShaped",
    "PlanWanted",
    "PullShown",
    "PullWanted",
    "PushEnded",
    "PushWanted",
    "ReactionShown",
    "ReactionWanted",
    "Request",
    "Rerouted",
    "RouteFailed",
    "RunConcluded",
    "RunEnded",
    "RunMoved",
    "RunSubmitted",
    "RunTaken",
    "StoryFailed",
    "StoryHarvested",
    "StoryLanded",
    "StoryLost",
    "StorySeated",
    "StoryUnchanged",
    "StoryWanted",
    "Tidied",
    "TidyWanted",
    "TimerFired",
    "TimerSet",
    "Verified",
    "VerifyWanted",
    "Withdrawn",
    "WorkspaceReady",
    "WorkspaceWanted",
    "WriteWarned",
    "decode",
    "encode",
]


def _leaves(kind: type[Event]) -> list[type[Event]]:
    """Every event class that can be said, so that the decoder knows them all."""
    own = [] if kind in (Event, Request, Answer, Knocked) else [kind]
    return own + [leaf for child in kind.__subclasses__() for leaf in _leaves(child)]


_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Union[tuple(_leaves(Event))])  # noqa: UP007 - a union made at run time


def encode(event: Event) -> bytes:
    return _ENCODER.encode(event)


def decode(data: bytes) -> Event:
    """Raises msgspec.ValidationError for an event this code does not know."""
    return _DECODER.decode(data)
