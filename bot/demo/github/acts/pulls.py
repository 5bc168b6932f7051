"""Pull requests open, merge and are reviewed; the checks on their heads."""

from __future__ import annotations

import re
from typing import Any, Literal

from msgspec import Struct

from bot.demo.github.hub import Hub
from bot.demo.github.model import CheckRun, Issue, Pull, Repository, Review, ReviewComment
from bot.demo.github.shapes import pulls as shapes
from bot.demo.github.state import iso

from . import pushes, threads

CLOSES = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\s+#(\d+)\b", re.IGNORECASE)


class CannotOpenError(Exception):
    """GitHub's 422 for a pull request: its `errors`."""

    def __init__(self, **error: str) -> None:
        super().__init__(error.get("message", f"{error.get('field')} is {error.get('code')}"))
        self.errors = [{"resource": "PullRequest", "code": "custom"} | error]


class Sides(Struct, frozen=True):
    """Where a pull request comes from and where it goes."""

    source: Repository
    owner: str
    branch: str
    head_sha: str
    base: str
    base_sha: str


async def open_pull(
    hub: Hub, repository: Repository, by: str, *, head: str, base: str, title: str, body: str | None, draft: bool
) -> Issue:
    """`head` is a branch, or `owner:branch`. Raises CannotOpenError."""
    sides = await find_sides(hub, repository, head, base)
    pull = Pull(
        hub.state.new_id(), sides.source.id, sides.branch, sides.owner, sides.head_sha, base, sides.base_sha, draft
    )
    issue = threads.new_thread(hub, repository, by, title, body, pull=pull)
    await hub.git.aside(pushes.publish_head, hub, repository, issue, sides.source)
    threads.announce(hub, repository, issue, "opened", by)
    return issue


async def find_sides(hub: Hub, repository: Repository, head: str, base: str) -> Sides:
    """Both branches, checked in the order in which GitHub complains about them."""
    git = hub.git
    owner, branch = head.split(":", 1) if ":" in head else (repository.owner, head)
    base_sha = await git.aside(git.resolve, repository, f"refs/heads/{base}")
    if base_sha is None:
        raise CannotOpenError(field="base", code="invalid")
    source = find_source(hub, repository, owner)
    head_sha = await git.aside(git.resolve, source, f"refs/heads/{branch}") if source else None
    if source is None or head_sha is None:
        raise CannotOpenError(field="head", code="invalid")
    if find_open(repository, source, branch, base):
        raise CannotOpenError(message=f"A pull request already exists for {owner}:{branch}.")
    if source is repository and await git.aside(git.count, repository, base_sha, head_sha) == 0:
        raise CannotOpenError(message=f"No commits between {base} and {branch}")
    return Sides(source, owner, branch, head_sha, base, base_sha)


def find_source(hub: Hub, repository: Repository, owner: str) -> Repository | None:
    """The repository itself, or that owner's fork of it."""
    if owner.lower() == repository.owner.lower():
        return repository
    forks = (repo for repo in hub.state.repositories.values() if repo.fork_of == repository.id)
    return next((fork for fork in forks if fork.owner.lower() == owner.lower()), None)


def find_open(repository: Repository, source: Repository, branch: str, base: str) -> Issue | None:
    """The open pull request from that branch to that base; there can be one."""
    for issue in repository.threads.values():
        pull = issue.pull
        if pull and issue.state == "open" and (pull.head_repository, pull.head, pull.base) == (source.id, branch, base):
            return issue
    return None


async def merge(hub: Hub, repository: Repository, issue: Issue, by: str) -> str:
    """A merge commit on the base branch; closes the pull request and the issues its body says it closes."""
    pull = issue.pull
    assert pull is not None
    message = f"Merge pull request #{issue.number} from {pull.head_owner}/{pull.head}\n\n{issue.title}"
    old = hub.git.resolve(repository, f"refs/heads/{pull.base}") or ""
    pull.merge_commit = await hub.git.aside(
        hub.git.merge, repository, pull.base, f"refs/pull/{issue.number}/head", message, author=by, at=hub.state.now(),
    )  # fmt: skip
    pull.merged_at, pull.merged_by = hub.state.now(), by
    threads.set_open(hub, repository, issue, by, is_open=False)
    pushes.pushed(hub, repository, f"refs/heads/{pull.base}", old, pull.merge_commit, by)
    for number in map(int, CLOSES.findall(issue.body or "")) if pull.base == repository.default_branch else ():
        if number in repository.threads:
            threads.set_open(hub, repository, repository.threads[number], by, is_open=False)
    return pull.merge_commit


def set_draft(hub: Hub, repository: Repository, issue: Issue, by: str, *, draft: bool) -> None:
    assert issue.pull is not None
    if issue.pull.draft != draft:
        issue.pull.draft = draft
        threads.touch(hub, issue)
        threads.announce(hub, repository, issue, "converted_to_draft" if draft else "ready_for_review", by)


def review(
    hub: Hub, repository: Repository, issue: Issue, by: str, body: str,
    state: Literal["approved", "changes_requested", "commented"], remarks: tuple[tuple[str, int, str], ...],
) -> Review:  # fmt: skip
    """A submitted review; `remarks` are (path, line, text)."""
    assert issue.pull is not None
    now = hub.state.now()
    comments = [ReviewComment(hub.state.new_id(), by, path, line, text, now) for path, line, text in remarks]
    given = Review(hub.state.new_id(), by, state, body, issue.pull.head_sha, now, comments)
    issue.pull.reviews.append(given)
    pull = shapes.pull(hub.state, repository, issue)
    shown = shapes.review(hub.state, repository, issue, given)
    hub.announce("pull_request_review", repository, by, action="submitted", review=shown, pull_request=pull)
    for said in comments:
        remark = shapes.review_comment(hub.state, repository, issue, given, said)
        hub.announce("pull_request_review_comment", repository, by, action="created", comment=remark, pull_request=pull)
    return given


def write_check(hub: Hub, repository: Repository, app: str, by: str, sent: dict[str, Any]) -> CheckRun:
    """A new check run from the fields of `POST /check-runs`."""
    now = iso(hub.state.now())
    check = CheckRun(
        hub.state.new_id(), app, sent["name"], sent["head_sha"], sent.get("status", "queued"), None,
        sent.get("external_id", ""), sent.get("details_url"), sent.get("started_at", now), None, {},
    )  # fmt: skip
    repository.check_runs[check.id] = check
    update_check(hub, repository, check, by, sent, action="created")
    return check


def update_check(
    hub: Hub, repository: Repository, check: CheckRun, by: str, sent: dict[str, Any], *, action: str = ""
) -> None:
    """Only what is sent changes; a conclusion completes the check."""
    for name in ("name", "status", "external_id", "details_url", "started_at"):
        setattr(check, name, sent.get(name, getattr(check, name)))
    earlier = check.output.get("annotations", [])
    if "output" in sent:
        check.output = sent["output"] | {"annotations": earlier + sent["output"].get("annotations", [])}
    finished = bool(sent.get("conclusion"))
    if finished:
        check.status, check.conclusion = "completed", sent["conclusion"]
        check.completed_at = sent.get("completed_at") or iso(hub.state.now())
    if action or finished:
        shown = shapes.check_run(hub.state, repository, check)
        hub.announce("check_run", repository, by, action="completed" if finished else action, check_run=shown)
