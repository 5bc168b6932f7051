"""What a person can do in the browser, as the repository's collaborator: comment, label, tick a box in a comment."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from bot.demo.github.acts import threads
from bot.demo.github.hub import Hub
from bot.demo.github.model import Issue, Repository
from bot.demo.github.pages.markdown import ticked
from bot.demo.github.pages.views import viewer
from bot.demo.github.state import find_comment


class PageActs:
    """Plain form posts. Another site's form is refused: a comment here can start an agent."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def comment(self, request: Request) -> Response:
        form, found = await self._admit(request)
        if found is None:
            return REFUSED
        repo, issue = found
        if form.get("body", "").strip() and not issue.locked:
            threads.comment(self.hub, repo, issue, viewer(self.hub, repo), form["body"].replace("\r\n", "\n"))
        return self._back(repo, issue)

    async def label(self, request: Request) -> Response:
        form, found = await self._admit(request)
        if found is None:
            return REFUSED
        repo, issue = found
        if form.get("label", "").strip():
            threads.add_label(self.hub, repo, issue, form["label"].strip(), viewer(self.hub, repo))
        return self._back(repo, issue)

    async def tick(self, request: Request) -> Response:
        form, found = await self._admit(request)
        said = found and find_comment(found[0], int(form.get("comment", "0")))
        if found is None or said is None:
            return REFUSED
        body = ticked(said[1].body, int(form.get("box", "0")))
        threads.edit_comment(self.hub, found[0], *said, viewer(self.hub, found[0]), body)
        return self._back(*found)

    async def _admit(self, request: Request) -> tuple[dict[str, str], tuple[Repository, Issue] | None]:
        """The form and the thread it is about; None for a form that came from elsewhere, or about nothing."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        repo = self.hub.state.find_repository(request.path_params["owner"], request.path_params["repo"])
        issue = repo.threads.get(request.path_params["number"]) if repo else None
        if repo is None or issue is None or request.headers.get("origin", self.hub.state.url) != self.hub.state.url:
            return form, None
        return form, (repo, issue)

    def _back(self, repo: Repository, issue: Issue) -> Response:
        kind = "pull" if issue.pull else "issues"
        return RedirectResponse(f"/{repo.full_name}/{kind}/{issue.number}", 303)


REFUSED = PlainTextResponse("Not from here.\n", 403)
