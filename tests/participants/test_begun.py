"""What an agent has begun when it is stopped: nobody's result, but somebody's work, which is kept."""

from __future__ import annotations

from runner.domain import events as e
from runner.domain.agent import Ended, Failure
from runner.domain.change import Survey
from runner.domain.mode import Intake, Mode
from tests.participants.test_routes import ONE, Told

DIED = Failure("execution", "Claude Code died.")


def sitting() -> Told:
    """A focused run, up to the first attempt."""
    told = Told(ONE)
    told.says(e.RunTaken(host="a", fence=1))
    survey = Survey("b" * 40, files=1, tree=("a.py",), languages=())
    told.says(e.WorkspaceReady(answers=told.request(e.WorkspaceWanted), survey=survey))
    told.says(e.IntakeGiven(answers=told.request(e.IntakeWanted), intake=Intake(Mode.FOCUSED, 1, "r", "user")))
    told.seats()
    return told


def given_up(told: Told) -> list[e.Event]:
    """It dies as often as it may."""
    said = told.fails(DIED)
    while again := [one for one in said if isinstance(one, e.StoryWanted)]:
        told.seats(attempt=again[0].attempt)
        said = told.fails(DIED, attempt=again[0].attempt)
    return said


def test_what_an_agent_had_begun_when_it_was_given_up_leaves_the_machine() -> None:
    told = sitting()
    assert [type(one) for one in given_up(told)] == [e.HarvestWanted]
    said = told.harvests("c0ffee")
    assert [one.sentence for one in said if isinstance(one, e.StoryFailed)] == [DIED.message]
    assert e.PushWanted(preserved=("S1",)) in said


def test_an_agent_that_had_begun_nothing_leaves_nothing_and_is_not_taken_for_done() -> None:
    told = sitting()
    given_up(told)
    said = told.harvests(None)
    assert [type(one) for one in said[:2]] == [e.StoryFailed, e.RunConcluded]


def test_a_harvest_that_fails_hides_nothing_of_why_the_agent_was_given_up() -> None:
    told = sitting()
    given_up(told)
    said = told.says(e.HandFailed(answers=told.request(e.HarvestWanted), hand="operator", sentence="git is gone"))
    assert [one.sentence for one in said if isinstance(one, e.StoryFailed)] == [DIED.message]


def test_what_an_agent_had_begun_when_the_run_was_stopped_is_kept_and_not_merged() -> None:
    told = sitting()
    told.says(e.CancelAsked(door="1", by="maria"))
    said = told.says(e.HandStopped(answers=told.request(e.AttemptWanted)))
    assert [type(one) for one in said] == [e.HarvestWanted]
    assert told.harvests("c0ffee")[0] == e.PushWanted(preserved=("S1",))


def test_what_was_done_when_the_run_was_stopped_is_merged() -> None:
    told = sitting()
    told.says(e.CancelAsked(door="1", by="maria"))
    told.says(e.AttemptEnded(answers=told.request(e.AttemptWanted), story="S1", attempt=1, ended=Ended(None)))
    assert [type(one) for one in told.harvests("c0ffee")] == [e.LandWanted]
