"""The Workspace port: each promise in a few lines, under the locks it needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from runner.adapters.git import require
from runner.adapters.sandbox.room import Sharing
from runner.crashpoints import crashpoint
from runner.domain.change import Change, Harvest, Landing, NotPushed, Pushed, Survey
from runner.domain.plan import Story
from runner.domain.policy import Gate
from runner.domain.run import RunSpec
from runner.errors import BaroError
from runner.ports import AppIdentity, Seat

from . import clone, diffs, harvest, ladder, leftovers, mirror, seats, texts, views
from .checkout import Checkout
from .commits import Signature
from .grounds import ground
from .layout import EXAMINED, INTEGRATION, Layout
from .locks import locked
from .overlays import LARGE
from .push import Parcel
from .push import push as push_parcel
from .push import remove as remove_ref
from .refs import point, resolve
from .remote import Remote, network


class GitWorkspace:
    """All runs' repositories under one directory, which several processes of this machine may share."""

    def __init__(
        self,
        home: Path,
        remote: Remote,
        identity: Callable[[], Awaitable[AppIdentity]],
        gate: Gate,
        *,
        local: bool = False,
        sharing: Sharing = "portable",
        large: int = LARGE,
    ) -> None:
        """`identity` is who commits. `local` allows `file://` remotes: a repository on this machine, and tests.
        `sharing` is what the sandbox can do for trees. With `large` files or more, and overlays, stories share one."""
        self._home = home.absolute()
        self._remote = remote
        self._identity = identity
        self._gate = gate
        self._local = local
        self._sharing = sharing
        self._large = large

    async def prepare(self, spec: RunSpec) -> Survey:
        layout = self._layout(spec)
        self._home.mkdir(parents=True, exist_ok=True)
        await require(self._home)
        async with self._alone(layout):
            where = await network(self._remote, spec, write=False, local=self._local)
            kept = await mirror.checkpoint(layout, where)
            if not await clone.begun(layout):
                fetched = await mirror.refresh(layout, spec, where)
                await clone.begin(layout, spec, ({spec.branch: kept} if kept else {}) | fetched)
            elif kept:
                await clone.catch_up(layout, spec, kept)
            if kept:  # so that this machine takes it away in the end
                point(layout.git, layout.checkpoint, kept)
            head, touched = await clone.run_head(layout, spec), await mirror.touched(layout, spec)
            survey = await clone.survey(layout, head, touched)
            if self._sharing == "overlay" and survey.files >= self._large:
                await ground(layout, head)
            await seats.reading_seat(layout, spec, await self._way(layout))
            return survey

    async def landed(self, spec: RunSpec) -> tuple[str, ...]:
        return await clone.landed(self._layout(spec), spec)

    async def checkpoint(self, spec: RunSpec) -> None:
        layout = self._layout(spec)
        head, start = await clone.run_head(layout, spec), await resolve(layout.git, layout.start)
        seen = await resolve(layout.git, layout.checkpoint)
        if start is None or head in (start, seen):
            return
        parcel = Parcel(spec.branch, head, start, onto_start=False, hidden=layout.checkpoint, seen=seen)
        result = await self._push(spec, parcel)
        if isinstance(result, NotPushed):
            raise BaroError(f"The checkpoint of run {spec.id} was not pushed: {result.reason}")
        point(layout.git, layout.checkpoint, head)

    async def seat(self, spec: RunSpec, story: str, attempt: int, *, fresh: bool, after: Sequence[str] = ()) -> Seat:
        layout = self._layout(spec)
        async with self._alone(layout):
            seat = await seats.story_seat(layout, spec, await self._way(layout), story, attempt, fresh=fresh)
            await views.settle(layout, seat.base, after, self._sharing)
        return await views.furnish(layout, story, seat, after, self._sharing)

    async def reading(self, spec: RunSpec) -> Seat:
        layout = self._layout(spec)
        async with self._alone(layout):
            seat = await seats.reading_seat(layout, spec, await self._way(layout))
            landed = await self._settled(layout, spec)
        return await views.furnish(layout, INTEGRATION, seat, landed, self._sharing)

    async def files(self, spec: RunSpec) -> tuple[str, ...]:
        layout = self._layout(spec)
        return await texts.files(layout.git, layout.start)

    async def texts(self, spec: RunSpec, paths: Sequence[str]) -> dict[str, str]:
        layout = self._layout(spec)
        return await texts.texts(layout.git, layout.start, paths)

    async def examine(self, spec: RunSpec, commit: str) -> Seat:
        layout = self._layout(spec)
        async with self._alone(layout):
            seat = await seats.examining_seat(layout, spec, await self._way(layout), commit)
            landed = await self._settled(layout, spec)
        return await views.furnish(layout, EXAMINED, seat, landed, self._sharing)

    async def harvest(self, spec: RunSpec, story: Story, *, at: float, message: str) -> Harvest:
        layout = self._layout(spec)
        by = Signature.of(await self._identity(), at)
        async with self._alone(layout):
            return await harvest.harvest(layout, harvest.Order(spec, story, message, by), self._gate)

    async def land(self, spec: RunSpec, story: Story, commit: str, *, at: float, sole: bool) -> Landing:
        layout = self._layout(spec)
        by = Signature.of(await self._identity(), at)
        async with self._alone(layout):
            return await ladder.land(layout, spec, story.id, commit, by, sole=sole)

    async def changes(self, spec: RunSpec) -> tuple[Change, ...]:
        layout = self._layout(spec)
        return await diffs.changes(layout.git, layout.start, await clone.run_head(layout, spec))

    async def diff(self, spec: RunSpec, commit: str) -> str:
        return await diffs.patch(self._layout(spec).git, f"{commit}^", commit)

    async def push(self, spec: RunSpec, *, aside: bool) -> Pushed | NotPushed | None:
        layout = self._layout(spec)
        head, start = await clone.run_head(layout, spec), await resolve(layout.git, layout.start)
        if start is None or head == start:
            return None
        back = spec.pull if not aside else None
        parcel = Parcel(back.head_ref if back else spec.branch, head, start, onto_start=back is not None)
        return await self._push(spec, parcel)

    async def push_story(self, spec: RunSpec, story: str, commit: str) -> Pushed | NotPushed:
        layout = self._layout(spec)
        start = await resolve(layout.git, layout.start)
        if start is None or await resolve(layout.git, commit) is None:
            return NotPushed(spec.story_branch(story), "it was on a machine that is gone")
        return await self._push(spec, Parcel(spec.story_branch(story), commit, start, onto_start=False))

    async def collides(self, spec: RunSpec) -> tuple[str, ...]:
        layout = self._layout(spec)
        where = await network(self._remote, spec, write=False, local=self._local)
        start = await resolve(layout.git, layout.start) or ""
        now = await mirror.moved(layout, spec, where, start)
        return await ladder.conflicts(layout, await clone.run_head(layout, spec), now) if now else ()

    async def sweep(self, keep: Collection[str], *, older: float) -> tuple[str, ...]:
        return await asyncio.to_thread(leftovers.sweep, self._home, frozenset(keep), older)

    async def tidy(self, spec: RunSpec) -> None:
        layout = self._layout(spec)
        try:
            if layout.clone.is_dir() and await resolve(layout.git, layout.checkpoint):
                where = await network(self._remote, spec, write=True, local=self._local)
                await remove_ref(layout.git, where, layout.checkpoint)
            async with self._alone(layout):
                await asyncio.to_thread(leftovers.clear, layout)
                layout.lock.unlink(missing_ok=True)
            crashpoint("tidy.removed")
        finally:
            await self._remote.forget(spec)

    async def _way(self, layout: Layout) -> Checkout:
        return await seats.ways(layout, self._sharing)

    async def _settled(self, layout: Layout, spec: RunSpec) -> tuple[str, ...]:
        """All stories that have landed, with what they installed ready to be shown."""
        landed = await clone.landed(layout, spec)
        await views.settle(layout, await clone.run_head(layout, spec), landed, self._sharing)
        return landed

    async def _push(self, spec: RunSpec, parcel: Parcel) -> Pushed | NotPushed:
        """Without the run's lock: it reads commits that never change, and a slow remote must not hold up seats."""
        where = await network(self._remote, spec, write=True, local=self._local)
        return await push_parcel(self._layout(spec).git, where, parcel, self._gate, spec.limits.allowance)

    @asynccontextmanager
    async def _alone(self, layout: Layout) -> AsyncIterator[None]:
        """One git writer per run; seats of siblings are made one after the other too."""
        async with locked(layout.lock, git_dir=layout.clone):
            yield

    def _layout(self, spec: RunSpec) -> Layout:
        return Layout.of(self._home, spec)
