"""Codex takes over from a Claude Code whose provider is at its limit: both real, each with a provider of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.test_with_agents import CLAUDE, CODEX, INTAKE, VOTE
from tests.world.house import REPO, house
from tests.world.model import Error, Model, Text

pytestmark = pytest.mark.agents

ROUTES = f"intake=claude; standard=claude:{CLAUDE.model}|codex:{CODEX.model}; critic=claude|codex"


async def test_codex_takes_over_from_claude_code_at_its_limit(tmp_path: Path, clean_redis: str) -> None:
    async with Model() as full, Model() as other:
        full.on("baro role=intake", CLAUDE.answer(INTAKE))
        full.on("baro role=story", *[Error(429, "rate_limit_error", "You've hit your limit · resets 3pm (UTC)")] * 9)
        full.on("baro role=critic", CLAUDE.answer(VOTE))
        other.on("baro role=story", *CODEX.edits, Text("A is two now."))
        keys = {
            "ANTHROPIC_BASE_URL": full.url,
            "ANTHROPIC_API_KEY": "sk-ant-a-key-of-the-tests-0000000000",
            "CLAUDE_CODE_MAX_RETRIES": "1",
            "OPENAI_BASE_URL": other.openai,
            "OPENAI_API_KEY": "sk-a-key-of-the-tests-0000000000",
        }
        async with house(tmp_path, clean_redis, BARO_AGENT="auto", BARO_AGENTS=ROUTES, **keys) as baro:
            issue = await baro.github.open_issue(REPO, "maria", "A should be two", "Please set `A` to 2 in src/a.py.")
            await baro.github.label(REPO, issue.number, "baro", by="maria")
            comment = await baro.ended(issue.number)
            assert comment.startswith("✅ **baro opened #2 (1 of 1 story)**")
            assert f"| codex:{CODEX.model} |" in comment
            assert f"- **S1** went on with `codex:{CODEX.model}` instead of `claude:{CLAUDE.model}`" in comment
            (pull,) = baro.github.pulls(REPO)
            assert baro.github.file(REPO, pull.pull.head, "src/a.py") == b"A = 2\n"
