"""A check that fails is blamed on the run only if it did not fail where the run began, and that is asked once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runner.domain import events as e
from runner.domain.agent import Ended
from runner.domain.change import Change, Harvest, Landed, Pushed, Survey
from runner.domain.mode import Intake, Mode
from runner.domain.report import Report
from runner.domain.reporting import of
from runner.domain.verdict import Check, CheckResult, Verdict, blamed, failing_before
from tests.participants.test_routes import ONE, Told

PYTEST, RUFF = Check("pytest", "pytest", "pyproject.toml"), Check("ruff", "ruff check .", "ruff.toml")
OWN = CheckResult("S1: pytest new", "pytest new", "fail")
BASE, LATER = Survey("b" * 40, 1, (), ()), Survey("d" * 40, 1, (), ())


def result(check: Check, state: str) -> CheckResult:
    return CheckResult(check.name, check.command, state, output=f"{check.name} said so")  # type: ignore[arg-type]


def verified(*results: CheckResult, changed: str = "a.py") -> tuple[Told, list[e.Event]]:
    """A run of one story up to what its result was checked with, and what follows."""
    told = Told(ONE)
    told.says(e.RunTaken(host="a", fence=1))
    told.says(e.WorkspaceReady(answers=told.request(e.WorkspaceWanted), survey=BASE, checks=(PYTEST, RUFF)))
    focused = Intake(Mode.FOCUSED, 1, "r", "user")
    told.says(e.IntakeGiven(answers=told.request(e.IntakeWanted), intake=focused))
    told.seats()
    told.says(e.AttemptEnded(answers=told.request(e.AttemptWanted), story="S1", attempt=1, ended=Ended(None)))
    harvest = Harvest("c" * 40, (Change(changed, "modified"),))
    told.says(e.StoryHarvested(answers=told.request(e.HarvestWanted), story="S1", harvest=harvest))
    told.says(e.Critiqued(answers=told.request(e.CritiqueWanted), story="S1", verdict=Verdict("pass")))
    told.says(e.StoryLanded(answers=told.request(e.LandWanted), story="S1", landing=Landed("c" * 40, "plain")))
    return told, told.says(e.Verified(answers=told.request(e.VerifyWanted), story="", results=results))


def compared(told: Told, *results: CheckResult) -> list[e.Event]:
    return told.says(e.Compared(answers=told.request(e.CompareWanted), results=results))


def opened(told: Told) -> tuple[bool, Report]:
    """Whether the pull request is a draft, and the report."""
    pushed = e.PushEnded(answers=told.request(e.PushWanted), run=Pushed("baro/x", "c" * 40))
    (pull,) = [one for one in told.says(pushed) if isinstance(one, e.PullWanted)]
    return pull.draft, of(told.entries)


def test_only_what_failed_is_run_where_the_run_began() -> None:
    _, said = verified(result(PYTEST, "fail"), result(RUFF, "pass"))
    assert said == [e.CompareWanted("b" * 40, (PYTEST,))]


def test_nothing_is_run_there_when_all_passes_or_only_a_storys_own_check_fails() -> None:
    assert [type(one) for one in verified(result(PYTEST, "pass"))[1]] == [e.PushWanted]
    assert [type(one) for one in verified(OWN, result(RUFF, "skipped"))[1]] == [e.PushWanted]


def test_a_check_that_failed_before_makes_no_draft() -> None:
    told, _ = verified(result(PYTEST, "fail"))
    compared(told, result(PYTEST, "fail"))
    draft, report = opened(told)
    assert (draft, report.complete) == (False, True)
    assert [check.name for check in report.failing_before] == ["pytest"]


def test_a_check_that_passed_or_said_nothing_before_is_blamed_on_the_run() -> None:
    for state in ("pass", "skipped"):
        told, _ = verified(result(PYTEST, "fail"))
        compared(told, result(PYTEST, state))
        draft, report = opened(told)
        assert (draft, report.complete) == (True, False)


def test_a_comparison_that_is_impossible_blames_the_run() -> None:
    told, _ = verified(result(PYTEST, "fail"))
    told.says(e.HandFailed(answers=told.request(e.CompareWanted), hand="verifier", sentence="no space left"))
    assert opened(told)[0]


def test_it_is_asked_once_a_run_and_of_where_it_began_even_on_another_machine() -> None:
    told, _ = verified(result(PYTEST, "fail"))
    compared(told, result(PYTEST, "fail"))
    told.says(e.RunTaken(host="b", fence=2))
    told.says(e.HandStopped(answers=told.request(e.PushWanted)))
    ready = e.WorkspaceReady(answers=told.request(e.WorkspaceWanted), survey=LATER, landed=("S1",))
    told.says(ready)
    said = told.says(
        e.Verified(
            answers=told.request(e.VerifyWanted), story="", results=(result(PYTEST, "fail"), result(RUFF, "fail"))
        )
    )
    assert said == [e.CompareWanted("b" * 40, (RUFF,))]


def test_a_check_whose_source_the_run_changed_is_pointed_out() -> None:
    told, _ = verified(result(PYTEST, "pass"), result(RUFF, "pass"), changed="pyproject.toml")
    assert opened(told)[1].rewritten == (PYTEST,)


results = st.lists(
    st.builds(CheckResult, st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from(["pass", "fail", "skipped"])),
    max_size=5,
    unique_by=lambda one: (one.name, one.command),
)


@given(results, results)
def test_every_failed_check_is_either_blamed_or_failed_before(
    now: list[CheckResult], before: list[CheckResult]
) -> None:
    old = {(one.name, one.command) for one in failing_before(now, before)}
    for one in now:
        assert (one.state == "fail") == (((one.name, one.command) in old) or one in blamed(now, before))
