"""From the workspace to the plan that runs."""

from __future__ import annotations

from typing import ClassVar

from runner.domain.agent import Usage
from runner.domain.change import Survey
from runner.domain.mode import Intake, Mode
from runner.domain.plan import Plan, Story
from runner.domain.verdict import Check

from .base import Answer, Event, Request


class WorkspaceWanted(Request, frozen=True):
    to: ClassVar[str] = "operator"


class WorkspaceReady(Answer, frozen=True):
    survey: Survey
    checks: tuple[Check, ...] = ()
    """what says that the repository is well, found in the base commit before any agent runs"""
    landed: tuple[str, ...] = ()
    """stories on the run branch as this machine has it: fewer than the journal knows where the last host is lost"""


class IntakeWanted(Request, frozen=True):
    to: ClassVar[str] = "intake"
    route: str = ""
    """`backend[:model]`; empty: the run's agent"""


class IntakeGiven(Answer, frozen=True):
    intake: Intake
    usage: Usage = Usage()


class PlanWanted(Request, frozen=True):
    to: ClassVar[str] = "planner"
    intake: Intake
    route: str = ""


class PlanGiven(Answer, frozen=True):
    """`plan` None: no valid plan came back, for the reasons in `problems`."""

    plan: Plan | None
    problems: tuple[str, ...] = ()
    usage: Usage = Usage()


class PlanShaped(Event, frozen=True):
    """The plan that runs. `mode` may be smaller than intake's; `adjustments` are sentences people see."""

    mode: Mode
    stories: tuple[Story, ...]
    intake: Intake
    """the decision this follows: intake's, or the fallback where intake or planning gave nothing usable"""
    adjustments: tuple[str, ...] = ()
