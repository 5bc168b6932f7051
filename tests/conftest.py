"""What every test may use: a real Redis, one per worker, empty for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import structlog

from bot.embedded import embedded_redis
from runner.adapters.redis_store import Store, connect


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Tracebacks without locals: the default ones take a second each."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.stdlib.add_log_level, renderer])


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    home: Path = tmp_path_factory.mktemp("redis")
    async with embedded_redis(home) as url:
        yield url


@pytest_asyncio.fixture
async def clean_redis(redis_url: str) -> AsyncIterator[str]:
    """The URL of an empty Redis."""
    client = connect(redis_url)
    await client.flushall()
    await client.aclose()
    yield redis_url


@pytest_asyncio.fixture
async def store(clean_redis: str) -> AsyncIterator[Store]:
    store = Store(connect(clean_redis), lease=5.0, retention=3600)
    yield store
    await store.aclose()
