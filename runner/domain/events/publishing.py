"""What leaves the machine, and what people are shown."""

from __future__ import annotations

from typing import ClassVar, Literal

from runner.domain.change import NotPushed, Pushed

from .base import Answer, Request


class PushWanted(Request, frozen=True):
    """Push the run branch, and the branches of `preserved` stories, to the remote."""

    to: ClassVar[str] = "operator"
    preserved: tuple[str, ...] = ()
    aside: bool = False
    """a follow-up whose branch has moved: keep the work on the run's own branch instead"""


class PushEnded(Answer, frozen=True):
    run: Pushed | NotPushed | None
    """None: the run branch has nothing new"""
    preserved: tuple[Pushed | NotPushed, ...] = ()
    collides: tuple[str, ...] = ()
    """paths in which the result conflicts with the base branch, which has moved meanwhile"""


class PullWanted(Request, frozen=True):
    to: ClassVar[str] = "publisher"
    draft: bool


class PullShown(Answer, frozen=True):
    number: int
    url: str


class CommentWanted(Request, frozen=True):
    """Bring the living comment up to date with the report."""

    to: ClassVar[str] = "publisher"


class CommentShown(Answer, frozen=True):
    """`seen` is the last sequence number the comment reflects. `problem`: GitHub will not let us comment."""

    seen: int
    comment: int | None
    problem: str = ""


class ReactionWanted(Request, frozen=True):
    to: ClassVar[str] = "publisher"
    content: Literal["eyes", "rocket", "confused", "-1"]


class ReactionShown(Answer, frozen=True):
    problem: str = ""


class TidyWanted(Request, frozen=True):
    """The run is over: its worktrees and tokens can go."""

    to: ClassVar[str] = "operator"


class Tidied(Answer, frozen=True):
    problem: str = ""
