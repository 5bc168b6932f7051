"""Counters and timings of one process, in a registry of their own, as Prometheus reads them."""

from __future__ import annotations

from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

Outcome = Literal["kept", "known", "nothing", "refused", "failed"]
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """`registry` is open for others to add to; `Metrics()` twice in one process is two sets of numbers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        deliveries = Counter(
            "baro_deliveries", "Webhook requests by what became of them", ["outcome"], registry=self.registry
        )
        # Children are looked up once: `labels()` costs more than `inc()`.
        self._deliveries = {outcome: deliveries.labels(outcome) for outcome in get_args(Outcome)}
        self._seconds = Histogram(
            "baro_delivery_seconds",
            "Time from the head of a webhook request to its answer",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 10),
            registry=self.registry,
        )

    def delivery(self, outcome: Outcome, seconds: float) -> None:
        self._deliveries[outcome].inc()
        self._seconds.observe(seconds)

    def page(self) -> bytes:
        return generate_latest(self.registry)
