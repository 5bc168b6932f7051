"""What a delivery costs: our web process beside a bare Starlette endpoint, in one run.

`python -m tests.bench.receiver [--rounds 5] [--requests 3000] [--rate 300] [--pin]` prints a table. Both servers are
one and the same uvicorn with uvloop and httptools; Redis is a real one with `appendfsync always`. Rounds alternate
which goes first. CPU is what the kernel charged to the web process per request; p99 comes from a fixed open-loop rate.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bot.embedded import redis_executable

KINDS = {"nothing": ("asks nothing", 1.2), "kept": ("is kept", 2.0)}
"""kind of delivery: what the table calls it, and the CPU ratio we aim at"""


class Sample(NamedTuple):
    cpu: float
    """microseconds per request"""
    p50: float
    p99: float
    """milliseconds"""


def main() -> None:
    options = _options()
    ours_and_bare, the_rest = _cpus(options.pin)
    os.sched_setaffinity(0, the_rest)  # Redis and the load generator inherit it
    with (
        tempfile.TemporaryDirectory() as home,
        redis(Path(home)) as url,
        server("tests.bench.bare:app", ours_and_bare) as bare,
        server("tests.bench.receiver_ours:app", ours_and_bare, url) as ours,
    ):
        samples = measure({"bare": bare, "ours": ours}, options)
    report(samples, options)


def measure(servers: dict[str, Server], options: argparse.Namespace) -> dict[tuple[str, str], list[Sample]]:
    samples: dict[tuple[str, str], list[Sample]] = {(name, kind): [] for name in servers for kind in KINDS}
    seeds = iter(range(1, 10**6))
    for kind in KINDS:
        for name in servers:
            load(servers[name], "closed", kind, 500, 1, next(seeds))  # warm
        for at in range(options.rounds):
            for name in sorted(servers, reverse=bool(at % 2)):
                samples[name, kind].append(sample(servers[name], kind, options, next(seeds)))
    return samples


def sample(server: Server, kind: str, options: argparse.Namespace, seed: int) -> Sample:
    before = server.cpu()
    load(server, "closed", kind, options.requests, 1, seed)
    cpu = (server.cpu() - before) / options.requests / 1000
    timed = load(server, "open", kind, options.rate * 3, options.rate, seed + 500_000)
    return Sample(cpu, timed["p50"], timed["p99"])


def load(server: Server, loop: str, kind: str, number: int, rate: int, seed: int) -> dict[str, float]:
    arguments = [str(value) for value in (server.port, loop, kind, number, rate, seed)]
    command = [sys.executable, "-m", "tests.bench.receiver_load", *arguments]
    result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    assert set(result["statuses"]) <= {"200", "202"}, result
    assert kind == "nothing" or "200" not in result["statuses"] or server.bare, result
    return result


def report(samples: dict[tuple[str, str], list[Sample]], options: argparse.Namespace) -> None:
    print(f"{options.rounds} rounds of {options.requests} requests; p50 and p99 at {options.rate} a second, open loop")
    print(f"{'a delivery that':<16}{'server':<8}{'CPU µs':>8}{'p50 ms':>8}{'p99 ms':>8}{'CPU ratio':>11}{'aim':>6}")
    for kind, (title, aim) in KINDS.items():
        bare, ours = samples["bare", kind], samples["ours", kind]
        ratio = median(b.cpu / a.cpu for a, b in zip(bare, ours, strict=True))
        for name, row, end in (("bare", bare, ""), ("ours", ours, f"{ratio:>11.2f}{aim:>6}")):
            cpu, p50, p99 = (median(column) for column in zip(*row, strict=True))
            print(f"{title:<16}{name:<8}{cpu:>8.1f}{p50:>8.2f}{p99:>8.2f}{end}")


class Server(NamedTuple):
    port: int
    process: int
    bare: bool

    def cpu(self) -> int:
        """Nanoseconds on a CPU so far, all threads."""
        tasks = Path(f"/proc/{self.process}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


@contextlib.contextmanager
def server(target: str, cpus: set[int], redis_url: str = "") -> Iterator[Server]:
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", target, "--port", str(port), "--loop", "uvloop", "--http", "httptools"]
    command += ["--no-access-log", "--log-level", "warning", *(["--factory"] if redis_url else [])]
    with _process(command, {"BENCH_REDIS": redis_url}) as process:
        os.sched_setaffinity(process, cpus)
        _until(lambda: socket.create_connection(("127.0.0.1", port), 0.2).close())
        yield Server(port, process, bare=not redis_url)


@contextlib.contextmanager
def redis(home: Path) -> Iterator[str]:
    path = home / "redis.sock"
    command = [redis_executable(), "--port", "0", "--unixsocket", str(path), "--dir", str(home)]
    command += ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--loglevel", "warning"]
    with _process(command, {}):
        _until(path.stat)
        yield f"unix://{path}"


@contextlib.contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[int]:
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=log) as process,
    ):
        try:
            yield process.pid
        finally:
            process.terminate()


def _until(probe: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            probe()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _cpus(pin: bool) -> tuple[set[int], set[int]]:
    """For the web processes, and for everything else: the same where there is nothing to pin to."""
    all_of_them = os.sched_getaffinity(0)
    first = {min(all_of_them)}
    return (first, all_of_them - first) if pin and len(all_of_them) > 1 else (all_of_them, all_of_them)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.receiver", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=3000, help="per round, for the CPU")
    parser.add_argument("--pin", action="store_true", help="both web processes on one CPU, all else on the others")
    parser.add_argument("--rate", type=int, default=300, help="requests a second, for p99")
    return parser.parse_args()


if __name__ == "__main__":
    main()
