"""What the agents are told: Markdown files with strict placeholders, and one typed function for each.

The first line of a prompt says who is asked about what; the scripted backend and the logs read it. Text that people or
models wrote stands in fences that nothing inside them can close, and is called data where it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, get_args

from jinja2 import Environment, FunctionLoader, StrictUndefined

from runner.domain.agent import Finding
from runner.domain.change import Instructions, Survey
from runner.domain.heal import Action
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
    spec: RunSpec,
    mode: Mode,
    story: Story,
    attempt: int,
    others: Sequence[Story] = (),
    evidence: str = "",
    findings: Sequence[Finding] = (),
    warnings: Sequence[tuple[str, str]] = (),
    instructions: Sequence[Instructions] = (),
) -> str:
    """`others` are the run's other stories (the story itself may be among them); `evidence` is what the last attempt
    ended with, so that a repeated attempt differs from the one it repeats. `findings` are what others learned,
    `warnings` are (story, path) pairs: what a story still at work has changed of this one's surface. `instructions`
    are the repository's, from the commit the run began at."""
    siblings = [other for other in others if other.id != story.id]
    return _render(
        "story.md",
        spec=spec,
        mode=mode,
        story=story,
        attempt=attempt,
        others=siblings,
        evidence=evidence.strip(),
        findings=findings,
        warnings=[f"{other}: {path}" for other, path in warnings],
        instructions=instructions,
    )


def critic_prompt(spec: RunSpec, story: Story, attempt: int, diff: str) -> str:
    return _render("critic.md", spec=spec, story=story, attempt=attempt, diff=diff)


def surgeon_prompt(spec: RunSpec, stories: Sequence[Story], fixed: Collection[str], failed: str, evidence: str) -> str:
    """`fixed` are the ids of stories that must stay as they are."""
    return _render("surgeon.md", spec=spec, stories=stories, fixed=fixed, failed=failed, evidence=evidence)


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

_STORY = _object(
    id=_TEXT,
    title=_TEXT,
    goal=_TEXT,
    acceptance=_TEXTS,
    depends_on=_TEXTS,
    writes=_TEXTS,
    tier={"type": "string", "enum": [*get_args(Tier)]},
    verify=_TEXTS,
)
_STORIES: dict[str, Any] = {"type": "array", "items": _STORY}

PLAN_SCHEMA: dict[str, Any] = _object(stories=_STORIES)

CRITIC_SCHEMA: dict[str, Any] = _object(
    verdict={"type": "string", "enum": ["pass", "fail", "inconclusive"]},
    reasoning=_TEXT,
    violated_criteria=_TEXTS,
)

SURGEON_SCHEMA: dict[str, Any] = _object(
    action={"type": "string", "enum": [*get_args(Action)]},
    reason=_TEXT,
    added=_STORIES,
    removed=_TEXTS,
    rewired={"type": "array", "items": _object(id=_TEXT, depends_on=_TEXTS)},
)


# --- rendering -------------------------------------------------------------------------------------------------


def _render(name: str, **values: object) -> str:
    return _environment().get_template(name).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(  # noqa: S701  # agents read text, and escaping HTML would change people's words
        loader=FunctionLoader(_source), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "data": _data,
        "evidence": _evidence,
        "bullets": _bullets,
        "sibling": _sibling,
        "finding": _finding,
        "story_lines": _story_lines,
    }
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


def _finding(finding: Finding) -> str:
    match finding.kind:
        case "read":
            return f"{finding.story} read {one_line(finding.path)}"
        case "search":
            return f"{finding.story} searched for {one_line(finding.note)} in {one_line(finding.path) or 'everything'}"
    return f"{finding.story} ended with: {one_line(finding.note, 300)}"


def _story_lines(story: Story) -> str:
    needs, writes = ", ".join(story.depends_on) or "nothing", ", ".join(story.writes) or "not said"
    return f"{story.title}\n{story.goal}\ndepends on: {needs}\nwrites: {writes}"
