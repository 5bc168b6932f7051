"""What hands may know of their run: the committed journal folded into a report and the shaped stories."""

from __future__ import annotations

from runner.domain import events as e
from runner.domain.agent import Finding
from runner.domain.change import Survey
from runner.domain.plan import Story
from runner.domain.report import Report
from runner.domain.reporting import begin, fold
from runner.domain.run import RunSpec
from runner.domain.verdict import Check


class View:
    """A hearer: it sees an entry only once it is in the journal."""

    def __init__(self) -> None:
        self._report: Report | None = None
        self.stories: dict[str, Story] = {}
        self.survey: Survey | None = None
        self.checks: tuple[Check, ...] = ()
        """what was found in the base commit, before any agent ran"""
        self.findings: dict[tuple[str, int], tuple[Finding, ...]] = {}
        """what the Librarian offered, by story and attempt"""
        self.warnings: dict[str, list[e.WriteWarned]] = {}
        """what the Sentry said, by the story it said it to"""
        self.harvested: dict[str, str] = {}
        """the last commit that holds a story's work"""
        self.seen = 0
        """sequence number of the last entry heard"""
        self.door = ""
        """place in the run's inbox of the last knock in the journal"""

    def hear(self, entry: e.Entry) -> None:
        self._report = begin(entry) if self._report is None else fold(self._report, entry)
        self.seen = entry.seq
        match entry.event:
            case e.WorkspaceReady(survey=survey):
                # A second one comes from another machine, when agents have been at work already.
                self.checks = entry.event.checks if self.survey is None else self.checks
                self.survey = survey
            case e.PlanShaped(stories=stories) | e.PlanHealed(stories=stories):
                self.stories = {story.id: story for story in stories}
            case e.StoryHarvested(story=story, harvest=harvest) if harvest.commit is not None:
                self.harvested[story] = harvest.commit
            case e.FindingsOffered():
                self.findings[entry.event.story, entry.event.attempt] = entry.event.findings
            case e.WriteWarned(story=story):
                self.warnings.setdefault(story, []).append(entry.event)
            case e.Knocked(door=door):
                self.door = door

    @property
    def fixed(self) -> frozenset[str]:
        """Stories that have begun or are over: no change of the plan may touch them."""
        return frozenset(line.id for line in self.report.lines if line.state not in ("waiting", "blocked"))

    @property
    def report(self) -> Report:
        assert self._report is not None, "a journal begins with RunSubmitted"
        return self._report

    @property
    def spec(self) -> RunSpec:
        return self.report.spec
