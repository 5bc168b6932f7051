"""What participants and handlers may ask of the world, as small Protocols; adapters satisfy them.

Every method may raise BaroError. Nothing here carries a credential.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from msgspec import Struct

from .domain.agent import Did, Ended, Role
from .domain.change import Change, Harvest, Landing, NotPushed, Pushed, Survey
from .domain.events import Entry, Event, Knocked
from .domain.goal import Person, PullTarget, Repository, Thread, Trigger
from .domain.plan import Story
from .domain.run import RunSpec
from .domain.verdict import Check, CheckResult

# --- time ------------------------------------------------------------------------------------------------------


class Clock(Protocol):
    """Wall time, in seconds since the epoch."""

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


# --- the durable core ------------------------------------------------------------------------------------------


class Lease(Struct, frozen=True):
    """The right to write one run's journal. `fence` grows with every claim; an older fence is refused."""

    run: str
    host: str
    fence: int


class Leases(Protocol):
    async def claim(self, run: str, host: str) -> Lease | None:
        """None while another host holds it. A host reclaims its own lease at once, under a new fence."""
        ...

    async def renew(self, lease: Lease) -> bool:
        """False when it is no longer ours."""
        ...

    async def release(self, lease: Lease) -> None: ...

    async def held(self, run: str) -> bool: ...


class Journal(Protocol):
    async def read(self, run: str, after: int = 0) -> list[Entry]:
        """Entries with a sequence number greater than `after`, in order. The first of a journal is 1."""
        ...

    async def append(self, lease: Lease, expected: int, entries: Sequence[Entry]) -> None:
        """All or nothing. Raises LeaseLost unless the lease is current and the last sequence number is `expected`."""
        ...


class Runs(Protocol):
    """Which runs exist and which are not over."""

    async def submit(self, entry: Entry) -> str:
        """Create the run from its first entry (a RunSubmitted). Returns the run that has the thread afterwards: this
        one when it was created or existed already, another one when that is still under way (and nothing changed)."""
        ...

    async def open(self) -> list[str]: ...

    async def active_on(self, thread: Thread) -> str | None: ...

    async def latest_on(self, thread: Thread) -> str | None: ...

    async def close(self, lease: Lease, thread: Thread) -> None: ...


class RunInbox(Protocol):
    """What people and GitHub tell a run that is under way."""

    async def put(self, run: str, knock: Event) -> None: ...

    def listen(self, run: str, after: str) -> AsyncIterator[Knocked]:
        """Knocks after the one whose `door` is `after` ("" = from the first), as they come; never ends by itself."""
        ...


# --- git and worktrees -----------------------------------------------------------------------------------------


class View(Struct, frozen=True):
    """Directories whose contents show below a tree's own, the lowest first. They never change. `work` is a directory
    on the tree's file system that whoever mounts this may use."""

    layers: tuple[Path, ...]
    work: Path


class Seat(Struct, frozen=True):
    """A checked-out tree for one agent. `git` is the decoy repository that its `.git` shows inside the sandbox,
    `objects` the object directories that decoy borrows from (to be bound read-only at the same path)."""

    tree: Path
    base: str
    git: Path
    objects: tuple[Path, ...]
    writable: bool
    view: View | None = None
    """what earlier stories have installed, where the sandbox shows it; None: the tree is all there is"""


class Workspace(Protocol):
    """Clone, worktrees and merges of one run. Every method looks before it acts, so it may be repeated."""

    async def prepare(self, spec: RunSpec) -> Survey:
        """Mirror fetched, private clone, run branch and integration worktree present. Where another machine has worked
        on the run, its checkpoint is gone on from."""
        ...

    async def landed(self, spec: RunSpec) -> tuple[str, ...]:
        """Ids of the stories that are on the run branch here."""
        ...

    async def checkpoint(self, spec: RunSpec) -> None:
        """Push the run branch to a hidden ref, past the publish gate, for another machine to go on from."""
        ...

    async def seat(self, spec: RunSpec, story: str, attempt: int, *, fresh: bool, after: Sequence[str] = ()) -> Seat:
        """The story's worktree. `fresh`: based on the run branch's head with nothing in it from an earlier attempt
        (which is preserved under a local ref first, if it held anything); otherwise the one that is there.
        `after` are all stories it depends on, which are over: it sees what they have installed."""
        ...

    async def reading(self, spec: RunSpec) -> Seat:
        """The run branch's head, read-only, for one-shots."""
        ...

    async def files(self, spec: RunSpec) -> tuple[str, ...]:
        """The paths where the run began, shallow first, as many as a search for manifests can need."""
        ...

    async def texts(self, spec: RunSpec, paths: Sequence[str]) -> dict[str, str]:
        """Text files where the run began, as far as they are regular files there and no longer than manifests are."""
        ...

    async def examine(self, spec: RunSpec, commit: str) -> Seat:
        """A throw-away checkout of exactly that commit, writable, with nothing left of the one before, which ends."""
        ...

    async def harvest(self, spec: RunSpec, story: Story, *, at: float, message: str) -> Harvest:
        """Commit what the story's worktree holds, through the publish gate, with fixed dates."""
        ...

    async def land(self, spec: RunSpec, story: Story, commit: str, *, at: float, sole: bool) -> Landing:
        """Merge onto the run branch by the merge ladder. `sole`: the run's only story lands as one plain commit."""
        ...

    async def changes(self, spec: RunSpec) -> tuple[Change, ...]:
        """The run branch against where it started."""
        ...

    async def diff(self, spec: RunSpec, commit: str) -> str:
        """What a story's commit changes, as a patch; capped, with a line that says so."""
        ...

    async def push(self, spec: RunSpec, *, aside: bool) -> Pushed | NotPushed | None:
        """The run branch to its remote branch (a follow-up's own head unless `aside`), past the publish gate, never by
        force. None: nothing new."""
        ...

    async def push_story(self, spec: RunSpec, story: str, commit: str) -> Pushed | NotPushed:
        """A story's work that is not on the run branch, to `baro-wt/<run>/<story>`."""
        ...

    async def collides(self, spec: RunSpec) -> tuple[str, ...]:
        """Paths in which the result cannot be merged with the base branch as it is on the remote now."""
        ...

    async def tidy(self, spec: RunSpec) -> None:
        """Remove this run's worktrees and clone, and nothing else; its logs stay until they are swept."""
        ...

    async def sweep(self, keep: Collection[str], *, older: float) -> tuple[str, ...]:
        """Remove what runs left here that are not in `keep` and were not touched for `older` seconds; their ids."""
        ...


# --- checks ----------------------------------------------------------------------------------------------------


class Checks(Protocol):
    async def run(self, seat: Seat, check: Check, *, silence: float) -> CheckResult:
        """Run it in the sandbox, to its end or until it has printed nothing for `silence` seconds. Whatever becomes of
        it is a value; leaving this, by cancellation too, leaves no process behind."""
        ...


# --- agents ----------------------------------------------------------------------------------------------------


class AgentJob(Struct, frozen=True):
    """One agent process to run. A one-shot (any role but `story`) has a JSON schema and gets a read-only seat."""

    run: str
    role: Role
    prompt: str
    seat: Seat
    agent: str
    """`backend` or `backend:model`, or `auto`"""
    story: str = ""
    attempt: int = 1
    schema: dict[str, Any] | None = None
    silence: float = 600.0


class AgentReply(Struct, frozen=True):
    """`json` is the decoded object of a one-shot, None where there was none."""

    ended: Ended
    agent: str
    """backend:model that really ran"""
    json: Any = None


class Agents(Protocol):
    async def run(self, job: AgentJob, heard: Callable[[Did], None]) -> AgentReply:
        """Run to the end, or answer from the record where this very job had ended before an earlier host died.
        Cancelling it kills the whole process tree. Failures of the agent are values."""
        ...

    async def recall(self, job: AgentJob) -> AgentReply | None:
        """Only the record: None where this job has not ended."""
        ...

    def named(self, agent: str) -> str:
        """What `agent` (a setting, `auto` included) resolves to here; raises AgentUnavailable."""
        ...


# --- GitHub ----------------------------------------------------------------------------------------------------


class Place(Struct, frozen=True):
    """A repository as one installation of the App sees it."""

    installation: int
    repository: Repository


class CommentRef(Struct, frozen=True):
    id: int
    url: str


class PullRef(Struct, frozen=True):
    number: int
    url: str
    draft: bool
    state: Literal["open", "closed", "merged"]


class Comments(Protocol):
    async def upsert(self, place: Place, number: int, marker: str, body: str) -> CommentRef:
        """The one comment of ours on that issue or pull request whose body has `marker`: edited in place, or made.
        Later duplicates of ours are deleted; what others wrote with our marker in it is left alone."""
        ...

    async def react(self, place: Place, trigger: Trigger, content: str) -> None:
        """Exactly one reaction of ours on the trigger: `content` is added, our others are taken away."""
        ...


class Pulls(Protocol):
    async def show(self, place: Place, *, head: str, base: str, title: str, body: str, draft: bool) -> PullRef:
        """The open pull request from `head`: made, or adopted and brought up to date."""
        ...

    async def target(self, place: Place, number: int) -> tuple[PullTarget, Literal["open", "closed", "merged"], bool]:
        """A pull request's head and base, its state, and whether its head lies in the same repository."""
        ...


class IssueFacts(Struct, frozen=True):
    title: str
    body: str
    state: Literal["open", "closed"]
    locked: bool
    is_pull: bool
    url: str


class Repositories(Protocol):
    async def default_branch(self, place: Place) -> str: ...

    async def role(self, place: Place, person: Person) -> str:
        """`admin`, `maintain`, `write`, `triage`, `read`, `none` or a custom role's base, asked of GitHub now."""
        ...

    async def issue(self, place: Place, number: int) -> IssueFacts: ...

    async def file(self, place: Place, path: str) -> str | None:
        """A text file of the default branch; None when there is none."""
        ...

    async def reachable(self, installation: int) -> list[Repository]:
        """The repositories the installation has given the App."""
        ...

    async def ensure_label(self, place: Place, name: str, color: str, description: str) -> None:
        """Idempotent; raises Forbidden where the App may not."""
        ...


class AppIdentity(Struct, frozen=True):
    """Who we are on GitHub. `owner` is the account the App belongs to."""

    id: int
    slug: str
    owner: str
    login: str
    """`<slug>[bot]`"""
    email: str
