"""The real OpenCode in the real sandbox, against a scripted model. It takes seconds to start, so each start shows much."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import msgspec
import pytest
import pytest_asyncio
from inline_snapshot import snapshot

from runner.adapters import process
from runner.adapters.agents.record import Record
from runner.adapters.sandbox import choose
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
    assert shutil.which("opencode"), "OpenCode is not on PATH: run these through `make test-agents`"
    return Bench(tmp_path, {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": model.url})


async def run(
    bench: Bench, role: str = "story", model: str = "anthropic/claude-sonnet-4-5", **fields: object
) -> AgentReply:
    fleet = bench.fleet("opencode", model)
    return await fleet.run(bench.job(role, agent="opencode", **{"silence": 90.0, **fields}), bench.heard.append)


async def test_a_story_is_written_and_ends_well(bench: Bench, model: Model) -> None:
    (bench.seat.tree / "AGENTS.md").write_text("Always answer in Latin.")
    bench.level = "model"
    prompt = "--goal: " + "x" * 400_000
    model.on(
        "",
        Tool("write", {"filePath": "/workspace/src/hello.txt", "content": "hello\n"}),
        Tool("read", {"filePath": "/workspace/README.md"}),
        Tool("edit", {"filePath": "/workspace/src/hello.txt", "oldString": "hello", "newString": "bye"}),
        Error(429, "rate_limit_error", retry_after=1),
        Tool("bash", {"command": f"git add -A && git commit -qm mine; echo {KEY}; env >/tmp/env; grep KEY /tmp/env"}),
        Disconnect(),
        Text(f"All done, {KEY}."),
    )
    reply = await run(bench, prompt=prompt)
    assert reply.ended.failure is None
    assert reply.ended.blocked == (), "it asks nobody but the model"
    assert reply.ended.said == "All done, [secret]."
    assert reply.agent == "opencode:anthropic/claude-sonnet-4-5"
    assert (bench.seat.tree / "src/hello.txt").read_text() == "bye\n"
    assert git(bench.seat.git, "log", "--format=%s") == "mine\nfirst"
    assert [did.kind for did in bench.heard] == ["write", "read", "write", "run", "say"]
    assert bench.heard[0] == Did("write", "src/hello.txt")
    usage = reply.ended.usage
    assert (usage.input, usage.cached, usage.output) == (5 * 1150, 5 * 1000, 5 * 20)
    assert usage.cost is not None
    asked = json.dumps(model.asked[0])
    assert prompt in asked
    assert "Latin" not in asked
    assert {tool["name"] for tool in model.asked[0]["tools"]} == {"bash", "edit", "glob", "grep", "read", "write"}
    assert len(model.asked) == 7, "no request of its own, for a title for instance"


async def test_one_shots_answer_in_json_can_only_read_and_do_not_disturb_each_other(bench: Bench, model: Model) -> None:
    bench.seat = msgspec.structs.replace(bench.seat, writable=False)
    model.on(
        "first", Tool("read", {"filePath": "/workspace/README.md"}), Text('It is:\n```json\n{"verdict": "pass"}\n```')
    )
    model.on("second", Text("I would say it passes."))
    good, bad = await asyncio.gather(
        run(bench, "critic", prompt="the first", story="S1", schema=VERDICT),
        run(bench, "critic", prompt="the second", story="S2", schema=VERDICT),
    )
    assert good.ended.failure is None
    assert good.json == {"verdict": "pass"}
    assert {tool["name"] for tool in model.asked[0]["tools"]} == {"glob", "grep", "read"}
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
            "OpenCode is not signed in, or its key was refused: set ANTHROPIC_API_KEY or OPENAI_API_KEY, or sign in with `opencode auth login` as the user baro runs as.",
            "The model provider refused the request.",
            "OpenCode's model reached the limit of what it may write.",
            "The model provider refused to answer.",
        ]
    )
    assert "invalid x-api-key" in failures[0].evidence


async def test_a_provider_that_stays_away_is_given_up_when_nothing_was_heard_for_long(
    bench: Bench, model: Model
) -> None:
    word = f"opencode-{bench.home.parent.name}"
    model.on(
        "hangs",
        Tool("bash", {"command": f"({detached(word)}) >/dev/null 2>&1", "description": "leave something behind"}),
        Hang(),
    )
    model.on("fails", *[Error(500)] * 50)
    hung, failed = await asyncio.gather(
        *(run(bench, story=prompt, prompt=prompt, silence=30.0) for prompt in ("hangs", "fails"))
    )
    assert hung.ended.failure is not None
    assert hung.ended.failure.kind == "infrastructure"
    assert "no sign of life for 30 s" in hung.ended.failure.message
    assert failed.ended.failure is not None
    assert failed.ended.failure.kind == "transport"
    assert "The model provider answered 500" in failed.ended.failure.evidence
    assert (bench.seat.tree / "up").exists()
    assert not running(word)


@pytest.mark.parametrize("sandbox", ["auto", "none"])
async def test_a_provider_that_refuses_again_and_again_is_not_asked_for_ever(
    bench: Bench, model: Model, monkeypatch: pytest.MonkeyPatch, sandbox: Literal["auto", "none"]
) -> None:
    monkeypatch.setattr("runner.domain.refusal.REPEATED", 3)
    monkeypatch.setattr("runner.domain.refusal.STANDING", 1.0)
    bench.sandbox = choose(sandbox, os.environ["PATH"])
    model.on("", *[Error(429, "rate_limit_error", "all is used up")] * 50)
    failure = (await run(bench, silence=900.0)).ended.failure
    assert failure is not None
    assert (failure.kind, failure.message) == ("provider_capacity", "The model provider is at its limit.")
    assert "all is used up" in failure.evidence
    assert len(model.asked) == 3


async def test_cancelling_leaves_no_process_behind_and_keeps_what_was_written(bench: Bench, model: Model) -> None:
    word = f"opencode-{bench.home.parent.name}"
    model.on(
        "",
        Tool("write", {"filePath": "/workspace/kept.txt", "content": "kept"}),
        Tool("bash", {"command": f"{detached(word)}; sleep 300"}),
    )
    job = bench.job(agent="opencode", silence=90.0)
    attempt = asyncio.create_task(bench.fleet("opencode").run(job, bench.heard.append))
    await until((bench.seat.tree / "up").exists, seconds=90)
    assert running(f"# {word}")
    assert process.marked(Record(bench.home, job).mark, "OPENCODE=1"), "this tells that a command runs"
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    await until(lambda: not running(word))
    assert (bench.seat.tree / "kept.txt").read_text() == "kept"


async def test_an_endpoint_compatible_with_openais_is_asked_for_the_named_model(bench: Bench, model: Model) -> None:
    bench.env = {**bench.env, "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": model.openai}
    bench.env.pop("ANTHROPIC_API_KEY")
    model.on("", Tool("write", {"filePath": "/workspace/a.txt", "content": "a"}), Text("Done."))
    reply = await run(bench, model="moonshotai/kimi-k2")
    assert reply.ended.failure is None
    assert bench.heard[0] == Did("write", "a.txt")
    assert {request.path for request in model.requests} == {"/v1/chat/completions"}
    assert model.asked[0]["model"] == "moonshotai/kimi-k2"
    assert reply.ended.usage.cost is None, "nobody knows what it costs"
    with pytest.raises(AgentUnavailable, match="which model"):
        await run(bench, story="S2", model="")
