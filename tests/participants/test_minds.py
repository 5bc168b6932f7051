"""Librarian, Sentry, Auditor and Cartographer: events in, events out."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runner.bus import Mind
from runner.domain import events as e
from runner.domain.agent import Did, Ended, Failure, Finding, Usage
from runner.domain.config import Limits
from runner.domain.mode import Intake, Mode
from runner.domain.plan import Story
from runner.domain.run import Outcome
from runner.participants.auditor import Auditor
from runner.participants.cartographer import Cartographer
from runner.participants.librarian import OFFERED, Librarian
from runner.participants.sentry import Sentry
from tests.world.entries import first, spec

INTAKE = Intake(Mode.PARALLEL, 0.9, "because", "model")


def shaped(**writes: tuple[str, ...]) -> e.PlanShaped:
    stories = tuple(Story(id, f"Do {id}", "goal", ("done",), (), surface) for id, surface in writes.items())
    return e.PlanShaped(Mode.PARALLEL, stories, INTAKE)


def wanted(story: str, attempt: int = 1) -> e.StoryWanted:
    return e.StoryWanted(story=story, attempt=attempt)


def did(story: str, *calls: Did) -> e.AgentDid:
    return e.AgentDid(story=story, attempt=1, did=calls)


def hear(mind: Mind, *said: e.Event, run: Any = None) -> list[e.Event]:
    """What the mind says to the last of these."""
    answers: list[e.Event] = []
    entries = [first(run or spec()), *(e.Entry(seq, 1000.0 + seq, "test", event) for seq, event in enumerate(said, 2))]
    for entry in entries:
        mind.fold(entry)
        answers = list(mind.decide(entry))
    return answers


def test_what_a_route_used_before_it_failed_is_counted() -> None:
    gone = Failure("provider_capacity", "full")
    failed = e.RouteFailed(answers=2, role="plan", route="claude", failure=gone, usage=Usage(900, 0, 200))
    (reached,) = hear(Auditor(), failed, run=spec(limits=Limits(tokens=1_000)))
    assert isinstance(reached, e.BudgetReached)


# --- Librarian -------------------------------------------------------------------------------------------------


def test_a_story_is_offered_what_others_read_searched_for_and_said_and_not_its_own() -> None:
    ended = e.AttemptEnded(answers=3, story="S1", attempt=1, ended=Ended(None, said="All in src/core."))
    calls = (Did("read", "src/core.py"), Did("search", "src", "def main"), Did("run", "", "pytest"), Did("read", ""))
    own = did("S2", Did("read", "mine.py"))
    (offer,) = hear(Librarian(), shaped(S1=("a",), S2=("b",)), did("S1", *calls), ended, own, wanted("S2"))
    assert offer == e.FindingsOffered(
        story="S2",
        attempt=1,
        findings=(
            Finding("S1", "say", note="All in src/core."),
            Finding("S1", "search", "src", "def main"),
            Finding("S1", "read", "src/core.py"),
        ),
    )


def test_nothing_found_is_nothing_said() -> None:
    assert hear(Librarian(), shaped(S1=("a",)), wanted("S1")) == []


@given(st.lists(st.tuples(st.sampled_from(["S1", "S2", "S3"]), st.integers(0, 60)), max_size=200))
def test_findings_are_bounded_and_never_repeated(reads: list[tuple[str, int]]) -> None:
    said = [did(story, Did("read", f"f{n}.py")) for story, n in reads]
    for offer in hear(Librarian(), *said, wanted("S9")):
        assert isinstance(offer, e.FindingsOffered)
        assert len(offer.findings) <= OFFERED
        assert len({finding.path for finding in offer.findings}) == len(offer.findings)


def test_what_a_story_builds_on_comes_first() -> None:
    stories = (Story("S1", "t", "g"), Story("S2", "t", "g"), Story("S3", "t", "g", depends_on=("S1",)))
    plan = e.PlanShaped(Mode.PARALLEL, stories, INTAKE)
    said = [did("S1", Did("read", "near.py")), *(did("S2", Did("read", f"far{n}.py")) for n in range(40))]
    (offer,) = hear(Librarian(), plan, *said, wanted("S3"))
    assert isinstance(offer, e.FindingsOffered)
    assert offer.findings[0].path == "near.py"


# --- Sentry ----------------------------------------------------------------------------------------------------


def test_a_story_is_warned_before_it_starts_when_a_living_one_has_written_into_its_surface() -> None:
    stray = did("S1", Did("write", "src/b/x.py"))
    said = hear(Sentry(), shaped(S1=("src/a/**",), S2=("src/b/**",)), wanted("S1"), stray, wanted("S2"))
    assert said == [e.WriteWarned(story="S2", other="S1", path="src/b/x.py")]


def test_two_living_stories_that_write_one_path_are_warned_about_once() -> None:
    sentry, write = Sentry(), Did("write", "shared.py")
    plan = shaped(S1=("a",), S2=("b",))
    (warning,) = hear(sentry, plan, wanted("S1"), wanted("S2"), did("S1", write), did("S2", write))
    assert warning == e.WriteWarned(story="S2", other="S1", path="shared.py")
    entry = e.Entry(20, 1.0, "sentry", warning)
    sentry.fold(entry)
    again = e.Entry(21, 1.0, "story_agent", did("S1", write))
    sentry.fold(again)
    assert list(sentry.decide(again)) == []


def test_a_story_that_is_over_endangers_nobody() -> None:
    write = Did("write", "shared.py")
    over = e.StoryUnchanged(story="S1")
    plan = shaped(S1=("a",), S2=("b",))
    assert hear(Sentry(), plan, wanted("S1"), did("S1", write), over, wanted("S2"), did("S2", write)) == []


# --- Auditor ---------------------------------------------------------------------------------------------------


def used(tokens: int | None, cost: float | None = None) -> e.AttemptEnded:
    usage = Usage(input=tokens, output=0 if tokens is not None else None, cost=cost)
    return e.AttemptEnded(answers=2, story="S1", attempt=1, ended=Ended(None, usage))


def test_a_budget_is_reached_once_whatever_is_used_after_it() -> None:
    run = spec(limits=Limits(tokens=100))
    auditor = Auditor()
    (reached,) = hear(auditor, used(60), used(60), run=run)
    assert reached == e.BudgetReached("The run used 120 of its 100 tokens, so nothing more was started.")
    auditor.fold(e.Entry(9, 1.0, "auditor", reached))
    after = e.Entry(10, 1.0, "test", used(500))
    auditor.fold(after)
    assert list(auditor.decide(after)) == []


def test_one_shots_and_dollars_count_and_what_is_unknown_does_not() -> None:
    run = spec(limits=Limits(cost=1.0))
    intake = e.IntakeGiven(answers=2, intake=INTAKE, usage=Usage(cost=0.6))
    assert hear(Auditor(), intake, used(None), run=run) == []
    (reached,) = hear(Auditor(), intake, used(None, 0.5), run=run)
    assert isinstance(reached, e.BudgetReached)


# --- Cartographer ----------------------------------------------------------------------------------------------


def test_the_comment_is_asked_for_once_at_a_time_and_again_when_more_has_happened() -> None:
    cartographer = Cartographer()
    taken = e.RunTaken(host="h", fence=1)
    assert hear(cartographer, taken) == [e.CommentWanted()]
    for seq, event, said in (
        (3, e.CommentWanted(), []),
        (4, e.IntakeWanted(), []),
        (5, e.CommentShown(answers=3, seen=2, comment=1), [e.CommentWanted()]),
        (6, e.CommentWanted(), []),
        (7, e.CommentShown(answers=6, seen=6, comment=1), []),
        (8, did("S1", Did("read", "a.py")), []),
        (9, e.RunConcluded(Outcome.FAILED, "no"), [e.CommentWanted()]),
    ):
        entry = e.Entry(seq, 1000.0, "test", event)
        cartographer.fold(entry)
        assert list(cartographer.decide(entry)) == said, event
