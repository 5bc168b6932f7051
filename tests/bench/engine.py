"""What the engine adds to a run: the time above that of the same plan in virtual time, and the git processes.

`python -m tests.bench.engine [--stories 8] [--seconds 5] [--files 1000]` has baro carry out a plan whose agents sleep,
web and runner as real processes, agents in their sandbox, a critic after every story. `real` is from the moment the
plan is known until the last story has landed; what a run needs once (clone, intake, push) is left out of `per story`.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from runner.domain import events as e
from runner.domain.plan import Story
from tests.bench.runs import Bench, Ran, bench, planned
from tests.bench.virtual import makespan

AGENTS = 4
REPO = "acme/thousand"
AIM_MS, AIM_GITS = 150, 12
PHASES: dict[type[e.Answer], str] = {
    e.StorySeated: "seat",
    e.AttemptEnded: "attempt",
    e.StoryHarvested: "harvest",
    e.Critiqued: "critique",
    e.StoryLanded: "land",
}
"""the parts of a story, by what answers each one's request"""


def plan(count: int) -> list[Story]:
    """As many chains as there are agents, side by side."""
    return [
        Story(f"S{n}", f"Part {n}", "Do it.", depends_on=(f"S{n - AGENTS}",) if n > AGENTS else (), writes=(path(n),))
        for n in range(1, count + 1)
    ]


def path(number: int) -> str:
    return f"parts/{number}.py"


async def sleepers(made: Bench, count: int, seconds: float) -> Ran:
    steps = {
        f"S{n}": [{"sleep": seconds}, {"write": {"path": path(n), "text": "DONE = 1\n"}}] for n in range(1, count + 1)
    }
    made.baro.script(*planned(plan(count), steps))
    return await made.run(REPO)


def took(entries: Iterable[e.Entry]) -> float:
    """Seconds from the plan to the last landing."""
    began = next(entry.at for entry in entries if isinstance(entry.event, e.PlanShaped))
    return max(entry.at for entry in entries if isinstance(entry.event, e.StoryLanded)) - began


def phases(entries: Iterable[e.Entry], seconds: float) -> dict[str, float]:
    """Median milliseconds of each part of a story, the sleep left out."""
    asked: dict[int, float] = {}
    took: dict[str, list[float]] = {name: [] for name in PHASES.values()}
    for entry in entries:
        asked[entry.seq] = entry.at
        if isinstance(entry.event, e.Answer) and (name := PHASES.get(type(entry.event))):
            sleep = seconds if name == "attempt" else 0.0
            took[name].append((entry.at - asked[entry.event.answers] - sleep) * 1000)
    return {name: median(times) for name, times in took.items()}


async def measure(stories: int, seconds: float, files: int) -> None:
    with tempfile.TemporaryDirectory() as root:
        async with bench(Path(root)) as made:
            made.baro.github.repository(REPO, {f"src/d{n // 50}/f{n}.py": f"VALUE = {n}\n" for n in range(files)})
            made.baro.github.grant(REPO, "maria", "write")
            await made.baro.start("web", "runner", BARO_MAX_AGENTS=str(AGENTS))
            one = await sleepers(made, 1, 0.0)
            many = await sleepers(made, stories, seconds)
    report(one, many, stories, seconds, files)


def report(one: Ran, many: Ran, stories: int, seconds: float, files: int) -> None:
    virtual = makespan(plan(stories), {f"S{n}": seconds for n in range(1, stories + 1)}, AGENTS)
    real = took(many.entries)
    gits = (len(many.gits) - len(one.gits)) / (stories - 1)
    print(f"engine: {stories} stories that sleep {seconds:g} s, {AGENTS} agents, {files:,} files")
    print(f"  virtual {virtual:.2f} s, real {real:.2f} s, ratio {real / virtual:.3f}")
    print(f"  per story: {(real - virtual) / stories * 1000:.0f} ms (aim {AIM_MS})")
    print(f"  per story: {gits:.1f} git processes (aim {AIM_GITS}); the run's own: {len(one.gits) - gits:.0f}")
    print("  median ms: " + ", ".join(f"{name} {ms:.0f}" for name, ms in phases(many.entries, seconds).items()))
    extra = Counter(call.split()[0] for call in many.gits)
    print("  git: " + ", ".join(f"{name} {count}" for name, count in extra.most_common()))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.engine", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--stories", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5.0, help="each story sleeps")
    parser.add_argument("--files", type=int, default=1000)
    options = parser.parse_args()
    asyncio.run(measure(options.stories, options.seconds, options.files))


if __name__ == "__main__":
    main()
