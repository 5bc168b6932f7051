"""The whole road with the real Claude Code command line, in the real sandbox, against a model on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.world.house import REPO, house
from tests.world.model import Model, Text, Tool

pytestmark = pytest.mark.agents

INTAKE = Tool("StructuredOutput", {"mode": "focused", "confidence": 0.9, "reason": "one constant in one file"})
VOTE = Tool("StructuredOutput", {"verdict": "pass", "reasoning": "A is two", "violated_criteria": []})


async def test_a_labelled_issue_becomes_a_pull_request_by_claude(tmp_path: Path, clean_redis: str) -> None:
    async with Model() as model:
        model.on("baro role=intake", INTAKE)
        model.on(
            "baro role=story",
            Tool("Read", {"file_path": "/workspace/src/a.py"}),
            Tool("Edit", {"file_path": "/workspace/src/a.py", "old_string": "A = 1", "new_string": "A = 2"}),
            Text("A is two now."),
        )
        model.on("baro role=critic", VOTE)
        keys = {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "sk-ant-a-key-of-the-tests-0000000000"}
        async with house(tmp_path, clean_redis, BARO_AGENT="claude", **keys) as baro:
            issue = await baro.github.open_issue(REPO, "maria", "A should be two", "Please set `A` to 2 in src/a.py.")
            await baro.github.label(REPO, issue.number, "baro", by="maria")
            comment = await baro.ended(issue.number)
            assert comment.startswith("✅ **baro opened #2 (1 of 1 story)**")
            assert "decided by a model): one constant in one file." in comment
            (pull,) = baro.github.pulls(REPO)
            assert baro.github.file(REPO, pull.pull.head, "src/a.py") == b"A = 2\n"
            assert "| claude" in comment
