"""What baro adds to an agent: the sandbox, its network, the gateway and the watching, beside the bare command line.

`python -m tests.bench.agents [--rounds 5]` has each real command line do one trivial story (a file is written), bare
and through baro in turn, with a scripted model on loopback, and prints medians. `make bench` has them installed;
one that is not on PATH is left out, and that is said.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from runner.adapters import process
from runner.adapters.agents.record import Record
from runner.adapters.sandbox.room import Inside, surroundings
from tests.adapters.seats import Bench
from tests.world.model import Hang, Model, Reply, Text, Tool

AIM = (80, 15)
"""milliseconds and megabytes a story"""
LIVE = 4
"""attempts under way at once when the runner's memory is read"""
SILENCE = 120.0
KEY = "sk-ant-scripted-0123456789"


@dataclass(frozen=True)
class Agent:
    name: str
    model: str
    tool: str
    path: str = ""
    """the tool's argument that names the file; "" for a shell command"""

    def work(self, tree: str) -> Reply:
        given = {self.path: f"{tree}/new.txt", "content": "x\n"} if self.path else {"cmd": "echo x >new.txt"}
        return Tool(self.tool, given)


AGENTS = (
    Agent("claude", "claude-sonnet-4-5", "Write", "file_path"),
    Agent("codex", "gpt-5.5", "exec_command"),
    Agent("opencode", "openai/kimi-k2", "write", "filePath"),
    Agent("pi", "anthropic/claude-sonnet-4-5", "write", "path"),
)


class Sides:
    """One agent in one seat, bare and through baro."""

    def __init__(self, root: Path, agent: Agent, model: Model) -> None:
        self.agent, self.model = agent, model
        keys = {"ANTHROPIC_API_KEY": KEY, "OPENAI_API_KEY": KEY}
        self.bench = Bench(root, {**keys, "ANTHROPIC_BASE_URL": model.url, "OPENAI_BASE_URL": model.openai})
        self.fleet = self.bench.fleet(agent.name, agent.model)
        self.attempts = 0

    async def ours(self) -> None:
        self.attempts += 1
        job = self.bench.job(agent=self.agent.name, attempt=self.attempts, prompt=self._turn, silence=SILENCE)
        self._script(self.bench.sandbox.inside(job.seat, self.bench.home).tree)
        reply = await self.fleet.run(job, lambda _: None)
        assert reply.ended.well, reply.ended
        self._written()

    async def bare(self) -> None:
        self.attempts += 1
        root = self.bench.home.parent / f"bare-{self.attempts}"
        home, tree = root / "home", self.bench.seat.tree
        home.mkdir(parents=True)
        self._script(str(tree))
        backend = self.fleet._backends[self.agent.name]
        provider = backend.provider(self.agent.model)
        assert provider is not None
        inside = Inside(str(tree), str(home), provider.base)
        launch = backend.launch(self.bench.job(prompt=self._turn), self.agent.model, inside, home)
        env = surroundings(inside, os.environ["PATH"]) | launch.env
        with (root / "out").open("wb") as out:
            started = await asyncio.create_subprocess_exec(
                *launch.argv, env=env, cwd=tree, stdin=asyncio.subprocess.PIPE, stdout=out, stderr=out
            )
            await started.communicate(launch.stdin)
        assert started.returncode == 0, (root / "out").read_text()
        self._written()

    async def megabytes(self) -> float:
        """Of the processes around the agent's own, while it waits for its model."""
        self.model.on("hang here", Hang())
        asked = len(self.model.asked)
        self.attempts += 1
        job = self.bench.job(agent=self.agent.name, attempt=self.attempts, prompt="hang here", silence=SILENCE)
        with _running(self.fleet.run(job, lambda _: None)):
            while len(self.model.asked) == asked:  # noqa: ASYNC110 - another process asks
                await asyncio.sleep(0.02)
            around = [pid for pid in process.marked(Record(self.bench.home, job).mark) if _name(pid) == "bwrap"]
            return sum(map(_share, around))

    @property
    def _turn(self) -> str:
        return f"turn {self.attempts} of the bench"

    def _script(self, tree: str) -> None:
        self.model.on(self._turn, self.agent.work(tree), Text("Done."))

    def _written(self) -> None:
        (self.bench.seat.tree / "new.txt").unlink()


@contextlib.contextmanager
def _running(work: object) -> Iterator[None]:
    task = asyncio.ensure_future(work)  # type: ignore[arg-type]
    try:
        yield
    finally:
        task.cancel()


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _share(pid: int) -> float:
    """A process's share of the memory it uses with others, in megabytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


# --- the runner ------------------------------------------------------------------------------------------------


async def runner_megabytes(root: Path) -> float:
    """What a runner's own memory grows by for an attempt under way, over some at once."""
    bench = Bench(root)
    fleet = bench.fleet()
    await bench.play("- steps: [{say: warm}]\n", attempt=99)
    bench.script.write_text("- steps: [{say: here}, {hang: true}]\n")
    gc.collect()
    before, heard = _share(os.getpid()), asyncio.Semaphore(0)
    jobs = [bench.job(attempt=number, silence=SILENCE) for number in range(LIVE)]
    tasks = [asyncio.ensure_future(fleet.run(job, lambda _: heard.release())) for job in jobs]
    async with asyncio.timeout(SILENCE):
        for _ in jobs:
            await heard.acquire()
    grown = _share(os.getpid()) - before
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return max(0.0, grown) / LIVE


async def measure(rounds: int, root: Path) -> None:
    print("agents: a trivial story with the real command lines, through baro and bare; medians")
    print(f"  {'':<10}{'baro':>9}{'bare':>9}{'added':>9}{'memory around it':>19}")
    for agent in AGENTS:
        if shutil.which(agent.name) is None:
            print(f"  {agent.name:<10}is not installed")
            continue
        async with Model() as model:
            sides = Sides(root / agent.name, agent, model)
            took: dict[str, list[float]] = {"ours": [], "bare": []}
            for number in range(rounds + 1):
                for name in took:
                    start = time.perf_counter()
                    await getattr(sides, name)()
                    if number:  # the first one warms the page cache
                        took[name].append(time.perf_counter() - start)
            added = [a - b for a, b in zip(took["ours"], took["bare"], strict=True)]
            ours, bare, more = (1000 * median(values) for values in (took["ours"], took["bare"], added))
            around = await sides.megabytes()
            print(f"  {agent.name:<10}{ours:>6.0f} ms{bare:>6.0f} ms{more:>6.0f} ms{around:>16.1f} MB")
    print(
        f"  aim: {AIM[0]} ms and {AIM[1]} MB a story; the runner itself grows by {await runner_megabytes(root / 'r'):.1f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.agents", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    with tempfile.TemporaryDirectory(dir=Path.home()) as directory:  # Codex refuses to work below /tmp
        asyncio.run(measure(parser.parse_args().rounds, Path(directory)))


if __name__ == "__main__":
    main()
