"""GitHub, and the App on it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from urllib.parse import urljoin

from bot.web import HOOK
from handlers import PAYLOADS
from runner.adapters.github import GitHub, connect
from runner.adapters.github.app_key import JWT_BACK, JWT_LIFE
from runner.adapters.github.permissions import gives, needed
from runner.adapters.github.survey import AppFacts, Installed, date
from runner.domain.policy import Gate
from runner.errors import GitHubError

from . import say
from .draft import Draft
from .finding import Finding, State

PATIENCE = 2.0
"""seconds to sit out an outage: a doctor is asked to say it"""
WITHIN = 20.0
"""seconds for one answer"""
SKEW = 30.0
"""seconds by which clocks may differ before it is worth a word"""
RESERVED = {"pull_request"}
"""events asked for now, so that installations need not accept more later"""
ALWAYS_SENT = {"installation", "installation_repositories"}
"""events that reach every App without being asked for"""


async def reach(settings: Draft) -> list[Finding]:
    """Works without an App: the door and the clock, before the key."""
    before = time.time()
    try:
        theirs = await date(settings.api_url, WITHIN)
    except GitHubError as error:
        return [say.github_away(settings.api_url, error), say.clock_unknown()]
    # A date is cut to the second, and was written somewhere between asking and hearing.
    ahead = (before + time.time()) / 2 - (theirs + 0.5)
    return [say.github(settings.api_url), say.clock(ahead, _skew(ahead))]


def _skew(ahead: float) -> State:
    if ahead > JWT_BACK or ahead < -JWT_LIFE:
        return "failed"
    return "warning" if abs(ahead) > SKEW else "ok"


async def app(settings: Draft) -> list[Finding]:
    if not settings.has_app:
        return [say.no_app(), *say.later("permissions", "events", "installations", "webhook")]
    async with _connected(settings) as github:
        try:
            facts = await github.survey.app()
        except GitHubError as error:
            return [say.app_unknown(error), *say.later("permissions", "events", "installations", "webhook")]
        return [
            say.app(facts.slug, facts.owner),
            _permissions(facts),
            _events(facts),
            await _installations(github, settings, facts),
            await _webhook(github, settings),
        ]


def _permissions(facts: AppFacts) -> Finding:
    wanted = needed()
    missing = [f"{name}: {access}" for name, access in wanted.items() if not gives(facts.permissions, name, access)]
    extra = [f"{name}: {access}" for name, access in facts.permissions.items() if not gives(wanted, name, access)]
    return say.permissions(missing, extra)


def subscribed() -> set[str]:
    """What the App must be told of: what app.yml asks for."""
    return set(PAYLOADS) - ALWAYS_SENT | RESERVED


def _events(facts: AppFacts) -> Finding:
    wanted = subscribed()
    return say.events(sorted(wanted - set(facts.events)), sorted(set(facts.events) - wanted - ALWAYS_SENT))


async def _installations(github: GitHub, settings: Draft, facts: AppFacts) -> Finding:
    try:
        found = await github.survey.installations()
    except GitHubError as error:
        return say.unexpected("installations", error)
    allowed = settings.allowed_accounts or (facts.owner.lower(),)
    served = [one for one in found if "*" in allowed or one.account.lower() in allowed]
    others = [one for one in found if one not in served]
    lagging = [one for one in served if not _accepted(one)]
    asleep = [one for one in served if one.suspended]
    return say.installations(_names(served), _names(others), _names(lagging), _names(asleep))


def _accepted(one: Installed) -> bool:
    return all(gives(one.permissions, name, access) for name, access in needed().items())


def _names(installed: Sequence[Installed]) -> list[str]:
    return [one.account for one in installed]


async def _webhook(github: GitHub, settings: Draft) -> Finding:
    expected = urljoin(settings.public, HOOK) if settings.public else ""
    try:
        return say.webhook(await github.survey.hook(), expected)
    except GitHubError as error:
        return say.unexpected("webhook", error)


def _connected(settings: Draft) -> GitHub:
    return connect(
        app=settings.app_id,
        private_key=settings.private_key.get_secret_value(),
        api_url=settings.api_url,
        web_url=settings.github_url,
        gate=Gate(settings.secrets()).text,
        retry_max=PATIENCE,
        patience=PATIENCE,
        timeout=WITHIN,
    )
