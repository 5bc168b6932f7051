"""From the 202 to the ask being picked up by a warm runner, and what waiting costs while nothing rings.

python -m tests.bench.doorbell [--asks 60]
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path

import httpx
import msgspec

from bot.embedded import embedded_redis
from runner.adapters.redis_store import connect
from tests.world.house import REPO, SECRET, House, house

WARM_UP = 5
IDLE_SECONDS = 5.0


async def deliver(baro: House, client: httpx.AsyncClient, number: int, n: int) -> tuple[str, float]:
    """One signed `/baro help` nobody has asked before; its key and when the 202 was there."""
    comment = await baro.github.comment(REPO, number, "maria", "hello")
    await baro.github.idle()
    payload = baro.github.deliveries[-1].payload
    payload["comment"]["body"] = "/baro help"
    body = msgspec.json.encode(payload)
    headers = {
        "content-type": "application/json",
        "x-github-event": "issue_comment",
        "x-github-delivery": f"bench-{n}-{comment.id}",
        "x-hub-signature-256": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(),
    }
    answer = await client.post(f"http://127.0.0.1:{baro.port}/webhooks/github", content=body, headers=headers)
    at = time.time()
    assert answer.status_code == 202, answer.text
    await baro.until(lambda: any(f"baro:reply={comment.id}" in c.body for c in baro.github.comments(REPO, number)))
    return answer.json()["ask"], at


def picked_up(baro: House) -> dict[str, float]:
    lines = (json.loads(line) for line in (baro.root / "runner.log").read_text().splitlines() if line.startswith("{"))
    return {
        line["key"]: datetime.fromisoformat(line["timestamp"]).timestamp()
        for line in lines
        if line["event"] == "ask.picked_up"
    }


async def idle_cost(redis_url: str) -> float:
    """Redis commands per second while nothing happens; the two that ask are not counted."""
    client = connect(redis_url)
    before = (await client.info("stats"))["total_commands_processed"]
    await asyncio.sleep(IDLE_SECONDS)
    after = (await client.info("stats"))["total_commands_processed"]
    await client.aclose()
    return (after - before - 1) / IDLE_SECONDS


async def bench(asks: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        async with embedded_redis(root / "redis") as url, house(root, url) as baro, httpx.AsyncClient() as client:
            issue = await baro.github.open_issue(REPO, "maria", "An issue", "")
            rung = [await deliver(baro, client, issue.number, n) for n in range(WARM_UP + asks)]
            seen = picked_up(baro)
            waits = sorted((seen[key] - at) * 1000 for key, at in rung[WARM_UP:])
            await asyncio.sleep(1)
            cost = await idle_cost(url)
    print(f"doorbell: {asks} asks, warm, one at a time, appendfsync always")
    print(f"  202 to picked up: median {statistics.median(waits):.1f} ms, p90 {waits[int(len(waits) * 0.9)]:.1f} ms")
    print(f"  idle: {cost:.0f} Redis commands a second")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--asks", type=int, default=60)
    asyncio.run(bench(parser.parse_args().asks))
