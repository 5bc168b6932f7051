"""Codex, headless: its command line, and where its credentials come from.

Nothing a repository or the operator's own configuration brings (`.codex`, hooks, skills, plugins, `AGENTS.md`) is
read. Its own sandbox is off inside ours, where it could not start one. Signing in with ChatGPT is untested: the
credential file alone is copied into the throw-away home, and a token the CLI refreshes there is lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from runner.adapters.agents.backend import PLACEHOLDER, Launch, Provider
from runner.adapters.agents.installed import CommandLine, resolved
from runner.adapters.agents.strict import strict
from runner.adapters.sandbox.room import Inside
from runner.errors import AgentUnavailable
from runner.ports import AgentJob

from .stream import CodexStream

CODEX = CommandLine("Codex", "codex", "@openai/codex", (0, 169, 0))
ENVIRONMENT = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "CODEX_HOME")
REMEDY = "set OPENAI_API_KEY, or sign in with `codex login` as the user baro runs as."

SIGN_IN = ("chatgpt.com", "auth.openai.com")
"""where a subscription's token is used and renewed"""

HARDENED = (
    *("exec", "--json", "--color", "never", "--skip-git-repo-check", "--ephemeral"),
    *("--ignore-user-config", "--ignore-rules", "--sandbox", "danger-full-access"),
)
SETTINGS = {
    "approval_policy": "never",
    "analytics.enabled": False,
    "project_doc_max_bytes": 0,
    "skills.include_instructions": False,
    "web_search": "disabled",
    "features.apps": False,
    "features.goals": False,
    "features.hooks": False,
    "features.plugins": False,
    "features.unbounded_connection_retries": False,  # it would wait for the network for ever
    # Its placeholder is not the key of the tests that agents run. Excluding all that looks like a key would take the
    # names of git's settings and leave their count, and every git would fail.
    "shell_environment_policy.exclude": ["OPENAI_API_KEY"],
}
PROVIDER = {
    "name": "baro",
    "wire_api": "responses",
    "env_key": "OPENAI_API_KEY",
    "request_max_retries": 1,
    "stream_max_retries": 4,  # it tells of these, unlike those of a request; what lasts longer is the run's to wait for
}


class Codex:
    name = "codex"
    remedy = REMEDY

    def __init__(self, env: Mapping[str, str]) -> None:
        self._path = env.get("PATH", "")
        self._key = env.get("OPENAI_API_KEY", "")
        self._base = (env.get("OPENAI_BASE_URL") or "https://api.openai.com/v1").rstrip("/")
        self._credentials = Path(env.get("CODEX_HOME") or f"{env.get('HOME', '')}/.codex", "auth.json")
        self.secrets: tuple[str, ...] = (self._key,) if len(self._key) > 7 else ()

    def find(self) -> Path:
        program = CODEX.find(self._path)
        if not self._key and not self._credentials.is_file():
            raise AgentUnavailable("Codex is not signed in.", hint=REMEDY[0].upper() + REMEDY[1:])
        return program

    def provider(self, model: str) -> Provider | None:  # noqa: ARG002
        return Provider(self._base, {"authorization": f"Bearer {self._key}"}) if self._key else None

    def hosts(self, model: str) -> tuple[str, ...]:  # noqa: ARG002
        return () if self._key else SIGN_IN

    def launch(self, job: AgentJob, model: str, inside: Inside, home: Path) -> Launch:
        program = resolved(self.find(), self._path)
        config = home / ".codex"  # not below a temporary directory, where it refuses to put its helpers
        config.mkdir(parents=True)
        env = {"CODEX_HOME": f"{inside.home}/.codex"}
        argv = [*program.argv, *HARDENED, *_settings(SETTINGS)]
        if self._key:
            argv += _settings({"model_provider": "baro"})
            argv += _settings({f"model_providers.baro.{key}": value for key, value in PROVIDER.items()})
            argv += _settings({"model_providers.baro.base_url": inside.model})
            env["OPENAI_API_KEY"] = PLACEHOLDER
        else:
            _lend(self._credentials, config / "auth.json")
        if model:
            argv += ["--model", model]
        if job.schema is not None:
            (config / "schema.json").write_text(json.dumps(strict(job.schema)))
            argv += ["--output-schema", f"{inside.home}/.codex/schema.json"]
        return Launch((*argv, "-"), job.prompt.encode(), env, program.reads)

    def stream(self, job: AgentJob, inside: Inside) -> CodexStream:  # noqa: ARG002
        return CodexStream(inside, REMEDY)


def _settings(settings: Mapping[str, object]) -> list[str]:
    """Each as `-c name=value`; these values are the same in JSON and in TOML."""
    return [word for name, value in settings.items() for word in ("-c", f"{name}={json.dumps(value)}")]


def _lend(credentials: Path, lent: Path) -> None:
    lent.touch(mode=0o600)
    lent.write_bytes(credentials.read_bytes())
