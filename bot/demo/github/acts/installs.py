"""Repositories and installations come and go."""

from __future__ import annotations

from collections.abc import Iterable

from bot.demo.github.hub import Hub
from bot.demo.github.model import Installation, Json, Label, Permissions, Repository
from bot.demo.github.shapes import accounts, repositories
from bot.demo.github.state import DEFAULT_LABELS


def create_repository(hub: Hub, owner: str, name: str, *, private: bool, default_branch: str) -> Repository:
    """An empty repository with GitHub's usual labels."""
    state = hub.state
    assert state.find_repository(owner, name) is None, f"{owner}/{name} exists already"
    state.account(owner)
    repository = Repository(state.new_id(), owner, name, state.now(), private=private, default_branch=default_branch)
    for label, color, description in DEFAULT_LABELS:
        repository.labels[label] = Label(state.new_id(), label, color, description, default=True)
    state.repositories[repository.id] = repository
    return repository


def install(hub: Hub, owner: str, ids: Iterable[int], permissions: Permissions, *, everything: bool) -> Installation:
    """The App on an account: a new installation, or more repositories for the one there is."""
    installed = hub.state.installation_of(owner)
    if installed is None:
        return _install_first(hub, owner, set(ids), permissions, everything=everything)
    added = set(ids) - installed.repositories
    installed.repositories |= added
    if added:
        _announce(hub, "installation_repositories", "added", installed, repositories_added=_brief(hub, added),
                  repositories_removed=[], repository_selection=_selection(installed), requester=None)  # fmt: skip
    return installed


def uninstall(hub: Hub, owner: str) -> None:
    """The App removed from an account: its tokens die with it."""
    installed = hub.state.installation_of(owner)
    assert installed is not None, f"the App is not installed on {owner}"
    del hub.state.installations[installed.id]
    hub.state.tokens = {v: t for v, t in hub.state.tokens.items() if t.installation != installed.id}
    _announce(hub, "installation", "deleted", installed, repositories=_brief(hub, installed.repositories))


def take_away(hub: Hub, repository: Repository) -> None:
    """One repository removed from the selection of its owner's installation."""
    installed = hub.state.installation_on(repository)
    assert installed is not None, f"the App is not installed on {repository.full_name}"
    installed.repositories.discard(repository.id)
    _announce(hub, "installation_repositories", "removed", installed, repositories_added=[],
              repositories_removed=_brief(hub, {repository.id}), repository_selection=_selection(installed),
              requester=None)  # fmt: skip


def suspend(hub: Hub, owner: str, *, suspended: bool) -> None:
    installed = hub.state.installation_of(owner)
    assert installed is not None, f"the App is not installed on {owner}"
    installed.suspended_at = hub.state.now() if suspended else None
    _announce(hub, "installation", "suspend" if suspended else "unsuspend", installed)


def _install_first(hub: Hub, owner: str, ids: set[int], permissions: Permissions, *, everything: bool) -> Installation:
    state = hub.state
    state.account(owner)
    installed = Installation(
        state.new_id(), owner, ids, dict(permissions), state.app.events, state.now(), everything=everything
    )
    state.installations[installed.id] = installed
    _announce(hub, "installation", "created", installed, repositories=_brief(hub, ids), requester=None)
    return installed


def _announce(hub: Hub, event: str, action: str, installed: Installation, **parts: object) -> None:
    """Installation events reach the App whatever it subscribed to. An organisation acts through one of its owners."""
    payload = {"action": action, "installation": accounts.installation(hub.state, installed), **parts}
    owner = hub.state.author(installed.account)
    person = hub.state.account(f"{owner.login}-owner") if owner.kind == "Organization" else owner
    payload["sender"] = accounts.account(hub.state, person)
    hub.hooks.send(event, payload, installed.id)
    hub.pulse.beat()


def _brief(hub: Hub, ids: Iterable[int]) -> list[Json]:
    return [repositories.brief(hub.state.repositories[number]) for number in sorted(ids)]


def _selection(installed: Installation) -> str:
    return "all" if installed.everything else "selected"
