"""What `auto` stands for on a machine, and that an answer belongs to the agent that gave it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import AgentUnavailable
from tests.adapters.seats import Bench


def install(bench: Bench, directory: Path, name: str) -> Path:
    """A program that can say a version which is new enough, and no more."""
    program = directory / name
    directory.mkdir(exist_ok=True)
    program.write_text("#!/bin/sh\necho 99.0.0\n")
    program.chmod(0o755)
    bench.env |= {"PATH": str(directory), "ANTHROPIC_API_KEY": "key", "OPENAI_API_KEY": "key"}
    return program


def test_auto_is_everything_that_can_be_used_and_the_model_is_the_first_ones(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    claude = install(bench, tmp_path / "bin", "claude")
    assert bench.fleet("auto", "opus").auto() == ("claude:opus",)
    install(bench, tmp_path / "bin", "codex")
    assert bench.fleet("auto", "opus").auto() == ("claude:opus", "codex")
    assert bench.fleet("codex", "gpt-5").auto() == ("codex:gpt-5",)
    claude.unlink()
    assert bench.fleet("auto", "gpt-5").auto() == ("codex:gpt-5",)


def test_auto_without_anything_that_can_be_used_says_so(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.env["PATH"] = "/nowhere"
    with pytest.raises(AgentUnavailable, match="No coding agent"):
        bench.fleet("auto").auto()


async def test_the_same_question_to_another_agent_is_another_question(tmp_path: Path) -> None:
    """A route that was full must not answer from the record for the one that takes over."""
    bench = Bench(tmp_path)
    bench.script.write_text("- {times: 1, steps: [{fail: {kind: provider_capacity}}]}\n- answer: {mode: focused}\n")
    fleet = bench.fleet()
    first = await fleet.run(bench.job("intake", agent="scripted:one"), bench.heard.append)
    second = await fleet.run(bench.job("intake", agent="scripted:two"), bench.heard.append)
    assert first.ended.failure is not None
    assert (second.agent, second.json) == ("scripted:two", {"mode": "focused"})
    assert await fleet.run(bench.job("intake", agent="scripted:two"), bench.heard.append) == second
