"""Where git fetches and pushes a run's repository, and the credential for exactly that."""

from __future__ import annotations

import re

from runner.domain.run import RunSpec
from runner.errors import GitHubError
from runner.ports import Place

from .auth import Grant, Tokens, basic

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*|\.[A-Za-z0-9_-][A-Za-z0-9_.-]*")


class GitHubRemote:
    """The Operator's view of GitHub. Its tokens belong to the run: `forget` revokes them and no other run's."""

    def __init__(self, tokens: Tokens, web_url: str) -> None:
        self._tokens = tokens
        self._web_url = web_url.rstrip("/")

    async def url(self, spec: RunSpec) -> str:
        repository = spec.thread.repository
        if not _NAME.fullmatch(repository.owner) or not _NAME.fullmatch(repository.name):
            raise GitHubError(f"“{repository.full_name}” is no repository's name.")
        return f"{self._web_url}/{repository.full_name}.git"

    async def header(self, spec: RunSpec, *, write: bool) -> str | None:
        """The value of git's Authorization header, good for the repository's contents and nothing else."""
        place = Place(spec.installation, spec.thread.repository)
        token = await self._tokens.get(Grant.of(place, "write" if write else "read", spec.id))
        return f"Basic {basic(token)}"

    async def forget(self, spec: RunSpec) -> None:
        """Revoke the run's tokens; best effort, never raises for GitHub's sake."""
        await self._tokens.forget(spec.id)
