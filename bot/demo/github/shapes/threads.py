"""Issues, comments and reactions as GitHub's JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.demo.github.model import Comment, Issue, Json, Reaction, Repository
from bot.demo.github.state import State, iso, node_id

from .accounts import app, by_login
from .repositories import label

CONTENTS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
"""The reactions there are."""


def reactions(url: str, given: Sequence[Reaction]) -> Json:
    """The roll-up every issue and comment carries."""
    count = Counter(reaction.content for reaction in given)
    return {"url": f"{url}/reactions", "total_count": len(given)} | {name: count[name] for name in CONTENTS}


def reaction(state: State, given: Reaction) -> Json:
    return {
        "id": given.id,
        "node_id": node_id("REA", given.id),
        "user": by_login(state, given.author),
        "content": given.content,
        "created_at": iso(given.created_at),
    }


def association(repository: Repository, login: str) -> str:
    """A guess, as on GitHub itself: never a basis for a decision."""
    if login.lower() == repository.owner.lower():
        return "OWNER"
    return "COLLABORATOR" if login.lower() in repository.roles else "NONE"


def issue(state: State, repository: Repository, item: Issue) -> Json:
    """An issue, or a pull request seen as one (with `pull_request` and `draft`)."""
    api = f"{state.api_url}/repos/{repository.full_name}"
    url = f"{api}/issues/{item.number}"
    kind = "pull" if item.pull else "issues"
    return {
        "url": url,
        "repository_url": api,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": f"{state.url}/{repository.full_name}/{kind}/{item.number}",
        "id": item.id,
        "node_id": node_id("PR" if item.pull else "I", item.id),
        "number": item.number,
        "title": item.title,
        "user": by_login(state, item.author),
        "labels": [label(state, repository, repository.labels[name.lower()]) for name in item.labels],
        "state": item.state,
        "locked": item.locked,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": len(item.comments),
        "created_at": iso(item.created_at),
        "updated_at": iso(item.updated_at),
        "closed_at": iso(item.closed_at) if item.closed_at else None,
        "author_association": association(repository, item.author),
        "type": None,
        "active_lock_reason": "resolved" if item.locked else None,
        "sub_issues_summary": {"total": 0, "completed": 0, "percent_completed": 0},
        "body": item.body,
        "reactions": reactions(url, item.reactions),
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": app(state, state.app) if item.via_app else None,
        "state_reason": item.state_reason,
    } | _pull_links(state, repository, item)


def _pull_links(state: State, repository: Repository, item: Issue) -> Json:
    if item.pull is None:
        return {}
    web = f"{state.url}/{repository.full_name}/pull/{item.number}"
    return {
        "draft": item.pull.draft,
        "pull_request": {
            "url": f"{state.api_url}/repos/{repository.full_name}/pulls/{item.number}",
            "html_url": web,
            "diff_url": f"{web}.diff",
            "patch_url": f"{web}.patch",
            "merged_at": iso(item.pull.merged_at) if item.pull.merged_at else None,
        },
    }


def comment(state: State, repository: Repository, item: Issue, said: Comment) -> Json:
    api = f"{state.api_url}/repos/{repository.full_name}"
    url = f"{api}/issues/comments/{said.id}"
    kind = "pull" if item.pull else "issues"
    return {
        "url": url,
        "html_url": f"{state.url}/{repository.full_name}/{kind}/{item.number}#issuecomment-{said.id}",
        "issue_url": f"{api}/issues/{item.number}",
        "id": said.id,
        "node_id": node_id("IC", said.id),
        "user": by_login(state, said.author),
        "created_at": iso(said.created_at),
        "updated_at": iso(said.updated_at),
        "body": said.body,
        "author_association": association(repository, said.author),
        "reactions": reactions(url, said.reactions),
        "performed_via_github_app": app(state, state.app) if said.via_app else None,
    }
