"""Pull requests, reviews and check runs as GitHub's JSON."""

from __future__ import annotations

from typing import Any

from bot.demo.github.model import CheckRun, Issue, Json, Repository, Review, ReviewComment
from bot.demo.github.state import State, iso, node_id

from .accounts import app, by_login
from .repositories import full
from .threads import association, issue, reactions


def pull(state: State, repository: Repository, item: Issue, **computed: Any) -> Json:
    """A pull request. `computed` holds what only git knows (mergeable, counts) and only the single form shows."""
    assert item.pull is not None
    api = f"{state.api_url}/repos/{repository.full_name}"
    web = f"{state.url}/{repository.full_name}/pull/{item.number}"
    seen = issue(state, repository, item)
    shared = (
        "number title user labels state locked assignee assignees milestone created_at updated_at closed_at "
        "author_association active_lock_reason body"
    )
    url = f"{api}/pulls/{item.number}"
    links = {
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "issue_url": seen["url"],
        "comments_url": seen["comments_url"],
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": f"{api}/pulls/comments{{/number}}",
        "statuses_url": f"{api}/statuses/{item.pull.head_sha}",
    }
    return (
        {"url": url, "id": item.pull.id, "node_id": node_id("PR", item.id)}
        | links
        | {name: seen[name] for name in shared.split()}
        | _sides(state, repository, item)
        | {"_links": {name.removesuffix("_url"): {"href": href} for name, href in ({"self": url} | links).items()}}
        | computed
    )


def _sides(state: State, repository: Repository, item: Issue) -> Json:
    assert item.pull is not None
    pull = item.pull
    head = state.repositories.get(pull.head_repository or 0)
    base = {"ref": pull.base, "sha": pull.base_sha, "repo": full(state, repository)}
    return {
        "merged_at": iso(pull.merged_at) if pull.merged_at else None,
        "merge_commit_sha": pull.merge_commit,
        "requested_reviewers": [],
        "requested_teams": [],
        "draft": pull.draft,
        "head": {
            "label": f"{pull.head_owner}:{pull.head}",
            "ref": pull.head,
            "sha": pull.head_sha,
            "user": by_login(state, pull.head_owner),
            "repo": full(state, head) if head else None,
        },
        "base": {"label": f"{repository.owner}:{pull.base}", "user": by_login(state, repository.owner)} | base,
        "auto_merge": None,
        "merged": pull.merged_at is not None,
        "merged_by": by_login(state, pull.merged_by) if pull.merged_by else None,
        "maintainer_can_modify": False,
    }


def review(state: State, repository: Repository, item: Issue, given: Review) -> Json:
    web = f"{state.url}/{repository.full_name}/pull/{item.number}"
    return {
        "id": given.id,
        "node_id": node_id("PRR", given.id),
        "user": by_login(state, given.author),
        "body": given.body or None,
        "commit_id": given.commit,
        "submitted_at": iso(given.submitted_at),
        "state": given.state,
        "html_url": f"{web}#pullrequestreview-{given.id}",
        "pull_request_url": f"{state.api_url}/repos/{repository.full_name}/pulls/{item.number}",
        "author_association": association(repository, given.author),
    }


def review_comment(state: State, repository: Repository, item: Issue, given: Review, said: ReviewComment) -> Json:
    api = f"{state.api_url}/repos/{repository.full_name}"
    url = f"{api}/pulls/comments/{said.id}"
    return {
        "url": url,
        "pull_request_review_id": given.id,
        "id": said.id,
        "node_id": node_id("PRRC", said.id),
        "diff_hunk": "",
        "path": said.path,
        "commit_id": given.commit,
        "original_commit_id": given.commit,
        "user": by_login(state, said.author),
        "body": said.body,
        "created_at": iso(said.created_at),
        "updated_at": iso(said.created_at),
        "html_url": f"{state.url}/{repository.full_name}/pull/{item.number}#discussion_r{said.id}",
        "pull_request_url": f"{api}/pulls/{item.number}",
        "author_association": association(repository, said.author),
        "reactions": reactions(url, said.reactions),
        "line": said.line,
        "side": "RIGHT",
        "subject_type": "line",
    }


def check_run(state: State, repository: Repository, check: CheckRun) -> Json:
    """A check run of ours, or of the other App `check.app` names."""
    url = f"{state.api_url}/repos/{repository.full_name}/check-runs/{check.id}"
    ours = check.app == state.app.slug
    other = {"id": 15368, "slug": check.app, "name": check.app, "owner": by_login(state, repository.owner)}
    pulls = [
        {"number": item.number, "id": item.pull.id, "head": {"ref": item.pull.head, "sha": item.pull.head_sha},
         "base": {"ref": item.pull.base, "sha": item.pull.base_sha}}
        for item in repository.threads.values()
        if item.pull and item.pull.head_sha == check.head_sha and item.pull.head_repository == repository.id
    ]  # fmt: skip
    return {
        "id": check.id,
        "name": check.name,
        "node_id": node_id("CR", check.id),
        "head_sha": check.head_sha,
        "external_id": check.external_id,
        "url": url,
        "html_url": f"{state.url}/{repository.full_name}/runs/{check.id}",
        "details_url": check.details_url or f"{state.url}/{repository.full_name}/runs/{check.id}",
        "status": check.status,
        "conclusion": check.conclusion,
        "started_at": check.started_at,
        "completed_at": check.completed_at,
        "output": {
            "title": check.output.get("title"),
            "summary": check.output.get("summary"),
            "text": check.output.get("text"),
            "annotations_count": len(check.output.get("annotations", ())),
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": check.id + 1, "head_sha": check.head_sha},
        "app": app(state, state.app) if ours else other,
        "pull_requests": pulls,
    }
