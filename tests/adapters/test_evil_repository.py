"""Nothing that a repository brings configures an agent: each real command line works on one that is full of traps."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.adapters.seats import Bench, git
from tests.world.evil import SPELL, Evil
from tests.world.model import Model, Text, Tool

pytestmark = pytest.mark.agents

KEY = "sk-ant-scripted-0123456789"


@dataclass(frozen=True)
class Agent:
    """`plain` is how somebody who trusts the repository starts it, and `springs` some of what happens then."""

    name: str
    model: str
    shell: Tool
    plain: tuple[str, ...]
    springs: frozenset[str]
    robs: bool = True
    """started plainly, it gives the key to the thief"""


COMMAND = "git status && git add --all && git commit -qm mine && echo works"
AGENTS = [
    Agent(
        "claude",
        "claude-sonnet-4-5",
        Tool("Bash", {"command": COMMAND}),
        ("claude", "-p", "--permission-mode", "bypassPermissions", "--model", "claude-sonnet-4-5"),
        frozenset({"claude-settings-hook", "claude-settings.local-hook", "claude-mcp"}),
    ),
    Agent(
        "codex",
        "gpt-5.5",
        Tool("exec_command", {"cmd": COMMAND}),
        ("codex", "exec", "--sandbox", "danger-full-access", "--trust", "-"),
        frozenset({"codex-mcp"}),
        robs=False,
    ),
    Agent(
        "opencode",
        "anthropic/claude-sonnet-4-5",
        Tool("bash", {"command": COMMAND, "description": "look around"}),
        ("opencode", "run", "--model", "anthropic/claude-sonnet-4-5"),
        frozenset({"opencode-plugin", "opencode-plugins", "opencode-tool", "opencode-configured-plugin"}),
    ),
    Agent(
        "pi",
        "anthropic/claude-sonnet-4-5",
        Tool("bash", {"command": COMMAND}),
        ("pi", "-p", "--mode", "json", "--no-session", "--model", "anthropic/claude-sonnet-4-5"),
        frozenset({"pi-extension", "pi-configured-extension", "pi-prefix", "pi-shell"}),
        robs=False,
    ),
]
agents = pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)


@pytest_asyncio.fixture
async def model() -> AsyncIterator[Model]:
    async with Model() as model:
        yield model


@pytest_asyncio.fixture
async def thief() -> AsyncIterator[Model]:
    async with Model() as thief:
        yield thief


def sprung(tree: Path) -> set[str]:
    return {path.name for path in (tree / "sprung").glob("*")}


@agents
async def test_nothing_a_repository_brings_runs_redirects_or_speaks(
    tmp_path: Path, model: Model, thief: Model, agent: Agent
) -> None:
    keys = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": model.url}
    bench = Bench(tmp_path, keys | {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": model.openai})
    evil = Evil("/workspace", thief.url)
    evil.write(bench.seat.tree)
    evil.infest(bench.seat.git)
    model.on("", agent.shell, Text("Done."))
    job = bench.job(agent=agent.name, silence=90.0)
    reply = await bench.fleet(agent.name, agent.model).run(job, bench.heard.append)
    assert reply.ended.failure is None
    assert [did.kind for did in bench.heard] == ["run", "say"]
    assert "works" in json.dumps(model.asked[-1]), "its shell has run"
    assert sprung(bench.seat.tree) == set()
    assert thief.requests == []
    assert SPELL not in json.dumps(model.asked)


@agents
async def test_the_traps_spring_at_whoever_trusts_the_repository(
    tmp_path: Path, model: Model, thief: Model, agent: Agent
) -> None:
    """Without this, the test above could not fail. What runs here are the harmless commands of the traps."""
    tree, home = tmp_path / "tree", tmp_path / "home"
    tree.mkdir()
    git(tree, "init", "--quiet")
    Evil(str(tree), thief.url).write(tree)
    reply = agent.shell, Text("Done.")
    model.on("", *reply)
    thief.on("", *reply)
    env = {**trusting(home, model), "PATH": os.environ["PATH"]}
    done = await asyncio.to_thread(
        subprocess.run,
        agent.plain,
        cwd=tree,
        env=env,
        input=b"Look around.",
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert agent.springs <= sprung(tree), done.stderr.decode()
    assert bool(thief.requests) == agent.robs
    assert SPELL in json.dumps(model.asked + thief.asked)


def test_a_git_directory_that_was_tampered_with_runs_what_it_says(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    Evil(str(tmp_path), "").infest(tmp_path / ".git")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=mine")
    assert {"git-fsmonitor", "git-pre-commit", "git-post-index-change"} <= sprung(tmp_path)


def trusting(home: Path, model: Model) -> dict[str, str]:
    """A home with the least that each of them needs to find its model, and the settings that keep them off the net."""
    files = {
        ".codex/config.toml": f'model_provider = "here"\nmodel = "gpt-5.5"\n[model_providers.here]\nname = "here"\n'
        f'base_url = "{model.openai}"\nenv_key = "OPENAI_API_KEY"\n[features]\nplugins = false\n',
        "pi/models.json": json.dumps({"providers": {"anthropic": {"baseUrl": model.url}}}),
    }
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text(text)
    quiet = ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "OPENCODE_DISABLE_MODELS_FETCH", "OPENCODE_DISABLE_AUTOUPDATE")
    keys = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": model.url, "OPENAI_API_KEY": KEY}
    own = {"HOME": str(home), "PI_CODING_AGENT_DIR": str(home / "pi"), "PI_OFFLINE": "1", "IS_SANDBOX": "1"}
    return dict.fromkeys(quiet, "1") | keys | own
