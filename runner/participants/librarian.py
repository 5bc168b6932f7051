"""The Librarian: what one story found out about the repository spares the next one the search.

Hears: AgentDid, AttemptEnded, StoryWanted. Says: FindingsOffered with a story's seat, bounded and without repetition.
"""

from __future__ import annotations

from collections.abc import Iterable

from runner.domain import events as e
from runner.domain.agent import Did, Finding
from runner.domain.text import one_line

OFFERED = 24
"""findings in one prompt"""
KEPT = 400
"""findings of a run; a fleet that reads a large repository must not fill the memory of the runner"""
WORDS = 300
"""characters of a story's closing words"""


class Librarian:
    name = "librarian"

    def __init__(self) -> None:
        self._findings: dict[tuple[str, str, str], Finding] = {}
        self._needs: dict[str, tuple[str, ...]] = {}

    def fold(self, entry: e.Entry) -> None:
        match entry.event:
            case e.PlanShaped(stories=stories) | e.PlanHealed(stories=stories):
                self._needs = {story.id: story.depends_on for story in stories}
            case e.AgentDid(story=story, did=did):
                for one in did:
                    self._keep(story, one)
            case e.AttemptEnded(story=story, ended=ended) if ended.well and ended.said:
                self._add(Finding(story, "say", note=one_line(ended.said, WORDS)))

    def decide(self, entry: e.Entry) -> Iterable[e.Event]:
        match entry.event:
            case e.StoryWanted(story=story, attempt=attempt):
                findings = self._for(story)
                if findings:
                    yield e.FindingsOffered(story=story, attempt=attempt, findings=findings)

    def _keep(self, story: str, did: Did) -> None:
        if did.kind == "read" and did.path:
            self._add(Finding(story, "read", did.path))
        elif did.kind == "search" and did.note:
            self._add(Finding(story, "search", did.path, did.note))

    def _add(self, finding: Finding) -> None:
        """The first to find it keeps it: the same file read by five stories is one line."""
        if len(self._findings) < KEPT:
            self._findings.setdefault((finding.kind, finding.path, finding.note), finding)

    def _for(self, story: str) -> tuple[Finding, ...]:
        """Of others; what the story builds on first, closing words before searches before files, then the latest."""
        near = set(self._needs.get(story, ()))
        order = {"say": 0, "search": 1, "read": 2}
        others = [finding for finding in reversed(self._findings.values()) if finding.story != story]
        return tuple(sorted(others, key=lambda f: (f.story not in near, order[f.kind]))[:OFFERED])
