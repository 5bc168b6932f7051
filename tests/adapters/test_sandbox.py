"""What an agent can see and touch from inside."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec
import pytest
from inline_snapshot import snapshot

from runner.adapters import process
from runner.adapters.process import Program, marked
from runner.adapters.sandbox import Sandbox, Unconfined, choose
from runner.adapters.sandbox.bubblewrap import Bubblewrap, interpreter
from runner.adapters.sandbox.room import Room
from runner.errors import AgentUnavailable, SandboxUnavailable
from tests.adapters.seats import detached, git, make_seat, running, trusted, until

RUNNER = """
import asyncio, sys, msgspec
from runner.adapters.process import Program, run
program = msgspec.json.decode(sys.stdin.buffer.read(), type=Program, dec_hook=lambda kind, raw: kind(raw))
asyncio.run(run(program, lambda line: None, silence=60))
"""


class Agent:
    """A shell where an agent would be."""

    def __init__(self, root: Path, sandbox: Sandbox) -> None:
        self.root = root
        self.seat = make_seat(root / "seat", {"README.md": "hello\n", ".opencode/plugin/evil.ts": "boom()\n"})
        self.sandbox = sandbox
        self.reads: tuple[Path, ...] = ()
        self.masks: tuple[str, ...] = ()
        self.env: dict[str, str] = {}

    def program(self, command: str) -> Program:
        scratch = self.root / "scratch"
        scratch.mkdir(exist_ok=True)
        room = Room(self.seat, scratch, ("/bin/sh", "-c", command), self.env, self.reads, self.masks)
        confined = self.sandbox.confine(room)
        return Program(confined.argv, confined.env, confined.cwd, self.root / "out", self.root / "err", str(self.root))

    async def sh(self, command: str) -> str:
        """Everything it printed, and its exit code where that is not 0."""
        exit = await process.run(self.program(f"exec 2>&1; {command}"), lambda line: None, silence=30)
        text = (self.root / "out").read_text() + (self.root / "err").read_text()
        return text + (f"[{exit.code}]" if exit.code else "")


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path, choose("auto", os.environ["PATH"]))


async def test_of_the_host_there_is_the_tree_and_the_operating_system(agent: Agent) -> None:
    assert await agent.sh("pwd; ls -A; echo $HOME; ls -A $HOME") == snapshot("""\
/workspace
.git
.opencode
README.md
/home/agent
.gitconfig
""")
    own = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "proc", "dev", "tmp", "var", "home", "baro"}
    seen = set((await agent.sh("ls /")).split()) - own
    assert seen <= {"workspace", "nix", interpreter().parts[1]}


@pytest.mark.parametrize("path", ["/etc/shadow", "/etc/ssh", "/etc/ssl/private", "/root/.ssh", "/run", "/sys", "/boot"])
async def test_what_agents_have_no_business_with_is_absent(agent: Agent, path: str) -> None:
    assert "No such file" in await agent.sh(f"ls {path}")


async def test_files_beside_the_tree_are_absent(agent: Agent) -> None:
    secret = agent.root / "secret"
    secret.write_text("key")
    assert "No such file" in await agent.sh(f"cat {secret}")
    assert (await agent.sh(f"ls {agent.root} {agent.root}/seat")).split() == [
        *(f"{agent.root}:", "seat"),
        *(f"{agent.root}/seat:", "source"),
    ], "only the way to the borrowed objects"


async def test_only_tree_home_and_temporary_directories_are_writable(agent: Agent) -> None:
    assert await agent.sh("for d in . $HOME /tmp /var/tmp /dev/shm; do echo x > $d/file || echo no $d; done") == ""
    assert (agent.seat.tree / "file").exists()
    assert not await asyncio.to_thread(Path("/tmp/file").exists)
    refused = await agent.sh("for d in / /etc /usr /home /baro; do touch $d/file; done")
    assert refused.count("Read-only file system") + refused.count("Permission denied") == 5


async def test_the_agent_commits_into_the_decoy_and_the_trusted_repository_stays_as_it_is(agent: Agent) -> None:
    before = git(trusted(agent.seat), "for-each-ref")
    printed = await agent.sh("echo x > new; git add -A; git commit -qm mine; git stash list; git log --format=%s")
    assert printed == "mine\nfirst\n"
    assert (agent.seat.tree / "new").read_text() == "x\n"
    assert git(trusted(agent.seat), "for-each-ref") == before


async def test_the_git_link_and_the_borrowed_objects_cannot_be_changed(agent: Agent) -> None:
    assert "Read-only" in await agent.sh("echo 'gitdir: /tmp/evil' > .git")
    assert "busy" in await agent.sh("rm -f .git")
    assert "Read-only" in await agent.sh(f"touch {agent.seat.objects[0]}/evil")


async def test_git_configuration_of_the_repository_runs_nothing(agent: Agent) -> None:
    for key, value in {"core.fsmonitor": "touch /workspace/ran; false", "core.hooksPath": "/workspace/hooks"}.items():
        git(agent.seat.git, "config", key, value)
    hook = agent.seat.tree / "hooks/pre-commit"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\ntouch /workspace/ran\n")
    hook.chmod(0o755)
    await agent.sh("git status; git commit --allow-empty -qm x")
    assert not (agent.seat.tree / "ran").exists()


async def test_a_project_that_tests_git_can_set_its_own_author(agent: Agent) -> None:
    printed = await agent.sh(
        "cd /tmp && git init -q p && cd p && git config user.name Ann && git config user.email a@example.com"
        " && git commit -q --allow-empty -m x && git log --format='%an <%ae>'"
    )
    assert printed == "Ann <a@example.com>\n"


async def test_a_read_only_seat_cannot_be_written_but_git_works(agent: Agent) -> None:
    agent.seat = msgspec.structs.replace(agent.seat, writable=False)
    assert "Read-only" in await agent.sh("echo x > README.md")
    assert await agent.sh("git status --short --branch") == "## main\n"


async def test_the_environment_is_ours_and_process_one_shows_no_other(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_secret")
    agent.env = {"ANTHROPIC_API_KEY": "sk-key"}
    printed = await agent.sh("env; tr '\\0' '\\n' < /proc/1/environ")
    assert "ghs_secret" not in printed
    assert printed.count("sk-key") == 2
    assert "sk-key" not in await agent.sh("cat /proc/1/cmdline")
    assert "CI=1" in printed


async def test_it_is_an_ordinary_user_without_capabilities(agent: Agent) -> None:
    assert await agent.sh("id -un; id -u; grep CapEff /proc/self/status") == "agent\n1000\nCapEff:\t0000000000000000\n"


async def test_it_sees_no_process_of_the_host(agent: Agent) -> None:
    assert int(await agent.sh("ls -d /proc/[0-9]* | wc -l")) < 8


async def test_agents_give_way_to_the_runner(agent: Agent) -> None:
    assert await agent.sh("nice; cat /proc/self/oom_score_adj; ulimit -c") == "5\n500\n0\n"


async def test_python_of_the_runner_is_there_even_where_the_system_has_none(agent: Agent) -> None:
    printed = await agent.sh(f"{interpreter()}/bin/python3 -I -S -c 'import json; print(json.dumps(1))'")
    assert printed == "1\n"


async def test_further_paths_are_shown_read_only_at_their_own_place(agent: Agent) -> None:
    tool = agent.root / "tools/cli"
    tool.parent.mkdir()
    tool.write_text("a tool")
    agent.reads = (tool,)
    assert await agent.sh(f"cat {tool}") == "a tool"
    assert "Read-only" in await agent.sh(f"echo x > {tool}")


async def test_masked_paths_of_the_tree_are_empty_inside_and_whole_outside(agent: Agent) -> None:
    agent.masks = (".opencode", "README.md", "opencode.json")
    assert await agent.sh("ls -A .opencode; cat README.md; ls -A") == ".git\n.opencode\nREADME.md\n"
    assert (agent.seat.tree / ".opencode/plugin/evil.ts").read_text() == "boom()\n"


async def test_nothing_of_a_mask_is_ever_taken_for_the_agents_work(agent: Agent) -> None:
    agent.masks = (".opencode", "README.md", "opencode.json")
    await agent.sh("rm -rf .opencode README.md; echo x >.opencode/new; git checkout -f; git add -A; git commit -qm x")
    worktree = trusted(agent.seat) / "worktrees/tree"
    assert git(agent.seat.tree, f"--git-dir={worktree}", "--work-tree=.", "status", "--porcelain") == ""


@pytest.mark.parametrize("target", ["elsewhere", "/workspace/elsewhere", "README.md", "."])
async def test_a_link_where_a_mask_should_be_keeps_the_agent_away(agent: Agent, target: str) -> None:
    """What it leads to may be the code itself, or exist inside the sandbox only."""
    agent.masks = (".pi",)
    (agent.seat.tree / ".pi").symlink_to(target)
    with pytest.raises(AgentUnavailable, match=r"`\.pi`"):
        await agent.sh("true")


async def test_without_a_sandbox_nothing_can_be_masked_and_the_agent_stays_away(agent: Agent) -> None:
    agent.sandbox = choose("none", os.environ["PATH"])
    agent.masks = ("opencode.json",)
    assert await agent.sh("echo here") == "here\n"
    agent.masks = (".opencode",)
    with pytest.raises(AgentUnavailable, match=r"`\.opencode`"):
        await agent.sh("true")


async def test_nothing_survives_the_end_of_an_agent(agent: Agent) -> None:
    word = f"detached-{agent.root.name}"
    ended = asyncio.create_task(agent.sh(f"{detached(word)}; read line < gate"))
    os.mkfifo(agent.seat.tree / "gate")
    await until(lambda: running(f"# {word}"))
    await asyncio.to_thread((agent.seat.tree / "gate").write_text, "end\n")
    await ended
    await until(lambda: not running(word))


async def test_nothing_survives_a_runner_that_is_killed(agent: Agent) -> None:
    """bubblewrap dies with the runner, and its process namespace with it."""
    word = f"orphaned-{agent.root.name}"
    program = agent.program(f"{detached(word)}; wait")
    runner = await asyncio.create_subprocess_exec(sys.executable, "-c", RUNNER, stdin=asyncio.subprocess.PIPE)
    assert runner.stdin is not None
    runner.stdin.write(msgspec.json.encode(program, enc_hook=str))
    runner.stdin.close()
    await until((agent.seat.tree / "up").exists)
    assert running(word)
    runner.kill()
    await runner.wait()
    await until(lambda: not running(word))


async def test_without_a_sandbox_the_agent_still_gets_the_decoy_and_a_home_of_its_own(tmp_path: Path) -> None:
    agent = Agent(tmp_path, choose("none", os.environ["PATH"]))
    assert isinstance(agent.sandbox, Unconfined)
    printed = await agent.sh("pwd; echo $HOME; echo x > new; git add -A; git commit -qm mine; git log --format=%s")
    assert printed == f"{agent.seat.tree}\n{agent.root}/scratch/home\nmine\nfirst\n"
    assert git(trusted(agent.seat), "log", "--all", "--format=%s") == "first"


async def test_without_a_sandbox_detached_processes_are_still_found_and_killed(tmp_path: Path) -> None:
    agent = Agent(tmp_path, choose("none", os.environ["PATH"]))
    await agent.sh("setsid sleep 300 & echo started")
    assert marked(str(agent.root)) == []


def test_a_machine_without_bubblewrap_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.adapters.sandbox.bubblewrap._bundled", lambda: None)
    with pytest.raises(SandboxUnavailable, match="not installed"):
        choose("auto", str(tmp_path))


def test_a_bubblewrap_that_does_not_start_is_refused_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr("runner.adapters.sandbox.bubblewrap._bundled", lambda: None)
    with pytest.raises(SandboxUnavailable) as refused:
        Bubblewrap(str(tmp_path)).probe()
    assert refused.value.evidence == "bwrap: setting up uid map: Permission denied"
    assert "BARO_SANDBOX=none" in refused.value.hint
