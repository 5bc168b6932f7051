"""Our web application as the bench runs it: the real one, over a real Redis; `BENCH_REDIS` is its URL."""

from __future__ import annotations

import os

from starlette.applications import Starlette

from bot.log import configure
from bot.web import WebDeps, web_app
from handlers.us import Us
from runner.adapters.redis_store import Bell, Store, connect
from tests.bench.bare import SECRET

BELL = Bell(queue="arq:bench", prefix="arq:job:", job=b'{"f":"admit","a":["@id@"]}', score=0)


class StoreInbox:
    """The ring is part of the script, as in the real wiring."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, delivery: str, key: str, ask: bytes) -> bool:
        return await self._store.keep(delivery, key, ask, BELL) is not None

    async def ready(self) -> None:
        await self._store.writable()


def app() -> Starlette:
    configure("json")
    store = Store(connect(os.environ["BENCH_REDIS"]), lease=15, retention=3600)
    return web_app(WebDeps(secrets=[SECRET.decode()], us=Us("4242", "baro[bot]"), inbox=StoreInbox(store)))
