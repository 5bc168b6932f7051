"""What the agents are told: Markdown files with strict placeholders, and one typed function for each.

The first line of a prompt says who is asked about what; the scripted backend and the logs read it. Text that people or
models wrote stands in fences that nothing inside them can close, and is called data where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, get_args

from jinja2 import Environment, FunctionLoader, StrictUndefined

from runner.domain.change import Survey
from runner.domain.mode import Intake, Mode
from runner.domain.plan import Story, Tier
from runner.domain.run import RunSpec
from runner.domain.text import clean, clip, fence, one_line

MAX_TEXT = 40_000
"""characters of one quoted text, from its beginning"""
MAX_EVIDENCE = 20_000
"""characters of a failure's evidence, from its end: the cause stands last"""


def intake_prompt(spec: RunSpec, survey: Survey) -> str:
    return _render("intake.md", spec=spec, survey=survey)


def plan_prompt(spec: RunSpec, intake: Intake, survey: Survey, problems: Sequence[str] = (), previous: str = "") -> str:
    """`problems` and `previous` are for the one repair round: what was wrong with the answer, and the answer itself."""
    return _render("plan.md", spec=spec, intake=intake, survey=survey, problems=problems, previous=previous)


def story_prompt(
    spec: RunSpec, mode: Mode, story: Story, attempt: int, others: Sequence[Story] = (), evidence: str = ""
) -> str:
    """`others` are the run's other stories (the story itself may be among them); `evidence` is what the last attempt
    ended with, so that a repeated attempt differs from the one it repeats."""
    siblings = [other for other in others if other.id != story.id]
    return _render(
        "story.md", spec=spec, mode=mode, story=story, attempt=attempt, others=siblings, evidence=evidence.strip()
    )


# --- the replies, as JSON Schema -------------------------------------------------------------------------------


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    """Closed, with every key required: the dialect that strict decoding of every provider understands."""
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}

INTAKE_SCHEMA: dict[str, Any] = _object(
    mode={"type": "string", "enum": [*map(str, Mode)]},
    confidence={"type": "number", "description": "from 0 to 1"},
    reason=_TEXT,
)

PLAN_SCHEMA: dict[str, Any] = _object(
    stories={
        "type": "array",
        "items": _object(
            id=_TEXT,
            title=_TEXT,
            goal=_TEXT,
            acceptance=_TEXTS,
            depends_on=_TEXTS,
            writes=_TEXTS,
            tier={"type": "string", "enum": [*get_args(Tier)]},
            verify=_TEXTS,
        ),
    }
)


# --- rendering -------------------------------------------------------------------------------------------------


def _render(name: str, **values: object) -> str:
    return _environment().get_template(name).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(  # noqa: S701  # agents read text, and escaping HTML would change people's words
        loader=FunctionLoader(_source), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"data": _data, "evidence": _evidence, "bullets": _bullets, "sibling": _sibling}
    return environment


def _source(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _data(text: str) -> str:
    return fence(clip(clean(text), MAX_TEXT), MAX_TEXT)


def _evidence(text: str) -> str:
    return fence(text, MAX_EVIDENCE)


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {one_line(text, MAX_TEXT)}" for text in texts)


def _sibling(story: Story) -> str:
    return f"{story.id}: {story.title}" + (f" (writes {', '.join(story.writes)})" if story.writes else "")
