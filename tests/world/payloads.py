"""Webhook payloads as GitHub sends them, with all the fields nobody reads. The people are invented."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

API = "https://api.github.com"
WEB = "https://github.com"
AT = "2026-11-20T09:30:00Z"

REPOSITORY_LINKS = """
forks keys{/key_id} collaborators{/collaborator} teams hooks issues/events{/number} events assignees{/user}
branches{/branch} tags git/blobs{/sha} git/tags{/sha} git/refs{/sha} git/trees{/sha} statuses/{sha} languages
stargazers contributors subscribers subscription commits{/sha} git/commits{/sha} comments{/number}
issues/comments{/number} contents/{+path} compare/{base}...{head} merges {archive_format}{/ref} downloads
issues{/number} pulls{/number} milestones{/number} notifications{?since,all,participating} labels{/name}
releases{/id} deployments
"""
ACCOUNT_LINKS = """
followers following{/other_user} gists{/gist_id} starred{/owner}{/repo} subscriptions orgs repos
events{/privacy} received_events
"""

Json = dict[str, Any]


def encoded(payload: Json) -> bytes:
    """As it travels: compact JSON in UTF-8."""
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


def signed(body: bytes, secret: str, event: str, delivery: str = "d-1") -> dict[str, str]:
    """The headers GitHub sends with a body."""
    return {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/0a1b2c3",
        "x-github-event": event,
        "x-github-delivery": delivery,
        "x-github-hook-id": "512345678",
        "x-github-hook-installation-target-id": "4242",
        "x-github-hook-installation-target-type": "integration",
        "x-hub-signature": "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest(),
        "x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }


def account(login: str = "mara", id: int = 1001, kind: str = "User") -> Json:
    url = f"{API}/users/{login}"
    return {
        "login": login,
        "id": id,
        "node_id": f"MDQ6VXNlcj{id}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{id}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{WEB}/{login}",
        **{f"{link.partition('{')[0]}_url": f"{url}/{link}" for link in ACCOUNT_LINKS.split()},
        "type": kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def app(id: int, slug: str = "baro", client_id: str = "Iv23liBaroBaroBaro00") -> Json:
    """What `performed_via_github_app` holds."""
    return {
        "id": id,
        "client_id": client_id,
        "slug": slug,
        "node_id": f"A_kwDO{id}",
        "owner": account("acme", 77, "Organization"),
        "name": slug,
        "description": "Turns an issue into a pull request.",
        "external_url": f"{WEB}/apps/{slug}",
        "html_url": f"{WEB}/apps/{slug}",
        "created_at": AT,
        "updated_at": AT,
        "permissions": {"contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write"},
        "events": ["issue_comment", "issues"],
    }


def repository(full_name: str = "acme/widgets", id: int = 9001) -> Json:
    owner, name = full_name.split("/")
    url = f"{API}/repos/{full_name}"
    return {
        "id": id,
        "node_id": f"R_kgDO{id}",
        "name": name,
        "full_name": full_name,
        "private": False,
        "owner": account(owner, 77, "Organization"),
        "html_url": f"{WEB}/{full_name}",
        "description": "Widgets, and what holds them together",
        "fork": False,
        "url": url,
        **{
            f"{link.partition('{')[0].rstrip('/').replace('/', '_') or 'archive'}_url": f"{url}/{link}"
            for link in REPOSITORY_LINKS.split()
        },
        "created_at": "2024-01-02T03:04:05Z",
        "updated_at": AT,
        "pushed_at": AT,
        "git_url": f"git://github.com/{full_name}.git",
        "ssh_url": f"git@github.com:{full_name}.git",
        "clone_url": f"{WEB}/{full_name}.git",
        "svn_url": f"{WEB}/{full_name}",
        "homepage": None,
        "size": 4821,
        "stargazers_count": 12,
        "watchers_count": 12,
        "language": "Python",
        "has_issues": True,
        "has_projects": True,
        "has_downloads": True,
        "has_wiki": False,
        "has_pages": False,
        "has_discussions": False,
        "forks_count": 3,
        "mirror_url": None,
        "archived": False,
        "disabled": False,
        "open_issues_count": 7,
        "license": {"key": "mit", "name": "MIT License", "spdx_id": "MIT", "url": f"{API}/licenses/mit"},
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": ["widgets"],
        "visibility": "public",
        "default_branch": "main",
        "custom_properties": {},
    }


def reactions(url: str) -> Json:
    kinds = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(kinds, 0)}


def label(name: str = "baro") -> Json:
    return {
        "id": 6001,
        "node_id": "LA_kwDO6001",
        "url": f"{API}/repos/acme/widgets/labels/{name}",
        "name": name,
        "color": "5319e7",
        "default": False,
        "description": None,
    }


def issue(
    number: int = 7,
    title: str = "The parser loses the last line",
    body: str | None = "A file without a final newline loses its last line.",
    *,
    full_name: str = "acme/widgets",
    pull: bool = False,
    author: str = "noor",
) -> Json:
    url = f"{API}/repos/{full_name}/issues/{number}"
    html = f"{WEB}/{full_name}/{'pull' if pull else 'issues'}/{number}"
    mark = {"url": url.replace("/issues/", "/pulls/"), "html_url": html, "diff_url": f"{html}.diff", "merged_at": None}
    return {
        "url": url,
        "repository_url": f"{API}/repos/{full_name}",
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": html,
        "id": 300_000 + number,
        "node_id": f"I_kwDO{number}",
        "number": number,
        "title": title,
        "user": account(author, 1002),
        "labels": [label("bug")],
        "state": "open",
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": 1,
        "created_at": "2026-11-19T08:00:00Z",
        "updated_at": AT,
        "closed_at": None,
        "author_association": "CONTRIBUTOR",
        "active_lock_reason": None,
        "body": body,
        "reactions": reactions(url),
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": None,
        "state_reason": None,
        **({"draft": False, "pull_request": mark} if pull else {}),
    }


def comment(body: str, id: int = 5005, author: Json | None = None, via: Json | None = None) -> Json:
    url = f"{API}/repos/acme/widgets/issues/comments/{id}"
    return {
        "url": url,
        "html_url": f"{WEB}/acme/widgets/issues/7#issuecomment-{id}",
        "issue_url": f"{API}/repos/acme/widgets/issues/7",
        "id": id,
        "node_id": f"IC_kwDO{id}",
        "user": author or account(),
        "created_at": AT,
        "updated_at": AT,
        "author_association": "MEMBER",
        "body": body,
        "reactions": reactions(url),
        "performed_via_github_app": via,
    }


def _event(action: str, sender: Json | None, installation: int | None, **parts: Any) -> Json:
    return {
        "action": action,
        **parts,
        "organization": {
            "login": "acme",
            "id": 77,
            "node_id": "O_kgDO77",
            "url": f"{API}/orgs/acme",
            "description": "",
        },
        "sender": sender,
        **({"installation": {"id": installation, "node_id": "MDIzOk"}} if installation is not None else {}),
    }


def issue_event(
    action: str = "labeled",
    *,
    name: str | None = "baro",
    sender: Json | None = None,
    installation: int | None = 31,
    **about: Any,
) -> Json:
    """`issues`; `name` is the label, `about` goes to the issue."""
    labels = {} if name is None else {"label": label(name)}
    return _event(action, sender or account(), installation, issue=issue(**about), **labels, repository=repository())


def comment_event(
    said: str = "/baro fix this",
    action: str = "created",
    *,
    id: int = 5005,
    sender: Json | None = None,
    via: Json | None = None,
    installation: int | None = 31,
    **about: Any,
) -> Json:
    """`issue_comment`; `about` goes to the issue."""
    sender = sender or account()
    text = comment(said, id, sender, via)
    return _event(action, sender, installation, issue=issue(**about), comment=text, repository=repository())


def installation_event(action: str = "created", *, names: tuple[str, ...] = ("acme/widgets",), **parts: Any) -> Json:
    """`installation`, and with `repositories_added` among the parts `installation_repositories`."""
    return {
        "action": action,
        "installation": {
            "id": 31,
            "client_id": "Iv23liBaroBaroBaro00",
            "account": account("acme", 77, "Organization"),
            "repository_selection": "selected",
            "app_id": 4242,
            "app_slug": "baro",
            "target_type": "Organization",
            "permissions": {"contents": "write", "issues": "write"},
            "events": ["issues", "issue_comment"],
            "created_at": AT,
            "updated_at": AT,
        },
        "repositories": [short(name, 9001 + at) for at, name in enumerate(names)],
        "sender": account(),
        **parts,
    }


def short(full_name: str, id: int) -> Json:
    """A repository as installation events name it."""
    return {
        "id": id,
        "node_id": f"R_kgDO{id}",
        "name": full_name.split("/")[1],
        "full_name": full_name,
        "private": True,
    }
