"""A plan: a DAG of small, independently shippable stories; and the strict reading of one that a model proposed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from .surface import path_problem
from .text import clean, code, did_you_mean, one_line

Tier = Literal["light", "standard", "heavy"]

MAX_STORIES = 100
"""more stories than this is a planner run wild; up to here `shape` folds what is over a run's own cap"""
MAX_WRITES = 500
"""declared paths in a whole plan: shaping compares them pair by pair"""

_SIZES = {"title": 200, "goal": 8000, "acceptance": 1000, "writes": 300, "verify": 500, "depends_on": 100, "id": 100}
"""characters of one text"""
_ITEMS = {"acceptance": 30, "writes": 60, "verify": 20, "depends_on": MAX_STORIES}
"""items of one list"""
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,15}")


class Story(Struct, frozen=True):
    """One unit of work. `writes` are repository-relative paths or globs: the declared write surface."""

    id: str
    title: str
    goal: str
    acceptance: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    tier: Tier = "standard"
    verify: tuple[str, ...] = ()


class Plan(Struct, frozen=True):
    """Stories as proposed, by a model or a rule: not yet fit to run (see shape)."""

    stories: tuple[Story, ...]


def read_plan(reply: object, *, max_stories: int = MAX_STORIES) -> tuple[Plan | None, tuple[str, ...]]:
    """A planner's decoded JSON as a plan, or every reason why it is none, as sentences fit for the planner's repair.

    `depends_on`, `writes`, `tier` and `verify` may be left out. More stories than the run's cap, `max_stories`, are no
    problem here: `shape` folds them. Only more than that cap and than MAX_STORIES is no plan at all.
    """
    items, problems = _items(reply, max(max_stories, MAX_STORIES))
    for number, item in enumerate(items, 1):
        problems += _story_problems(item, number)
    problems += _graph_problems(items)
    if sum(len(_texts(item, "writes")) for item in items) > MAX_WRITES:
        problems.append(f"The plan declares more than {MAX_WRITES} paths in `writes`; use directories or globs.")
    if problems:
        return None, tuple(dict.fromkeys(problems))
    return Plan(tuple(_story(item) for item in items)), ()


def _items(reply: object, max_stories: int) -> tuple[list[Any], list[str]]:
    """The raw stories, and what is wrong with their frame."""
    if not isinstance(reply, dict):
        return [], [f"The plan must be a JSON object with `stories`, not {_kind(reply)}."]
    problems = _unknown(reply, ("stories",), "The plan")
    items = reply.get("stories")
    if not isinstance(items, list):
        return [], [*problems, f"`stories` must be a list, not {_kind(items)}."]
    if not items:
        return [], [*problems, "The plan has no stories."]
    if len(items) > max_stories:
        return [], [*problems, f"The plan has {len(items)} stories; more than {max_stories} is not a plan."]
    return items, problems


def _story(item: dict[str, Any]) -> Story:
    """Of an item without problems. Texts lose invisible characters, paths a leading `./`, lists their repetitions."""
    return Story(
        id=item["id"],
        title=one_line(item["title"]),
        goal=clean(item["goal"]).strip(),
        acceptance=_unique(one_line(text, _SIZES["acceptance"]) for text in item["acceptance"]),
        depends_on=_unique(item.get("depends_on", ())),
        writes=_unique(text.strip().removeprefix("./") or "**" for text in item.get("writes", ())),
        tier=item.get("tier", "standard"),
        verify=_unique(text.strip() for text in item.get("verify", ())),
    )


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


# --- one story -------------------------------------------------------------------------------------------------


def _story_problems(item: object, number: int) -> list[str]:
    if not isinstance(item, dict):
        return [f"Story {number} must be an object, not {_kind(item)}."]
    who = _who(item, number)
    problems = _unknown(item, Story.__struct_fields__, who)
    problems += _id_problems(item.get("id", msgspec.UNSET), who)
    for name in ("title", "goal"):
        problems += _text_problems(item.get(name, msgspec.UNSET), who, name)
    for name in ("acceptance", "depends_on", "writes", "verify"):
        problems += _list_problems(item.get(name, msgspec.UNSET if name == "acceptance" else []), who, name)
    problems += [f"{who}: the path {code(path)} {why}." for path in _texts(item, "writes") if (why := _unfit(path))]
    if item.get("tier", "standard") not in get_args(Tier):
        problems.append(f"{who}: `tier` must be one of {', '.join(get_args(Tier))}.")
    return problems


def _who(item: dict[str, Any], number: int) -> str:
    id = item.get("id")
    return f"Story {one_line(id, 30)}" if isinstance(id, str) and one_line(id) else f"Story {number}"


def _id_problems(id: object, who: str) -> list[str]:
    if id is msgspec.UNSET:
        return [f"{who} has no `id`."]
    if not isinstance(id, str):
        return [f"{who}: `id` must be a text, not {_kind(id)}."]
    if not _ID.fullmatch(id):
        return [f"{who}: an id is a letter and at most 15 more letters, digits, `-` or `_`."]
    return []


def _text_problems(text: object, who: str, name: str) -> list[str]:
    if text is msgspec.UNSET:
        return [f"{who} has no `{name}`."]
    if not isinstance(text, str):
        return [f"{who}: `{name}` must be a text, not {_kind(text)}."]
    if not clean(text).strip():
        return [f"{who}: `{name}` is empty."]
    if len(text) > _SIZES[name]:
        return [f"{who}: `{name}` is longer than {_SIZES[name]} characters."]
    return []


def _list_problems(texts: object, who: str, name: str) -> list[str]:
    if texts is msgspec.UNSET:
        return [f"{who} has no `{name}`."]
    if not isinstance(texts, list):
        return [f"{who}: `{name}` must be a list of texts, not {_kind(texts)}."]
    if not texts and name == "acceptance":
        return [f"{who}: `acceptance` is empty; say how to tell that the story is done."]
    if len(texts) > _ITEMS[name]:
        return [f"{who}: `{name}` has more than {_ITEMS[name]} items."]
    return [problem for text in texts for problem in _text_problems(text, who, name)]


def _unfit(path: str) -> str | None:
    return path_problem(path.strip().removeprefix("./") or ".")


def _unknown(item: dict[Any, Any], known: Iterable[str], who: str) -> list[str]:
    """A misspelt `dependsOn` must not lose a dependency in silence."""
    names = [*known]
    return [
        f"{who}: unknown key {code(str(key), 40)}{did_you_mean(str(key), names)}." for key in item if key not in names
    ]


def _kind(value: object) -> str:
    """JSON's name of a value's type."""
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "nothing")


# --- the graph -------------------------------------------------------------------------------------------------


def _texts(item: object, name: str) -> list[str]:
    """The well-formed items of a list that may itself be malformed: that is reported elsewhere."""
    texts = item.get(name) if isinstance(item, dict) else None
    return [text for text in texts if isinstance(text, str)] if isinstance(texts, list) else []


def _graph_problems(items: list[Any]) -> list[str]:
    named = [item for item in items if isinstance(item, dict) and isinstance(item.get("id"), str)]
    after = {item["id"]: _texts(item, "depends_on") for item in named}
    return [*_repeated(item["id"] for item in named), *_dangling(after), *_cycles(after)]


def _repeated(ids: Iterable[str]) -> Iterator[str]:
    """Ids name branches and directories, so they must differ in more than case."""
    spellings: dict[str, list[str]] = {}
    for id in ids:
        spellings.setdefault(id.casefold(), []).append(id)
    for same in spellings.values():
        if len(same) > 1:
            yield f"The id {code(same[0], 30)} is used more than once (ids must differ in more than case)."


def _dangling(after: dict[str, list[str]]) -> Iterator[str]:
    for id, others in after.items():
        for other in others:
            if other == id:
                yield f"Story {one_line(id, 30)} depends on itself."
            elif other not in after:
                yield f"Story {one_line(id, 30)} depends on {code(other, 30)}, which is not in the plan."


def _cycles(after: dict[str, list[str]]) -> Iterator[str]:
    """One sentence for each cycle found; a story is named in one at most."""
    left = {id: {other for other in others if other in after and other != id} for id, others in after.items()}
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            # graphlib names the dependency first; people read an arrow as "waits for".
            ring = list(reversed(error.args[1][1:]))
            start = ring.index(min(ring))
            path = [*ring[start:], *ring[:start], ring[start]]
            yield f"The stories depend on each other in a circle: {' → '.join(one_line(id, 30) for id in path)}."
            left = {id: others - set(ring) for id, others in left.items() if id not in ring}
        else:
            return
