"""baro's comments and reactions: found again by marker and author, edited in place, never doubled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from runner.crashpoints import crashpoint
from runner.domain.goal import Trigger
from runner.errors import NotFound
from runner.ports import AppIdentity, CommentRef, Comments, Place

from . import fit
from .api import Api
from .shapes import Comment, Reaction

Key = tuple[int, int, str]
REMEMBERED = 4_096
ON_THREAD = "/repos/{owner}/{repo}/issues/{number}/comments"
ONE = "/repos/{owner}/{repo}/issues/comments/{id}"
REACTIONS = {
    "issue": "/repos/{owner}/{repo}/issues/{number}/reactions",
    "comment": "/repos/{owner}/{repo}/issues/comments/{number}/reactions",
}


class AppComments(Comments):
    """`gate` is what every text passes before it leaves; `identity` is who we are."""

    def __init__(self, api: Api, identity: Callable[[], Awaitable[AppIdentity]], gate: Callable[[str], str]) -> None:
        self._api = api
        self._identity = identity
        self._gate = gate
        self._known: dict[Key, int] = {}
        self._turns: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    async def upsert(self, place: Place, number: int, marker: str, body: str) -> CommentRef:
        """See ports.Comments. The marker becomes the last line, where no cut and no quoted text can take its place."""
        said = self._gate(body.replace(marker, "").strip())
        text = f"{fit.body(said, fit.BODY - len(marker) - 2)}\n\n{marker}"
        key = (place.repository.id, number, marker)
        async with self._turns.setdefault(key, asyncio.Lock()):
            if key in self._known and (edited := await self._edit(place, self._known.pop(key), text)):
                return self._remember(key, edited)
            return await self._api.insist(lambda: self._settle(place, key, text))

    async def react(self, place: Place, trigger: Trigger, content: str) -> None:
        """See ports.Comments. Raises NotFound where the trigger is gone."""
        path, us = REACTIONS[trigger.kind], await self._identity()
        there = await self._api.pages(place, Reaction, path + "{?per_page}", number=trigger.id)
        ours = [reaction for reaction in there if reaction.user and reaction.user.login == us.login]
        if all(reaction.content != content for reaction in ours):
            await self._api.change(place, Reaction, "POST", path, {"content": content}, number=trigger.id)
        for reaction in ours:
            if reaction.content != content:
                await self._gone(place, path + "/{reaction}", number=trigger.id, reaction=reaction.id)

    async def _settle(self, place: Place, key: Key, text: str) -> CommentRef:
        """Look, then edit the oldest and delete the others, or make it. Unanswered: come back here and look again."""
        _, number, marker = key
        us = await self._identity()
        there = await self._api.pages(place, Comment, ON_THREAD + "{?per_page}", number=number)
        ours = sorted((c for c in there if c.ours(us) and _ends(c.body, marker)), key=lambda c: c.id)
        for extra in ours[1:]:
            await self._gone(place, ONE, id=extra.id)
        if not ours:
            return await self._make(place, number, text)
        if _same(ours[0].body, text):
            return self._remember(key, CommentRef(ours[0].id, ours[0].html_url))
        edited = await self._edit(place, ours[0].id, text)
        return self._remember(key, edited) if edited else await self._make(place, number, text)

    async def _make(self, place: Place, number: int, text: str) -> CommentRef:
        """Not remembered yet: a twin may turn up, from a request whose answer was lost or a host that lost its lease.
        The next call looks once more."""
        made = await self._api.create(place, Comment, ON_THREAD, {"body": text}, number=number)
        crashpoint("comment.made")
        return CommentRef(made.id, made.html_url)

    async def _edit(self, place: Place, comment: int, text: str) -> CommentRef | None:
        """None: somebody deleted it."""
        try:
            edited = await self._api.change(place, Comment, "PATCH", ONE, {"body": text}, id=comment)
        except NotFound:
            return None
        return CommentRef(edited.id, edited.html_url)

    async def _gone(self, place: Place, path: str, **holes: int) -> None:
        with contextlib.suppress(NotFound):
            await self._api.change(place, object, "DELETE", path, **holes)

    def _remember(self, key: Key, ref: CommentRef) -> CommentRef:
        """So that the next edit costs one request."""
        self._known[key] = ref.id
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        return ref


def _ends(body: str | None, marker: str) -> bool:
    """A comment of ours may quote the marker of another; only the last line is the comment's own."""
    return (body or "").rstrip().endswith(marker)


def _same(theirs: str | None, ours: str) -> bool:
    """GitHub's own editor turns line ends into CRLF."""
    return (theirs or "").replace("\r\n", "\n") == ours
