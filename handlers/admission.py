"""Decides what becomes of an ask, from facts alone: a pure function whose answer carries its reason.

The rules stand in the order in which they are asked; the first that has something to say decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import msgspec
from msgspec import Struct

from runner.domain.config import Limits, effective_limits
from runner.domain.goal import Goal, Repository
from runner.domain.route import AUTO, Routing, settle
from runner.domain.run import RunSpec
from runner.domain.text import clean, one_line
from runner.voice import replies

from .asks import Ask, Command, Installed, Misread, StartRun
from .context import Facts
from .reading import visible
from .us import LABEL

Code = Literal[
    "not_a_person", "not_a_writer", "locked", "closed", "merged", "empty", "bare_url", "fork", "config", "busy"
]
Silence = Literal["account_not_served", "our_own", "thread_gone", "gave_up"]

FEW = 3
"""words below which a title without a text says too little to spend anything on"""
_URL = re.compile(r"<?\bhttps?://[^\s>]+>?")


class House(Struct, frozen=True):
    """The operator's own say: the label that starts runs, the agents where a repository names none, the ceilings."""

    label: str = LABEL
    agent: str = AUTO
    routing: Routing = {}
    auto: tuple[str, ...] = (AUTO,)
    """what a role or tier gets that nobody says anything about"""
    limits: Limits = Limits()


class Admitted(Struct, frozen=True, tag=True):
    """Submit this run. Twice the same ask is twice the same run."""

    spec: RunSpec


class Refused(Struct, frozen=True, tag=True):
    """No run. `sentence` is said once per person, thread and day."""

    code: Code
    sentence: str


class Reply(Struct, frozen=True, tag=True):
    """An answer and nothing else. `once`: to a stranger, no more often than a refusal."""

    text: str
    once: bool = False


class ShowStatus(Struct, frozen=True, tag=True):
    """Reply with the report of this run."""

    run: str
    once: bool = False


class CancelRun(Struct, frozen=True, tag=True):
    """Knock on this run's door."""

    run: str
    by: str


class MakeReady(Struct, frozen=True, tag=True):
    """Prepare repositories, all of the installation's where none are named; no comment, no pull request."""

    installation: int
    repositories: tuple[Repository, ...]


class Nothing(Struct, frozen=True, tag=True):
    """Nobody is told; it is counted and logged."""

    reason: Silence


Decision = Admitted | Refused | Reply | ShowStatus | CancelRun | MakeReady | Nothing
Said = Refused | Nothing | None


def encode(decision: Decision) -> bytes:
    return msgspec.json.encode(decision)


def decide(ask: Ask, facts: Facts, house: House) -> Decision:
    if not facts.allowed:
        return Nothing("account_not_served")
    match ask:
        case Installed():
            return MakeReady(ask.installation, ask.repositories)
        case Command():
            return _first(ask, facts, (_ours, _person)) or _command(ask, facts, house)
        case Misread():
            again = Reply(replies.did_you_mean(ask.said, ask.meant), once=not facts.may_write)
            return _first(ask, facts, (_ours, _person)) or again
        case StartRun():
            return _first(ask, facts, (_ours, _person, _writer)) or _goal(ask, facts, house)


def _command(ask: Command, facts: Facts, house: House) -> Decision:
    stranger = not facts.may_write
    match ask.name:
        case "help":
            return Reply(replies.help_text(house.label), once=stranger)
        case "status" if facts.latest:
            return ShowStatus(facts.latest, once=stranger)
        case "status":
            return Reply(replies.no_run_yet(), once=stranger)
        case "cancel":
            return _writer(ask, facts) or _cancel(ask, facts)


def _cancel(ask: Command, facts: Facts) -> Decision:
    return CancelRun(facts.active, ask.sender.login) if facts.active else Reply(replies.nothing_to_cancel())


def _goal(ask: StartRun, facts: Facts, house: House) -> Decision:
    for rule in GOAL_RULES:
        said = rule(ask, facts)
        if said is not None:
            return said
    return Admitted(_spec(ask, facts, house))


# --- rules about who asks ---------------------------------------------------------------------------------------

Asked = StartRun | Command | Misread


def _first(ask: Asked, facts: Facts, rules: tuple[Callable[[Asked, Facts], Said], ...]) -> Said:
    return next((said for rule in rules if (said := rule(ask, facts)) is not None), None)


def _ours(_: Asked, facts: Facts) -> Said:
    return Nothing("our_own") if facts.ours else None


def _person(ask: Asked, _: Facts) -> Said:
    """Bots could talk each other into anything; a deleted account cannot vouch for a goal."""
    return None if ask.sender.kind == "User" else Refused("not_a_person", replies.not_a_person(ask.sender))


def _writer(ask: Asked, facts: Facts) -> Said:
    if facts.may_write:
        return None
    return Refused("not_a_writer", replies.not_a_writer(ask.sender, facts.role))


# --- rules about where and what ---------------------------------------------------------------------------------


def _thread(ask: StartRun, facts: Facts) -> Said:
    if facts.state is None:
        return Nothing("thread_gone")
    if facts.locked:
        return Refused("locked", replies.locked())
    if facts.state == "merged":
        return Refused("merged", replies.merged())
    return Refused("closed", replies.closed(ask.thread.kind)) if facts.state == "closed" else None


def _says_something(ask: StartRun, _: Facts) -> Said:
    """A person's own words are enough. A label leans on the issue's text, or on a title that is a whole sentence."""
    words = _words(ask.words or ask.body)
    if words or (not ask.words and len(_words(ask.title)) >= FEW):
        return None
    if _URL.search(ask.words or f"{ask.title} {ask.body}"):
        return Refused("bare_url", replies.what_about_the_link())
    return Refused("empty", replies.what_to_do())


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", _URL.sub(" ", visible(text)))


def _own_branch(_: StartRun, facts: Facts) -> Said:
    return None if facts.same_repository else Refused("fork", replies.fork())


def _config(_: StartRun, facts: Facts) -> Said:
    return Refused("config", replies.bad_config(facts.config_problems)) if facts.config_problems else None


def _one_at_a_time(ask: StartRun, facts: Facts) -> Said:
    """The run of this very ask does not stand in its own way: it is being admitted again, after a crash."""
    busy = facts.active if facts.active != ask.run else None
    return Refused("busy", replies.busy(busy)) if busy else None


GOAL_RULES = (_thread, _says_something, _own_branch, _config, _one_at_a_time)


# --- admitted ---------------------------------------------------------------------------------------------------


def _spec(ask: StartRun, facts: Facts, house: House) -> RunSpec:
    return RunSpec(
        id=ask.run,
        installation=ask.installation,
        thread=ask.thread,
        trigger=ask.trigger,
        goal=_wanted(ask),
        requester=ask.sender,
        base_ref=facts.pull.base_ref if facts.pull else facts.default_branch,
        pull=facts.pull,
        mode=ask.wish,
        config_mode=facts.config.mode,
        agent=house.agent if facts.config.agent == AUTO else facts.config.agent,
        agents=settle(facts.config.agents, facts.config.agent, house.routing, house.auto),
        limits=effective_limits(facts.config, house.limits),
        verify=facts.config.verify,
    )


def _wanted(ask: StartRun) -> Goal:
    """What was visible when the person asked; a later edit of the issue changes nothing. A pull request that comes of
    an issue is named after it, whatever words were used to ask; a follow-up is named after its words."""
    words, title, body = (clean(visible(text)).strip() for text in (ask.words, ask.title, ask.body))
    if not words:
        return Goal(title=one_line(title), text=body, source="issue", url=ask.url)
    name = words.partition("\n")[0] if ask.thread.kind == "pull" else title
    context = f"{words}\n\n## {title}\n\n{body}".strip()
    return Goal(title=one_line(name), text=context, source="comment", url=ask.url)
