"""Check runs: only Apps write them, and everybody who may read checks sees those of all Apps."""

from __future__ import annotations

from bot.demo.github.acts import pulls as acts
from bot.demo.github.model import CheckRun
from bot.demo.github.refusals import Refusal, invalid, not_accessible, not_found
from bot.demo.github.shapes import pulls

from .call import Answer, Call, Endpoint

MOST_ANNOTATIONS = 50
LONGEST_OUTPUT = 65_535
CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out")


async def create(call: Call) -> Answer:
    call.text("CheckRun", "name", required=True)
    sha = call.text("CheckRun", "head_sha", required=True)
    _validate(call)
    if sha is None or await call.hub.git.aside(call.hub.git.resolve, call.repository, sha) != sha:
        raise Refusal(422, f"No commit found for SHA: {sha}")
    check = acts.write_check(call.hub, call.repository, call.state.app.slug, call.actor, call.json)
    return Answer(pulls.check_run(call.state, call.repository, check), 201)


def edit(call: Call) -> Answer:
    check = _named(call)
    if check.app != call.state.app.slug:
        raise not_accessible()
    _validate(call)
    acts.update_check(call.hub, call.repository, check, call.actor, call.json)
    return Answer(pulls.check_run(call.state, call.repository, check))


def show(call: Call) -> Answer:
    return Answer(pulls.check_run(call.state, call.repository, _named(call)))


def list_annotations(call: Call) -> Answer:
    return call.page(_named(call).output.get("annotations", []), lambda one: one)


async def list_for_ref(call: Call) -> Answer:
    """Newest first; `filter=latest` (the default) shows the newest of each App and name only."""
    sha = await call.hub.git.aside(call.hub.git.resolve, call.repository, call.part("ref"))
    if sha is None:
        raise Refusal(422, f"No commit found for SHA: {call.part('ref')}")
    found = [check for check in reversed(call.repository.check_runs.values()) if check.head_sha == sha]
    if call.query("check_name"):
        found = [check for check in found if check.name == call.query("check_name")]
    if call.query("filter", "latest") == "latest":
        found = list({(check.app, check.name): check for check in reversed(found)}.values())[::-1]
    return call.page(found, lambda check: pulls.check_run(call.state, call.repository, check), wrap="check_runs")


def _named(call: Call) -> CheckRun:
    check = call.repository.check_runs.get(call.number("check"))
    if check is None:
        raise not_found()
    return check


def _validate(call: Call) -> None:
    if call.json.get("conclusion") not in (None, *CONCLUSIONS):
        raise invalid("CheckRun", "conclusion")
    output = call.json.get("output")
    if output is None:
        return
    if not isinstance(output, dict) or not output.get("title") or "summary" not in output:
        raise invalid("CheckRun", "output", "missing_field")
    if len(output.get("annotations", ())) > MOST_ANNOTATIONS:
        raise Refusal(422, f"Invalid request.\n\nNo more than {MOST_ANNOTATIONS} items are allowed.")
    for name in ("summary", "text"):
        if len(output.get(name) or "") > LONGEST_OUTPUT:
            raise invalid("CheckRun", name, "custom", message=f"{name} exceeds a maximum bytesize of {LONGEST_OUTPUT}")


REPO = "/repos/{owner}/{repo}"
ENDPOINTS = (
    Endpoint("POST", REPO + "/check-runs", "checks:write", create),
    Endpoint("GET", REPO + "/check-runs/{check:int}", "checks:read", show),
    Endpoint("PATCH", REPO + "/check-runs/{check:int}", "checks:write", edit),
    Endpoint("GET", REPO + "/check-runs/{check:int}/annotations", "checks:read", list_annotations),
    Endpoint("GET", REPO + "/commits/{ref:path}/check-runs", "checks:read", list_for_ref),
)
