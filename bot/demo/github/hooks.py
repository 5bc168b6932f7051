"""Webhooks as GitHub sends them: signed, one at a time, recorded, and never retried unless somebody asks."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

ANSWER_WITHIN = 10.0
"""seconds GitHub waits for an answer"""


@dataclass(slots=True)
class Delivery:
    """One attempt to deliver one webhook. `guid` is `X-GitHub-Delivery`, shared by all attempts; `id` is its own.

    `status` is what GitHub's delivery log says: `OK`, or why not; empty while it waits in the queue.
    """

    id: int
    guid: str
    event: str
    action: str | None
    payload: dict[str, Any]
    installation: int | None
    repository: int | None
    redelivery: bool = False
    status: str = ""
    status_code: int = 0
    delivered_at: float = 0.0
    duration: float = 0.0
    response: str = ""
    request_headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return json.dumps(self.payload, separators=(",", ":")).encode()


class Hooks:
    """The queue of webhooks and the log of what became of them."""

    def __init__(self, secret: str, target: int, new_id: Callable[[], int], changed: Callable[[], None]) -> None:
        self.url: str | None = None
        self.secret = secret
        self.log: list[Delivery] = []
        self._target = target
        self._new_id = new_id
        self._changed = changed
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()

    def register(self, secret: str, target: int, url: str | None) -> None:
        """From now on for another App, or with another secret."""
        self.secret, self._target, self.url = secret, target, url

    def send(
        self, event: str, payload: dict[str, Any], installation: int | None = None, repository: int | None = None
    ) -> Delivery:
        """Queue a webhook. It is in the log at once and has a status once it was tried."""
        delivery = Delivery(
            self._new_id(), str(uuid.uuid4()), event, payload.get("action"), payload, installation, repository
        )
        self._enqueue(delivery)
        return delivery

    def redeliver(self, delivery: Delivery) -> Delivery:
        """The same payload under the same guid, as a new attempt."""
        again = Delivery(
            self._new_id(), delivery.guid, delivery.event, delivery.action, delivery.payload, delivery.installation,
            delivery.repository, redelivery=True,
        )  # fmt: skip
        self._enqueue(again)
        return again

    def find(self, which: int | str) -> Delivery | None:
        """By id, or the newest attempt of a guid."""
        return next((d for d in reversed(self.log) if which in (d.id, d.guid)), None)

    async def idle(self) -> None:
        """Return when every webhook queued so far was tried."""
        await self._queue.join()

    async def deliver_forever(self) -> None:
        """The background task: strictly in order, so that a test can rely on what GitHub does not promise."""
        async with httpx.AsyncClient(timeout=ANSWER_WITHIN, trust_env=False) as client:
            while True:
                delivery = await self._queue.get()
                try:
                    await self._deliver(client, delivery)
                finally:
                    self._queue.task_done()
                    self._changed()

    def _enqueue(self, delivery: Delivery) -> None:
        self.log.append(delivery)
        self._queue.put_nowait(delivery)

    async def _deliver(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        if self.url is None:
            delivery.status = "no hook configured"
            return
        body = delivery.body
        delivery.request_headers = self._headers(delivery, body)
        delivery.delivered_at = time.time()
        started = time.monotonic()
        try:
            answer = await client.post(self.url, content=body, headers=delivery.request_headers)
        except httpx.TimeoutException:
            delivery.status, delivery.status_code = "timed out", 504
        except httpx.TransportError:
            delivery.status, delivery.status_code = "failed to connect to host", 502
        else:
            delivery.status_code, delivery.response = answer.status_code, answer.text
            delivery.status = "OK" if answer.is_success else f"Invalid HTTP Response: {answer.status_code}"
        delivery.duration = time.monotonic() - started

    def _headers(self, delivery: Delivery, body: bytes) -> dict[str, str]:
        return {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/10ca1db",
            "X-GitHub-Delivery": delivery.guid,
            "X-GitHub-Event": delivery.event,
            "X-GitHub-Hook-ID": str(self._target),
            "X-GitHub-Hook-Installation-Target-ID": str(self._target),
            "X-GitHub-Hook-Installation-Target-Type": "integration",
            "X-Hub-Signature": f"sha1={sign(self.secret, body, 'sha1')}",
            "X-Hub-Signature-256": f"sha256={sign(self.secret, body, 'sha256')}",
        }


def sign(secret: str, body: bytes, algorithm: str = "sha256") -> str:
    """The hexadecimal HMAC of the raw body, as it stands in the signature headers."""
    return hmac.new(secret.encode(), body, getattr(hashlib, algorithm)).hexdigest()


@contextlib.asynccontextmanager
async def delivering(hooks: Hooks) -> AsyncIterator[None]:
    """Deliver in the background for as long as the block lasts."""
    task = asyncio.create_task(hooks.deliver_forever(), name="local GitHub: webhooks")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
