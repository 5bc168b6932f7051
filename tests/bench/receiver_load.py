"""The load generator, in a process of its own: `receiver_load PORT closed|open KIND COUNT RATE SEED`, JSON on stdout.

Requests are made before the clock starts and sent over a few kept-alive connections, one at a time on each.
`closed` sends the next request when the last is answered; `open` sends at a fixed rate and measures from the moment
a request was due, so a server that falls behind cannot hide it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys
import time
from itertools import count

import uvloop

from tests.bench.bare import SECRET
from tests.world.payloads import comment_event, encoded, signed

CONNECTIONS = 16
TEXT = "The importer reads a file line by line and forgets what follows the last newline. " * 40


def requests(kind: str, number: int, seed: int) -> list[bytes]:
    """`kept`: each is a comment of its own that starts a run. `nothing`: a comment that is not for us."""
    words = "/baro fix this" if kind == "kept" else "Thanks, I can reproduce that on 3.2."
    marker = 7_777_777_777
    body = encoded(comment_event(words, id=marker, body=TEXT) if kind == "kept" else comment_event(words, body=TEXT))
    head = signed(body, "", "issue_comment")
    made = []
    for at in range(number):
        own = body.replace(str(marker).encode(), str(seed * 1_000_000 + at + 10**9).encode())
        head["x-github-delivery"] = f"{seed:08x}-{at:08x}-4d1f-8a6e-000000000000"
        head["x-hub-signature-256"] = "sha256=" + hmac.new(SECRET, own, hashlib.sha256).hexdigest()
        lines = [f"{name}: {value}" for name, value in head.items()]
        lines += ["host: baro.example", "accept: */*", f"content-length: {len(own)}"]
        made.append(("POST /webhooks/github HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode() + own)
    return made


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, request: bytes) -> int:
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        await self.reader.readexactly(length)
        return int(head[9:12])


async def connect(port: int) -> Connection:
    return Connection(*await asyncio.open_connection("127.0.0.1", port))


async def main(port: int, loop: str, kind: str, number: int, rate: float, seed: int) -> dict[str, object]:
    work = requests(kind, number, seed)
    connections = [await connect(port) for _ in range(CONNECTIONS)]
    statuses: dict[int, int] = {}
    waits: list[float] = []
    took = count()
    began = time.perf_counter() + 0.1

    async def worker(connection: Connection) -> None:
        while (at := next(took)) < number:
            due = began + at / rate if loop == "open" else time.perf_counter()
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            status = await connection.ask(work[at])
            waits.append(time.perf_counter() - due)
            statuses[status] = statuses.get(status, 0) + 1

    await asyncio.gather(*(worker(connection) for connection in connections))
    waits.sort()
    at = {name: round(waits[int(len(waits) * share)] * 1000, 3) for name, share in (("p50", 0.5), ("p99", 0.99))}
    return {"statuses": statuses, "seconds": time.perf_counter() - began, "bytes": len(work[0]), **at}


if __name__ == "__main__":
    port, loop, kind, number, rate, seed = sys.argv[1:]
    print(json.dumps(uvloop.run(main(int(port), loop, kind, int(number), float(rate), int(seed)))))
