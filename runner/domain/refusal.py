"""A model provider that refuses: how often it has said so in a row, and when there is no sense in asking on. Pure."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

REPEATED = 15
"""refusals in a row that no command line makes which gives up by itself: of ours, Codex makes ten requests at most"""
STANDING = 60.0
"""seconds that a refusal must have stood before an attempt is stopped for it: a burst of requests says little"""


class Refusal(Struct, frozen=True, kw_only=True):
    """The last word of a provider that has answered nothing better since. `status` is None where it was not reached;
    `at` and `since` are seconds of one clock, `times` counts what was refused from the one to the other."""

    path: str
    status: int | None
    words: str = ""
    retry_after: float | None = None
    """seconds from `at`"""
    at: float
    since: float
    times: int = 1

    def after(self, last: Refusal | None) -> Refusal:
        """The same again is one more of a row; anything else begins a new one."""
        if last is None or (last.path, last.kind) != (self.path, self.kind):
            return self
        return replace(self, since=last.since, times=last.times + 1)

    @property
    def kind(self) -> int:
        """Its status; one for all that a provider which is down may answer, or may not."""
        return self.status if self.status is not None and self.status < 500 else 500

    def hopeless(self, now: float, silence: float) -> bool:
        """Whoever goes on asking for what is refused so often, or waits longer than he may be silent, is stopped."""
        long = self.retry_after is not None and self.retry_after > silence
        return now - self.since >= STANDING and (long or self.times >= REPEATED)
