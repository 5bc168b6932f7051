"""The whole road with each real agent command line, in the real sandbox, against a model on loopback."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.world.house import REPO, house
from tests.world.model import Model, Reply, Text, Tool

pytestmark = pytest.mark.agents

INTAKE = {"mode": "focused", "confidence": 0.9, "reason": "one constant in one file"}
VOTE = {"verdict": "pass", "reasoning": "A is two", "violated_criteria": []}
PATCH = "*** Begin Patch\n*** Update File: src/a.py\n@@\n-A = 1\n+A = 2\n*** End Patch\n"


@dataclass(frozen=True)
class Agent:
    """How its model makes A two, and whether it answers in JSON by a tool of its own."""

    name: str
    model: str
    edits: tuple[Reply, ...]
    answers_by: str = ""

    def answer(self, value: dict[str, Any]) -> Reply:
        return Tool(self.answers_by, value) if self.answers_by else Text(json.dumps(value))


CLAUDE = Agent(
    "claude",
    "claude-sonnet-4-5",
    (
        Tool("Read", {"file_path": "/workspace/src/a.py"}),
        Tool("Edit", {"file_path": "/workspace/src/a.py", "old_string": "A = 1", "new_string": "A = 2"}),
    ),
    answers_by="StructuredOutput",
)
CODEX = Agent(
    "codex", "gpt-5.5", (Tool("exec_command", {"cmd": "cat src/a.py"}), Tool("apply_patch", {"input": PATCH}))
)
OPENCODE = Agent(
    "opencode",
    "openai/kimi-k2",
    (
        Tool("read", {"filePath": "/workspace/src/a.py"}),
        Tool("edit", {"filePath": "/workspace/src/a.py", "oldString": "A = 1", "newString": "A = 2"}),
    ),
)
PI = Agent(
    "pi",
    "anthropic/claude-sonnet-4-5",
    (
        Tool("read", {"path": "src/a.py"}),
        Tool("edit", {"path": "src/a.py", "edits": [{"oldText": "A = 1", "newText": "A = 2"}]}),
    ),
)


@pytest.mark.parametrize("agent", [CLAUDE, CODEX, OPENCODE, PI], ids=lambda agent: agent.name)
async def test_a_labelled_issue_becomes_a_pull_request(tmp_path: Path, clean_redis: str, agent: Agent) -> None:
    assert shutil.which(agent.name), f"{agent.name} is not on PATH: run these through `make test-agents`"
    async with Model() as model:
        model.on("baro role=intake", agent.answer(INTAKE))
        model.on("baro role=story", *agent.edits, Text("A is two now."))
        model.on("baro role=critic", agent.answer(VOTE))
        keys = {
            "ANTHROPIC_BASE_URL": model.url,
            "ANTHROPIC_API_KEY": "sk-ant-a-key-of-the-tests-0000000000",
            "OPENAI_BASE_URL": model.openai,
            "OPENAI_API_KEY": "sk-a-key-of-the-tests-0000000000",
        }
        async with house(tmp_path, clean_redis, BARO_AGENT=agent.name, BARO_MODEL=agent.model, **keys) as baro:
            issue = await baro.github.open_issue(REPO, "maria", "A should be two", "Please set `A` to 2 in src/a.py.")
            await baro.github.label(REPO, issue.number, "baro", by="maria")
            comment = await baro.ended(issue.number)
            assert comment.startswith("✅ **baro opened #2 (1 of 1 story)**")
            assert "decided by a model): one constant in one file." in comment
            (pull,) = baro.github.pulls(REPO)
            assert baro.github.file(REPO, pull.pull.head, "src/a.py") == b"A = 2\n"
            assert f"| {agent.name}" in comment
