"""Routes: read strictly, combined by authority, and left for the next one only while they are closed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.domain.agent import Failure
from runner.domain.detour import PAUSE_FIRST, PAUSE_MAX, Roads, pause
from runner.domain.route import MAX_ROUTES, PURPOSES, Choice, Routing, read_wishes, settle

KNOWN = ("claude", "codex", "scripted")
CHOICE = Choice(KNOWN)

routes = st.lists(
    st.sampled_from(["claude", "claude:opus", "codex", "codex:gpt-5", "auto"]), min_size=1, max_size=4, unique=True
).map(tuple)
routings = st.dictionaries(st.sampled_from(PURPOSES), routes)
LIMIT = Failure("provider_capacity", "at its limit")


# --- reading ---------------------------------------------------------------------------------------------------


def test_the_operators_setting_is_one_readable_line() -> None:
    wishes, problems = read_wishes("light=claude:haiku; heavy = claude:opus | codex;allow=claude|codex:gpt-5;", CHOICE)
    assert problems == ()
    assert wishes.routing == {"light": ("claude:haiku",), "heavy": ("claude:opus", "codex")}
    assert wishes.allowed == ("claude", "codex:gpt-5")


@given(routings)
def test_whatever_is_written_down_is_read_as_it_was_meant(routing: Routing) -> None:
    text = "; ".join(f"{purpose}={'|'.join(several)}" for purpose, several in routing.items())
    wishes, problems = read_wishes(text, CHOICE)
    assert (wishes.routing, wishes.allowed, problems) == (routing, None, ())


@given(st.text(max_size=60) | st.text(alphabet="light=claude:opus|; hevy-", max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    wishes, problems = read_wishes(text, CHOICE)
    assert all(problem and "\n" not in problem for problem in problems)
    if not problems:
        assert all(
            choice.partition(":")[0] in (*KNOWN, "auto") for several in wishes.routing.values() for choice in several
        )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hevy=claude", "`hevy` is no role or tier (did you mean `heavy`?)"),
        ("zzz=claude", "`zzz` is no role or tier (there are intake, plan, critic, surgeon, light, standard, heavy)"),
        ("light=cluade", "`light`: `cluade` is none of auto, claude, codex, scripted (did you mean `claude`?)"),
        ("light", "`light` is not like light=claude:haiku"),
        ("light=", "`light`: ` ` is not `backend` or `backend:model`"),
        ("light=claude:--dangerous", "`light`: `claude:--dangerous` is not `backend` or `backend:model`"),
        ("light=claude;light=codex", "`light` is given twice"),
        ("light=auto:opus", "`light`: `auto:opus` names a model of nobody's: write `backend:model`"),
        ("light=" + "|".join(f"claude:m{n}" for n in range(9)), f"`light` must name 1 to {MAX_ROUTES} routes, not 9"),
        ("allow=claud", "`allow`: `claud` is none of auto, claude, codex, scripted (did you mean `claude`?)"),
    ],
)
def test_what_is_wrong_with_a_route_is_said_with_what_was_meant(text: str, problem: str) -> None:
    assert read_wishes(text, CHOICE)[1] == (problem,)


def test_all_problems_are_reported_at_once() -> None:
    assert len(read_wishes("hevy=claude; light=cluade|x y; plan", CHOICE)[1]) == 4


@pytest.mark.parametrize(
    ("route", "fine"),
    [("claude:haiku", True), ("claude:opus", False), ("codex", True), ("codex:gpt-5", True), ("scripted", False)],
)
def test_an_allowed_backend_is_allowed_with_every_model_and_an_allowed_model_alone(route: str, fine: bool) -> None:
    assert (not [*Choice(KNOWN, ("claude:haiku", "codex")).problems(route)]) == fine


# --- authority -------------------------------------------------------------------------------------------------


@given(routings, st.sampled_from(["auto", "claude", "codex"]), routings, st.sampled_from([("claude:opus",), KNOWN]))
def test_each_role_and_tier_follows_who_has_most_authority_on_it(
    wished: Routing, agent: str, operators: Routing, auto: tuple[str, ...]
) -> None:
    settled = settle(wished, agent, operators, auto)
    assert set(settled) == set(PURPOSES)
    for purpose, found in settled.items():
        said = wished.get(purpose) or ((agent,) if agent != "auto" else operators.get(purpose, ("auto",)))
        assert "auto" not in found
        assert len(found) == len(set(found))
        assert set(found) == {one for route in said for one in (auto if route == "auto" else (route,))}
        assert found[0] == (auto[0] if said[0] == "auto" else said[0])


# --- detours ---------------------------------------------------------------------------------------------------


def test_a_closed_route_is_left_for_the_next_one_until_it_opens() -> None:
    roads = Roads()
    roads.close("claude", 100.0, Failure("provider_capacity", "at its limit", retry_after=30.0))
    assert roads.choose(["claude", "codex"], 101.0) == "codex"
    assert roads.choose(["claude", "codex"], 130.0) == "claude"
    assert (roads.opens(["claude"], 101.0), roads.opens(["claude", "codex"], 101.0)) == (130.0, 101.0)


def test_where_all_are_closed_the_one_that_opens_soonest_is_waited_for() -> None:
    roads = Roads()
    roads.close("claude", 100.0, Failure("provider_capacity", "at its limit", retry_after=60.0))
    roads.close("codex", 100.0, Failure("provider_capacity", "at its limit", retry_after=20.0))
    assert (roads.choose(["claude", "codex"], 101.0), roads.opens(["claude", "codex"], 101.0)) == ("codex", 120.0)


def test_what_no_waiting_cures_stays_closed_until_the_run_is_on_another_host() -> None:
    roads = Roads()
    roads.close("claude", 100.0, Failure("infrastructure", "not installed", lasting=True))
    roads.close("codex", 100.0, Failure("provider_capacity", "at its limit", retry_after=60.0))
    assert roads.opens(["claude"], 1e9) == math.inf
    roads.moved()
    assert (roads.opens(["claude"], 101.0), roads.opens(["codex"], 101.0)) == (101.0, 160.0)


def test_pauses_grow_up_to_a_limit_unless_the_provider_says_how_long() -> None:
    assert [pause(LIMIT, times) for times in (1, 2, 3, 6, 99)] == [PAUSE_FIRST, 4.0, 8.0, PAUSE_MAX, PAUSE_MAX]
    assert pause(Failure("transport", "gone", retry_after=300.0), 1) == 300.0


closings = st.lists(
    st.tuples(st.sampled_from("abc"), st.floats(0, 1000), st.floats(0.001, 1000) | st.none(), st.booleans()), max_size=8
)


@given(closings, st.lists(st.sampled_from("abcd"), min_size=1, unique=True), st.floats(0, 3000))
def test_a_route_is_chosen_whatever_is_closed_and_it_is_open_if_any_is(
    closed: list[tuple[str, float, float | None, bool]], several: list[str], at: float
) -> None:
    roads = Roads()
    for route, when, after, lasting in closed:
        roads.close(route, when, Failure("provider_capacity", "no", retry_after=after, lasting=lasting))
    chosen, due = roads.choose(several, at), roads.opens(several, at)
    assert chosen in several
    assert due == roads.opens([chosen], at) == min(roads.opens([route], at) for route in several)
    if due <= at:
        first = next(route for route in several if roads.opens([route], at) <= at)
        assert chosen == first
