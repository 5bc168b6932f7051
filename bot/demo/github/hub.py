"""The parts of the local GitHub in one place: state, git, webhooks, faults, and the log of requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .faults import Faults
from .hooks import Hooks
from .model import AppRegistration, Json, Repository
from .pulse import Pulse
from .repository_store import RepositoryStore
from .shapes import accounts, repositories
from .state import State, node_id


@dataclass(slots=True)
class Request:
    """One HTTP request as it arrived. `status` is None until it was answered, and 0 if the answer was dropped.

    `token` is the kind of credential it carried: `app`, `installation`, `other` or `none`.
    """

    at: float
    method: str
    path: str
    query: str
    token: str
    status: int | None = None


class Hub:
    """What the REST endpoints, the git endpoints and the driving side act upon."""

    def __init__(self, app: AppRegistration, root: Path, now: Callable[[], float]) -> None:
        self.pulse = Pulse()
        self.state = State(app, now)
        self.git = RepositoryStore(root)
        self.hooks = Hooks(app.webhook_secret, app.id, self.state.new_id, self.pulse.beat)
        self.faults = Faults()
        self.requests: list[Request] = []

    def announce(self, event: str, repository: Repository, by: str, *, action: str | None = None, **parts: Any) -> None:
        """Send a webhook about something in a repository, if the App is installed there and wants that event."""
        state = self.state
        installed = state.installation_on(repository)
        self.pulse.beat()
        if installed is None or installed.suspended_at or event not in installed.events:
            return
        payload: dict[str, Any] = {"action": action} if action else {}
        payload |= parts | {"repository": seen_by(state, repository, event)}
        owner = state.author(repository.owner)
        if owner.kind == "Organization":
            payload["organization"] = accounts.organization(state, owner)
        payload["sender"] = accounts.by_login(state, by)
        payload["installation"] = {"id": installed.id, "node_id": node_id("MDIzOkludGVncmF0aW9u", installed.id)}
        self.hooks.send(event, payload, installed.id, repository.id)


def seen_by(state: State, repository: Repository, event: str) -> Json:
    """The repository in a payload. `push` is older than the rest: it has numbers for times and names for owners."""
    shown = repositories.full(state, repository)
    if event != "push":
        return shown
    owner = {"name": repository.owner, "email": None}
    times = {"created_at": int(repository.created_at), "pushed_at": int(repository.pushed_at)}
    return shown | times | {"owner": shown["owner"] | owner, "master_branch": repository.default_branch}
