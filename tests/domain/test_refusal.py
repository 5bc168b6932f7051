"""When a provider that refuses is asked no further."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.domain.refusal import REPEATED, STANDING, Refusal

SILENCE = 600.0


def refusal(status: int | None = 429, at: float = 0.0, path: str = "/v1", retry_after: float | None = None) -> Refusal:
    return Refusal(path=path, status=status, retry_after=retry_after, at=at, since=at)


def row(*refusals: Refusal) -> Refusal:
    last = None
    for one in refusals:
        last = one.after(last)
    assert last
    return last


def test_what_repeats_is_one_row_and_the_last_word_counts() -> None:
    last = row(refusal(at=1.0, retry_after=9.0), refusal(at=2.0), refusal(at=3.0, retry_after=7.0))
    assert (last.since, last.at, last.times, last.retry_after) == (1.0, 3.0, 3, 7.0)


@pytest.mark.parametrize("other", [refusal(401, 5.0), refusal(500, 5.0), refusal(429, 5.0, "/v2")], ids=repr)
def test_anything_else_begins_a_new_row(other: Refusal) -> None:
    assert row(refusal(), refusal(), other) == other


def test_a_provider_that_is_down_may_say_so_in_many_ways() -> None:
    assert row(*map(refusal, (500, None, 503, 529, None))).times == 5


@given(st.lists(st.floats(0, STANDING * 0.99), min_size=1, max_size=100), st.none() | st.floats(0, 1e6))
def test_no_burst_of_refusals_is_enough(times: list[float], retry_after: float | None) -> None:
    last = row(*(refusal(at=at, retry_after=retry_after) for at in sorted(times)))
    assert not last.hopeless(last.since + STANDING * 0.99, SILENCE)


@given(st.integers(1, REPEATED - 1), st.floats(0, 1e6), st.none() | st.floats(0, SILENCE))
def test_as_long_as_command_lines_may_give_up_by_themselves_they_are_let(
    times: int, later: float, retry_after: float | None
) -> None:
    assert not row(*[refusal(retry_after=retry_after)] * times).hopeless(later, SILENCE)


def test_whoever_asks_on_for_ever_is_stopped() -> None:
    last = row(*(refusal(at=30.0 * time) for time in range(REPEATED)))
    assert last.hopeless(last.at, SILENCE)


def test_a_wait_longer_than_the_limit_of_silence_is_not_begun() -> None:
    assert not refusal(retry_after=SILENCE + 1).hopeless(STANDING - 1, SILENCE)
    assert refusal(retry_after=SILENCE + 1).hopeless(STANDING, SILENCE)
