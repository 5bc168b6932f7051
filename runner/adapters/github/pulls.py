"""baro's pull requests: one per head branch, adopted where it exists, brought up to date where it differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from runner.crashpoints import crashpoint
from runner.domain.goal import PullTarget
from runner.errors import GitHubError
from runner.ports import Place, PullRef

from . import fit
from .api import Api
from .refusals import Rejected
from .shapes import Pull

LIST = "/repos/{owner}/{repo}/pulls"
ONE = "/repos/{owner}/{repo}/pulls/{number}"


class AppPulls:
    """`gate` is what every text passes before it leaves."""

    def __init__(self, api: Api, gate: Callable[[str], str]) -> None:
        self._api = api
        self._gate = gate

    async def show(self, place: Place, *, head: str, base: str, title: str, body: str, draft: bool) -> PullRef:
        """See ports.Pulls. One that people closed or merged meanwhile is brought up to date and stays as they left it:
        a second one for the same branch would only argue with them. Draft cannot be changed over REST."""
        words = {"title": fit.title(self._gate(title)), "body": fit.body(self._gate(body))}
        new = words | {"head": head, "base": base, "draft": draft}
        return await self._api.insist(lambda: self._settle(place, new, words))

    async def target(self, place: Place, number: int) -> tuple[PullTarget, Literal["open", "closed", "merged"], bool]:
        pull = await self._api.get(place, Pull, ONE, number=number)
        target = PullTarget(pull.number, pull.title, pull.head.ref, pull.head.sha, pull.base.ref)
        return target, pull.fate, _at_home(place, pull)

    async def _settle(self, place: Place, new: dict[str, Any], words: dict[str, str]) -> PullRef:
        """Look, then edit or make. Unanswered: come back here and look again."""
        owner = place.repository.owner
        there = await self._look(place, new["head"], state="all", head=f"{owner}:{new['head']}")
        return await self._updated(place, there, words) if there else await self._make(place, new, words)

    async def _look(self, place: Place, branch: str, **query: str) -> Pull | None:
        """GitHub drops a filter it cannot read, and a fork may use the same branch name: check each one."""
        there = await self._api.pages(place, Pull, LIST + "{?state,head,per_page}", **query)
        ours = [pull for pull in there if pull.head.ref == branch and _at_home(place, pull)]
        return max(ours, key=lambda pull: (pull.state == "open", pull.number), default=None)

    async def _make(self, place: Place, new: dict[str, Any], words: dict[str, str]) -> PullRef:
        try:
            made = await self._api.create(place, Pull, LIST, new)
        except Rejected as error:
            return await self._instead(place, new, words, error)
        crashpoint("github.pull-made")
        return _ref(made)

    async def _instead(self, place: Place, new: dict[str, Any], words: dict[str, str], error: Rejected) -> PullRef:
        """What to do where GitHub will not make it: adopt the one there is, do without draft, or say why not."""
        if "draft pull requests are not supported" in error.reasons and new["draft"]:
            return await self._make(place, new | {"draft": False}, words)
        if "already exists" in error.reasons:
            # The filtered look missed it: the owner was renamed, or somebody else was faster.
            there = await self._look(place, new["head"], state="open")
            if there:
                return await self._updated(place, there, words)
        raise _reason(error, new) from error

    async def _updated(self, place: Place, there: Pull, words: dict[str, str]) -> PullRef:
        same = there.title == words["title"] and (there.body or "").replace("\r\n", "\n") == words["body"]
        if not same:
            await self._api.change(place, "PATCH", ONE, words, number=there.number)
        return _ref(there)


def _at_home(place: Place, pull: Pull) -> bool:
    return pull.head.repo is not None and pull.head.repo.id == place.repository.id


def _ref(pull: Pull) -> PullRef:
    return PullRef(pull.number, pull.html_url, pull.draft, pull.fate)


def _reason(error: Rejected, new: dict[str, Any]) -> GitHubError:
    """GitHub's three ways to refuse a pull request, in words that say what is the matter."""
    head, base = new["head"], new["base"]
    if "no commits between" in error.reasons:
        return GitHubError(f"`{head}` has nothing that `{base}` does not have already.", evidence=error.evidence)
    if "'field': 'head'" in error.reasons:
        return GitHubError(f"The branch `{head}` is not on GitHub.", evidence=error.evidence)
    if "'field': 'base'" in error.reasons:
        hint = "Was it renamed or deleted since this was asked?"
        return GitHubError(f"The branch `{base}` is not on GitHub.", hint=hint, evidence=error.evidence)
    return error
