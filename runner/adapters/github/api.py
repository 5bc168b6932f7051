"""GitHub's REST API as one place sees it: typed answers, and a narrowed token with every request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from runner.ports import Place

from .auth import Grant, Tokens
from .call import Call, Method, Var
from .client import Client
from .permissions import Use
from .refusals import Unauthorized
from .shapes import shaped
from .transport import Answer

T = TypeVar("T")


class Api:
    """Paths are templates of ours; `{owner}` and `{repo}` are the place's."""

    def __init__(self, client: Client, tokens: Tokens) -> None:
        self._client = client
        self._tokens = tokens

    async def get(self, place: Place, shape: type[T], path: str, *, use: Use = "talk", **holes: Var) -> T:
        call = _call(place, "GET", path, holes)
        answer = await self.insist(lambda: self._once(place, call, use))
        return shaped(answer.data, shape, call)

    async def pages(self, place: Place, shape: type[T], path: str, **holes: Var) -> list[T]:
        """Every item of a listing; `path` has `{?per_page}` among its holes."""
        call: Call | None = _call(place, "GET", path, {"per_page": 100, **holes})
        found: list[T] = []
        while call is not None:
            this = call
            answer = await self.insist(lambda this=this: self._once(place, this, "talk"))  # type: ignore[misc]
            found += shaped(answer.data, list[shape], this)  # type: ignore[valid-type]
            call = Call("GET", answer.more, this.vars) if answer.more else None
        return found

    async def change(
        self, place: Place, shape: type[T], method: Method, path: str, data: Any = None, **holes: Var
    ) -> T:
        """A write whose repetition does no harm, repeated until it is answered."""
        call = _call(place, method, path, holes, data)
        answer = await self.insist(lambda: self._once(place, call, "talk"))
        return shaped(answer.data, shape, call)

    async def create(self, place: Place, shape: type[T], path: str, data: Any, **holes: Var) -> T:
        """One try at a write that must not happen twice. After Unanswered look first, then repeat (see `insist`)."""
        call = _call(place, "POST", path, holes, data)
        return shaped((await self._once(place, call, "talk")).data, shape, call)

    async def insist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        return await self._client.insist(attempt)

    async def _once(self, place: Place, call: Call, use: Use) -> Answer:
        grant = Grant.of(place, use)
        token = await self._tokens.get(grant)
        try:
            return await self._client.once(call, lane=place.installation, token=token)
        except Unauthorized:
            # Revoked, or older than GitHub remembers. The request was not carried out, so it is safe to repeat.
            fresh = await self._tokens.renew(grant, token)
            return await self._client.once(call, lane=place.installation, token=fresh)


def _call(place: Place, method: Method, path: str, holes: dict[str, Var], data: Any = None) -> Call:
    names: dict[str, Var] = {"owner": place.repository.owner, "repo": place.repository.name}
    return Call(method, path, names | holes, data)
