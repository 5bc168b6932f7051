"""Pi, headless: its command line, its configuration, and where its model is.

It reads nothing a repository configures: what its switches do not stop (`.pi/settings.json` names the shell, and
`.pi/SYSTEM.md` speaks to the model) is masked, and the prompts are said on the command line besides.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import runner.inside
from runner.adapters.agents import providers
from runner.adapters.agents.backend import PLACEHOLDER, Launch, Provider
from runner.adapters.agents.installed import CommandLine, resolved
from runner.adapters.agents.providers import Providers, Route
from runner.adapters.agents.reply import form
from runner.adapters.agents.sign_in import SignIn
from runner.adapters.sandbox.room import Inside
from runner.errors import AgentUnavailable
from runner.ports import AgentJob

from .events import REPEATED
from .stream import PiStream

PI = CommandLine("Pi", "pi", "@mariozechner/pi-coding-agent", (0, 73, 0))
ENVIRONMENT = (*providers.ENVIRONMENT, "PI_CODING_AGENT_DIR")
REMEDY = providers.REMEDY.format("pi")
SIGN_IN = {
    "anthropic": ("api.anthropic.com", "console.anthropic.com", "platform.claude.com"),
    "openai-codex": ("auth.openai.com", "chatgpt.com"),
}

ABRIDGE = Path(runner.inside.__path__[0]) / "abridge.py"
HARDENED = (
    *("--mode", "json", "-p", "--no-session", "--offline"),
    *("--no-extensions", "--no-skills", "--no-prompt-templates", "--no-themes", "--no-context-files"),
    *("--append-system-prompt", ""),
)
MASKS = (".pi",)
WRITING = "read,bash,edit,write,grep,find,ls"
READING = "read,grep,find,ls"
QUIET = {"PI_OFFLINE": "1", "PI_TELEMETRY": "0", "PI_SKIP_VERSION_CHECK": "1"}
SETTINGS: dict[str, Any] = {
    "enableInstallTelemetry": False,
    # The client of a provider waits as that asks; the run has a budget of its own for waiting longer.
    "retry": {"maxRetries": 2, "baseDelayMs": 1000, "provider": {"maxRetries": 2, "maxRetryDelayMs": 60_000}},
}
PLAIN = {"supportsStore": False, "supportsDeveloperRole": False, "supportsReasoningEffort": False}
"""Of OpenAI's own additions, what endpoints compatible with it stumble over."""


class Pi:
    name = "pi"
    remedy = REMEDY

    def __init__(self, env: Mapping[str, str]) -> None:
        self._path = env.get("PATH", "")
        self._providers = Providers(env)
        own = Path(env.get("PI_CODING_AGENT_DIR") or f"{env.get('HOME', '')}/.pi/agent")
        self._sign_in = SignIn(own / "auth.json", SIGN_IN)
        self.secrets = self._providers.secrets

    def find(self) -> Path:
        program = PI.find(self._path)
        if not self._providers and not self._sign_in:
            raise AgentUnavailable("Pi is not signed in.", hint=REMEDY[0].upper() + REMEDY[1:])
        return program

    def provider(self, model: str) -> Provider | None:
        route = self._providers.needed(model, otherwise=bool(self._sign_in))
        return route.provider if route else None

    def hosts(self, model: str) -> tuple[str, ...]:
        return () if self._providers.route(model) else self._sign_in.hosts

    def launch(self, job: AgentJob, model: str, inside: Inside, home: Path) -> Launch:
        program = resolved(self.find(), self._path)
        route = self._providers.route(model)
        named = route.name if route else model
        tools = WRITING if job.role == "story" else READING
        argv = (*_abridged(), *program.argv, *HARDENED, "--tools", tools, *(("--model", named) if named else ()))
        own = home / ".pi/agent"
        own.mkdir(parents=True)
        (own / "settings.json").write_text(json.dumps(SETTINGS))
        if route:
            (own / "models.json").write_text(json.dumps({"providers": {route.kind: _asks(route, inside)}}))
        else:
            self._sign_in.lend(own / "auth.json")
        env = {**QUIET, "PI_CODING_AGENT_DIR": f"{inside.home}/.pi/agent"}
        return Launch(argv, form(job.prompt, job.schema).encode(), env, (*program.reads, ABRIDGE), MASKS)

    def stream(self, job: AgentJob, inside: Inside) -> PiStream:  # noqa: ARG002
        return PiStream(inside, REMEDY)


def _abridged() -> tuple[str, ...]:
    return (str(Path(sys.executable).resolve()), "-I", "-S", str(ABRIDGE), *REPEATED, "--")


def _asks(route: Route, inside: Inside) -> dict[str, Any]:
    """How the one provider is asked. Of those Pi knows, it knows the models as well."""
    at: dict[str, Any] = {"baseUrl": inside.model, "apiKey": PLACEHOLDER}
    if route.kind == "compatible":
        at |= {"api": "openai-completions", "compat": PLAIN, "models": [{"id": route.model}]}
    return at
