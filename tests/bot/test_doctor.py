"""The doctor says what is wrong, whose turn it is, and no secret; each trouble here is made on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from inline_snapshot import snapshot

from bot.demo.github import LocalGitHub
from bot.demo.github.model import DEFAULT_PERMISSIONS, AppRegistration
from bot.doctor import doctor
from runner.adapters.redis_store import connect
from tests.adapters.github_world import APP, PRIVATE_KEY

SECRETS = ("hunter2hunter2", "sk-ant-secret-of-mine", PRIVATE_KEY.splitlines()[2])
EVENTS = ("issue_comment", "issues", "pull_request")


class Receiver:
    """Where webhooks go: it answers all of them with one status."""

    status = 202
    url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        await reader.readexactly(int(length[1]) if length else 0)
        writer.write(f"HTTP/1.1 {self.status} -\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        writer.close()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        async with await asyncio.start_server(self.answer, "127.0.0.1", 0) as server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield f"{self.url}/webhooks/github"


class Clinic:
    """A machine with everything, which tests take away from."""

    def __init__(self, root: Path, github: LocalGitHub, redis_url: str, receiver: Receiver) -> None:
        self.root = root
        self.receiver = receiver
        self.github = github
        (root / "app.pem").write_text(PRIVATE_KEY)
        self.environ = {
            "HOME": str(root),
            "PATH": f"{root / 'bin'}:{os.environ['PATH']}",
            "BARO_HOME": str(root / "home"),
            "BARO_AGENT": "claude",
            "ANTHROPIC_API_KEY": "sk-ant-secret-of-mine",
            "GITHUB_APP_ID": "4711",
            "GITHUB_PRIVATE_KEY_FILE": str(root / "app.pem"),
            "GITHUB_WEBHOOK_SECRET": "hunter2hunter2",
            "GITHUB_API_URL": github.api_url,
            "GITHUB_URL": github.url,
            "BARO_PUBLIC_URL": receiver.url,
            "REDIS_URL": redis_url,
        }
        self.install("claude", "2.1.329 (Claude Code)")

    def install(self, name: str, version: str) -> None:
        program = self.root / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\necho '{version}'\n")
        program.chmod(0o755)

    def register(self, **changes: Any) -> None:
        self.github.hub.state.app = msgspec.structs.replace(self.github.app, **changes)

    async def see(self, *, as_json: bool = False) -> tuple[str, int]:
        """What it prints, without what differs from machine to machine, and its exit status."""
        said = io.StringIO()
        code = await doctor(as_json=as_json, environ=self.environ, directory=self.root, out=said)
        assert not [secret for secret in SECRETS if secret in said.getvalue()]
        return self._plain(said.getvalue()), code

    async def findings(self) -> dict[str, tuple[str, str, str]]:
        text, code = await self.see(as_json=True)
        told = json.loads(text)
        assert (code == 0) is told["ok"]
        return {one["name"]: (one["state"], one["says"], one["hint"]) for one in told["findings"]}

    def _plain(self, text: str) -> str:
        for found, shown in (
            (str(self.root), "/root"),
            (self.receiver.url, "http://baro"),
            (self.github.api_url, "http://github/api/v3"),
            (r"[\d.]+ [GTM]iB are free", "N GiB are free"),
            (r"\(/\S+/redis-server\)", "(redis-server)"),
        ):
            text = re.sub(found if "[" in found or "\\" in found else re.escape(found), shown, text)
        text = re.sub(r"git version \S+", "git version N", text)
        text = re.sub(r"Redis \d[\d.]*", "Redis N", text)
        return re.sub(r"use [\d.]+ [GM]iB of memory", "use N GiB of memory", text)


Open = Callable[..., contextlib.AbstractAsyncContextManager[Clinic]]


@pytest.fixture
def opened(tmp_path: Path, clean_redis: str) -> Open:
    @contextlib.asynccontextmanager
    async def clinic(ahead: float = 0.0, app: AppRegistration = APP) -> AsyncIterator[Clinic]:
        app, receiver = msgspec.structs.replace(app, events=EVENTS), Receiver()
        async with (
            receiver.listening() as hook,
            LocalGitHub.serve(tmp_path / "github", app, hook, now=lambda: time.time() - ahead) as github,
        ):
            github.repository("operator/shop")
            await github.idle()
            yield Clinic(tmp_path, github, clean_redis, receiver)

    return clinic


async def test_where_all_is_well_it_says_so(opened: Open) -> None:
    async with opened() as clinic:
        text, code = await clinic.see()
    assert (text, code) == snapshot(
        (
            """\
 ✓ settings          All settings are in order.
 ✓ home              /root/home is writable.
 ✓ disk              N GiB are free at /root/home.
 ✓ git               git version N is new enough.
 ✓ sandbox           Level full: every attempt to break out of it failed.
 ✓ network           Agents reach what BARO_NETWORK=registry allows, and nothing else.
 ✓ dependencies      What a story installs is shown to later stories without a copy (overlay).
 ✓ limits            An agent may use N GiB of memory and write 16 GiB to disk.
 ✓ agent             `claude` does the work (BARO_AGENT=claude).
 ✓ agent.claude      /root/bin/claude 2.1.329, with a key.
 · agent.codex       Codex is not installed.
                     → Where it is wanted: npm install -g @openai/codex
 · agent.opencode    OpenCode is not installed.
                     → Where it is wanted: npm install -g opencode-ai
 · agent.pi          Pi is not installed.
                     → Where it is wanted: npm install -g @mariozechner/pi-coding-agent
 ✓ redis             Redis N takes writes, keeps them and forgets nothing.
 ✓ github            http://github/api/v3 answers.
 ✓ clock             This machine's clock agrees with GitHub's.
 ✓ app               baro-test of operator.
 ✓ permissions       The App has what baro needs and no more.
 ✓ events            GitHub tells baro of all it listens to.
 ✓ installations     Served: operator.
 ✓ webhook           GitHub delivers to http://baro/webhooks/github; the last delivery was answered with 202.

baro can work here.
""",
            0,
        )
    )


async def test_before_anything_is_configured_it_says_what_to_set(opened: Open) -> None:
    async with opened() as clinic:
        api = clinic.environ["GITHUB_API_URL"]
        clinic.environ = {"HOME": str(clinic.root), "PATH": str(clinic.root), "BARO_HOME": str(clinic.root / "home")}
        clinic.environ |= {"GITHUB_API_URL": api, "BARO_LEES": "3"}
        text, code = await clinic.see()
    assert (text, code) == snapshot(
        (
            """\
 ✗ settings          BARO_LEES is no setting of baro: did you mean BARO_LEASE?
 ✗ settings          GITHUB_APP_ID is not set: it must be the App's id or client id, from the App's settings page.
 ✗ settings          GITHUB_PRIVATE_KEY_FILE is not set: it must be the .pem file with the App's private key (or put its text into GITHUB_PRIVATE_KEY).
 ✗ settings          GITHUB_WEBHOOK_SECRET is not set: it must be the webhook secret from the App's settings page (while rotating, both, separated by a comma).
                     → In the environment, or in baro.env in the working directory; README.md has the table of all settings.
 ✓ home              /root/home is writable.
 ✓ disk              N GiB are free at /root/home.
 ✓ git               git version N is new enough.
 ✓ sandbox           Level full: every attempt to break out of it failed.
 ✓ network           Agents reach what BARO_NETWORK=registry allows, and nothing else.
 ✓ dependencies      What a story installs is shown to later stories without a copy (overlay).
 ✓ limits            An agent may use N GiB of memory and write 16 GiB to disk.
 ✗ agent             No coding agent can be used on this machine.
                     → One of those below is enough.
 · agent.claude      Claude Code is not installed.
                     → Where it is wanted: npm install -g @anthropic-ai/claude-code
 · agent.codex       Codex is not installed.
                     → Where it is wanted: npm install -g @openai/codex
 · agent.opencode    OpenCode is not installed.
                     → Where it is wanted: npm install -g opencode-ai
 · agent.pi          Pi is not installed.
                     → Where it is wanted: npm install -g @mariozechner/pi-coding-agent
 ✓ redis             REDIS_URL is not set: `baro up` starts its own (redis-server).
 ✓ github            http://github/api/v3 answers.
 ✓ clock             This machine's clock agrees with GitHub's.
 ✗ app               There is no App yet.
                     → Register a GitHub App (README.md, *Install it*), then set GITHUB_APP_ID, GITHUB_PRIVATE_KEY_FILE and GITHUB_WEBHOOK_SECRET.
 · permissions       Not to be known before the line `app` is in order.
 · events            Not to be known before the line `app` is in order.
 · installations     Not to be known before the line `app` is in order.
 · webhook           Not to be known before the line `app` is in order.

6 things to be mended before baro can work.
""",
            1,
        )
    )


async def test_machines_read_the_same_as_json_and_a_password_stays_here(opened: Open) -> None:
    async with opened() as clinic:
        clinic.environ["REDIS_URL"] = "redis://:hunter2hunter2@127.0.0.1:1/0"
        text, code = await clinic.see(as_json=True)
    told = json.loads(text)
    assert (told["version"], told["ok"], code) == (1, False, 1)
    assert [one["name"] for one in told["findings"]] == snapshot(
        [
            "settings",
            "home",
            "disk",
            "git",
            "sandbox",
            "network",
            "dependencies",
            "limits",
            "agent",
            "agent.claude",
            "agent.codex",
            "agent.opencode",
            "agent.pi",
            "redis",
            "github",
            "clock",
            "app",
            "permissions",
            "events",
            "installations",
            "webhook",
        ]
    )
    assert next(one for one in told["findings"] if one["name"] == "redis") == snapshot(
        {
            "name": "redis",
            "state": "failed",
            "says": "Redis does not answer as it should. Error 111 connecting to 127.0.0.1:1. Connect call failed ('127.0.0.1', 1).",
            "hint": "Start it, or correct REDIS_URL; without REDIS_URL `baro up` brings a Redis of its own.",
        }
    )


@pytest.mark.parametrize(
    ("name", "bad", "good"), [("appendonly", "no", "yes"), ("maxmemory-policy", "allkeys-lru", "noeviction")]
)
async def test_a_redis_that_forgets_is_a_warning(opened: Open, name: str, bad: str, good: str) -> None:
    async with opened() as clinic:
        client = connect(clinic.environ["REDIS_URL"])
        await client.config_set(name, bad)
        try:
            found = await clinic.findings()
        finally:
            await client.config_set(name, good)
            await client.aclose()
    state, says, _ = found["redis"]
    assert (state, name in says) == ("warning", True)


async def test_another_apps_key_is_named(opened: Open) -> None:
    async with opened(app=msgspec.structs.replace(APP, id=1, client_id="other")) as clinic:
        found = await clinic.findings()
    assert found["app"] == snapshot(
        (
            "failed",
            "GitHub shows us no /app: it is gone, or outside the App's reach.",
            "Check GITHUB_APP_ID and the private key.",
        )
    )
    assert found["permissions"][0] == "skipped"


@pytest.mark.parametrize(("ahead", "state"), [(0, "ok"), (45, "warning"), (3600, "failed"), (-3600, "failed")])
async def test_a_clock_that_is_off_is_named_by_how_much(opened: Open, ahead: float, state: str) -> None:
    async with opened(ahead) as clinic:
        found = await clinic.findings()
    assert found["clock"][0] == state
    assert ("ahead of" in found["clock"][1], "behind" in found["clock"][1]) == (ahead > 0, ahead < 0)
    assert found["app"][0] == ("failed" if state == "failed" else "ok")


async def test_missing_permissions_and_events_are_named(opened: Open) -> None:
    async with opened() as clinic:
        less = {name: access for name, access in DEFAULT_PERMISSIONS.items() if name != "pull_requests"}
        clinic.register(permissions=less | {"issues": "read"}, events=("issues",))
        found = await clinic.findings()
    assert found["permissions"] == snapshot(
        (
            "failed",
            "The App lacks issues: write, pull_requests: write.",
            "On the App's settings page, under *Permissions & events*, grant them; then every account that installed it accepts that.",
        )
    )
    assert found["events"] == snapshot(
        (
            "failed",
            "GitHub does not tell baro of issue_comment, pull_request.",
            "On the App's settings page, under *Permissions & events*, subscribe to them.",
        )
    )


async def test_permissions_beyond_need_are_a_warning(opened: Open) -> None:
    async with opened() as clinic:
        clinic.register(permissions={**DEFAULT_PERMISSIONS, "workflows": "write"}, events=(*EVENTS, "push"))
        found = await clinic.findings()
    assert found["permissions"] == snapshot(
        (
            "warning",
            "The App has more than baro needs: workflows: write.",
            "On the App's settings page, under *Permissions & events*, set them to *No access*.",
        )
    )
    assert found["events"] == snapshot(
        (
            "ok",
            "GitHub also sends push, which baro passes over.",
            "On the App's settings page, under *Permissions & events*, they can be unticked.",
        )
    )


async def test_installations_that_are_not_served_lag_behind_or_sleep_are_named(opened: Open) -> None:
    async with opened() as clinic:
        clinic.github.repository("stranger/thing")
        clinic.github.repository("acme/shop", permissions={"metadata": "read"})
        clinic.github.repository("sleepy/shop")
        await clinic.github.suspend("sleepy")
        clinic.environ["BARO_ALLOWED_ACCOUNTS"] = "operator, acme, sleepy"
        found = await clinic.findings()
    assert found["installations"] == snapshot(
        (
            "warning",
            "Served: operator, acme, sleepy. Not served: stranger. Permissions not accepted: acme. Suspended: sleepy.",
            "BARO_ALLOWED_ACCOUNTS says whom baro serves. An owner of each accepts them on the installation's page. An owner of each can resume it.",
        )
    )


async def test_an_app_that_is_installed_nowhere_is_a_warning(opened: Open) -> None:
    async with opened() as clinic:
        await clinic.github.uninstall("operator")
        found = await clinic.findings()
    assert found["installations"][:2] == ("warning", "The App is installed nowhere.")


@pytest.mark.parametrize(
    ("url", "finding"),
    [
        (
            None,
            snapshot(
                (
                    "failed",
                    "The App has no webhook URL.",
                    "On the App's settings page, under *Webhook*, enter http://baro/webhooks/github.",
                )
            ),
        ),
        (
            "https://elsewhere.example.com/hook",
            snapshot(
                (
                    "failed",
                    "GitHub delivers to https://elsewhere.example.com/hook, but baro listens at http://baro/webhooks/github.",
                    "On the App's settings page, under *Webhook*, enter that address, or correct BARO_PUBLIC_URL.",
                )
            ),
        ),
    ],
)
async def test_a_webhook_that_leads_elsewhere_is_named(
    opened: Open, url: str | None, finding: tuple[str, str, str]
) -> None:
    async with opened() as clinic:
        clinic.github.hook_url = url
        found = await clinic.findings()
    assert found["webhook"] == finding


@pytest.mark.parametrize(
    ("status", "finding"),
    [
        (
            401,
            snapshot(
                (
                    "failed",
                    "http://baro/webhooks/github answered the last delivery with 401.",
                    "GITHUB_WEBHOOK_SECRET and the secret on the App's settings page differ.",
                )
            ),
        ),
        (
            503,
            snapshot(
                (
                    "warning",
                    "http://baro/webhooks/github answered the last delivery with 503.",
                    "*Recent Deliveries*, on the App's settings page under *Advanced*, shows what it said.",
                )
            ),
        ),
    ],
)
async def test_how_the_last_delivery_was_answered_tells_whose_turn_it_is(
    opened: Open, status: int, finding: tuple[str, str, str]
) -> None:
    async with opened() as clinic:
        clinic.receiver.status = status
        clinic.github.repository("operator/more")
        await clinic.github.idle()
        found = await clinic.findings()
    assert found["webhook"] == finding


async def test_a_github_that_is_away_is_said_once(opened: Open) -> None:
    async with opened() as clinic:
        clinic.environ["GITHUB_API_URL"] = "http://127.0.0.1:1"
        found = await clinic.findings()
    assert [found[name][0] for name in ("github", "clock", "app", "webhook")] == [
        "failed",
        "skipped",
        "failed",
        "skipped",
    ]


async def test_an_old_agent_and_a_missing_one_are_named(opened: Open) -> None:
    async with opened() as clinic:
        clinic.install("claude", "1.0.3 (Claude Code)")
        old = await clinic.findings()
        clinic.environ["PATH"] = "/usr/bin:/bin"
        missing = await clinic.findings()
    assert old["agent.claude"] == snapshot(
        (
            "failed",
            "Claude Code 1.0.3 is too old: baro needs 2.1.197 or newer.",
            "npm install -g @anthropic-ai/claude-code@latest",
        )
    )
    assert missing["agent.claude"] == snapshot(
        ("failed", "Claude Code is not installed.", "npm install -g @anthropic-ai/claude-code")
    )
    assert missing["agent"][0] == "failed"


async def test_agents_nobody_asked_for_are_no_trouble(opened: Open) -> None:
    async with opened() as clinic:
        found = await clinic.findings()
    others = [state for name, (state, _, _) in found.items() if name.startswith("agent.") and name != "agent.claude"]
    assert set(others) <= {"ok", "skipped"}


async def test_a_waived_sandbox_is_a_warning(opened: Open) -> None:
    async with opened() as clinic:
        clinic.environ["BARO_SANDBOX"] = "none"
        found = await clinic.findings()
    assert found["sandbox"] == snapshot(
        (
            "warning",
            "Level none: agents run as the user baro runs as (BARO_SANDBOX=none).",
            "Right only where the machine is isolation enough; otherwise remove BARO_SANDBOX.",
        )
    )
    assert found["network"][0] == "warning"


async def test_a_home_that_cannot_be_written_is_a_failure(opened: Open) -> None:
    async with opened() as clinic:
        (clinic.root / "file").touch()
        clinic.environ["BARO_HOME"] = str(clinic.root / "file" / "home")
        found = await clinic.findings()
    assert found["home"] == snapshot(
        (
            "failed",
            "/root/file/home cannot be written: Not a directory.",
            "Make the directory writable for the user baro runs as, or set BARO_HOME to another one.",
        )
    )
    assert (found["disk"][0], found["sandbox"][0]) == ("skipped", "failed")


def test_the_command_ends_with_1_where_something_is_to_be_mended_and_2_at_wrong_usage(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "bot", "doctor", *arguments]
        env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "GITHUB_API_URL": "http://127.0.0.1:1"}
        return subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=90)

    assert run("--nonsense").returncode == 2
    ended = run("--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["ok"] is False
    assert "Traceback" not in ended.stderr
