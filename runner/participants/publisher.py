"""The Publisher: GitHub's surfaces, from the report.

Hears: CommentWanted, ReactionWanted, PullWanted. Says: CommentShown, ReactionShown, PullShown.
"""

from __future__ import annotations

from runner.bus import Say
from runner.crashpoints import crashpoint
from runner.domain import events as e
from runner.errors import Forbidden, GitHubError, NotFound
from runner.ports import Clock, Comments, Place, Pulls, Workspace
from runner.voice import comment, pull

from .hand import RepeatableHand
from .view import View


class Publisher(RepeatableHand):
    name = "publisher"

    def __init__(
        self, view: View, comments: Comments, pulls: Pulls, workspace: Workspace, clock: Clock, *, interval: float
    ) -> None:
        """`interval`: the least seconds between two edits of the comment, except for the one that shows the end."""
        self._view = view
        self._comments = comments
        self._pulls = pulls
        self._workspace = workspace
        self._clock = clock
        self._interval = interval
        self._edited = 0.0

    async def perform(self, seq: int, request: e.Request, say: Say) -> e.Answer:
        match request:
            case e.CommentWanted():
                return await self._comment(seq)
            case e.ReactionWanted():
                return await self._react(seq, request)
            case e.PullWanted():
                return await self._pull(seq, request)
        raise AssertionError(f"the publisher does not know {type(request).__name__}")

    @property
    def _place(self) -> Place:
        spec = self._view.spec
        return Place(spec.installation, spec.thread.repository)

    async def _comment(self, seq: int) -> e.CommentShown:
        await self._pace()
        seen, spec = self._view.seen, self._view.spec
        body = comment.living(self._view.report, self._clock.now())
        try:
            ref = await self._comments.upsert(self._place, spec.thread.number, comment.marker(spec.id), body)
        except (Forbidden, NotFound, GitHubError) as error:
            return e.CommentShown(answers=seq, seen=seen, comment=None, problem=str(error))
        self._edited = self._clock.now()
        crashpoint("comment.shown")
        return e.CommentShown(answers=seq, seen=seen, comment=ref.id)

    async def _pace(self) -> None:
        due = self._edited + self._interval
        if self._view.report.outcome is None and due > self._clock.now():
            await self._clock.sleep(due - self._clock.now())

    async def _react(self, seq: int, request: e.ReactionWanted) -> e.ReactionShown:
        try:
            await self._comments.react(self._place, self._view.spec.trigger, request.content)
        except GitHubError as error:
            return e.ReactionShown(answers=seq, problem=str(error))
        return e.ReactionShown(answers=seq)

    async def _pull(self, seq: int, request: e.PullWanted) -> e.PullShown:
        report, spec = self._view.report, self._view.spec
        ref = await self._pulls.show(
            self._place,
            head=spec.branch,
            base=spec.base_ref,
            title=pull.title(report),
            body=pull.body(report, await self._workspace.changes(spec)),
            draft=request.draft,
        )
        crashpoint("pull.shown")
        return e.PullShown(answers=seq, number=ref.number, url=ref.url)
