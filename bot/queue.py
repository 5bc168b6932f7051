"""arq as the doorbell: what a ring for an ask looks like inside the script that keeps it, and how a run is rung for.

A ring says only "look at this id". It may be lost, doubled or late; the store is the truth.
"""

from __future__ import annotations

import time

import msgspec
from arq.connections import ArqRedis
from arq.constants import job_key_prefix
from arq.jobs import serialize_job

from runner.adapters.redis_store import Bell

ASKS = "baro:bell:asks"
"""queue of `admit(ask id)`"""
RUNS = "baro:bell:runs"
"""queue of `advance(run id)`"""

encode = msgspec.json.encode
decode = msgspec.json.decode
"""JSON, because arq's default is pickle: whoever can write to Redis must not be able to run code here."""


def bell() -> Bell:
    """The ring for an ask whose id is not known before Redis gives it: the script fills it in.

    arq's own enqueue takes three round trips and cannot join a script; the format is arq's, made by arq.
    """
    now = int(time.time() * 1000)
    job = serialize_job("admit", ("@id@",), {}, None, now, serializer=encode)
    return Bell(queue=ASKS, prefix=job_key_prefix, job=job, score=now)


async def ring_for_run(arq: ArqRedis, run: str) -> None:
    await arq.enqueue_job("advance", run, _job_id=f"advance:{run}", _queue_name=RUNS)
