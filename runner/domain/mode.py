"""The shape of the work, and the decision on it with its reason.

Order of authority: a person > the repository's configuration > rules that need no model > a model > the fallback.
**Intake can never fail a run: where nobody can decide, the answer is the smallest shape.**
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from .text import clean, one_line

if TYPE_CHECKING:  # a run names its mode, so the other direction is for readers only
    from .goal import Goal
    from .run import RunSpec

LOW_CONFIDENCE = 0.5
"""a model that is less sure than this of anything larger than focused is not followed: it is more likely wrong"""
REASON_LENGTH = 300


class Mode(StrEnum):
    FOCUSED = "focused"
    SEQUENTIAL = "sequential"
    PARALLEL = "parallel"


class Intake(Struct, frozen=True):
    """A decided mode. `confidence` is 0..1; `source` says who decided, in falling order of authority."""

    mode: Mode
    confidence: float
    reason: str
    source: Literal["user", "config", "rule", "model", "fallback"]


def settled(spec: RunSpec) -> Intake | None:
    """The decision, where it needs no model; None: a model is to be asked."""
    if spec.mode is not None:
        return Intake(spec.mode, 1.0, _ASKED, "user")
    if spec.config_mode is not None:
        return Intake(spec.config_mode, 1.0, _CONFIGURED, "config")
    reason = _rule(spec)
    return Intake(Mode.FOCUSED, 1.0, reason, "rule") if reason else None


def from_model(reply: object) -> Intake:
    """A model's decoded JSON as a decision; the fallback for whatever is malformed or too unsure."""
    if not isinstance(reply, dict):
        return fallback(_NO_OBJECT)
    mode, confidence, reason = _mode(reply.get("mode")), _confidence(reply.get("confidence")), reply.get("reason")
    if mode is None:
        return fallback(_NO_MODE)
    if confidence is None:
        return fallback(_NO_CONFIDENCE)
    if not isinstance(reason, str) or not (words := one_line(reason, REASON_LENGTH)):
        return fallback(_NO_REASON)
    if confidence < LOW_CONFIDENCE and mode is not Mode.FOCUSED:
        return Intake(Mode.FOCUSED, confidence, _unsure(mode, confidence, words), "fallback")
    return Intake(mode, confidence, words, "model")


def fallback(reason: str) -> Intake:
    """The smallest shape, because of `reason`: one sentence."""
    return Intake(Mode.FOCUSED, 0.0, reason, "fallback")


# --- for admission ---------------------------------------------------------------------------------------------

_URL = re.compile(r"<?https?://\S+>?", re.IGNORECASE)
_SCAFFOLD = re.compile(r"<!--[\s\S]*?(?:-->|\Z)|^\s*#+ .*$|^\s*[-*] \[[ xX]\]\s*$|^\s*_No response_\s*$", re.MULTILINE)
"""what an issue template leaves behind: comments, headings, boxes without a text, empty answers"""
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")
_TITLE_WORDS = 3
"""a title of this many words says what to do without a body"""


def is_bare_url(text: str) -> bool:
    """Nothing but one address: it says where, not what."""
    return bool(_URL.fullmatch(clean(text).strip()))


def is_empty_goal(goal: Goal) -> bool:
    """There is nothing to go on: a text without a word outside its template, under a title that only names a topic."""
    return (
        not _WORD.search(_SCAFFOLD.sub("", clean(goal.text))) and len(_WORD.findall(clean(goal.title))) < _TITLE_WORDS
    )


# --- rules -----------------------------------------------------------------------------------------------------

_REVIEW = re.compile(
    r"(?:please |can you |could you )*(?:re-?)?review"
    r"(?: (?:this|it|that|again|please|(?:(?:the|this) )?(?:pr|pull request|changes?)))*",
    re.IGNORECASE,
)


def _rule(spec: RunSpec) -> str:
    """Why the run is focused whatever a model would say; empty where no rule applies."""
    words = (
        clean(spec.goal.text).strip().split("\n\n")[0] or spec.goal.title
    )  # what follows a comment's words is context
    if _REVIEW.fullmatch(one_line(words).rstrip(".!? ")):
        return _REVIEW_ASKED
    if spec.goal.source == "review":
        return _REVIEW_SUBMITTED
    if spec.goal.source == "check":
        return _CHECK_FAILED
    if spec.pull is not None:
        return _FOLLOW_UP
    if is_bare_url(spec.goal.text or spec.goal.title) or is_empty_goal(spec.goal):
        return _NOTHING_TO_WEIGH
    return ""


def _mode(value: Any) -> Mode | None:
    return Mode(value) if isinstance(value, str) and value in {*Mode} else None


def _confidence(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 1 else None


# --- sentences -------------------------------------------------------------------------------------------------

_ASKED = "You asked for this mode."
_CONFIGURED = "The repository's `.github/baro.yml` sets this mode."
_FOLLOW_UP = "A follow-up adds to one branch that people already look at, so one agent does it in one piece."
_REVIEW_ASKED = "Reading a change and answering it is one piece of work."
_REVIEW_SUBMITTED = "The points of one review are answered together."
_CHECK_FAILED = "Repairing a failed check is one piece of work."
_NOTHING_TO_WEIGH = "The goal says too little to divide it."
_NO_OBJECT = "The model that weighs goals gave no usable answer, so the work stays in one piece."
_NO_MODE = "The model that weighs goals named no mode, so the work stays in one piece."
_NO_CONFIDENCE = "The model that weighs goals gave no usable confidence, so the work stays in one piece."
_NO_REASON = "The model that weighs goals gave no reason, so the work stays in one piece."


def _unsure(mode: Mode, confidence: float, reason: str) -> str:
    said = f"{mode.capitalize()} was suggested with a confidence of only {confidence:.0%}"
    return f"{said}, so the work stays in one piece. ({reason})"
