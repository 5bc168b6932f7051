"""Accounts, Apps and installations as GitHub's JSON."""

from __future__ import annotations

from bot.demo.github.model import Account, AppRegistration, Installation, Json, Token
from bot.demo.github.state import State, iso, node_id


def account(state: State, someone: Account) -> Json:
    """A "simple user"."""
    api = f"{state.api_url}/users/{someone.login.replace('[', '%5B').replace(']', '%5D')}"
    page = f"apps/{state.app.slug}" if someone.kind == "Bot" else someone.login
    return {
        "login": someone.login,
        "id": someone.id,
        "node_id": node_id("U", someone.id),
        "avatar_url": f"{state.url}/avatars/u/{someone.id}?v=4",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{state.url}/{page}",
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": someone.kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def by_login(state: State, login: str) -> Json:
    """Who wrote something; the ghost where that account is gone."""
    return account(state, state.author(login))


def profile(state: State, someone: Account) -> Json:
    """A "public user", as `GET /users/{login}` answers it."""
    return account(state, someone) | {
        "name": someone.login,
        "company": None,
        "blog": "",
        "location": None,
        "email": None,
        "bio": None,
        "public_repos": sum(repo.owner == someone.login for repo in state.repositories.values()),
        "followers": 0,
        "following": 0,
        "created_at": iso(someone.created_at),
        "updated_at": iso(someone.created_at),
    }


def organization(state: State, someone: Account) -> Json:
    """The `organization` part of a payload."""
    api = f"{state.api_url}/orgs/{someone.login}"
    return {
        "login": someone.login,
        "id": someone.id,
        "node_id": node_id("O", someone.id),
        "url": api,
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues",
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"{state.url}/avatars/u/{someone.id}?v=4",
        "description": None,
    }


def app(state: State, registration: AppRegistration) -> Json:
    return {
        "id": registration.id,
        "client_id": max(registration.issuers, key=len),
        "slug": registration.slug,
        "node_id": node_id("A", registration.id),
        "owner": by_login(state, registration.owner),
        "name": registration.name or registration.slug,
        "description": "",
        "external_url": state.url,
        "html_url": f"{state.url}/apps/{registration.slug}",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "permissions": dict(registration.permissions),
        "events": list(registration.events),
    }


def installation(state: State, installed: Installation) -> Json:
    target = state.author(installed.account)
    return {
        "id": installed.id,
        "client_id": max(state.app.issuers, key=len),
        "account": account(state, target),
        "repository_selection": "all" if installed.everything else "selected",
        "access_tokens_url": f"{state.api_url}/app/installations/{installed.id}/access_tokens",
        "repositories_url": f"{state.api_url}/installation/repositories",
        "html_url": f"{state.url}/settings/installations/{installed.id}",
        "app_id": state.app.id,
        "app_slug": state.app.slug,
        "target_id": target.id,
        "target_type": target.kind,
        "permissions": dict(installed.permissions),
        "events": list(installed.events),
        "created_at": iso(installed.created_at),
        "updated_at": iso(installed.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None,
        "suspended_at": iso(installed.suspended_at) if installed.suspended_at else None,
    }


def token(issued: Token) -> Json:
    return {
        "token": issued.value,
        "expires_at": iso(issued.expires_at),
        "permissions": dict(issued.permissions),
        "repository_selection": "selected" if issued.selected else "all",
    }
