"""Which agent does a job, and what is remembered of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from runner.adapters.agents.backend import PLACEHOLDER, Provider
from runner.adapters.agents.claude import Claude
from runner.adapters.agents.reply import last_object
from runner.adapters.sandbox.room import Inside
from runner.domain.agent import Did
from runner.errors import AgentUnavailable
from tests.adapters.seats import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def install(root: Path, bench: Bench, **env: str) -> None:
    """A program called claude on PATH, which can say its version and no more."""
    program = root / "bin/claude"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 2.1.400\n")
    program.chmod(0o755)
    bench.env |= {"PATH": str(program.parent), **env}


def test_auto_is_the_first_agent_that_can_be_used(bench: Bench, tmp_path: Path) -> None:
    install(tmp_path, bench, ANTHROPIC_API_KEY="key")
    assert bench.fleet("auto").named("auto") == "claude"
    assert bench.fleet("auto", "opus").named("auto") == "claude:opus"


@pytest.mark.parametrize(("env", "reason"), [({"PATH": "/nowhere"}, "npm install"), ({}, "ANTHROPIC_API_KEY")])
def test_auto_without_any_usable_agent_says_what_to_do(
    bench: Bench, tmp_path: Path, env: dict[str, str], reason: str
) -> None:
    install(tmp_path, bench)
    bench.env |= env
    with pytest.raises(AgentUnavailable, match="No coding agent") as missing:
        bench.fleet("auto").named("auto")
    assert reason in missing.value.hint


def test_auto_never_falls_back_to_the_scripted_agent(bench: Bench) -> None:
    bench.script.write_text("[]")
    bench.env["PATH"] = "/nowhere"
    with pytest.raises(AgentUnavailable):
        bench.fleet("auto").named("auto")


@pytest.mark.parametrize(
    ("setting", "model", "wanted", "named"),
    [
        ("claude", "", "auto", "claude"),
        ("claude", "opus", "auto", "claude:opus"),
        ("claude:haiku", "", "auto", "claude:haiku"),
        ("claude", "opus", "claude", "claude:opus"),
        ("claude", "opus", "claude:haiku", "claude:haiku"),
        ("scripted", "opus", "claude", "claude"),
        ("auto", "opus", "auto:haiku", "claude:haiku"),
    ],
)
def test_a_wish_for_a_model_outranks_the_setting_which_is_for_its_own_agent_only(
    bench: Bench, tmp_path: Path, setting: str, model: str, wanted: str, named: str
) -> None:
    install(tmp_path, bench, ANTHROPIC_API_KEY="key")
    assert bench.fleet(setting, model).named(wanted) == named


def test_an_unknown_agent_is_refused_with_those_there_are(bench: Bench) -> None:
    with pytest.raises(AgentUnavailable, match="no agent `gemini`") as unknown:
        bench.fleet().named("gemini")
    assert unknown.value.hint == "There are: auto, claude, codex, opencode, pi, scripted."


def test_the_scripted_agent_needs_a_script(bench: Bench) -> None:
    from runner.adapters.agents.scripted import Scripted

    with pytest.raises(AgentUnavailable) as missing:
        Scripted(bench.home, "").find()
    assert "BARO_AGENT_SCRIPT" in missing.value.hint


async def test_recall_answers_from_the_record_only(bench: Bench) -> None:
    fleet, job = bench.fleet(), bench.job()
    assert await fleet.recall(job) is None
    reply = await bench.play("- steps: [{say: done}]")
    assert await fleet.recall(job) == reply
    assert await fleet.recall(bench.job(attempt=2)) is None
    assert await fleet.recall(bench.job("critic", story="S1")) is None


async def test_stories_run_side_by_side(bench: Bench) -> None:
    """Each waits for the file that the other one writes."""
    script = "- {{story: {0}, steps: [{{write: {{path: {0}, text: x}}}}, {{run: 'until test -f {1}; do :; done'}}]}}\n"
    bench.script.write_text(script.format("S1", "S2") + script.format("S2", "S1"))
    fleet = bench.fleet()
    async with asyncio.timeout(90):
        first, second = await asyncio.gather(
            *(fleet.run(bench.job(story=story), bench.heard.append) for story in ("S1", "S2"))
        )
    assert first.ended.well
    assert second.ended.well


async def test_the_same_thing_done_again_at_once_is_said_once(bench: Bench) -> None:
    await bench.play("- steps: [{read: README.md}, {read: ./README.md}, {say: hm}, {read: README.md}]")
    assert bench.heard == [Did("read", "README.md"), Did("say", note="hm"), Did("read", "README.md")]


async def test_what_a_dead_runner_left_of_an_attempt_is_not_the_next_ones_home(bench: Bench) -> None:
    left = bench.home / "runs/run1/rooms/S1-1/home/.npmrc"
    left.parent.mkdir(parents=True)
    left.write_text("left")
    reply = await bench.play("- steps: [{run: 'test ! -e $HOME/.npmrc'}]")
    assert reply.ended.well


async def test_events_that_are_new_to_us_are_logged(bench: Bench, tmp_path: Path) -> None:
    """A command line that was updated: it still works, and says more than we know."""
    lines = '{"type": "turn.paused"}\nnpm warn\n{"type": "turn.paused"}\n'
    (tmp_path / "bin").mkdir()
    updated = tmp_path / "bin/codex"
    updated.write_text(f"#!/bin/sh\ntest $1 = --version && echo 1.0.0 || cat <<'end'\n{lines}end\n")
    updated.chmod(0o755)
    bench.env |= {"PATH": f"{updated.parent}:/usr/bin:/bin", "OPENAI_API_KEY": "key"}
    with capture_logs() as logged:
        reply = await bench.fleet("codex").run(bench.job(agent="codex"), bench.heard.append)
    assert not reply.ended.well
    assert logged == [
        {
            "event": "agent.unknown_events",
            "log_level": "warning",
            "agent": "codex",
            "run": "run1",
            "kinds": {"turn.paused": 2},
            "log": "S1-1.out",
        }
    ]


async def test_a_torn_record_does_not_exist(bench: Bench) -> None:
    """It is renamed into place: a runner that dies while writing leaves none."""
    logs = bench.home / "runs/run1/logs"
    logs.mkdir(parents=True)
    (logs / "S1-1.ended.json.new").write_text('{"att')
    assert (await bench.play("- steps: [{say: done}]")).ended.well


def claude_launch(bench: Bench, home: Path, **env: str) -> Any:
    inside = Inside("/workspace", "/home/agent", "http://gateway/model")
    return Claude(bench.env | env).launch(bench.job(), "", inside, home)


@pytest.mark.parametrize("key", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"])
def test_an_agent_gets_a_placeholder_for_its_key_and_the_gateway_for_its_provider(
    bench: Bench, tmp_path: Path, key: str
) -> None:
    install(tmp_path, bench, **{key: "sk-secret", "ANTHROPIC_BASE_URL": "http://proxy", "OPENAI_API_KEY": "other"})
    launch = claude_launch(bench, tmp_path / "agent")
    assert launch.env[key] == PLACEHOLDER
    assert launch.env["ANTHROPIC_BASE_URL"] == "http://gateway/model"
    assert "sk-secret" not in repr(launch)
    assert not {"OPENAI_API_KEY", "PATH", "HOME"} & launch.env.keys()


def test_the_provider_gets_the_key_in_the_header_that_is_its_own(bench: Bench) -> None:
    assert Claude({"ANTHROPIC_API_KEY": "k"}).provider("") == Provider("https://api.anthropic.com", {"x-api-key": "k"})
    token = Claude({"CLAUDE_CODE_OAUTH_TOKEN": "t", "ANTHROPIC_BASE_URL": "http://there/"}).provider("")
    assert token == Provider("http://there", {"authorization": "Bearer t"})
    assert Claude({}).provider("") is None


def test_of_a_subscription_only_the_credential_is_lent(bench: Bench, tmp_path: Path) -> None:
    install(tmp_path, bench)
    config = tmp_path / ".claude"
    config.mkdir()
    (config / ".credentials.json").write_text(json.dumps({"token": 1}))
    (config / "settings.json").write_text("{}")
    claude_launch(bench, tmp_path / "agent")
    lent = tmp_path / "agent/.claude"
    assert [file.name for file in lent.iterdir()] == [".credentials.json"]
    assert (lent / ".credentials.json").stat().st_mode & 0o777 == 0o600


def test_a_key_makes_lending_the_credential_unnecessary(bench: Bench, tmp_path: Path) -> None:
    install(tmp_path, bench, CLAUDE_CODE_OAUTH_TOKEN="token")
    claude_launch(bench, tmp_path / "agent")
    assert not (tmp_path / "agent").exists()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": {"b": "}"}}\n```\nThere.', {"a": {"b": "}"}}),
        ('draft {"a": 1}, final {"a": 2}', {"a": 2}),
        ('{"a": 1} and {"cut": ', {"a": 1}),
        ("[1, 2]", None),
        ("", None),
        ("{" * 5000, None),
        ('{"a":' * 5000, None),
    ],
)
def test_the_last_complete_object_of_a_text_is_its_answer(text: str, found: object) -> None:
    assert last_object(text) == found


@given(
    st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.text())),
    st.text().filter(lambda text: "{" not in text),
    st.text().filter(lambda text: "{" not in text),
)
def test_an_object_is_found_whatever_words_surround_it(value: dict[str, Any], before: str, after: str) -> None:
    assert last_object(before + json.dumps(value) + after) == value
