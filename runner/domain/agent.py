"""What an agent did, used and ended with."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .network import Blocked

FailureKind = Literal["execution", "provider_capacity", "transport", "infrastructure", "verification"]
Role = Literal["intake", "plan", "story", "critic", "surgeon"]

OWN_FAULT: frozenset[FailureKind] = frozenset({"execution", "verification"})
"""Kinds that count against the story; the others wait or retry on a budget of their own."""


class Usage(Struct, frozen=True):
    """Tokens and US dollars of one agent call. None is unknown, which is not zero. `input` includes `cached`."""

    input: int | None = None
    cached: int | None = None
    output: int | None = None
    cost: float | None = None

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            _sum(self.input, other.input),
            _sum(self.cached, other.cached),
            _sum(self.output, other.output),
            None if self.cost is None and other.cost is None else (self.cost or 0.0) + (other.cost or 0.0),
        )

    @property
    def tokens(self) -> int | None:
        return _sum(self.input, self.output)


def _sum(a: int | None, b: int | None) -> int | None:
    return None if a is None and b is None else (a or 0) + (b or 0)


class Failure(Struct, frozen=True):
    """Why an agent did not end well. `message` is one sentence, `evidence` a capped tail of what it printed."""

    kind: FailureKind
    message: str
    evidence: str = ""
    retry_after: float | None = None
    """seconds, where the provider said so"""
    lasting: bool = False
    """waiting cures nothing: the command line is missing or signed out, the model does not exist, the credit is gone"""

    @property
    def of_the_route(self) -> bool:
        """Another backend or model may do what this one cannot do now."""
        return self.lasting or self.kind == "provider_capacity"


class Ended(Struct, frozen=True):
    """The end of one agent process: well, on positive evidence, or with a failure."""

    failure: Failure | None
    usage: Usage = Usage()
    said: str = ""
    """the agent's closing words, capped"""
    blocked: tuple[Blocked, ...] = ()
    """hosts that it, or what it ran, asked for and did not reach"""

    @property
    def well(self) -> bool:
        return self.failure is None


class Did(Struct, frozen=True):
    """One tool call of an agent, as kind and path; the contents stay in the raw stream."""

    kind: Literal["read", "write", "search", "run", "say", "other"]
    path: str = ""
    """repository-relative, empty where the call names none"""
    note: str = ""
    """the command or query, capped to one short line"""


class Finding(Struct, frozen=True):
    """Something one story learned about the repository that may spare another one the search."""

    story: str
    kind: Literal["read", "search", "say"]
    path: str = ""
    note: str = ""
