"""Repositories, people's permissions on them, their files, labels and refs."""

from __future__ import annotations

import base64
import re
from typing import Any

from bot.demo.github.acts import pushes
from bot.demo.github.model import Label
from bot.demo.github.refusals import Refusal, invalid, not_found
from bot.demo.github.repository_store import NOBODY
from bot.demo.github.shapes import accounts, repositories
from bot.demo.github.state import node_id

from .call import Answer, Call, Endpoint

RAW = ("application/vnd.github.raw", "application/vnd.github.v3.raw")
LONGEST_LABEL_DESCRIPTION = 100


def show_user(call: Call) -> Answer:
    account = call.state.accounts.get(call.part("login").lower())
    if account is None:
        raise not_found()
    return Answer(accounts.profile(call.state, account))


def show(call: Call) -> Answer:
    return Answer(repositories.full(call.state, call.repository))


def show_permission(call: Call) -> Answer:
    """The permission of an account; bots and unknown logins are no users."""
    login = call.part("login")
    account = call.state.accounts.get(login.lower())
    if account is None or account.kind == "Bot":
        raise Refusal(404, f"{login} is not a user")
    return Answer(repositories.permission(call.state, call.repository, account.login))


async def show_contents(call: Call) -> Answer:
    """A file as base64 JSON or, with the raw media type, as it is; or the list of a directory."""
    git, repository = call.hub.git, call.repository
    path = call.part("path").strip("/")
    sha = await git.aside(git.resolve, repository, call.query("ref") or repository.default_branch)
    if sha is None:
        raise Refusal(404, f"No commit found for the ref {call.query('ref')}")
    kind = (await git.aside(git.ask, repository, "cat-file", "-t", f"{sha}:{path}", codes=(0, 128))).stdout.strip()
    if kind == b"tree":
        out = await git.aside(git.run, repository, "ls-tree", "-z", f"{sha}:{path}")
        entries = [entry.partition("\t") for entry in out.decode().split("\0") if entry]
        return Answer([_entry(call, path, meta.split(), name) for meta, _, name in entries])
    if kind != b"blob":
        raise not_found()
    content = await git.aside(git.run, repository, "cat-file", "blob", f"{sha}:{path}")
    if call.request.headers.get("accept", "").startswith(RAW):
        return Answer(content)
    blob = (await git.aside(git.run, repository, "rev-parse", f"{sha}:{path}")).decode().strip()
    text = {"content": base64.encodebytes(content).decode(), "encoding": "base64", "size": len(content)}
    return Answer(_entry(call, "", ["100644", "blob", blob], path) | text)


def _entry(call: Call, folder: str, meta: list[str], name: str) -> dict[str, Any]:
    path = f"{folder}/{name}" if folder else name
    url = f"{call.state.api_url}/repos/{call.repository.full_name}/contents/{path}"
    web = f"{call.state.url}/{call.repository.full_name}/blob/{call.repository.default_branch}/{path}"
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": meta[2],
        "size": 0,
        "url": url,
        "html_url": web,
        "git_url": None,
        "download_url": None,
        "type": "dir" if meta[1] == "tree" else "file",
        "_links": {"self": url, "git": None, "html": web},
    }


# --- labels --------------------------------------------------------------------------------------------------------


def list_labels(call: Call) -> Answer:
    repository = call.repository
    found = sorted(repository.labels.values(), key=lambda label: label.name.lower())
    return call.page(found, lambda label: repositories.label(call.state, repository, label))


def show_label(call: Call) -> Answer:
    label = call.repository.labels.get(call.part("name").lower())
    if label is None:
        raise not_found()
    return Answer(repositories.label(call.state, call.repository, label))


def create_label(call: Call) -> Answer:
    name = call.text("Label", "name", required=True, longest=50)
    description = call.text("Label", "description", longest=LONGEST_LABEL_DESCRIPTION)
    color = call.text("Label", "color") or "ededed"
    assert name is not None
    if name.lower() in call.repository.labels:
        raise invalid("Label", "name", "already_exists")
    if not re.fullmatch(r"[0-9a-fA-F]{6}", color):
        raise invalid("Label", "color")
    label = Label(call.state.new_id(), name, color, description)
    call.repository.labels[name.lower()] = label
    return Answer(repositories.label(call.state, call.repository, label), 201)


# --- refs ----------------------------------------------------------------------------------------------------------


async def show_ref(call: Call) -> Answer:
    name = f"refs/{call.part('ref')}"
    found = await call.hub.git.aside(call.hub.git.refs, call.repository, name)
    if name not in found:
        raise not_found()
    return Answer(repositories.ref(call.state, call.repository, name, found[name]))


async def match_refs(call: Call) -> Answer:
    prefix = f"refs/{call.part('ref')}"
    found = await call.hub.git.aside(call.hub.git.refs, call.repository)
    matching = [(name, sha) for name, sha in sorted(found.items()) if name.startswith(prefix)]
    return call.page(matching, lambda one: repositories.ref(call.state, call.repository, *one))


async def delete_ref(call: Call) -> Answer:
    git, repository, name = call.hub.git, call.repository, f"refs/{call.part('ref')}"
    found = await git.aside(git.refs, repository, name)
    if name not in found:
        raise Refusal(422, "Reference does not exist")
    if name == f"refs/heads/{repository.default_branch}":
        raise Refusal(422, "Cannot delete the default branch")
    await git.aside(git.delete_ref, repository, name)
    pushes.pushed(call.hub, repository, name, found[name], NOBODY, call.actor)
    return Answer(None, 204)


async def create_ref(call: Call) -> Answer:
    git, repository = call.hub.git, call.repository
    name, sha = str(call.json.get("ref")), str(call.json.get("sha"))
    if not name.startswith("refs/") or name.count("/") < 2:
        raise Refusal(422, "Reference name must start with 'refs/' and have at least two slashes")
    if name in await git.aside(git.refs, repository, name):
        raise Refusal(422, "Reference already exists")
    if await git.aside(git.resolve, repository, sha) != sha:
        raise Refusal(422, "Object does not exist")
    await git.aside(git.set_ref, repository, name, sha)
    pushes.pushed(call.hub, repository, name, NOBODY, sha, call.actor)
    return Answer(repositories.ref(call.state, repository, name, sha), 201)


async def show_branch(call: Call) -> Answer:
    name = call.part("branch")
    sha = await call.hub.git.aside(call.hub.git.resolve, call.repository, f"refs/heads/{name}")
    if sha is None:
        raise Refusal(404, "Branch not found")
    url = f"{call.state.api_url}/repos/{call.repository.full_name}/commits/{sha}"
    commit = {"sha": sha, "node_id": node_id("C", int(sha[:8], 16)), "url": url}
    return Answer({"name": name, "commit": commit, "protected": name in call.repository.protected})


REPO = "/repos/{owner}/{repo}"
ENDPOINTS = (
    Endpoint("GET", "/users/{login}", "anyone", show_user),
    Endpoint("GET", REPO, "metadata:read", show),
    Endpoint("GET", REPO + "/collaborators/{login}/permission", "metadata:read", show_permission),
    Endpoint("GET", REPO + "/contents/{path:path}", "contents:read", show_contents),
    Endpoint("GET", REPO + "/labels", "issues:read", list_labels),
    Endpoint("POST", REPO + "/labels", "issues:write", create_label),
    Endpoint("GET", REPO + "/labels/{name}", "issues:read", show_label),
    Endpoint("GET", REPO + "/git/ref/{ref:path}", "contents:read", show_ref),
    Endpoint("GET", REPO + "/git/matching-refs/{ref:path}", "contents:read", match_refs),
    Endpoint("POST", REPO + "/git/refs", "contents:write", create_ref),
    Endpoint("DELETE", REPO + "/git/refs/{ref:path}", "contents:write", delete_ref),
    Endpoint("GET", REPO + "/branches/{branch:path}", "contents:read", show_branch),
)
