"""How good the schedule is, in virtual time: no clock, no noise, the same numbers every time.

`python -m tests.bench.schedule [--plans 1000] [--seed 1]` runs random plans and divides each makespan by what no
schedule can beat: the longer of the critical path and all work shared out evenly.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from random import Random
from statistics import median
from typing import NamedTuple

from tests.bench.virtual import bound, by_levels, foreknown, makespan, random_plan

WAYS: dict[str, Callable[..., float]] = {
    "baro": makespan,
    "level by level": by_levels,
    "durations known": foreknown,
}
AIM = (1.02, 1.10)


class Quality(NamedTuple):
    """Makespan over the bound: 1 is perfect, and not always possible."""

    median: float
    p95: float
    worst: float


def measure(plans: int, seed: int) -> dict[str, Quality]:
    random = Random(seed)
    some = [random_plan(random) for _ in range(plans)]
    return {name: quality(way(*plan) / bound(*plan) for plan in some) for name, way in WAYS.items()}


def quality(ratios: Iterator[float]) -> Quality:
    found = sorted(ratios)
    return Quality(median(found), found[int(len(found) * 0.95)], found[-1])


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.schedule", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--plans", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"schedule: makespan over max(critical path, work / slots), {options.plans} random plans, virtual time")
    print(f"  {'':<17}{'median':>8}{'p95':>8}{'worst':>8}")
    for name, found in measure(options.plans, options.seed).items():
        print(f"  {name:<17}{found.median:>8.3f}{found.p95:>8.3f}{found.worst:>8.3f}")
    print(f"  {'aim':<17}{AIM[0]:>8.3f}{AIM[1]:>8.3f}")


if __name__ == "__main__":
    main()
