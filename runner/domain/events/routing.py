"""Who could not be asked, and who is asked instead."""

from __future__ import annotations

from runner.domain.agent import Failure, Role, Usage

from .base import Answer, Event


class RouteFailed(Answer, frozen=True):
    """The route the request named cannot do it now: at its limit, missing on this host, or signed out."""

    role: Role
    route: str
    failure: Failure
    usage: Usage = Usage()


class Rerouted(Event, frozen=True):
    """The next route of the list takes over at once; `story` is empty for what is about the whole run."""

    role: Role
    story: str
    left: str
    taken: str
    why: str
