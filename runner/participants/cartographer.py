"""The Cartographer: folds events into the report and asks for the living comment to follow it.

Hears: everything. Says: CommentWanted, one at a time, whenever people would see something new.
"""

from __future__ import annotations

from collections.abc import Iterable

from runner.domain import events as e
from runner.domain.report import Report
from runner.domain.reporting import begin, fold


class Cartographer:
    name = "cartographer"

    def __init__(self) -> None:
        self._report: Report | None = None
        self._changed = 0
        """sequence number of the last entry that changed what people see"""
        self._shown = 0
        self._asked: int | None = None
        """the CommentWanted under way"""

    def fold(self, entry: e.Entry) -> None:
        before = self._report
        self._report = begin(entry) if before is None else fold(before, entry)
        if self._report is not before:
            self._changed = entry.seq
        match entry.event:
            case e.CommentWanted():
                self._asked = entry.seq
            case e.CommentShown(seen=seen):
                self._asked, self._shown = None, seen
            case e.HandFailed(answers=seq) | e.HandStopped(answers=seq) if seq == self._asked:
                # Not again at once with the same words: the next change asks anew.
                self._asked, self._shown = None, self._changed

    def decide(self, entry: e.Entry) -> Iterable[e.Event]:
        if isinstance(entry.event, e.RunEnded) or self._asked is not None or self._changed <= self._shown:
            return ()
        return (e.CommentWanted(),)
