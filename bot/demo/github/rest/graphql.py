"""The two GraphQL mutations for which GitHub has no REST endpoint: making a pull request a draft, and ready."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot.demo.github.acts import pulls as acts
from bot.demo.github.auth import allows
from bot.demo.github.model import Issue, Repository
from bot.demo.github.state import node_id

from .call import Answer, Call, Endpoint

MUTATION = re.compile(r"\b(markPullRequestReadyForReview|convertPullRequestToDraft)\b")
LITERAL = re.compile(r'pullRequestId:\s*"([^"]+)"')


def mutate(call: Call) -> Answer:
    """GraphQL answers 200 to everything it understood, with `errors` for what it refused."""
    query = str(call.json.get("query", ""))
    mutation = MUTATION.search(query)
    if mutation is None:
        return _error("The local GitHub knows only " + MUTATION.pattern, "NOT_IMPLEMENTED")
    wanted = _pull_id(query, call.json.get("variables") or {})
    found = next(((r, i) for r, i in _reachable(call) if node_id("PR", i.id) == wanted), None)
    if found is None:
        return _error(f"Could not resolve to a node with the global id of '{wanted}'", "NOT_FOUND")
    assert call.token is not None
    if not allows(call.token.permissions, "pull_requests", "write"):
        return _error("Resource not accessible by integration", "FORBIDDEN")
    acts.set_draft(call.hub, *found, call.actor, draft=mutation[1] == "convertPullRequestToDraft")
    assert found[1].pull is not None
    shown = {"id": wanted, "number": found[1].number, "isDraft": found[1].pull.draft}
    return Answer({"data": {mutation[1]: {"pullRequest": shown}}})


def _pull_id(query: str, variables: dict[str, Any]) -> str:
    """From a literal, from `$input`, or from a variable of any name: there is only one id in these mutations."""
    literal = LITERAL.search(query)
    if literal:
        return literal[1]
    given = variables.get("input", variables)
    return str(given.get("pullRequestId") or next(iter(given.values()), ""))


def _reachable(call: Call) -> Iterator[tuple[Repository, Issue]]:
    assert call.token is not None
    for number in call.token.repositories:
        repository = call.state.repositories[number]
        yield from ((repository, issue) for issue in repository.threads.values() if issue.pull)


def _error(message: str, kind: str) -> Answer:
    return Answer({"data": None, "errors": [{"type": kind, "message": message}]})


ENDPOINT = Endpoint("POST", "/api/graphql", "token", mutate)
