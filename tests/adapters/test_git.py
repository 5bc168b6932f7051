"""One way to run git: what it is told, what it is not told, and how it ends."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from runner.adapters.git import Git, Network, require
from runner.adapters.workspace.locks import locked
from runner.errors import BaroError, GitError
from tests.adapters.git_world import git

T = TypeVar("T")
SHELL = "alias.x=!f() { %s; }; f"


@pytest.fixture
def repository(tmp_path: Path) -> Git:
    git(tmp_path, "init", "--quiet", "--bare", "r.git")
    return Git(tmp_path / "r.git")


async def shell(repository: Git, script: str, **options: object) -> str:
    """Let git run a line of shell, in exactly the environment that git has."""
    return (await repository.run("-c", SHELL % script, "x", **options)).text  # type: ignore[arg-type]


async def test_nothing_of_our_own_environment_reaches_git(repository: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_TRACE", "GIT_SSH_COMMAND", "ANTHROPIC_API_KEY", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, "/inherited")
    said = await shell(repository, "env")
    assert "/inherited" not in said
    assert f"GIT_DIR={repository.dir}" in said


async def test_a_repositorys_hooks_and_settings_do_not_run(repository: Git, tmp_path: Path) -> None:
    """Even where someone could write to a git directory of ours."""
    ran = tmp_path / "ran"
    hook = repository.dir / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
    hook.chmod(0o755)
    git(tmp_path, f"--git-dir={repository.dir}", "config", "core.fsmonitor", f"touch {ran}; false")
    tree = (await repository.run("mktree", input=b"")).line
    index = Git(repository.dir, work_tree=tmp_path, index=tmp_path / "index")
    await index.run("read-tree", tree)
    await index.run("status")
    await repository.run("update-ref", "refs/tags/t", tree)
    assert not ran.exists()


async def test_the_authorization_header_reaches_one_process_and_no_argument_list(repository: Git) -> None:
    where = Network("https://git.example.org:8443/acme/toolkit.git", "Basic c2VjcmV0")
    said = await shell(repository, "cat /proc/$PPID/cmdline | tr '\\\\0' ' '; echo; env", network=where)
    arguments, _, environment = said.partition("\n")
    assert "c2VjcmV0" not in arguments
    assert "=http.https://git.example.org:8443/.extraHeader" in environment
    assert "=Authorization: Basic c2VjcmV0" in environment
    assert "c2VjcmV0" not in await shell(repository, "env")


async def test_only_the_protocol_of_the_remote_is_spoken(repository: Git, tmp_path: Path) -> None:
    where = Network(f"file://{tmp_path}/r.git")
    assert (await repository.run("ls-remote", where.url, network=where)).code == 0
    with pytest.raises(GitError, match="transport 'file' not allowed"):
        await repository.run("ls-remote", where.url)
    with pytest.raises(GitError, match="transport 'ext' not allowed"):
        await repository.run("ls-remote", f"ext::touch {tmp_path}/ran", network=where)


async def test_an_error_carries_the_command_the_code_and_both_streams(repository: Git) -> None:
    with pytest.raises(GitError) as caught:
        await shell(repository, "echo out; echo fatal: no luck >&2; exit 7")
    error = caught.value
    assert (error.code, error.stdout, error.stderr) == (7, "out\n", "fatal: no luck\n")
    assert str(error) == "`git -c` failed: no luck"
    assert error.command[0] == "git"
    assert "(exit 7)" in error.evidence


async def test_a_credential_that_the_remote_repeats_is_not_in_the_error(repository: Git) -> None:
    where = Network("https://git.example.org/x.git", "Basic c2VjcmV0")
    with pytest.raises(GitError) as caught:
        await shell(repository, "env >&2; exit 1", network=where)
    assert "c2VjcmV0" not in caught.value.evidence + str(caught.value)
    assert "[redacted]" in caught.value.stderr


async def test_cancelling_a_command_stops_everything_it_started(repository: Git, tmp_path: Path) -> None:
    task = asyncio.create_task(shell(repository, f"sleep 300 & echo $! > {tmp_path}/pid; wait"))
    pid = await _until(lambda: _read(tmp_path / "pid"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _until(lambda: _gone(int(pid)))


async def test_a_command_that_takes_too_long_is_stopped_and_says_so(repository: Git) -> None:
    with pytest.raises(GitError, match=r"did not finish within 0.1 seconds"):
        await shell(repository, "sleep 300", seconds=0.1)


async def test_an_old_git_is_refused_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho git version 2.30.1\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    await require(tmp_path)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(BaroError, match=r"git version 2\.30\.1 is too old"):
        await require(tmp_path)


HOLDER = """
import asyncio, sys
from pathlib import Path
from runner.adapters.git import Git
from runner.adapters.workspace.locks import locked

async def main(root):
    async with locked(root / "x.lock"):
        await Git(root / "r.git").run("-c", f"alias.x=!echo $$ > {root}/pid; exec sleep 300", "x")

asyncio.run(main(Path(sys.argv[1])))
"""


async def test_a_lock_is_held_until_the_git_of_a_killed_owner_has_ended(repository: Git, tmp_path: Path) -> None:
    """And then what that git left locked is unlocked."""
    owner = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLDER, str(tmp_path))
    pid = int(await _until(lambda: _read(tmp_path / "pid")))
    owner.kill()
    await owner.wait()
    abandoned = repository.dir / "refs" / "heads" / "main.lock"
    abandoned.touch()
    with pytest.raises(BaroError, match="has held"):
        async with locked(tmp_path / "x.lock", git_dir=repository.dir, patience=0.2):
            raise AssertionError
    assert abandoned.exists()
    os.killpg(os.getpgid(pid), 9)
    async with locked(tmp_path / "x.lock", git_dir=repository.dir, patience=10):
        assert not abandoned.exists()


async def test_tasks_of_one_process_take_turns(tmp_path: Path) -> None:
    inside = 0

    async def enter() -> None:
        nonlocal inside
        async with locked(tmp_path / "x.lock"):
            inside += 1
            await asyncio.sleep(0)
            assert inside == 1
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(5)))


async def _until(probe: Callable[[], T]) -> T:
    async with asyncio.timeout(90):
        while not (value := probe()):  # noqa: ASYNC110 — another process sets no event
            await asyncio.sleep(0.01)
    return value


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _gone(pid: int) -> bool:
    try:
        return " Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
