"""What is found on PATH, whether it is new enough, and how it is started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from runner.adapters.agents.installed import CommandLine, resolved
from runner.errors import AgentUnavailable

CODEX = CommandLine("Codex", "codex", "@openai/codex", (0, 169, 0))


def program(directory: Path, script: str, name: str = "codex") -> str:
    """A program below `directory`; the PATH that has it."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / name
    file.write_text(script)
    file.chmod(0o755)
    return f"{directory}:/usr/bin:/bin"


def refusal(path: str) -> list[str]:
    with pytest.raises(AgentUnavailable) as refused:
        CODEX.find(path)
    return [str(refused.value), refused.value.hint]


@pytest.mark.parametrize("said", ["codex-cli 0.169.0", "0.169.0 (Codex)", "v1.0", "0.170.0-beta.1"])
def test_a_version_that_is_new_enough_is_found(tmp_path: Path, said: str) -> None:
    assert CODEX.find(program(tmp_path / "bin", f"#!/bin/sh\necho '{said}'\n")) == tmp_path / "bin/codex"


def test_a_version_may_be_said_on_either_stream(tmp_path: Path) -> None:
    assert CODEX.find(program(tmp_path, "#!/bin/sh\necho 0.169.1 >&2\n"))


def test_one_that_is_missing_old_or_broken_says_what_to_do(tmp_path: Path) -> None:
    assert refusal("/nowhere") == snapshot(["Codex is not installed.", "npm install -g @openai/codex"])
    assert refusal(program(tmp_path / "old", "#!/bin/sh\necho codex-cli 0.99.3\n")) == snapshot(
        ["Codex 0.99.3 is too old: baro needs 0.169.0 or newer.", "npm install -g @openai/codex@latest"]
    )
    broken = refusal(program(tmp_path / "broken", "#!/bin/sh\necho cannot find module; exit 1\n"))
    assert [line.replace(str(tmp_path), "") for line in broken] == snapshot(
        ["Codex does not start.", "Run `/broken/codex --version` as the user baro runs as."]
    )
    with pytest.raises(AgentUnavailable) as refused:
        CODEX.find(program(tmp_path / "broken", "#!/no/such/shell\n"))
    assert "No such file" in refused.value.evidence


def test_an_update_is_noticed(tmp_path: Path) -> None:
    path = program(tmp_path, "#!/bin/sh\necho 0.100.0\n")
    assert "too old" in refusal(path)[0]
    program(tmp_path, "#!/bin/sh\necho 0.200.0\n")
    os.utime(tmp_path / "codex", (1, 1))
    assert CODEX.find(path)


def test_of_an_npm_package_all_packages_beside_it_are_shown_and_of_a_binary_only_itself(tmp_path: Path) -> None:
    packaged = tmp_path / "node_modules/@x/cli/node_modules/y/cli"
    packaged.parent.mkdir(parents=True)
    packaged.touch()
    link = tmp_path / "cli"
    link.symlink_to(packaged)
    assert resolved(link, "").argv == (str(packaged),)
    assert resolved(link, "").reads == (tmp_path / "node_modules",)
    binary = tmp_path / "home/claude"
    binary.parent.mkdir()
    binary.touch()
    assert resolved(binary, "").reads == (binary,)


@pytest.mark.parametrize("first", ["#!/usr/bin/env node", "#!/usr/bin/env -S node --no-warnings", "#!/opt/bin/node"])
def test_a_script_for_node_brings_the_node_that_path_names_and_its_libraries(tmp_path: Path, first: str) -> None:
    """Through a version manager's shim, which is not the real one."""
    real = tmp_path / "versions/22/bin/node"
    (tmp_path / "versions/22/lib").mkdir(parents=True)
    program(real.parent, "", "node")
    path = program(tmp_path / "shims", f"#!/bin/sh\necho {real}\n", "node")
    program(tmp_path / "node_modules/x", f"{first}\n", "cli.js")
    script = tmp_path / "node_modules/x/cli.js"
    found = resolved(script, path)
    assert found.argv == (str(real), str(script))
    assert found.reads == (tmp_path / "node_modules", real, tmp_path / "versions/22/lib")


def test_a_script_for_node_without_node_says_so(tmp_path: Path) -> None:
    program(tmp_path, "#!/usr/bin/env node\n", "cli.js")
    with pytest.raises(AgentUnavailable, match=r"Node\.js is not installed\."):
        resolved(tmp_path / "cli.js", "/nowhere")


def test_a_program_that_mentions_node_elsewhere_is_not_one_of_its_scripts(tmp_path: Path) -> None:
    path = program(tmp_path, "#!/bin/sh\nexec node\n")
    assert resolved(tmp_path / "codex", path).argv == (str(tmp_path / "codex"),)
