"""The Auditor: what the run has used, against what it was given.

Hears: everything that reports usage. Says: BudgetReached, once. What no agent reported is unknown and is not counted;
the report says so where nothing is known at all.
"""

from __future__ import annotations

from collections.abc import Iterable

from runner.domain import events as e
from runner.domain.agent import Usage
from runner.domain.config import Limits
from runner.voice import endings


class Auditor:
    name = "auditor"

    def __init__(self) -> None:
        self._limits = Limits()
        self._used = Usage()
        self._said = False

    def fold(self, entry: e.Entry) -> None:
        match entry.event:
            case e.RunSubmitted(spec=spec):
                self._limits = spec.limits
            case e.AttemptEnded(ended=ended):
                self._used += ended.usage
            case e.IntakeGiven() | e.PlanGiven() | e.Critiqued() | e.HealingProposed() | e.RouteFailed():
                self._used += entry.event.usage
            case e.BudgetReached():
                self._said = True

    def decide(self, entry: e.Entry) -> Iterable[e.Event]:
        if self._said or not isinstance(entry.event, e.Answer):
            return ()
        tokens, cost = self._used.tokens, self._used.cost
        if tokens is not None and tokens >= self._limits.tokens:
            return (e.BudgetReached(endings.tokens_used(tokens, self._limits.tokens)),)
        if cost is not None and cost >= self._limits.cost:
            return (e.BudgetReached(endings.cost_used(cost, self._limits.cost)),)
        return ()
