"""The command line says what is wrong in plain words, and its exit status means what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from inline_snapshot import snapshot

COMMANDS = ("web", "runner", "up", "demo", "doctor", "version")


def baro(*arguments: str, directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """As the script does it, in a terminal without colours and without anything set."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "bot", *arguments],
        env={"HOME": str(directory), "NO_COLOR": "1", "TERM": "dumb", **environment},
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, tmp_path: Path) -> None:
    shown = baro(command, "--help", directory=tmp_path)
    assert shown.returncode == 0
    assert "Usage: " in shown.stdout
    assert not list(tmp_path.iterdir())


def test_the_version_is_one_line(tmp_path: Path) -> None:
    assert baro("version", directory=tmp_path).stdout == snapshot("baro 0.1.0\n")


@pytest.mark.parametrize("command", ["web", "runner"])
def test_without_a_redis_web_and_runner_name_baro_up(command: str, tmp_path: Path) -> None:
    ended = baro(command, directory=tmp_path)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.splitlines()[-1] == snapshot(
        "  REDIS_URL is not set: it must be a URL like redis://localhost:6379/0 (or start `baro up`, which brings a Redis of its own)"
    )


def test_baro_env_of_the_working_directory_is_read_and_checked(tmp_path: Path) -> None:
    (tmp_path / "baro.env").write_text("BARO_MAX_RUNZ=3\n")
    ended = baro("up", directory=tmp_path)
    assert ended.returncode == 2
    assert "BARO_MAX_RUNZ is no setting of baro: did you mean BARO_MAX_RUNS?" in ended.stderr


def test_a_secret_is_not_repeated_when_settings_are_wrong(tmp_path: Path) -> None:
    secret = "-----BEGIN RSA PRIVATE KEY-----hunter2hunter2"
    ended = baro("up", directory=tmp_path, GITHUB_PRIVATE_KEY=secret, REDIS_URL="hunter2hunter2")
    assert ended.returncode == 2
    assert "hunter2" not in ended.stderr + ended.stdout


@pytest.mark.parametrize("arguments", [("nonsense",), ("demo", "--agent", "gpt"), ("up", "--nonsense")])
def test_wrong_usage_is_exit_status_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert baro(*arguments, directory=tmp_path).returncode == 2


def test_the_scripted_demo_does_not_pretend_to_do_another_goal(tmp_path: Path) -> None:
    ended = baro("demo", "--goal", "Rewrite it in Rust", directory=tmp_path)
    assert ended.returncode == 2
    assert "--agent claude" in ended.stderr


def test_the_demo_with_an_agent_that_is_not_there_says_so_before_anything_starts(tmp_path: Path) -> None:
    ended = baro("demo", "--agent", "claude", directory=tmp_path, PATH="/nowhere")
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == snapshot(
        ["Claude Code is not installed.", "npm install -g @anthropic-ai/claude-code"]
    )


def test_the_demo_does_not_work_in_a_directory_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("…")
    ended = baro("demo", "--home", "mine", directory=tmp_path)
    assert ended.returncode == 2
    assert "is not empty" in ended.stderr
