"""Another route where the first cannot, and waiting where there is none: decided from the journal alone."""

from __future__ import annotations

import pytest

from runner.domain import events as e
from runner.domain.agent import Ended, Failure, Role
from runner.domain.change import Harvest, Survey
from runner.domain.config import Limits
from runner.domain.mode import Intake, Mode
from runner.domain.plan import Story
from runner.domain.run import RunSpec
from runner.participants.conductor import Conductor
from tests.world.entries import first, spec

LIMIT = Failure("provider_capacity", "The model provider is at its limit.", retry_after=30.0)
GONE = Failure("infrastructure", "Claude Code is not installed.", lasting=True)
ONE = spec(agents={"standard": ("claude",), "critic": ("claude",)})
TWO = spec(agents=dict.fromkeys(("intake", "plan", "critic", "surgeon", "light", "standard"), ("claude", "codex")))


def shaped(*stories: Story) -> e.PlanShaped:
    return e.PlanShaped(Mode.PARALLEL, stories, Intake(Mode.PARALLEL, 1, "r", "user"))


def story(id: str, tier: str = "standard") -> Story:
    return Story(id, f"Do {id}", "do", ("done",), writes=(f"{id}.py",), tier=tier)  # type: ignore[arg-type]


class Told:
    """A Conductor and its journal: `says` adds an entry and gives back what is said to it, which is added as well."""

    def __init__(self, run: RunSpec) -> None:
        self.entries = [first(run)]
        self.conductor = Conductor()
        self.conductor.fold(self.entries[0])

    def says(self, event: e.Event, at: float | None = None) -> list[e.Event]:
        said = [event]
        for one in said:  # grows while it is read
            seq = len(self.entries) + 1
            entry = e.Entry(seq, at or 1000.0 + seq, "test", one)
            self.entries.append(entry)
            self.conductor.fold(entry)
            said += self.conductor.decide(entry)
        return said[1:]

    @property
    def last(self) -> int:
        return len(self.entries)

    def request(self, kind: type[e.Request]) -> int:
        """Sequence number of the last request of a kind."""
        return next(entry.seq for entry in reversed(self.entries) if isinstance(entry.event, kind))

    def seats(self, story: str = "S1", attempt: int = 1, at: float | None = None) -> list[e.Event]:
        seated = e.StorySeated(
            answers=self.request(e.StoryWanted), story=story, attempt=attempt, base="b", agent="claude:opus"
        )
        return self.says(seated, at)

    def fails(self, failure: Failure, story: str = "S1", attempt: int = 1, at: float | None = None) -> list[e.Event]:
        return self.says(
            e.AttemptEnded(answers=self.request(e.AttemptWanted), story=story, attempt=attempt, ended=Ended(failure)),
            at,
        )

    def harvests(self, commit: str | None = None, story: str = "S1") -> list[e.Event]:
        """What the tree held when nobody went on with it."""
        asked = self.request(e.HarvestWanted)
        return self.says(e.StoryHarvested(answers=asked, story=story, harvest=Harvest(commit)))

    def fired(self, name: str) -> e.TimerFired:
        return e.TimerFired(answers=self.request(e.TimerSet), name=name)

    def refused(self, role: Role, failure: Failure) -> e.RouteFailed:
        """The last request's route cannot do it."""
        asked = {
            "intake": e.IntakeWanted,
            "plan": e.PlanWanted,
            "story": e.StoryWanted,
            "critic": e.CritiqueWanted,
            "surgeon": e.HealingWanted,
        }
        return e.RouteFailed(answers=self.request(asked[role]), role=role, route="claude", failure=failure)


def running(run: RunSpec, *stories: Story) -> Told:
    """Up to the seated agent of the first story."""
    told = Told(run)
    told.says(e.RunTaken(host="a", fence=1))
    told.says(shaped(*(stories or (story("S1"),))))
    told.seats()
    return told


def wanted(said: list[e.Event]) -> list[tuple[str, int, str]]:
    return [(one.story, one.attempt, one.route) for one in said if isinstance(one, e.StoryWanted)]


def timers(said: list[e.Event]) -> list[tuple[str, float]]:
    return [(one.name, one.due) for one in said if isinstance(one, e.TimerSet)]


def test_a_tier_takes_its_own_first_route() -> None:
    run = spec(agents={"light": ("claude:haiku",), "heavy": ("claude:opus", "codex")}, agent="pi")
    told = Told(run)
    told.says(e.RunTaken(host="a", fence=1))
    said = told.says(shaped(story("S1", "light"), story("S2", "heavy"), story("S3")))
    assert wanted(said) == [("S2", 1, "claude:opus"), ("S3", 1, "pi"), ("S1", 1, "claude:haiku")]


def test_a_story_whose_route_is_at_its_limit_goes_on_at_once_on_the_next_one() -> None:
    said = running(TWO).fails(LIMIT)
    assert wanted(said) == [("S1", 2, "codex")]
    assert said[0] == e.Rerouted("story", "S1", "claude", "codex", "The model provider is at its limit.")
    assert timers(said) == []


def test_without_another_route_the_provider_is_waited_for_as_it_said() -> None:
    told = running(ONE)
    assert timers(told.fails(LIMIT, at=2000.0)) == [("retry:S1", 2030.0)]
    assert wanted(told.says(told.fired("retry:S1"), at=2030.0)) == [("S1", 2, "claude")]


def test_where_all_are_at_their_limit_the_one_that_opens_first_is_waited_for() -> None:
    told = running(TWO)
    told.fails(LIMIT, at=2000.0)
    told.seats(attempt=2, at=2001.0)
    said = told.fails(Failure("provider_capacity", "full", retry_after=500.0), attempt=2, at=2002.0)
    assert timers(said) == [("retry:S1", 2030.0)]
    assert wanted(told.says(told.fired("retry:S1"), at=2030.0)) == [("S1", 3, "claude")]


def test_a_limit_that_outlasts_the_run_is_not_waited_for() -> None:
    run = spec(agents=ONE.agents, limits=Limits(wall=3600.0))
    told = running(run)
    told.fails(Failure("provider_capacity", "The provider is at its limit.", retry_after=9000.0), at=1005.0)
    (failed,) = [one for one in told.harvests() if isinstance(one, e.StoryFailed)]
    assert failed.sentence == (
        "The provider is at its limit until 02:46 UTC on 01 January, which is longer than this run may take."
    )


def test_what_no_waiting_cures_fails_at_once_where_there_is_no_other_route() -> None:
    told = running(ONE)
    assert timers(told.fails(GONE)) == []
    said = told.harvests()
    (failed,) = [one for one in said if isinstance(one, e.StoryFailed)]
    assert failed.sentence == "Claude Code is not installed."
    assert timers(said) == []


def test_a_missing_command_line_costs_no_attempt() -> None:
    told = Told(TWO)
    told.says(e.RunTaken(host="a", fence=1))
    told.says(shaped(story("S1")))
    said = told.says(told.refused("story", GONE))
    assert wanted(said) == [("S1", 1, "codex")]


def test_a_closed_route_is_remembered_by_stories_that_begin_later() -> None:
    told = running(TWO, story("S1"))
    told.fails(LIMIT, at=2000.0)
    healed = (story("S1"), story("S2"))
    assert wanted(told.says(e.PlanHealed("S9", "split", "r", healed), at=2010.0)) == [("S2", 1, "codex")]
    assert wanted(told.says(e.PlanHealed("S9", "split", "r", (*healed, story("S3"))), at=2040.0)) == [
        ("S3", 1, "claude")
    ]


def test_stories_wait_for_a_limit_that_another_one_met_and_those_on_other_routes_do_not() -> None:
    run = spec(agents={"heavy": ("claude",), "light": ("codex",)}, limits=Limits(agents=3))
    told = running(run, story("S1", "heavy"), story("S2", "heavy"), story("S3", "light"))
    told.fails(LIMIT, at=2000.0)
    said = told.says(
        e.PlanHealed("S9", "rewire", "r", (story("S1", "heavy"), story("S4", "heavy"), story("S5", "light"))), at=2001.0
    )
    assert wanted(said) == [("S5", 1, "codex")]
    assert timers(said) == [("routes", 2030.0)]
    said = told.says(told.fired("routes"), at=2030.0)
    assert ("S4", 1, "claude") in wanted(said)


def test_another_host_is_asked_again_for_what_the_last_one_had_not_installed() -> None:
    told = running(TWO)
    told.fails(GONE)
    told.says(e.RunTaken(host="b", fence=2))
    ready = e.WorkspaceReady(answers=told.request(e.WorkspaceWanted), survey=Survey("d" * 40, 1, (), ()))
    assert wanted(told.says(ready)) == [("S1", 3, "claude")]


def intake(told: Told) -> list[e.Event]:
    told.says(e.RunTaken(host="a", fence=1))
    told.says(e.IntakeWanted(route="claude"))
    return told.says(told.refused("intake", LIMIT))


def test_intake_asks_the_next_route_before_it_falls_back() -> None:
    assert intake(Told(TWO))[:2] == [
        e.Rerouted("intake", "", "claude", "codex", LIMIT.message),
        e.IntakeWanted(route="codex"),
    ]


def test_intake_that_nobody_can_be_asked_about_is_the_smallest_shape() -> None:
    (shape, *_) = intake(Told(spec(agent="claude")))
    assert isinstance(shape, e.PlanShaped)
    assert (shape.mode, shape.intake.source) == (Mode.FOCUSED, "fallback")


@pytest.mark.parametrize("role", ["plan", "critic", "surgeon"])
def test_other_one_shots_ask_the_next_route_too(role: Role) -> None:
    asked = {
        "plan": e.PlanWanted(Intake(Mode.PARALLEL, 1, "r", "user"), "claude"),
        "critic": e.CritiqueWanted("S1", 1, "c" * 40, "claude"),
        "surgeon": e.HealingWanted("S1", "execution", "broke", "", "claude"),
    }[role]
    told = running(TWO, story("S1"), story("S2"))
    told.says(asked)
    rerouted, again, *_ = told.says(told.refused(role, LIMIT))
    assert isinstance(rerouted, e.Rerouted)
    assert type(again) is type(asked)
    assert getattr(again, "route") == "codex"  # noqa: B009 - three types that have one


def test_a_review_that_nobody_can_give_holds_nothing_up() -> None:
    told = running(ONE)
    told.says(e.AttemptEnded(answers=told.request(e.AttemptWanted), story="S1", attempt=1, ended=Ended(None)))
    told.says(e.StoryHarvested(answers=told.request(e.HarvestWanted), story="S1", harvest=Harvest("c" * 40)))
    said = told.says(told.refused("critic", LIMIT))
    assert [type(one) for one in said] == [e.LandWanted]
