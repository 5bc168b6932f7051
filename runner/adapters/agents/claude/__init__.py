"""Claude Code, headless: its command line, and where its credentials come from.

Its key stays outside: it asks a gateway of ours, with a placeholder for a key or token of the same kind, because it
behaves a little differently with each. Nothing a repository brings (settings, hooks, MCP servers, `CLAUDE.md`) is
read: `--setting-sources ""` is the one switch that stops all of it. Signing in with a subscription is untested: the
credential file alone is copied into the throw-away home, and a token the CLI refreshes there is lost;
`CLAUDE_CODE_OAUTH_TOKEN` is the sturdier way, and the one that keeps the credential outside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from runner.adapters.agents.backend import PLACEHOLDER, Launch, Provider
from runner.adapters.agents.installed import CommandLine, resolved
from runner.adapters.sandbox.room import Inside
from runner.errors import AgentUnavailable
from runner.ports import AgentJob

from .stream import ClaudeStream

CLAUDE = CommandLine("Claude Code", "claude", "@anthropic-ai/claude-code", (2, 1, 197))
KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
PASSED_ON = ("CLAUDE_CODE_MAX_RETRIES",)
ENVIRONMENT = (*KEYS, *PASSED_ON, "ANTHROPIC_BASE_URL", "CLAUDE_CONFIG_DIR")
REMEDY = "set ANTHROPIC_API_KEY, or sign in with `claude` as the user baro runs as."

SIGN_IN = ("api.anthropic.com", "console.anthropic.com", "platform.claude.com")
"""where a subscription's token is used and renewed"""

HARDENED = (
    *("-p", "--output-format", "stream-json", "--verbose"),
    *("--setting-sources", "", "--strict-mcp-config", "--no-session-persistence", "--disable-slash-commands"),
)
WRITING = ("--permission-mode", "bypassPermissions", "--tools", "Bash,Edit,Write,Read,Glob,Grep")
READING = ("--permission-mode", "dontAsk", "--tools", "Read,Glob,Grep")
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_AUTOUPDATER": "1",
    "IS_SANDBOX": "1",  # it refuses bypassPermissions to root without it
    "CLAUDE_CODE_MAX_RETRIES": "4",  # its own ten take three minutes; the run has a budget of its own for waiting
}


class Claude:
    name = "claude"
    remedy = REMEDY

    def __init__(self, env: Mapping[str, str]) -> None:
        self._path = env.get("PATH", "")
        self._credentials = Path(env.get("CLAUDE_CONFIG_DIR") or f"{env.get('HOME', '')}/.claude", ".credentials.json")
        self._base = env.get("ANTHROPIC_BASE_URL") or "https://api.anthropic.com"
        self._keys = {name: env[name] for name in KEYS if env.get(name)}
        self._env = {name: env[name] for name in PASSED_ON if env.get(name)}
        self.secrets = tuple(key for key in self._keys.values() if len(key) > 7)

    def find(self) -> Path:
        program = CLAUDE.find(self._path)
        if not self._keys and not self._credentials.is_file():
            raise AgentUnavailable("Claude Code is not signed in.", hint=REMEDY[0].upper() + REMEDY[1:])
        return program

    def provider(self, model: str) -> Provider | None:  # noqa: ARG002
        if not self._keys:
            return None
        name = self._key
        key = self._keys[name]
        header = {"x-api-key": key} if name == "ANTHROPIC_API_KEY" else {"authorization": f"Bearer {key}"}
        return Provider(self._base.rstrip("/"), header)

    def hosts(self, model: str) -> tuple[str, ...]:  # noqa: ARG002
        return () if self._keys else SIGN_IN

    def launch(self, job: AgentJob, model: str, inside: Inside, home: Path) -> Launch:
        program = resolved(self.find(), self._path)
        argv = [*program.argv, *HARDENED, *(WRITING if job.role == "story" else READING)]
        if model:
            argv += ["--model", model]
        if job.schema is not None:
            argv += ["--json-schema", json.dumps(job.schema)]
        if not self._keys:
            self._lend(home / ".claude")
        env = {**QUIET, **self._env, **self._opened(inside), "CLAUDE_CONFIG_DIR": f"{inside.home}/.claude"}
        return Launch(tuple(argv), job.prompt.encode(), env, program.reads)

    def stream(self, job: AgentJob, inside: Inside) -> ClaudeStream:  # noqa: ARG002
        return ClaudeStream(inside, REMEDY)

    @property
    def _key(self) -> str:
        """The variable whose value is used: the first that is set."""
        return next(name for name in KEYS if name in self._keys)

    def _opened(self, inside: Inside) -> dict[str, str]:
        return {"ANTHROPIC_BASE_URL": inside.model, self._key: PLACEHOLDER} if self._keys else {}

    def _lend(self, config: Path) -> None:
        config.mkdir(parents=True)
        lent = config / ".credentials.json"
        lent.touch(mode=0o600)
        lent.write_bytes(self._credentials.read_bytes())
