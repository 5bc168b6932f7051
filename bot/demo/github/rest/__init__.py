"""The REST API, as far as an App such as baro uses it, below `/api/v3` as on GitHub Enterprise Server."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from bot.demo.github.auth import check_jwt, permit, read_token
from bot.demo.github.hub import Hub
from bot.demo.github.model import Repository
from bot.demo.github.refusals import Refusal, not_found
from bot.demo.github.state import find_comment

from . import apps, checks, comments, graphql, issues, pulls, reactions, repositories
from .call import Answer, Call, Endpoint, read_json

ENDPOINTS: tuple[Endpoint, ...] = (
    *apps.ENDPOINTS,
    *repositories.ENDPOINTS,
    *comments.ENDPOINTS,
    *reactions.ENDPOINTS,
    *issues.ENDPOINTS,
    *pulls.ENDPOINTS,
    *checks.ENDPOINTS,
)


def routes(hub: Hub) -> list[Mount | Route]:
    """REST below `/api/v3`, GraphQL beside it; what nobody answers is a JSON 404."""
    rest = [Route(one.path, _handler(hub, one), methods=[one.method]) for one in ENDPOINTS]
    unknown = Route("/{path:path}", _unknown, methods=["GET", "POST", "PATCH", "PUT", "DELETE"])
    return [
        Mount("/api/v3", routes=[*rest, unknown]),
        Route("/api/graphql", _handler(hub, graphql.ENDPOINT), methods=["POST"]),
    ]


def _handler(hub: Hub, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        try:
            response = (await _answer(hub, endpoint, request)).response()
        except Refusal as refusal:
            response = refusal.response()
        response.headers["X-GitHub-Media-Type"] = "github.v3; format=json"
        if ":" in endpoint.needs:
            response.headers["X-Accepted-GitHub-Permissions"] = endpoint.needs.replace(":", "=")
        return response

    return handle


async def _answer(hub: Hub, endpoint: Endpoint, request: Request) -> Answer:
    header = request.headers.get("authorization", "")
    call = Call(hub, request, {})
    if endpoint.needs == "app":
        check_jwt(hub.state, header)
    else:
        call.token = read_token(hub.state, header)
    if endpoint.needs == "token" and call.token is None:
        raise Refusal(401, "Requires authentication")
    if "owner" in request.path_params:
        call.named = _named(hub, request)
        if ":" in endpoint.needs:
            permit(call.token, call.named, *_permission(call, endpoint))
    call.json = await read_json(request)
    answer = endpoint.answer(call)
    return await answer if inspect.isawaitable(answer) else answer


def _named(hub: Hub, request: Request) -> Repository:
    repository = hub.state.find_repository(request.path_params["owner"], request.path_params["repo"])
    if repository is None:
        raise not_found()
    return repository


def _permission(call: Call, endpoint: Endpoint) -> tuple[str, str]:
    """GitHub's documentation says that either permission will do for a thread. In practice a comment on a pull request
    needs `pull_requests`; being as strict as that finds tokens that were narrowed too far."""
    name, _, level = endpoint.needs.partition(":")
    if name != "thread":
        return name, level
    return ("pull_requests" if _is_pull(call) else "issues"), level


def _is_pull(call: Call) -> bool:
    if "number" in call.request.path_params:
        issue = call.repository.threads.get(call.number())
        return issue is not None and issue.pull is not None
    if "comment" in call.request.path_params:
        found = find_comment(call.repository, call.number("comment"))
        return found is not None and found[0].pull is not None
    return False


async def _unknown(_: Request) -> Response:
    return not_found().response()
