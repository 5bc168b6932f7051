"""What baro offers to code from outside: hear what happens in runs, and ask for work. Nothing in baro changes for it.

Install a package next to baro that names its classes as entry points, and restart the runners:

    [project.entry-points."baro.participants"]
    announcer = "my_package:Announcer"

    [project.entry-points."baro.sources"]
    tickets = "my_package:Tickets"

A class is constructed without arguments, once in each runner process; settings of its own come from environment
variables that it names itself (not `BARO_…`, those are baro's). At any time one runner of all carries it; when that
one goes, another goes on. It has a thread and an event loop of its own, so it may be slow, raise or hang at nobody's
expense but its own. The entry point's name is what logs call it and what its progress is kept under: do not change it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, Protocol

from msgspec import Meta, Struct

from .domain.events import Entry
from .domain.mode import Mode
from .domain.run import RunSpec

LOGIN = "[A-Za-z0-9][A-Za-z0-9_-]{0,99}"
Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class Participant(Protocol):
    """Hears what happens in runs, after it is in the journal; it can neither delay nor change it."""

    async def heard(self, run: RunSpec, entry: Entry) -> None:
        """Called for every entry of every run submitted since this participant was first seen, one call at a time.

        Entries of one run come in order, from `RunSubmitted` to `RunEnded`; runs under way at once are interleaved.
        Each comes *at least once*: again after a crash, a deploy, or a call that failed. `(run.id, entry.seq)` names
        it. A call that raises, or is not back within 10 seconds and is cancelled, is tried three times; then this entry
        is passed over and the log says so. How far it has heard is kept, so it may lag, and be away for a while.
        """
        ...


class SourceAsk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Achieve this goal, on behalf of that person, and talk about it on this thread.

    A source has no authority of its own: the ask is admitted as if the person had labelled the thread, so the person's
    write access, the repository's configuration and everything else is asked of GitHub then.
    """

    key: Annotated[str, Meta(min_length=1, max_length=200)]
    """names the wish within its source: the same key again, within a week, is the same ask and no second run"""
    installation: Id
    """of the App, on the account that owns the repository"""
    repository_id: Id
    repository: Annotated[str, Meta(pattern=rf"^{LOGIN}/(?!\.\.?\Z)[A-Za-z0-9._-]{{1,100}}\Z")]
    """as in `acme/toolkit`"""
    number: Id
    """of the issue or pull request: the thread where the run is reported"""
    kind: Literal["issue", "pull"] = "issue"
    on_behalf_of: Annotated[str, Meta(pattern=rf"^{LOGIN}\Z")]
    """login of the person who wants it; bots cannot ask"""
    title: Annotated[str, Meta(min_length=1, max_length=256)]
    """the goal in one line; the pull request is named after it"""
    body: Annotated[str, Meta(max_length=65_536)] = ""
    """the goal at length, in Markdown"""
    url: Annotated[str, Meta(max_length=2_000)] = ""
    """where the wish came from"""
    mode: Mode | None = None
    """the shape of the work, where the person wished for one"""


Put = Callable[[SourceAsk], Awaitable[bool]]
"""Keeps an ask durably and rings for it. True: it is new. Raises ValueError for an ask that is not valid, and
`runner.errors.StoreDown` when it could not be kept; whoever puts it has to come again."""


class Source(Protocol):
    """Puts asks into baro's inbox: tickets, alerts, whatever people want done."""

    async def asks(self, put: Put) -> None:
        """Runs for as long as the runner does. When it raises or returns it is called again, after a pause that grows
        from one second to a minute. It is cancelled when the runner stops; what `put` has accepted is kept then."""
        ...
