"""An installation that appears, comes back or grows asks for its repositories to be made ready, quietly."""

from __future__ import annotations

from hashlib import sha256

from .asks import Installed
from .payloads import InstallationEvent, RepositoryRef
from .us import Us


def ready(event: InstallationEvent, us: Us) -> Installed:  # noqa: ARG001  (every callback has the same two arguments)
    return _installed(event, within=event.repositories or ())


def grown(event: InstallationEvent, us: Us) -> Installed | None:  # noqa: ARG001
    return _installed(event, within=event.repositories_added) if event.repositories_added else None


def _installed(event: InstallationEvent, within: tuple[RepositoryRef, ...]) -> Installed:
    """The same event at another time is another ask: a label may have been deleted since."""
    here = event.installation
    names = sha256(",".join(str(repository.id) for repository in within).encode()).hexdigest()[:10]
    return Installed(
        key=f"installation:{here.id}:{event.action}:{here.updated_at}:{names}",
        installation=here.id,
        account=here.account.login if here.account else "",
        repositories=tuple(repository.value for repository in within),
    )
