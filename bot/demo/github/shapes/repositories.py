"""Repositories, labels and refs as GitHub's JSON."""

from __future__ import annotations

from bot.demo.github.model import Json, Label, Repository
from bot.demo.github.state import State, iso, node_id

from .accounts import account, by_login

# Field name to what follows the repository's API address; GitHub lists them all in every payload.
LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def brief(repository: Repository) -> Json:
    """The short form that `installation` payloads list."""
    return {
        "id": repository.id,
        "node_id": node_id("R", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
    }


def full(state: State, repository: Repository) -> Json:
    """A "full repository"."""
    api = f"{state.api_url}/repos/{repository.full_name}"
    web = f"{state.url}/{repository.full_name}"
    parent = state.repositories.get(repository.fork_of or 0)
    return (
        brief(repository)
        | {
            "owner": by_login(state, repository.owner),
            "html_url": web,
            "description": repository.description,
            "fork": repository.fork_of is not None,
            "url": api,
        }
        | {name: api + rest for name, rest in LINKS.items()}
        | _standing(state, repository)
        | {"clone_url": f"{web}.git", "git_url": f"git:{web.partition(':')[2]}.git", "svn_url": web}
        | {"ssh_url": f"ssh://git@localhost/{repository.full_name}.git"}
        | ({"parent": full(state, parent), "source": full(state, parent)} if parent else {})
    )


def _standing(state: State, repository: Repository) -> Json:
    open_issues = sum(thread.state == "open" for thread in repository.threads.values())
    forks = sum(other.fork_of == repository.id for other in state.repositories.values())
    return {
        "created_at": iso(repository.created_at),
        "updated_at": iso(repository.pushed_at or repository.created_at),
        "pushed_at": iso(repository.pushed_at or repository.created_at),
        "homepage": None,
        "size": 108,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": None,
        "has_issues": True,
        "has_projects": True,
        "has_downloads": True,
        "has_wiki": True,
        "has_pages": False,
        "has_discussions": False,
        "forks_count": forks,
        "mirror_url": None,
        "archived": repository.archived,
        "disabled": False,
        "open_issues_count": open_issues,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "private" if repository.private else "public",
        "forks": forks,
        "open_issues": open_issues,
        "watchers": 0,
        "default_branch": repository.default_branch,
    }


def permission(state: State, repository: Repository, login: str) -> Json:
    """What `GET /collaborators/{login}/permission` says: five roles, shown as four permissions."""
    role = state.role(repository, login)
    shown = {"maintain": "write", "triage": "read"}.get(role, role)
    ranks = ("read", "triage", "write", "maintain", "admin")
    names = dict(zip(("pull", "triage", "push", "maintain", "admin"), ranks, strict=True))
    rank = ranks.index(role) if role in ranks else -1
    may = {name: ranks.index(needed) <= rank for name, needed in names.items()}
    user = account(state, state.author(login)) | {"permissions": may, "role_name": role}
    return {"permission": shown, "user": user, "role_name": role}


def label(state: State, repository: Repository, item: Label) -> Json:
    return {
        "id": item.id,
        "node_id": node_id("LA", item.id),
        "url": f"{state.api_url}/repos/{repository.full_name}/labels/{item.name.replace(' ', '%20')}",
        "name": item.name,
        "color": item.color,
        "default": item.default,
        "description": item.description,
    }


def ref(state: State, repository: Repository, name: str, sha: str) -> Json:
    api = f"{state.api_url}/repos/{repository.full_name}/git"
    return {
        "ref": name,
        "node_id": node_id("REF", repository.id),
        "url": f"{api}/{name}",
        "object": {"sha": sha, "type": "commit", "url": f"{api}/commits/{sha}"},
    }
