"""What the pages show: repositories, issues, pull requests, commits and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from bot.demo.github.hub import Hub
from bot.demo.github.model import Issue, Repository
from bot.demo.github.pages.markdown import boxes, render
from bot.demo.github.repository_store import GitFailedError
from bot.demo.github.state import iso

TEMPLATES = Path(__file__).parent / "templates"
SAFELY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self'; form-action 'self'"
}
"""nothing inline and nothing from elsewhere runs or loads"""


class DiffLine(Struct, frozen=True):
    """`kind` is the CSS class: file, hunk, add, del or same."""

    kind: str
    text: str


class Pages:
    """One method per page."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._templates.filters |= {"markdown": render, "boxes": boxes, "iso": iso}

    async def home(self, _: Request) -> Response:
        return self._page("home.html", title="Repositories", repositories=list(self.hub.state.repositories.values()))

    async def style(self, _: Request) -> Response:
        return Response((TEMPLATES / "style.css").read_bytes(), media_type="text/css")

    async def live(self, _: Request) -> Response:
        return Response((TEMPLATES / "live.js").read_bytes(), media_type="text/javascript")

    async def avatar(self, request: Request) -> Response:
        """A disc whose colour is the account's."""
        hue = request.path_params["id"] * 47 % 360
        disc = f'<circle cx="20" cy="20" r="20" fill="hsl({hue} 55% 55%)"/>'
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">{disc}</svg>'
        return Response(svg, media_type="image/svg+xml")

    async def repository(self, request: Request) -> Response:
        repo = self._repository(request)
        if repo is None:
            return self._lost()
        branches = await self.hub.git.aside(self.hub.git.refs, repo, "refs/heads/")
        sha = branches.get(f"refs/heads/{repo.default_branch}", "")
        readme = await self.hub.git.aside(self.hub.git.file, repo, repo.default_branch, "README.md")
        return self._page(
            "repository.html", title=repo.full_name, repo=repo, threads=sorted_threads(repo),
            branches={name.removeprefix("refs/heads/"): sha for name, sha in branches.items()},
            files=await self.hub.git.aside(self._files, repo, sha), sha=sha,
            readme=(readme or b"").decode(errors="replace"),
        )  # fmt: skip

    async def thread(self, request: Request) -> Response:
        """An issue or a pull request; each is reached under the other's address too, as on GitHub."""
        repo, issue = self._thread(request)
        if repo is None or issue is None:
            return self._lost()
        kind = "pull" if issue.pull else "issues"
        if f"/{kind}/" not in request.url.path:
            return RedirectResponse(f"/{repo.full_name}/{kind}/{issue.number}", 302)
        diff = diff_lines(await self.hub.git.aside(self._diff, repo, issue)) if issue.pull else []
        return self._page(
            "thread.html", title=f"{issue.title} · #{issue.number}", repo=repo, issue=issue, diff=diff,
            author=self.hub.state.author, checks=checks_on(repo, issue), viewer=viewer(self.hub, repo),
            labels=[repo.labels[name.lower()] for name in issue.labels],
        )  # fmt: skip

    async def diff(self, request: Request) -> Response:
        repo, issue = self._thread(request)
        if repo is None or issue is None or issue.pull is None:
            return self._lost()
        return PlainTextResponse(await self.hub.git.aside(self._diff, repo, issue))

    async def patch(self, request: Request) -> Response:
        repo, issue = self._thread(request)
        if repo is None or issue is None or issue.pull is None:
            return self._lost()
        span = f"{issue.pull.base_sha}..{issue.pull.head_sha}"
        patch = await self.hub.git.aside(self.hub.git.run, repo, "format-patch", "--stdout", "--binary", span)
        return Response(patch, media_type="text/plain; charset=utf-8")

    async def commit(self, request: Request) -> Response:
        repo, sha = await self._commit(request, "sha")
        if repo is None or sha is None:
            return self._lost()
        out = await self.hub.git.aside(self.hub.git.run, repo, "show", "--format=%B%x00", sha)
        message, _, diff = out.decode(errors="replace").partition("\0")
        return self._page("commit.html", title=sha[:7], repo=repo, sha=sha, message=message, diff=diff_lines(diff))

    async def tree(self, request: Request) -> Response:
        repo, sha = await self._commit(request, "ref")
        if repo is None or sha is None:
            return self._lost()
        files, name = await self.hub.git.aside(self._files, repo, sha), request.path_params["ref"]
        return self._page("tree.html", title=f"{repo.full_name} at {name}", repo=repo, name=name, sha=sha, files=files)

    async def blob(self, request: Request) -> Response:
        repo, (ref, path) = self._repository(request), (request.path_params[name] for name in ("ref", "path"))
        content = await self.hub.git.aside(self.hub.git.file, repo, ref, path) if repo else None
        if repo is None or content is None:
            return self._lost()
        text = content.decode(errors="replace")
        return self._page("blob.html", title=path, repo=repo, ref=ref, path=path, text=text)

    # --- finding things ----------------------------------------------------------------------------------------

    def _repository(self, request: Request) -> Repository | None:
        return self.hub.state.find_repository(request.path_params["owner"], request.path_params["repo"])

    async def _commit(self, request: Request, name: str) -> tuple[Repository | None, str | None]:
        """The repository, and the commit which that part of the path names."""
        repo = self._repository(request)
        if repo is None:
            return None, None
        return repo, await self.hub.git.aside(self.hub.git.resolve, repo, request.path_params[name])

    def _thread(self, request: Request) -> tuple[Repository | None, Issue | None]:
        repo = self._repository(request)
        return repo, repo.threads.get(request.path_params["number"]) if repo else None

    def _diff(self, repo: Repository, issue: Issue) -> str:
        assert issue.pull is not None
        try:
            return self.hub.git.diff(repo, issue.pull.base_sha, issue.pull.head_sha)
        except GitFailedError as unrelated:
            return str(unrelated)

    def _files(self, repo: Repository, sha: str) -> list[str]:
        listed = self.hub.git.run(repo, "ls-tree", "-r", "-z", "--name-only", sha) if sha else b""
        return listed.decode(errors="replace").split("\0")[:-1]

    def _page(self, template: str, **values: Any) -> Response:
        page = self._templates.get_template(template).render(app=self.hub.state.app, **values)
        return HTMLResponse(page, headers=SAFELY)

    def _lost(self) -> Response:
        page = self._templates.get_template("lost.html").render(title="Not found", app=self.hub.state.app)
        return HTMLResponse(page, 404, headers=SAFELY)


def sorted_threads(repo: Repository) -> list[Issue]:
    """Newest first."""
    return sorted(repo.threads.values(), key=lambda issue: -issue.number)


def checks_on(repo: Repository, issue: Issue) -> list[Any]:
    return [check for check in repo.check_runs.values() if issue.pull and check.head_sha == issue.pull.head_sha]


def viewer(hub: Hub, repo: Repository) -> str:
    """Who the person at the browser is: a collaborator who may write, or else the owner."""
    writers = [login for login, role in repo.roles.items() if role in ("admin", "maintain", "write")]
    return hub.state.author(writers[0]).login if writers else repo.owner


def diff_lines(diff: str) -> list[DiffLine]:
    """A unified diff, line by line, without the noise of its index lines."""
    shown, in_hunk = [], False
    for line in diff.splitlines():
        if line.startswith("diff --git "):
            in_hunk = False
            shown.append(DiffLine("file", line.removeprefix("diff --git ").partition(" b/")[2]))
        elif line.startswith("@@"):
            in_hunk = True
            shown.append(DiffLine("hunk", line))
        elif in_hunk:
            shown.append(DiffLine({"+": "add", "-": "del"}.get(line[:1], "same"), line))
        elif line.startswith(("new file", "deleted file", "Binary", "rename")):
            shown.append(DiffLine("hunk", line))
    return shown
