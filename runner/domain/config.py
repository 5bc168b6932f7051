"""What a repository may say in `.github/baro.yml`, and the limits a run obeys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from runner.errors import ConfigError

from .amounts import Allowance
from .checks import named
from .mode import Mode
from .route import ANY, AUTO, Choice, Routing, read_routing
from .text import clip, code, did_you_mean, one_line
from .verdict import Check

CONFIG_FILE = ".github/baro.yml"
MAX_VERIFY = 20
MAX_COMMAND = 2_000
"""characters of one command; more is a script, and belongs into a file"""
MAX_CHARACTERS = 20_000
"""of the file: far more than all its keys can need"""
_MAX_EVENTS = 2_000
_MAX_DEPTH = 8


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """Hard caps, enforced by the Conductor and shown to people."""

    agents: int = 4
    """agents at a time"""
    stories: int = 12
    """stories in a parallel plan"""
    sequential_stories: int = 5
    """stories in a sequential plan"""
    attempts: int = 2
    """attempts at one story that count against it"""
    waits: int = 6
    """attempts at one story that ended for reasons that are not its own (capacity, transport, infrastructure)"""
    wall: float = 4 * 3600.0
    """seconds from the start of a run to its forced end"""
    silence: float = 600.0
    """seconds without any sign of life of an agent before it is stopped"""
    healings: int = 2
    """times the plan of a run may be changed because a story failed"""
    tokens: int = 50_000_000
    """input and output of everything a run asks of models"""
    cost: float = 100.0
    """US dollars, as far as agents report them"""
    files: int = Allowance().files
    """new and changed files one story may publish"""
    file_bytes: int = Allowance().file_bytes
    """bytes of one of them"""
    bytes: int = Allowance().bytes
    """bytes of all of them"""

    @property
    def allowance(self) -> Allowance:
        return Allowance(self.files, self.file_bytes, self.bytes)


UNLIMITED = Limits(10**6, 10**6, 10**6, 10**6, 10**6, 1e9, 1e9, 10**6, 10**15, 1e9, 10**9, 10**15, 10**15)
"""what a repository that says nothing asks for: whatever the operator allows"""

_LEAST = Limits(
    agents=1,
    stories=1,
    sequential_stories=1,
    attempts=1,
    waits=0,
    wall=60.0,
    silence=10.0,
    healings=0,
    tokens=1_000,
    cost=0.01,
    files=1,
    file_bytes=1,
    bytes=1,
)


class RepoConfig(Struct, frozen=True):
    """The parsed file; `mode` None means that intake decides. `limits` are wishes (see `effective_limits`)."""

    mode: Mode | None = None
    agent: str = AUTO
    """the backend for everything that `agents` says nothing of"""
    limits: Limits = UNLIMITED
    verify: tuple[Check, ...] | None = None
    """what says that the repository is well; None: baro finds out, empty: nothing does"""
    agents: Routing = {}
    """wishes for single roles and tiers"""


def effective_limits(config: RepoConfig, ceiling: Limits) -> Limits:
    """The operator's limits, lowered where the repository asks for less; it can never raise one."""
    wishes, caps = msgspec.structs.asdict(config.limits), msgspec.structs.asdict(ceiling)
    return Limits(**{name: min(wishes[name], cap) for name, cap in caps.items()})


def parse_config(text: str, choice: Choice = ANY) -> RepoConfig:
    """The text of `.github/baro.yml`; an empty one means the defaults. Raises ConfigError with every problem in it.
    `choice` is what the operator lets a repository say about agents."""
    problems: list[str] = []
    known = _known(_document(text), RepoConfig.__struct_fields__, "", problems)
    readers = _READERS | {
        "agent": lambda value, problems: _read_agent(value, choice, problems),
        "agents": lambda value, problems: _read_agents(value, choice, problems),
    }
    parsed = {name: readers[name](value, problems) for name, value in known.items() if value is not None}
    if problems:
        raise ConfigError(problems)
    return RepoConfig(**parsed)


# --- the keys --------------------------------------------------------------------------------------------------


def _read_mode(value: object, problems: list[str]) -> Mode | None:
    if value == "auto":
        return None
    if isinstance(value, str) and value in {*Mode}:
        return Mode(value)
    problems.append(_not_one_of("mode", value, ("auto", *Mode)))
    return None


def _read_agent(value: object, choice: Choice, problems: list[str]) -> str:
    names = (AUTO, *(choice.known or ()))
    if choice.known is not None and value not in names:
        problems.append(_not_one_of("agent", value, names))
    else:
        problems += [f"`agent`: {problem}" for problem in choice.problems(value)]
    return str(value)


def _read_agents(value: object, choice: Choice, problems: list[str]) -> Routing:
    if isinstance(value, dict):
        return read_routing(value, choice, problems, under="agents.")
    problems.append("`agents` must be a mapping of roles and tiers to routes")
    return {}


def _read_limits(value: object, problems: list[str]) -> Limits:
    wishes = _known(value, Limits.__struct_fields__, "limits.", problems)
    for name, number in wishes.items():
        problems += _number_problems(name, number)
    return Limits(**(msgspec.structs.asdict(UNLIMITED) | wishes)) if not problems else UNLIMITED


def _read_verify(value: object, problems: list[str]) -> tuple[Check, ...]:
    """One command, a list of them, or a mapping of names to commands."""
    pairs = _commands(value)
    if pairs is None:
        problems.append(
            f"`verify` must be a command, a list of commands or a mapping of names to them, not {_shown(value)}"
        )
        return ()
    if len(pairs) > MAX_VERIFY:
        problems.append(f"`verify` has {len(pairs)} commands; more than {MAX_VERIFY} are too many")
    for name, command in pairs:
        problems += _command_problems(name, command)
    return named([(name, command) for name, command in pairs], CONFIG_FILE) if not problems else ()


def _commands(value: object) -> list[tuple[Any, Any]] | None:
    if isinstance(value, dict):
        return list(value.items())
    commands = [value] if isinstance(value, str) else value
    if not isinstance(commands, list):
        return None
    return [(one_line(command, 60) if isinstance(command, str) else "", command) for command in commands]


def _command_problems(name: object, command: object) -> Iterator[str]:
    if not isinstance(command, str) or not command.strip() or not isinstance(name, str) or not one_line(name):
        yield f"`verify` has {_shown(command)} where a command should be, with a name if it is a mapping"
    elif len(command) > MAX_COMMAND or len(name) > MAX_COMMAND or "\0" in command:
        yield f"a command of `verify` is longer than {MAX_COMMAND:,} characters, or not text"


_READERS: dict[str, Callable[[Any, list[str]], Any]] = {
    "mode": _read_mode,
    "limits": _read_limits,
    "verify": _read_verify,
}


def _known(value: object, names: tuple[str, ...], path: str, problems: list[str]) -> dict[str, Any]:
    """The known keys of a mapping; nothing at all counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        problems.append(f"{code(path.rstrip('.')) if path else 'the file'} must be a mapping of keys to values")
        return {}
    strange = [str(key) for key in value if key not in names]
    problems += [f"unknown key {code(path + key, 60)}{did_you_mean(key, names)}" for key in strange]
    return {key: value[key] for key in names if key in value}


def _number_problems(name: str, number: object) -> Iterator[str]:
    least, most = getattr(_LEAST, name), getattr(UNLIMITED, name)
    unit, kinds = (" seconds", (int, float)) if isinstance(least, float) else ("", (int,))
    if isinstance(number, bool) or not isinstance(number, kinds):
        kind = "a number of seconds" if unit else "a whole number"
        yield f"`limits.{name}` must be {kind}, not {_shown(number)}"
    elif not least <= number <= most:
        yield f"`limits.{name}` must be between {least:,.0f} and {most:,.0f}{unit}, not {_shown(number)}"


def _not_one_of(name: str, value: object, allowed: tuple[str, ...]) -> str:
    hint = did_you_mean(value, allowed) if isinstance(value, str) else ""
    return f"`{name}` must be one of {', '.join(allowed)}, not {_shown(value)}{hint}"


def _shown(value: object) -> str:
    return code(clip(one_line(str(value), 200), 40))


# --- the document ----------------------------------------------------------------------------------------------


def _document(text: str) -> object:
    """Strangers write this file, so it is looked at event by event before anything is built from it."""
    if len(text) > MAX_CHARACTERS:
        raise ConfigError([f"the file is longer than {MAX_CHARACTERS:,} characters"])
    try:
        _inspect(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # _Loader is a safe loader, only stricter
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_yaml_problem(error)]) from error
    # PyYAML lets these through for odd scalars: an impossible date, a number of ten thousand digits, a lone surrogate.
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise ConfigError([f"it is not YAML: {one_line(str(error))}"]) from error


def _inspect(text: str) -> None:
    """Refuses what no small file of settings needs and what can be made to explode: aliases, depth, sheer number."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(["anchors and aliases (`&`, `*`) are not supported"])
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH or count > _MAX_EVENTS:
            raise ConfigError(["the file is nested too deeply or holds too many values"])


def _yaml_problem(error: yaml.MarkedYAMLError) -> str:
    where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
    return f"{where}{one_line(error.problem or error.context or 'it is not YAML')}"


class _Loader(yaml.CSafeLoader):
    """The safe loader, which also refuses a key that is given twice instead of taking the last one in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) < len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a key is given twice", node.start_mark)
        return mapping
