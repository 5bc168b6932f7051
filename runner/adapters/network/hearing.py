"""Connections to a model provider that remember what it refuses, which command lines may keep to themselves."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Callable
from email.utils import parsedate_to_datetime

import httpcore

from runner.domain.refusal import Refusal

from .forward import FAILED

KEPT = 2000
"""bytes of what it says to a request that it refuses"""


class Hearing(httpcore.AsyncConnectionPool):
    """`refusal` is the provider's last word to a request for an answer, where that was no good one. A look around
    (HEAD, GET) is no such request, and what is refused on one path says nothing about another one."""

    def __init__(self, trust: ssl.SSLContext, connections: int) -> None:
        super().__init__(ssl_context=trust, max_connections=connections)
        self.refusal: Refusal | None = None

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        if request.method != b"POST":
            return await super().handle_async_request(request)
        path = request.url.target.decode().partition("?")[0]
        if self.refusal and self.refusal.path != path:
            self.refusal = None
        try:
            answer = await super().handle_async_request(request)
        except FAILED as error:
            self._refused(path, None, f"cannot be reached: {str(error) or type(error).__name__}")
            raise
        if answer.status < 400:
            self.refusal = None
        content = Heard(answer, lambda status, words: self._refused(path, status, words, _retry_after(answer)))
        return httpcore.Response(
            answer.status, headers=answer.headers, content=content, extensions=dict(answer.extensions)
        )

    def _refused(self, path: str, status: int | None, words: str, retry_after: float | None = None) -> None:
        now = time.monotonic()
        told = Refusal(path=path, status=status, words=words, retry_after=retry_after, at=now, since=now)
        self.refusal = told.after(self.refusal)


class Heard:
    """The body of an answer. `refused` is told the status and the first words of one that is a refusal, when it is
    through or nobody reads on, and of a good one that breaks off, which is as good as none."""

    def __init__(self, answer: httpcore.Response, refused: Callable[[int | None, str], None]) -> None:
        self._answer = answer
        self._refused = refused
        self._words = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._answer.aiter_stream():
                self._words += chunk[: KEPT - len(self._words)]
                yield chunk
        except FAILED as error:
            if self._answer.status < 400:
                self._refused(None, f"broke off its answer: {str(error) or type(error).__name__}")
            raise

    async def aclose(self) -> None:
        if self._answer.status >= 400:
            self._refused(self._answer.status, self._words.decode(errors="replace"))
        await self._answer.aclose()


def _retry_after(answer: httpcore.Response) -> float | None:
    """Seconds; the header may also name a date."""
    told = next((value.decode("latin-1") for name, value in answer.headers if name.lower() == b"retry-after"), "")
    try:
        return float(told) if told[:1].isdigit() else parsedate_to_datetime(told).timestamp() - time.time()
    except ValueError:
        return None
