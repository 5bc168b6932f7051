"""The App itself: who it is, where it is installed, its tokens and its webhook deliveries."""

from __future__ import annotations

from bot.demo.github.auth import issue_token
from bot.demo.github.hooks import Delivery
from bot.demo.github.model import Installation, Json
from bot.demo.github.refusals import Refusal, not_found
from bot.demo.github.shapes import accounts, repositories
from bot.demo.github.state import iso

from .call import Answer, Call, Endpoint


def show_app(call: Call) -> Answer:
    count = {"installations_count": len(call.state.installations)}
    return Answer(accounts.app(call.state, call.state.app) | count)


def list_installations(call: Call) -> Answer:
    return call.page(list(call.state.installations.values()), lambda one: accounts.installation(call.state, one))


def show_installation(call: Call) -> Answer:
    return Answer(accounts.installation(call.state, _installation(call)))


def repository_installation(call: Call) -> Answer:
    installed = call.state.installation_on(call.repository)
    if installed is None:
        raise not_found()
    return Answer(accounts.installation(call.state, installed))


def account_installation(call: Call) -> Answer:
    installed = call.state.installation_of(call.part("login"))
    if installed is None:
        raise not_found()
    return Answer(accounts.installation(call.state, installed))


def create_token(call: Call) -> Answer:
    installed = _installation(call)
    if installed.suspended_at:
        raise Refusal(403, "This installation has been suspended")
    issued = issue_token(call.state, installed, _wanted(call, installed), call.json.get("permissions"))
    listed = [repositories.full(call.state, call.state.repositories[number]) for number in sorted(issued.repositories)]
    return Answer(accounts.token(issued) | ({"repositories": listed} if issued.selected else {}), 201)


def revoke_token(call: Call) -> Answer:
    assert call.token is not None
    del call.state.tokens[call.token.value]
    return Answer(None, 204)


def list_repositories(call: Call) -> Answer:
    assert call.token is not None
    mine = [call.state.repositories[number] for number in sorted(call.token.repositories)]
    return call.page(mine, lambda one: repositories.full(call.state, one), wrap="repositories")


def show_hook(call: Call) -> Answer:
    """An App without a webhook URL has an empty one."""
    hooks = call.hub.hooks
    secret = {"secret": "********"} if hooks.secret else {}
    return Answer({"content_type": "json", "insecure_ssl": "0", "url": hooks.url or ""} | secret)


def list_deliveries(call: Call) -> Answer:
    """Newest first. GitHub pages by cursor: the id of the last delivery already seen."""
    tried = [one for one in reversed(call.hub.hooks.log) if one.status_code]
    cursor = call.query("cursor")
    if cursor:
        tried = [one for one in tried if one.id < int(cursor)]
    size = min(int(call.query("per_page", "30")), 100)
    headers = {}
    if len(tried) > size:
        url = f"{call.state.api_url}/app/hook/deliveries?per_page={size}&cursor={tried[size - 1].id}"
        headers["Link"] = f'<{url}>; rel="next"'
    return Answer([_delivery(one) for one in tried[:size]], headers=headers)


def show_delivery(call: Call) -> Answer:
    found = _find_delivery(call)
    request = {"headers": found.request_headers, "payload": found.payload}
    response = {"headers": {}, "payload": found.response}
    return Answer(_delivery(found) | {"url": call.hub.hooks.url, "request": request, "response": response})


def redeliver(call: Call) -> Answer:
    call.hub.hooks.redeliver(_find_delivery(call))
    return Answer({}, 202)


def _installation(call: Call) -> Installation:
    installed = call.state.installations.get(call.number("installation"))
    if installed is None:
        raise not_found()
    return installed


def _wanted(call: Call, installed: Installation) -> set[int] | None:
    """`repository_ids`, or `repositories` by name; a name that is not there counts as one out of reach."""
    ids, names = call.json.get("repository_ids"), call.json.get("repositories")
    if ids is None and names is None:
        return None
    found = (call.state.find_repository(installed.account, str(name)) for name in names or ())
    return set(ids or ()) | {repository.id if repository else 0 for repository in found}


def _find_delivery(call: Call) -> Delivery:
    found = call.hub.hooks.find(call.number("delivery"))
    if found is None:
        raise not_found()
    return found


def _delivery(one: Delivery) -> Json:
    return {
        "id": one.id,
        "guid": one.guid,
        "delivered_at": iso(one.delivered_at),
        "redelivery": one.redelivery,
        "duration": round(one.duration, 2),
        "status": one.status,
        "status_code": one.status_code,
        "event": one.event,
        "action": one.action,
        "installation_id": one.installation,
        "repository_id": one.repository,
        "throttled_at": None,
    }


ENDPOINTS = (
    Endpoint("GET", "/app", "app", show_app),
    Endpoint("GET", "/app/installations", "app", list_installations),
    Endpoint("GET", "/app/installations/{installation:int}", "app", show_installation),
    Endpoint("POST", "/app/installations/{installation:int}/access_tokens", "app", create_token),
    Endpoint("GET", "/repos/{owner}/{repo}/installation", "app", repository_installation),
    Endpoint("GET", "/users/{login}/installation", "app", account_installation),
    Endpoint("GET", "/orgs/{login}/installation", "app", account_installation),
    Endpoint("DELETE", "/installation/token", "token", revoke_token),
    Endpoint("GET", "/installation/repositories", "token", list_repositories),
    Endpoint("GET", "/app/hook/config", "app", show_hook),
    Endpoint("GET", "/app/hook/deliveries", "app", list_deliveries),
    Endpoint("GET", "/app/hook/deliveries/{delivery:int}", "app", show_delivery),
    Endpoint("POST", "/app/hook/deliveries/{delivery:int}/attempts", "app", redeliver),
)
