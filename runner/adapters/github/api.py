"""GitHub's REST API as one place sees it: typed answers, and a narrowed token with every request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import chain
from typing import Any, TypeVar

from runner.ports import Place

from .auth import EVERY, Grant, Tokens
from .call import Call, Method, Var
from .client import Client
from .permissions import Use
from .refusals import Unauthorized
from .shapes import Reach, Repo, shaped
from .transport import Answer

T = TypeVar("T")
PAGE = 100


class Api:
    """Paths are templates of ours; `{owner}` and `{repo}` are the place's."""

    def __init__(self, client: Client, tokens: Tokens) -> None:
        self._client = client
        self._tokens = tokens

    async def get(self, place: Place, shape: type[T], path: str, *, use: Use = "talk", **holes: Var) -> T:
        call = _call(place, "GET", path, holes)
        return shaped((await self._ask(Grant.of(place, use), call)).data, shape, call)

    async def pages(self, place: Place, shape: type[T], path: str, **holes: Var) -> list[T]:
        """Every item of a listing; `path` has `{?per_page}` among its holes."""
        call = _call(place, "GET", path, {"per_page": PAGE, **holes})
        return list(chain.from_iterable(await self._listed(Grant.of(place, "talk"), call, list[shape])))  # type: ignore[valid-type]

    async def reach(self, installation: int) -> list[Repo]:
        """Every repository of an installation, seen with a token that gives nothing but their names."""
        call = Call("GET", "/installation/repositories{?per_page}", {"per_page": PAGE})
        pages = await self._listed(Grant(installation, EVERY, "facts"), call, Reach)
        return [repository for page in pages for repository in page.repositories]

    async def change(
        self, place: Place, shape: type[T], method: Method, path: str, data: Any = None, **holes: Var
    ) -> T:
        """A write whose repetition does no harm, repeated until it is answered."""
        call = _call(place, method, path, holes, data)
        return shaped((await self._ask(Grant.of(place, "talk"), call)).data, shape, call)

    async def create(self, place: Place, shape: type[T], path: str, data: Any, **holes: Var) -> T:
        """One try at a write that must not happen twice. After Unanswered look first, then repeat (see `insist`)."""
        call = _call(place, "POST", path, holes, data)
        return shaped((await self._once(Grant.of(place, "talk"), call)).data, shape, call)

    async def insist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        return await self._client.insist(attempt)

    async def _listed(self, grant: Grant, call: Call, shape: type[T]) -> list[T]:
        """All pages of a listing."""
        found: list[T] = []
        while True:
            answer = await self._ask(grant, call)
            found.append(shaped(answer.data, shape, call))
            if not answer.more:
                return found
            call = Call("GET", answer.more, call.vars)

    async def _ask(self, grant: Grant, call: Call) -> Answer:
        return await self.insist(lambda: self._once(grant, call))

    async def _once(self, grant: Grant, call: Call) -> Answer:
        token = await self._tokens.get(grant)
        try:
            return await self._client.once(call, lane=grant.installation, token=token)
        except Unauthorized:
            # Revoked, or older than GitHub remembers. The request was not carried out, so it is safe to repeat.
            fresh = await self._tokens.renew(grant, token)
            return await self._client.once(call, lane=grant.installation, token=fresh)


def _call(place: Place, method: Method, path: str, holes: dict[str, Var], data: Any = None) -> Call:
    names: dict[str, Var] = {"owner": place.repository.owner, "repo": place.repository.name}
    return Call(method, path, names | holes, data)
