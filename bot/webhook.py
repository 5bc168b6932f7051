"""The door for GitHub's deliveries: verified, read, kept, and only then acknowledged.

A plain ASGI callable rather than a Starlette endpoint: every delivery of every repository comes through here, most of
them ask nothing, and the request object costs more than all the checks together.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Sequence
from typing import Protocol

import msgspec
import structlog
from starlette.types import Receive, Scope, Send

from handlers import Malformed, ask_of
from handlers.asks import encode
from handlers.us import Us
from runner.errors import SettingsError

from .metrics import Metrics, Outcome

MAX_BODY = 25 * 1024 * 1024
"""bytes; GitHub never sends more"""
READ_WITHIN = 10.0
"""seconds for the rest of a body that does not come at once: GitHub itself gives up then"""
KEEP_WITHIN = 5.0
"""seconds for Redis to take an ask, so that the answer is still heard"""
RETRY_AFTER = 30
"""seconds after which a delivery that could not be kept may come again"""

log = structlog.get_logger()


class Inbox(Protocol):
    """Where asks are kept. Both methods raise when that is not possible now."""

    async def keep(self, delivery: str, key: str, ask: bytes) -> bool:
        """True: kept, durably, and the bell was rung. False: the delivery, or the same ask, was kept before."""
        ...

    async def ready(self) -> None: ...


class Answer(msgspec.Struct, frozen=True):
    """What the delivery is told, and what it counts as."""

    status: int
    body: dict[str, str]
    outcome: Outcome
    headers: tuple[tuple[bytes, bytes], ...] = ()


CLOSE = (b"connection", b"close")
"""the rest of a body that we do not read must not be taken for the next request"""


class _Refusal(Exception):
    """Ends the checks early."""

    def __init__(self, status: int, error: str, *headers: tuple[bytes, bytes]) -> None:
        self.answer = Answer(status, {"error": error}, "refused", headers)


class _Gone(Exception):
    """The client hung up; nobody waits for an answer."""


NOTHING = Answer(200, {"status": "nothing"}, "nothing")


class Webhook:
    """`POST /webhooks/github`. Refuses to be made without a secret; with two, either one verifies."""

    def __init__(self, *, secrets: Sequence[str], us: Us, inbox: Inbox, metrics: Metrics) -> None:
        if not secrets or not all(secret.strip() for secret in secrets):
            raise SettingsError(["GITHUB_WEBHOOK_SECRET is empty: set it to the secret of the App's webhook"])
        self._secrets = [secret.encode() for secret in secrets]
        self._us = us
        self._inbox = inbox
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        try:
            answer = await self._answer(scope, receive)
        except _Refusal as refusal:
            answer = refusal.answer
        except _Gone:
            return
        self._metrics.delivery(answer.outcome, time.perf_counter() - began)
        await _respond(send, answer)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        """The checks, in the order in which a stranger learns least."""
        if scope["method"] != "POST":
            raise _Refusal(405, "use POST", (b"allow", b"POST"))
        headers: dict[bytes, bytes] = dict(scope["headers"])
        body = await _body(headers, receive)
        if not self._verified(headers.get(b"x-hub-signature-256", b""), body):
            raise _Refusal(401, "the signature does not match")
        if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
            raise _Refusal(415, "set the webhook's content type to application/json")
        event = _name(headers, b"x-github-event")
        delivery = _name(headers, b"x-github-delivery")
        if not body:
            raise _Refusal(400, "the body is empty")
        return await self._kept(event, delivery, body)

    def _verified(self, signature: bytes, body: bytes) -> bool:
        """Bytes against bytes: what is not ASCII is simply not equal. Every secret is tried, whichever matches."""
        matches = [
            hmac.compare_digest(b"sha256=" + hmac.digest(secret, body, "sha256").hex().encode(), signature)
            for secret in self._secrets
        ]
        return any(matches)

    async def _kept(self, event: str, delivery: str, body: bytes) -> Answer:
        try:
            ask = ask_of(event, body, self._us)
            if ask is None:
                return NOTHING
            async with asyncio.timeout(KEEP_WITHIN):
                new = await self._inbox.keep(delivery, ask.key, encode(ask))
        except Malformed as malformed:
            raise _Refusal(400, f"not a payload: {malformed}") from malformed
        except Exception:
            log.exception("delivery not kept", delivery=delivery, event_name=event)
            retry = (b"retry-after", str(RETRY_AFTER).encode())
            return Answer(503, {"error": "cannot keep this now; deliver it again"}, "failed", (retry,))
        # Debug, for a line of log costs as much as all the rest of this: the answer below is shown by GitHub beside
        # the delivery, and from the ask's key on the worker logs what becomes of it.
        log.debug("delivery kept", delivery=delivery, event_name=event, ask=ask.key, new=new)
        status: Outcome = "kept" if new else "known"
        return Answer(202, {"status": status, "ask": ask.key}, status)


def _name(headers: dict[bytes, bytes], header: bytes) -> str:
    """A header that goes into keys and logs: printable ASCII, and short."""
    value = headers.get(header, b"")
    text = value.decode("ascii", "replace")
    if not value or len(value) > 100 or not (text.isascii() and text.isprintable()):
        raise _Refusal(400, f"the header {header.decode()} is missing or not a name")
    return text


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    """The whole body, or 413 as soon as it is known to be too long."""
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared[:20]) > MAX_BODY:
        raise _too_long()
    first, more = await _chunk(receive)
    if not more and len(first) <= MAX_BODY:
        return first
    try:
        async with asyncio.timeout(READ_WITHIN):
            return await _rest(first, more, receive)
    except TimeoutError:
        raise _Refusal(408, "the body did not arrive in time", CLOSE) from None


async def _rest(first: bytes, more: bool, receive: Receive) -> bytes:
    body = bytearray(first)
    while more and len(body) <= MAX_BODY:
        chunk, more = await _chunk(receive)
        body += chunk
    if len(body) > MAX_BODY:
        raise _too_long()
    return bytes(body)


async def _chunk(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise _Gone
    return message.get("body", b""), message.get("more_body", False)


def _too_long() -> _Refusal:
    return _Refusal(413, "the body is too long", CLOSE)


async def _respond(send: Send, answer: Answer) -> None:
    body = msgspec.json.encode(answer.body)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
