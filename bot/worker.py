"""The runner process: two arq workers as doorbells, one host that runs runs, the reconciler, and extensions.

Asks have a worker of their own, and a ring for a run returns as soon as the host has taken it: runs starve nobody.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
from typing import Any, NoReturn

import structlog
from arq.connections import ArqRedis
from arq.worker import Function, Worker, func

from runner.adapters.redis_store import TROUBLE
from runner.host.host import Host

from . import queue
from .desk import Desk
from .settings import Settings
from .wiring import RunnerProcess, runner_process

log = structlog.get_logger(__name__)

JOB_TIMEOUT = 10
"""seconds; a job only hands over, and a killed one keeps its id locked for this long and ten seconds more"""
FILES = 8192
REOPEN = 1.0
"""seconds before a doorbell that lost Redis is listened to again"""


def open_more_files() -> None:
    """Every connection out of a sandbox takes two files of ours, and many systems start programs with 1024 for all."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def run(settings: Settings) -> int:
    """Until SIGTERM or SIGINT. Returns the exit code."""
    open_more_files()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with runner_process(settings) as process:
        tasks = [
            asyncio.create_task(process.reconciler.forever(), name="baro:reconciler"),
            asyncio.create_task(process.sweeper.forever(), name="baro:sweeper"),
            asyncio.create_task(process.extensions.forever(), name="baro:extensions"),
            asyncio.create_task(_listen(process.arq, settings, queue.ASKS, _admit(process.desk)), name="baro:asks"),
            asyncio.create_task(_listen(process.arq, settings, queue.RUNS, _advance(process.host)), name="baro:runs"),
        ]
        log.info("runner.ready", host=process.host.name)
        code = await _until(stop, tasks)
        await _put_down(process, tasks, settings.stop_grace)
    if process.extensions.stuck:
        _leave(code)
    return code


def _leave(code: int) -> NoReturn:
    """At once: Python waits for threads when it ends, and one of somebody else's does not end."""
    logging.shutdown()
    os._exit(code)


async def _until(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> int:
    """Wait for a signal; a task that ends by itself is a bug, and ends the process so that it is seen."""
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done - {waiting}:
        log.error("runner.died", task=task.get_name(), exc_info=task.exception())
    return 0 if waiting in done else 1


async def _put_down(process: RunnerProcess, tasks: list[asyncio.Task[None]], grace: float) -> None:
    """Take nothing new, stop the agents, leave the journal for the next host; no longer than `grace` seconds."""
    log.info("runner.stopping", runs=process.host.running)
    for task in tasks:
        task.cancel()
    try:
        async with asyncio.timeout(grace):
            await asyncio.gather(process.host.stop(), process.desk.stop(), *tasks, return_exceptions=True)
    except TimeoutError:
        log.error("runner.stopped_late", runs=process.host.running)


async def _listen(arq: ArqRedis, settings: Settings, queue_name: str, function: Function) -> None:
    """One doorbell, for ever. arq gives up when Redis goes away; we do not."""
    while True:
        worker = Worker(
            functions=[function],
            queue_name=queue_name,
            redis_pool=arq,
            poll_delay=settings.poll,
            handle_signals=False,
            keep_result=0,
            max_jobs=50,
            job_timeout=JOB_TIMEOUT,
            job_serializer=queue.encode,
            job_deserializer=queue.decode,
        )
        try:
            await worker.async_run()
        except TROUBLE as error:
            log.warning("bell.lost", queue=queue_name, error=repr(error))
        finally:
            await _quiet(worker)
        await asyncio.sleep(REOPEN)


async def _quiet(worker: Worker) -> None:
    """Jobs in hand are dropped: what they were about is still in the store, and will be rung for again."""
    jobs = list(worker.tasks.values())
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)


def _admit(desk: Desk) -> Function:
    async def admit(ctx: dict[Any, Any], ask_id: str) -> None:  # noqa: ARG001 - arq's signature
        desk.take(ask_id)

    return func(admit, name="admit", max_tries=1)


def _advance(host: Host) -> Function:
    async def advance(ctx: dict[Any, Any], run: str) -> None:  # noqa: ARG001 - arq's signature
        await host.take(run)

    return func(advance, name="advance", max_tries=1)
