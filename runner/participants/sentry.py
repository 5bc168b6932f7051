"""The Sentry: watches writes, and warns before a merge could conflict.

Hears: PlanShaped, StoryWanted, AgentDid, and what ends a story's work. Says: WriteWarned, once for each story and path:
to a story that starts while another has already changed something of its surface, and when two of them write one path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from runner.domain import events as e
from runner.domain.surface import covers


class Sentry:
    name = "sentry"

    def __init__(self) -> None:
        self._surfaces: dict[str, tuple[str, ...]] = {}
        self._written: dict[str, dict[str, None]] = {}
        """by story at work: the paths it has changed, in order"""
        self._warned: set[tuple[str, str, str]] = set()

    def fold(self, entry: e.Entry) -> None:
        match entry.event:
            case e.PlanShaped(stories=stories) | e.PlanHealed(stories=stories):
                self._surfaces = {story.id: story.writes for story in stories}
            case e.StoryWanted(story=story):
                self._written[story] = {}
            case e.AgentDid(story=story, did=did) if story in self._written:
                self._written[story].update((one.path, None) for one in did if one.kind == "write" and one.path)
            case e.StoryLanded(story=story) | e.StoryFailed(story=story) | e.StoryUnchanged(story=story):
                self._written.pop(story, None)
            case e.WriteWarned(story=story, other=other, path=path):
                self._warned.add((story, other, path))

    def decide(self, entry: e.Entry) -> Iterable[e.Event]:
        match entry.event:
            case e.StoryWanted(story=story):
                surface = self._surfaces.get(story, ())
                return self._warnings(story, lambda path: covers(surface, path))
            case e.AgentDid(story=story):
                mine = self._written.get(story, {})
                return self._warnings(story, mine.__contains__)
        return ()

    def _warnings(self, story: str, near: Callable[[str], bool]) -> list[e.Event]:
        return [
            e.WriteWarned(story=story, other=other, path=path)
            for other, paths in self._written.items()
            if other != story
            for path in paths
            if near(path) and not self._warned & {(story, other, path), (other, story, path)}
        ]
