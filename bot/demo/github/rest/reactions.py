"""Reactions on issues, pull requests and comments."""

from __future__ import annotations

from bot.demo.github.acts import threads as acts
from bot.demo.github.model import Reaction
from bot.demo.github.refusals import Refusal, invalid, not_found
from bot.demo.github.shapes import threads
from bot.demo.github.state import find_comment

from .call import Answer, Call, Endpoint


def list_reactions(call: Call) -> Answer:
    wanted = call.query("content")
    found = [given for given in _on(call) if wanted in ("", given.content)]
    return call.page(found, lambda given: threads.reaction(call.state, given))


def create(call: Call) -> Answer:
    """201 for a new reaction, 200 for one that was there."""
    content = call.json.get("content")
    if content not in threads.CONTENTS:
        raise invalid("Reaction", "content")
    given, new = acts.react(call.hub, _on(call), call.actor, content)
    return Answer(threads.reaction(call.state, given), 201 if new else 200)


def delete(call: Call) -> Answer:
    """Only one's own."""
    given = _on(call)
    found = next((one for one in given if one.id == call.number("reaction")), None)
    if found is None:
        raise not_found()
    if found.author != call.actor:
        raise Refusal(403, "You do not have permission to delete this reaction.")
    given.remove(found)
    return Answer(None, 204)


def _on(call: Call) -> list[Reaction]:
    """The reactions on whatever the path names."""
    parts = call.request.path_params
    if "number" in parts:
        return call.thread().reactions
    if "comment" in parts:
        found = find_comment(call.repository, call.number("comment"))
        if found is None:
            raise not_found()
        return found[1].reactions
    return _on_remark(call, call.number("remark"))


def _on_remark(call: Call, wanted: int) -> list[Reaction]:
    for issue in call.repository.threads.values():
        for review in issue.pull.reviews if issue.pull else ():
            for said in review.comments:
                if said.id == wanted:
                    return said.reactions
    raise not_found()


REPO = "/repos/{owner}/{repo}"
PLACES = (
    (REPO + "/issues/comments/{comment:int}/reactions", "thread"),
    (REPO + "/issues/{number:int}/reactions", "thread"),
    (REPO + "/pulls/comments/{remark:int}/reactions", "pull_requests"),
)
ENDPOINTS = tuple(
    endpoint
    for path, permission in PLACES
    for endpoint in (
        Endpoint("GET", path, f"{permission}:read", list_reactions),
        Endpoint("POST", path, f"{permission}:write", create),
        Endpoint("DELETE", path + "/{reaction:int}", f"{permission}:write", delete),
    )
)
