"""What a provider's error means: whose fault it is, and when it can be asked again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.adapters.agents import failures
from runner.adapters.agents.resets import LONGEST, is_limit, wait

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC).timestamp()
HOUR, DAY = 3_600.0, 86_400.0


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        (f"Claude AI usage limit reached|{int(NOON) + 5400}", 5400),
        ("You've hit your limit · resets 3pm (UTC)", 3 * HOUR),
        ("You've hit your session limit · resets 3:30pm (UTC)", 3.5 * HOUR),
        ("5-hour limit reached ∙ resets 11am", 23 * HOUR),
        ("You've hit your limit · resets 12am (UTC)", 12 * HOUR),
        ("You've hit your limit · resets 3pm (Europe/Berlin)", 2 * HOUR),
        ("You've hit your limit · resets 3pm (Middle/Earth)", 3 * HOUR),
        ("You've hit your weekly limit · resets Nov 24, 9am (UTC)", 3 * DAY - 3 * HOUR),
        ("Weekly limit reached. Resets November 24 at 9:00 (UTC).", 3 * DAY - 3 * HOUR),
        ("Rate limit reached for gpt-5. Please try again in 1m30s.", 90),
        ("Rate limit reached. Please try again in 450ms.", 0.45),
        ("You've hit your usage limit. Try again in 2 days 3 hours 4 minutes.", 2 * DAY + 3 * HOUR + 240),
        ("try again in 1 day, 3 hours and 10 minutes", DAY + 3 * HOUR + 600),
        ("Retry after 7 seconds, or within 30 days.", 7),
        ("You've hit your usage limit. Try again at 3:14 PM.", 3 * HOUR + 14 * 60),
        ("429 Too Many Requests, retry-after: 17", 17),
        ('{"anthropic-ratelimit-requests-reset": "2026-11-21T12:00:40Z"}', 40),
        ("anthropic-ratelimit-tokens-reset: 2026-11-21T14:00:00+01:00", HOUR),
        ("anthropic-ratelimit-requests-reset: 2026-11-21T12:00:10Z, tokens-reset: 2026-11-21T12:05:00Z", 300),
    ],
)
def test_a_providers_message_says_when_it_can_be_asked_again(message: str, seconds: float) -> None:
    assert wait(message, NOON) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "The model is overloaded.",
        "resets 3",
        "resets Feb 31, 9am",
        "resets 25:00",
        "resets 2026-99-99T00:00:00Z",
        f"Claude AI usage limit reached|{int(NOON) - 10}",
        "usage limit reached|9999999999",
        "try again in 400 days",
    ],
)
def test_what_says_no_time_or_an_impossible_one_says_none(message: str) -> None:
    assert wait(message, NOON) is None


@given(
    st.text(max_size=80) | st.from_regex(r"(resets|try again in|retry-after:) [0-9a-z:,() ]{0,30}"), st.floats(0, 4e9)
)
def test_any_words_are_read_without_an_error_and_never_for_ever(message: str, now: float) -> None:
    seconds = wait(message, now)
    assert seconds is None or 0 < seconds <= LONGEST
    is_limit(message)


@pytest.mark.parametrize("status", [429, 503, 529])
def test_a_limit_is_the_providers_and_not_the_storys(status: int) -> None:
    failure = failures.provider(status, "try again in 20s", retry_after=4.0)
    assert (failure.kind, failure.retry_after, failure.lasting) == ("provider_capacity", 20.0, False)


def test_without_a_time_in_its_words_what_the_command_line_would_have_waited_counts() -> None:
    assert failures.provider(429, "rate limited", retry_after=4.0).retry_after == 4.0


@pytest.mark.parametrize("status", [None, 400, 500])
def test_a_subscription_that_is_used_up_is_a_limit_whatever_its_status(status: int | None) -> None:
    assert failures.provider(status, "You've hit your limit · resets 3pm (UTC)").kind == "provider_capacity"


@pytest.mark.parametrize("status", [402, 404])
def test_a_missing_model_and_spent_credit_are_cured_by_no_waiting(status: int) -> None:
    failure = failures.provider(status, "no")
    assert failure.lasting
    assert failure.of_the_route


def test_a_refused_key_is_cured_by_no_waiting() -> None:
    assert failures.not_signed_in("Claude Code", "sign in.", "401").lasting


@pytest.mark.parametrize(
    ("status", "kind"), [(None, "transport"), (500, "transport"), (408, "transport"), (400, "execution")]
)
def test_other_errors_are_not_of_the_route(status: int | None, kind: str) -> None:
    failure = failures.provider(status, "no")
    assert (failure.kind, failure.of_the_route) == (kind, False)
