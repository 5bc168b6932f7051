"""Our web application as the bench runs it: the real one, over a real Redis; `BENCH_REDIS` is its URL."""

from __future__ import annotations

import os

from starlette.applications import Starlette

from bot.log import configure
from bot.web import WebDeps, web_app
from bot.wiring import RedisInbox
from handlers.us import Us
from runner.adapters.redis_store import Store, connect
from tests.bench.bare import SECRET


def app() -> Starlette:
    configure("json")
    store = Store(connect(os.environ["BENCH_REDIS"]), lease=15, retention=3600)
    return web_app(WebDeps(secrets=[SECRET.decode()], us=Us("4242", "baro[bot]"), inbox=RedisInbox(store)))
