"""The typed events of a run: what the bus carries and the journal keeps.

A *request* is addressed to a hand (`to`) and gets exactly one terminal *answer*, which names the request's
sequence number in `answers`. Everything else is a fact. Names: requests end in `Wanted`, facts and answers are
past tense. Adding an event, or a field with a default, keeps the schema; anything else raises SCHEMA.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Union

import msgspec
from msgspec import Struct

from .agent import Did, Ended, FailureKind, Finding, Usage
from .change import Harvest, Landing, NotPushed, Pushed, Survey
from .mode import Intake, Mode
from .plan import Plan, Story
from .run import Outcome, RunSpec
from .verdict import Check, CheckResult, Verdict

SCHEMA = 1


class Event(Struct, frozen=True, tag=True, tag_field="type"):
    """Anything said on the bus."""


class Request(Event, frozen=True):
    """Addressed to one hand."""

    to: ClassVar[str]


class Answer(Event, frozen=True, kw_only=True):
    """The one terminal answer to the request with sequence number `answers`."""

    answers: int


class Entry(Struct, frozen=True):
    """One event in the journal. `at` is seconds since the epoch; `by` is the participant that said it."""

    seq: int
    at: float
    by: str
    event: Event


# --- the run's frame -------------------------------------------------------------------------------------------


class RunSubmitted(Event, frozen=True):
    """First of every journal."""

    spec: RunSpec
    schema: int = SCHEMA


class RunTaken(Event, frozen=True):
    """A host holds the lease and goes on with the run; the second and later ones follow a crash or a deploy."""

    host: str
    fence: int


class HandFailed(Answer, frozen=True):
    """A hand raised. `sentence` is fit for people; a bug has a plain one and the traceback only in the log."""

    hand: str
    sentence: str
    hint: str = ""
    evidence: str = ""
    bug: bool = False


class HandStopped(Answer, frozen=True):
    """The request was withdrawn before it was answered."""


class Withdrawn(Event, frozen=True):
    """A mind no longer wants an answer to `request`; the bus stops the work."""

    request: int


class ListenerFailed(Event, frozen=True):
    """A source inside the run (the Doorman) died; the Conductor ends the run rather than go on deaf."""

    hand: str
    sentence: str


class EngineStalled(Event, frozen=True):
    """Nothing was in flight, nothing to say and no end: ours to mend, told to people as such."""

    tail: str


class RunConcluded(Event, frozen=True):
    """The outcome is decided; surfaces are still to be told."""

    outcome: Outcome
    sentence: str
    hint: str = ""
    evidence: str = ""


class RunEnded(Event, frozen=True):
    """Last of every journal."""

    outcome: Outcome


# --- time and the door -----------------------------------------------------------------------------------------


class TimerSet(Request, frozen=True):
    """Wake me at `due` (seconds since the epoch). A `background` timer does not count as work in flight."""

    to: ClassVar[str] = "clock"
    name: str
    due: float
    background: bool = False


class TimerFired(Answer, frozen=True):
    name: str


class Knocked(Event, frozen=True):
    """Something from outside a run that is under way; `door` is its place in the run's inbox."""

    door: str


class CancelAsked(Knocked, frozen=True):
    by: str


# --- intake and plan -------------------------------------------------------------------------------------------


class WorkspaceWanted(Request, frozen=True):
    to: ClassVar[str] = "operator"


class WorkspaceReady(Answer, frozen=True):
    survey: Survey
    checks: tuple[Check, ...] = ()
    """what says that the repository is well, found in the base commit before any agent runs"""
    landed: tuple[str, ...] = ()
    """stories on the run branch as this machine has it: fewer than the journal knows where the last host is lost"""


class IntakeWanted(Request, frozen=True):
    to: ClassVar[str] = "intake"


class IntakeGiven(Answer, frozen=True):
    intake: Intake
    usage: Usage = Usage()


class PlanWanted(Request, frozen=True):
    to: ClassVar[str] = "planner"
    intake: Intake


class PlanGiven(Answer, frozen=True):
    """`plan` None: no valid plan came back, for the reasons in `problems`."""

    plan: Plan | None
    problems: tuple[str, ...] = ()
    usage: Usage = Usage()


class PlanShaped(Event, frozen=True):
    """The plan that runs. `mode` may be smaller than intake's; `adjustments` are sentences people see."""

    mode: Mode
    stories: tuple[Story, ...]
    intake: Intake
    """the decision this follows: intake's, or the fallback where intake or planning gave nothing usable"""
    adjustments: tuple[str, ...] = ()


# --- stories ---------------------------------------------------------------------------------------------------


class StoryWanted(Request, frozen=True):
    """Seat an agent for this attempt. `evidence` is what the last attempt failed with."""

    to: ClassVar[str] = "story_factory"
    story: str
    attempt: int
    evidence: str = ""
    keep: bool = False
    """go on in the worktree as the last attempt left it, rather than from the run branch's head"""


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


# --- what others say about it ----------------------------------------------------------------------------------


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
    """Run the frozen checks, and the story's own, on `commit`; `story` empty: the whole result."""

    to: ClassVar[str] = "verifier"
    story: str
    commit: str


class Verified(Answer, frozen=True):
    story: str
    results: tuple[CheckResult, ...]
    problem: str = ""
    """why nothing could be verified"""


class CritiqueWanted(Request, frozen=True):
    to: ClassVar[str] = "critic"
    story: str
    attempt: int
    commit: str


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


# --- moving to another machine -------------------------------------------------------------------------------


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


# --- publishing ------------------------------------------------------------------------------------------------


class PushWanted(Request, frozen=True):
    """Push the run branch, and the branches of `preserved` stories, to the remote."""

    to: ClassVar[str] = "operator"
    preserved: tuple[str, ...] = ()
    aside: bool = False
    """a follow-up whose branch has moved: keep the work on the run's own branch instead"""


class PushEnded(Answer, frozen=True):
    run: Pushed | NotPushed | None
    """None: the run branch has nothing new"""
    preserved: tuple[Pushed | NotPushed, ...] = ()
    collides: tuple[str, ...] = ()
    """paths in which the result conflicts with the base branch, which has moved meanwhile"""


class PullWanted(Request, frozen=True):
    to: ClassVar[str] = "publisher"
    draft: bool


class PullShown(Answer, frozen=True):
    number: int
    url: str


class CommentWanted(Request, frozen=True):
    """Bring the living comment up to date with the report."""

    to: ClassVar[str] = "publisher"


class CommentShown(Answer, frozen=True):
    """`seen` is the last sequence number the comment reflects. `problem`: GitHub will not let us comment."""

    seen: int
    comment: int | None
    problem: str = ""


class ReactionWanted(Request, frozen=True):
    to: ClassVar[str] = "publisher"
    content: Literal["eyes", "rocket", "confused", "-1"]


class ReactionShown(Answer, frozen=True):
    problem: str = ""


class TidyWanted(Request, frozen=True):
    """The run is over: its worktrees and tokens can go."""

    to: ClassVar[str] = "operator"


class Tidied(Answer, frozen=True):
    problem: str = ""


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
