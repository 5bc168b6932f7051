"""Reading what agents print: a long stream mapped to our events, beside decoding the same lines and nothing else.

`python -m tests.bench.streams [--megabytes 100]` writes a stream for each backend, shaped as its command line prints
it, follows the file as a run does, and prints events a second and the peak memory of a short stream and a long one.
Each reading is a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from runner.adapters.agents.registry import backends
from runner.adapters.process import Tail
from runner.adapters.sandbox.room import Inside
from runner.ports import AgentJob, Seat

SHORT = 5
"""megabytes of the stream whose peak memory the long one's is held against"""
OUTPUT = "src/module.py:12: a line that a command has printed\n" * 80
USED = {"input_tokens": 100, "cache_creation_input_tokens": 50, "cache_read_input_tokens": 1000, "output_tokens": 20}


class Reading(Struct):
    """One stream, read to its end. `peak` is in MB."""

    lines: int
    events: int
    seconds: float
    peak: float


# --- what each prints in a turn: some words, a command with its output, a file written ----------------------------


def claude(n: int) -> Iterator[dict[str, Any]]:
    blocks = [
        {"type": "text", "text": f"Step {n}: look at the module."},
        {"type": "tool_use", "id": f"run_{n}", "name": "Bash", "input": {"command": f"grep -rn name_{n} src"}},
        {"type": "tool_use", "id": f"write_{n}", "name": "Write", "input": {"file_path": f"/workspace/src/m{n}.py"}},
    ]
    for block in blocks:
        yield {"type": "assistant", "message": {"id": f"msg_{n}", "content": [block], "usage": USED}}
    for id in (f"run_{n}", f"write_{n}"):
        result = {"type": "tool_result", "tool_use_id": id, "content": OUTPUT}
        yield {"type": "user", "message": {"role": "user", "content": [result]}, "tool_use_result": {"stdout": OUTPUT}}


def codex(n: int) -> Iterator[dict[str, Any]]:
    command = {"id": f"item_{n}", "type": "command_execution", "command": f"grep -rn name_{n} src"}
    change = {"type": "file_change", "changes": [{"path": f"/workspace/src/m{n}.py", "kind": "update"}]}
    yield {"type": "item.completed", "item": {"id": f"said_{n}", "type": "agent_message", "text": f"Step {n}."}}
    yield {"type": "item.started", "item": command | {"aggregated_output": "", "status": "in_progress"}}
    ended = {"aggregated_output": OUTPUT * 2, "exit_code": 0, "status": "completed"}
    yield {"type": "item.completed", "item": command | ended}
    yield {"type": "item.completed", "item": change | {"id": f"change_{n}", "status": "completed"}}


def opencode(n: int) -> Iterator[dict[str, Any]]:
    tokens = {"total": 1170, "input": 150, "output": 20, "reasoning": 0, "cache": {"read": 1000, "write": 0}}
    calls = [("bash", {"command": f"grep -rn name_{n} src"}), ("write", {"filePath": f"/workspace/src/m{n}.py"})]
    yield {"type": "step_start", "part": {"type": "step-start"}}
    yield {"type": "text", "part": {"type": "text", "text": f"Step {n}."}}
    for tool, given in calls:
        state = {"status": "completed", "input": given, "output": OUTPUT, "metadata": {"exit": 0}}
        yield {"type": "tool_use", "part": {"type": "tool", "tool": tool, "callID": f"{tool}_{n}", "state": state}}
    part = {"type": "step-finish", "reason": "tool-calls", "tokens": tokens, "cost": 0.001}
    yield {"type": "step_finish", "part": part}


def pi(n: int) -> Iterator[dict[str, Any]]:
    """It repeats the whole message with every piece of it."""
    text = [{"type": "text", "text": ""}]
    for piece in range(8):
        text = [{"type": "text", "text": OUTPUT[: 200 * piece]}]
        told = {"role": "assistant", "content": text}
        update = {"type": "text_delta", "delta": OUTPUT[:200], "partial": told}
        yield {"type": "message_update", "assistantMessageEvent": update, "message": told}
    used = {
        "input": 100,
        "output": 20,
        "cacheRead": 1000,
        "cacheWrite": 50,
        "totalTokens": 1170,
        "cost": {"total": 0.001},
    }
    yield {
        "type": "message_end",
        "message": {"role": "assistant", "content": text, "usage": used, "stopReason": "toolUse"},
    }
    for tool, given in (("bash", {"command": f"grep -rn name_{n} src"}), ("write", {"path": f"src/m{n}.py"})):
        call = {"toolCallId": f"{tool}_{n}", "toolName": tool}
        yield {"type": "tool_execution_start", **call, "args": given}
        result = {"content": [{"type": "text", "text": OUTPUT}]}
        yield {"type": "tool_execution_end", **call, "result": result, "isError": False}


TURNS: dict[str, Callable[[int], Iterator[dict[str, Any]]]] = {
    "claude": claude,
    "codex": codex,
    "opencode": opencode,
    "pi": pi,
}


def written(path: Path, name: str, size: int) -> Path:
    """A stream of about `size` megabytes."""
    with path.open("wb") as file:
        for n in itertools.count():
            for line in TURNS[name](n):
                file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
            if file.tell() > size * 1_000_000:
                return path
    raise AssertionError


# --- reading ---------------------------------------------------------------------------------------------------


async def read(path: Path, name: str) -> Reading:
    seat = Seat(path.parent, "", path.parent, (), writable=True)
    job = AgentJob(run="bench", role="story", prompt="", seat=seat, agent=name)
    stream = backends(path.parent, {})[name].stream(job, Inside("/workspace", "/home/agent"))
    counts = [0, 0]

    def line(raw: bytes) -> None:
        counts[0] += 1
        counts[1] += len(stream.feed(raw))

    return await _followed(path, line, counts)


async def decode(path: Path, name: str) -> Reading:
    """The yardstick: every line decoded, and thrown away."""
    counts = [0, 0]

    def line(raw: bytes) -> None:
        counts[0] += 1
        msgspec.json.decode(raw)

    return await _followed(path, line, counts)


async def _followed(path: Path, line: Callable[[bytes], None], counts: list[int]) -> Reading:
    tail = Tail(path, line)
    start = time.perf_counter()
    await tail.finish()
    seconds = time.perf_counter() - start
    tail.close()
    return Reading(*counts, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def apart(way: str, path: Path, name: str) -> Reading:
    argv = [sys.executable, "-m", "tests.bench.streams", way, str(path), name]
    return msgspec.json.decode(subprocess.run(argv, check=True, capture_output=True).stdout, type=Reading)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.streams", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=100)
    size = parser.parse_args().megabytes
    print(f"streams: {size} MB of each agent's output mapped to events, beside decoding it")
    print(f"  {'':<10}{'lines/s':>10}{'MB/s':>8}{'events':>9}{'time':>8}{'peak':>10}{f'at {SHORT} MB':>10}")
    with tempfile.TemporaryDirectory() as directory:
        for name in TURNS:
            short = apart("read", written(Path(directory, "short"), name, SHORT), name)
            path = written(Path(directory, "long"), name, size)
            long, bare = apart("read", path, name), apart("decode", path, name)
            print(
                f"  {name:<10}{long.lines / long.seconds:>10,.0f}{size / long.seconds:>8,.0f}{long.events:>9,}"
                f"{long.seconds / bare.seconds:>7.2f}x{long.peak:>7.0f} MB{short.peak:>7.0f} MB"
            )
    print(
        "  time: beside a decoder that throws away what it reads; peak: of the process, with a stream of either length"
    )


if __name__ == "__main__":
    if len(sys.argv) == 4:
        reading = asyncio.run({"read": read, "decode": decode}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3]))
        sys.stdout.buffer.write(msgspec.json.encode(reading))
    else:
        main()
