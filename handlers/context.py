"""The facts an ask is decided on, gathered through read-only ports and no further than the decision needs them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from runner.domain.config import RepoConfig, parse_config
from runner.domain.goal import PullTarget
from runner.domain.route import ANY, Choice
from runner.errors import ConfigError, NotFound
from runner.ports import AppIdentity, Place, Pulls, Repositories, Runs

from .asks import Ask, Command, Installed, Misread, StartRun

CONFIG_PATH = ".github/baro.yml"
WRITERS = frozenset({"write", "maintain", "admin"})

State = Literal["open", "closed", "merged"]


class Facts(Struct, frozen=True, kw_only=True):
    """What is known about an ask. What was not looked up, because the answer is known without it, keeps its default."""

    allowed: bool
    """the account is one this baro serves"""
    ours: bool = False
    """our own App said it"""
    role: str = ""
    """of the person who asks, on this repository, now"""
    state: State | None = None
    """of the thread; None: it is gone, or out of our sight"""
    locked: bool = False
    pull: PullTarget | None = None
    same_repository: bool = True
    """the pull request's branch lies in this repository, not in a fork"""
    active: str | None = None
    """the run under way on the thread"""
    latest: str | None = None
    """the last run on the thread, over or not"""
    default_branch: str = ""
    config: RepoConfig = RepoConfig()
    config_problems: tuple[str, ...] = ()

    @property
    def may_write(self) -> bool:
        return self.role in WRITERS


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where facts come from. `accounts` are the logins that are served; `*` among them means all."""

    repositories: Repositories
    pulls: Pulls
    runs: Runs
    us: AppIdentity
    accounts: frozenset[str]
    choice: Choice = ANY
    """of agents, that repositories have"""

    def serves(self, account: str) -> bool:
        return "*" in self.accounts or account.lower() in {name.lower() for name in self.accounts}


async def gather(ask: Ask, sources: Sources) -> Facts:
    """May raise what the ports raise. A stranger's comment costs one request to GitHub at most."""
    if isinstance(ask, Installed):
        return Facts(allowed=sources.serves(ask.account))
    allowed = sources.serves(ask.thread.repository.owner)
    ours = ask.sender.login == sources.us.login
    if not allowed or ours or ask.sender.kind != "User":
        return Facts(allowed=allowed, ours=ours)
    place = Place(ask.installation, ask.thread.repository)
    facts = Facts(allowed=True, role=await _role(ask, place, sources))
    if isinstance(ask, Command):
        return await _about_runs(ask, facts, sources)
    if isinstance(ask, Misread) or not facts.may_write:
        return facts
    return await _about_goal(ask, facts, place, sources)


async def _role(ask: StartRun | Command | Misread, place: Place, sources: Sources) -> str:
    try:
        return await sources.repositories.role(place, ask.sender)
    except NotFound:
        return "none"


async def _about_runs(ask: Command, facts: Facts, sources: Sources) -> Facts:
    active = await sources.runs.active_on(ask.thread)
    return replace(facts, active=active, latest=active or await sources.runs.latest_on(ask.thread))


async def _about_goal(ask: StartRun, facts: Facts, place: Place, sources: Sources) -> Facts:
    try:
        issue, target, default_branch, text, active = await asyncio.gather(
            sources.repositories.issue(place, ask.thread.number),
            _target(ask, place, sources),
            sources.repositories.default_branch(place),
            sources.repositories.file(place, CONFIG_PATH),
            sources.runs.active_on(ask.thread),
        )
    except NotFound:
        return facts
    config, problems = _config(text, sources.choice)
    pull, state, same_repository = target or (None, issue.state, True)
    return replace(
        facts,
        state=state,
        locked=issue.locked,
        pull=pull,
        same_repository=same_repository,
        active=active,
        default_branch=default_branch,
        config=config,
        config_problems=problems,
    )


async def _target(ask: StartRun, place: Place, sources: Sources) -> tuple[PullTarget, State, bool] | None:
    return await sources.pulls.target(place, ask.thread.number) if ask.thread.kind == "pull" else None


def _config(text: str | None, choice: Choice) -> tuple[RepoConfig, tuple[str, ...]]:
    """A file that is wrong stops the run with its problems; guessing what was meant would spend on a guess."""
    try:
        return (parse_config(text, choice) if text is not None else RepoConfig()), ()
    except ConfigError as wrong:
        return RepoConfig(), tuple(wrong.problems)
