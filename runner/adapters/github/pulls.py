"""baro's pull requests: one per head branch, adopted where it exists, brought up to date where it differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import structlog
from msgspec import structs

from runner.crashpoints import crashpoint
from runner.domain.goal import PullTarget
from runner.errors import GitHubError, Unreachable
from runner.ports import Place, PullRef, Pulls

from . import fit
from .api import Api
from .refusals import Rejected
from .shapes import Mutation, Pull

GRAPHQL = "../graphql"
"""beside the REST API: `/api/graphql` for `/api/v3` on GHES, `/graphql` on github.com"""
READY = "mutation($id: ID!) {markPullRequestReadyForReview(input: {pullRequestId: $id}) {pullRequest {isDraft}}}"
LIST = "/repos/{owner}/{repo}/pulls"
ONE = "/repos/{owner}/{repo}/pulls/{number}"

log = structlog.get_logger(__name__)


class AppPulls(Pulls):
    """`gate` is what every text passes before it leaves."""

    def __init__(self, api: Api, gate: Callable[[str], str]) -> None:
        self._api = api
        self._gate = gate

    async def show(self, place: Place, *, head: str, base: str, title: str, body: str, draft: bool) -> PullRef:
        """See ports.Pulls. One that people closed or merged meanwhile is brought up to date and stays as they left it:
        a second one for the same branch would only argue with them. A draft becomes ready, but nothing becomes a draft
        again: somebody may have wanted it ready."""
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
        return await self._updated(place, there, words, new["draft"]) if there else await self._make(place, new, words)

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
        crashpoint("pull.made")
        return _ref(made)

    async def _instead(self, place: Place, new: dict[str, Any], words: dict[str, str], error: Rejected) -> PullRef:
        """What to do where GitHub will not make it: adopt the one there is, do without draft, or say why not."""
        if "draft pull requests are not supported" in error.reasons and new["draft"]:
            return await self._make(place, new | {"draft": False}, words)
        if "already exists" in error.reasons:
            # The filtered look missed it: the owner was renamed, or somebody else was faster.
            there = await self._look(place, new["head"], state="open")
            if there:
                return await self._updated(place, there, words, new["draft"])
        raise _reason(error, new) from error

    async def _updated(self, place: Place, there: Pull, words: dict[str, str], draft: bool) -> PullRef:
        same = there.title == words["title"] and (there.body or "").replace("\r\n", "\n") == words["body"]
        if not same:
            there = await self._api.change(place, Pull, "PATCH", ONE, words, number=there.number)
        if there.draft and not draft and there.state == "open":
            there = await self._ready(place, there)
        return _ref(there)

    async def _ready(self, place: Place, there: Pull) -> Pull:
        """REST cannot do this. What stays a draft is a blemish, not a failure."""
        mutation = {"query": READY, "variables": {"id": there.node_id}}
        try:
            problems = (await self._api.change(place, Mutation, "POST", GRAPHQL, mutation)).errors
        except Unreachable:
            raise
        except GitHubError as error:
            problems = [error.evidence]
        if problems:
            log.warning("pull.stays_draft", pull=there.html_url, evidence=str(problems))
        return structs.replace(there, draft=bool(problems))


def _at_home(place: Place, pull: Pull) -> bool:
    return pull.head.repo is not None and pull.head.repo.id == place.repository.id


def _ref(pull: Pull) -> PullRef:
    return PullRef(pull.number, pull.html_url, pull.draft, pull.fate)


def _reason(error: Rejected, new: dict[str, Any]) -> GitHubError:
    """GitHub's three ways to refuse a pull request, in words that say what is the matter."""
    head, base = new["head"], new["base"]
    if "no commits between" in error.reasons:
        return GitHubError(f"`{head}` has nothing that `{base}` does not have already.", evidence=error.evidence)
    if "head:invalid" in error.reasons:
        return GitHubError(f"The branch `{head}` is not on GitHub.", evidence=error.evidence)
    if "base:invalid" in error.reasons:
        hint = "Was it renamed or deleted since this was asked?"
        return GitHubError(f"The branch `{base}` is not on GitHub.", hint=hint, evidence=error.evidence)
    return error
