"""How close the schedule comes to what no schedule can beat, in virtual time."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.bench.schedule import measure
from tests.bench.virtual import bound, by_levels, makespan, random_plan


def test_a_plan_takes_hardly_longer_than_its_critical_path_and_its_work_demand() -> None:
    quality = measure(plans=200, seed=7)["baro"]
    assert quality.median <= 1.02
    assert quality.p95 <= 1.15


def test_dataflow_beats_levels_on_the_same_plans() -> None:
    random = Random(11)
    plans = [random_plan(random) for _ in range(200)]
    ours, theirs = (sum(way(*plan) / bound(*plan) for plan in plans) for way in (makespan, by_levels))
    assert (theirs / len(plans) - 1) > 3 * (ours / len(plans) - 1)


@given(st.integers(0, 2**32))
def test_a_free_slot_never_waits_while_a_story_could_run(seed: int) -> None:
    """Graham's bound: any schedule that leaves no slot idle in vain is within it, for every plan."""
    stories, durations, slots = random_plan(Random(seed))
    assert makespan(stories, durations, slots) <= (2 - 1 / slots) * bound(stories, durations, slots) + 1e-9
