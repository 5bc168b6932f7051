"""The real Pi in the real sandbox, against a scripted model. `make test-agents` installs it."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from inline_snapshot import snapshot

from runner.domain.agent import Did
from runner.errors import AgentUnavailable
from runner.ports import AgentReply
from tests.adapters.seats import Bench, detached, git, running, until
from tests.world.model import Disconnect, Error, Hang, Model, Text, Tool

pytestmark = pytest.mark.agents

KEY = "sk-ant-scripted-0123456789"
VERDICT = {
    "type": "object",
    "properties": {"verdict": {"type": "string", "enum": ["pass", "fail"]}},
    "required": ["verdict"],
    "additionalProperties": False,
}


@pytest_asyncio.fixture
async def model() -> AsyncIterator[Model]:
    async with Model() as model:
        yield model


@pytest.fixture
def bench(tmp_path: Path, model: Model) -> Bench:
    assert shutil.which("pi"), "Pi is not on PATH: run these through `make test-agents`"
    return Bench(tmp_path, {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": model.url})


async def run(
    bench: Bench, role: str = "story", model: str = "anthropic/claude-sonnet-4-5", **fields: object
) -> AgentReply:
    fleet = bench.fleet("pi", model)
    return await fleet.run(bench.job(role, agent="pi", **{"silence": 90.0, **fields}), bench.heard.append)


async def test_a_story_is_written_and_ends_well(bench: Bench, model: Model) -> None:
    (bench.seat.tree / "AGENTS.md").write_text("Always answer in Latin.")
    prompt = "--goal: " + "x" * 400_000
    model.on(
        "",
        Tool("write", {"path": "/workspace/src/hello.txt", "content": "hello\n"}),
        Tool("read", {"path": "/workspace/README.md"}),
        Tool("edit", {"path": "src/hello.txt", "edits": [{"oldText": "hello", "newText": "bye"}]}),
        Error(429, "rate_limit_error", retry_after=1),
        Tool("bash", {"command": f"git add -A && git commit -qm mine; echo {KEY}; env >/tmp/env; grep KEY /tmp/env"}),
        Disconnect(),
        Text(f"All done, {KEY}."),
    )
    reply = await run(bench, prompt=prompt)
    assert reply.ended.failure is None
    assert reply.ended.said == "All done, [secret]."
    assert reply.agent == "pi:anthropic/claude-sonnet-4-5"
    assert (bench.seat.tree / "src/hello.txt").read_text() == "bye\n"
    assert git(bench.seat.git, "log", "--format=%s") == "mine\nfirst"
    assert [did.kind for did in bench.heard] == ["write", "read", "write", "run", "say"]
    assert bench.heard[0] == Did("write", "src/hello.txt")
    usage = reply.ended.usage
    read = 5 + 1  # the answer that broke off was read for as well
    assert (usage.input, usage.cached, usage.output) == (read * 1150, read * 1000, 5 * 20 + 1)
    assert usage.cost is not None
    asked = json.dumps(model.asked[0])
    assert prompt in asked
    assert "Latin" not in asked
    assert {tool["name"] for tool in model.asked[0]["tools"]} == {"bash", "edit", "find", "grep", "ls", "read", "write"}
    assert len(model.asked) == 7, "no request of its own, for a title for instance"


async def test_one_shots_answer_in_json_can_only_read_and_do_not_disturb_each_other(bench: Bench, model: Model) -> None:
    bench.seat = msgspec.structs.replace(bench.seat, writable=False)
    model.on("first", Tool("read", {"path": "/workspace/README.md"}), Text('It is:\n```json\n{"verdict": "pass"}\n```'))
    model.on("second", Text("I would say it passes."))
    good, bad = await asyncio.gather(
        run(bench, "critic", prompt="the first", story="S1", schema=VERDICT),
        run(bench, "critic", prompt="the second", story="S2", schema=VERDICT),
    )
    assert good.ended.failure is None
    assert good.json == {"verdict": "pass"}
    assert {tool["name"] for tool in model.asked[0]["tools"]} == {"find", "grep", "ls", "read"}
    assert json.dumps(json.dumps(VERDICT))[1:-1] in json.dumps(model.asked[0])
    assert bad.ended.failure is not None
    assert (bad.ended.failure.kind, bad.json) == ("execution", None)


async def test_what_the_provider_says_decides_whose_turn_it_is(bench: Bench, model: Model) -> None:
    model.on("no key", Error(401, "authentication_error", "invalid x-api-key"))
    model.on("odd", Error(400, "invalid_request_error", "messages: too odd"))
    model.on("long", Text("It goes on and", stop="length"))
    model.on("evil", Text("I cannot", stop="refusal"))
    ends = await asyncio.gather(
        *(run(bench, story=prompt, prompt=prompt) for prompt in ("no key", "odd", "long", "evil"))
    )
    failures = [reply.ended.failure for reply in ends if reply.ended.failure]
    assert [failure.kind for failure in failures] == ["infrastructure", "execution", "execution", "execution"]
    assert [failure.message for failure in failures] == snapshot(
        [
            "Pi is not signed in, or its key was refused: set ANTHROPIC_API_KEY or OPENAI_API_KEY, or sign in with `pi` as the user baro runs as.",
            "The model provider refused the request.",
            "Pi's model reached the limit of what it may write.",
            "The model provider refused to answer.",
        ]
    )
    assert "invalid x-api-key" in failures[0].evidence


async def test_a_provider_that_stays_away_is_not_the_storys_fault(bench: Bench, model: Model) -> None:
    model.on("busy", *[Error(529, "overloaded_error")] * 20)
    model.on("broken", *[Error(500)] * 20)
    model.on("cut", *[Disconnect()] * 20)
    ends = await asyncio.gather(*(run(bench, story=prompt, prompt=prompt) for prompt in ("busy", "broken", "cut")))
    failures = [reply.ended.failure for reply in ends if reply.ended.failure]
    assert [failure.kind for failure in failures] == ["provider_capacity", "transport", "transport"]


async def test_a_model_that_hangs_is_given_up_with_all_that_was_started(bench: Bench, model: Model) -> None:
    word = f"pi-{bench.home.parent.name}"
    model.on("", Tool("bash", {"command": f"({detached(word)}) >/dev/null 2>&1"}), Hang())
    reply = await run(bench, silence=12.0)
    assert reply.ended.failure is not None
    assert reply.ended.failure.kind == "infrastructure"
    assert "no sign of life for 12 s" in reply.ended.failure.message
    assert len(model.asked) == 2
    assert not running(word)


async def test_cancelling_leaves_no_process_behind_and_keeps_what_was_written(bench: Bench, model: Model) -> None:
    word = f"pi-{bench.home.parent.name}"
    model.on(
        "",
        Tool("write", {"path": "/workspace/kept.txt", "content": "kept"}),
        Tool("bash", {"command": f"{detached(word)}; sleep 300"}),
    )
    job = bench.job(agent="pi", silence=90.0)
    attempt = asyncio.create_task(bench.fleet("pi").run(job, bench.heard.append))
    await until((bench.seat.tree / "up").exists, seconds=90)
    assert running(f"# {word}")
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    await until(lambda: not running(word))
    assert (bench.seat.tree / "kept.txt").read_text() == "kept"


async def test_an_endpoint_compatible_with_openais_is_asked_for_the_named_model(bench: Bench, model: Model) -> None:
    bench.env = {**bench.env, "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": model.openai}
    bench.env.pop("ANTHROPIC_API_KEY")
    model.on("", Tool("write", {"path": "/workspace/a.txt", "content": "a"}), Text("Done."))
    reply = await run(bench, model="moonshotai/kimi-k2")
    assert reply.ended.failure is None
    assert bench.heard[0] == Did("write", "a.txt")
    assert {request.path for request in model.requests} == {"/v1/chat/completions"}
    assert model.asked[0]["model"] == "moonshotai/kimi-k2"
    assert reply.agent == "pi:moonshotai/kimi-k2"
    assert reply.ended.usage.cost is None, "nobody knows what it costs"
    with pytest.raises(AgentUnavailable, match="which model"):
        await run(bench, story="S2", model="")
