"""Facts about a repository, asked of GitHub when they are needed."""

from __future__ import annotations

import base64
import binascii

from runner.domain.goal import Person, Repository
from runner.errors import GitHubError, NotFound
from runner.ports import IssueFacts, Place, Repositories

from .api import Api
from .refusals import Rejected
from .shapes import Content, Issue, Permission, Repo, shaped

STANDARD = {"admin", "maintain", "write", "triage", "read", "none"}
REPO = "/repos/{owner}/{repo}"


class AppRepositories(Repositories):
    """See ports.Repositories."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def default_branch(self, place: Place) -> str:
        return (await self._api.get(place, Repo, REPO, use="read")).default_branch

    async def reachable(self, installation: int) -> list[Repository]:
        """What the App was installed for."""
        there = await self._api.reach(installation)
        return [Repository(one.id, one.owner.login, one.name) for one in there]

    async def role(self, place: Place, person: Person) -> str:
        """`none` also for deleted accounts, and for a login that has meanwhile passed to somebody else."""
        if person.kind == "Ghost":
            return "none"
        path = REPO + "/collaborators/{login}/permission"
        try:
            given = await self._api.get(place, Permission, path, use="read", login=person.login)
        except NotFound:
            return "none"
        if given.user is not None and person.id and given.user.id != person.id:
            return "none"
        return given.role_name if given.role_name in STANDARD else given.permission

    async def issue(self, place: Place, number: int) -> IssueFacts:
        issue = await self._api.get(place, Issue, REPO + "/issues/{number}", number=number)
        is_pull = issue.pull_request is not None
        return IssueFacts(issue.title, issue.body or "", issue.state, issue.locked, is_pull, issue.html_url)

    async def file(self, place: Place, path: str) -> str | None:
        """None for a directory or submodule too; GitHubError for what is no text, or over the API's megabyte."""
        try:
            data = await self._api.get(place, object, REPO + "/contents{/parts*}", use="read", parts=path.split("/"))
        except NotFound:
            return None
        if isinstance(data, list):
            return None
        found = shaped(data, Content, path)
        return _text(found, path) if found.type == "file" else None

    async def ensure_label(self, place: Place, name: str, color: str, description: str) -> None:
        label = {"name": name, "color": color.removeprefix("#"), "description": description}
        try:
            await self._api.change(place, object, "POST", REPO + "/labels", label)
        except Rejected as error:
            if "name:already_exists" not in error.reasons:
                raise


def _text(found: Content, path: str) -> str:
    if found.encoding != "base64":
        raise GitHubError(f"`{path}` is too large to be read over GitHub's API.")
    try:
        return base64.b64decode(found.content).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise GitHubError(f"`{path}` is not a text file in UTF-8.") from error
