"""OpenCode, headless: its command line, its configuration, and where its model is.

It reads nothing a repository configures: what its switches do not stop (plugins, measured in 1.18.33) is masked. It
retries a provider that refuses for ever and in silence, of which the gateway knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.adapters.agents import providers
from runner.adapters.agents.backend import PLACEHOLDER, Launch, Provider
from runner.adapters.agents.installed import CommandLine, resolved
from runner.adapters.agents.providers import Providers, Route
from runner.adapters.agents.reply import form
from runner.adapters.agents.sign_in import SignIn
from runner.adapters.sandbox.room import Inside
from runner.errors import AgentUnavailable
from runner.ports import AgentJob

from .stream import OpenCodeStream

OPENCODE = CommandLine("OpenCode", "opencode", "opencode-ai", (1, 18, 33))
ENVIRONMENT = (*providers.ENVIRONMENT, "XDG_DATA_HOME")
REMEDY = providers.REMEDY.format("opencode auth login")
SIGN_IN = {"openai": ("auth.openai.com", "chatgpt.com")}

HARDENED = ("run", "--format", "json", "--pure", "--title", "baro")
"""A title of its own would be a request whose tokens no event counts."""
MASKS = (".opencode", "opencode.json", "opencode.jsonc")
QUIET = {
    f"OPENCODE_DISABLE_{what}": "1"
    for what in (
        *("PROJECT_CONFIG", "EXTERNAL_SKILLS", "CLAUDE_CODE", "DEFAULT_PLUGINS"),
        *("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "SHARE"),
    )
}
PLUGIN = "@opencode-ai/plugin"
CONFIG: dict[str, Any] = {
    "autoupdate": False,
    "share": "disabled",
    "snapshot": False,
    "lsp": False,
    "formatter": False,
}
# A tool nobody may use is not offered; "ask" would end the run there, with exit code 0.
WRITING = {
    "*": "deny",
    **dict.fromkeys(("bash", "edit", "read", "glob", "grep", "list", "external_directory"), "allow"),
}
READING = {"*": "deny", **dict.fromkeys(("read", "glob", "grep", "list"), "allow")}


class OpenCode:
    name = "opencode"
    remedy = REMEDY

    def __init__(self, env: Mapping[str, str]) -> None:
        self._path = env.get("PATH", "")
        self._providers = Providers(env)
        data = Path(env.get("XDG_DATA_HOME") or f"{env.get('HOME', '')}/.local/share")
        self._sign_in = SignIn(data / "opencode/auth.json", SIGN_IN)
        self.secrets = self._providers.secrets

    def find(self) -> Path:
        program = OPENCODE.find(self._path)
        if not self._providers and not self._sign_in:
            raise AgentUnavailable("OpenCode is not signed in.", hint=REMEDY[0].upper() + REMEDY[1:])
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
        argv = (*program.argv, *HARDENED, *(("--model", named) if named else ()))
        _furnish(home / ".config/opencode")
        config = {**CONFIG, "permission": WRITING if job.role == "story" else READING, **_asks(route, inside)}
        env = {**QUIET, **_directories(inside), "OPENCODE_CONFIG_CONTENT": json.dumps(config)}
        if route is None:
            self._sign_in.lend(home / ".local/share/opencode/auth.json")
            del env["OPENCODE_DISABLE_DEFAULT_PLUGINS"]  # they are how it signs in
        return Launch(argv, form(job.prompt, job.schema).encode(), env, program.reads, MASKS, child="OPENCODE=1")

    def stream(self, job: AgentJob, inside: Inside) -> OpenCodeStream:  # noqa: ARG002
        return OpenCodeStream(inside, REMEDY)


def _furnish(config: Path) -> None:
    """It would ask npm's registry for the package that plugins are written with, unless it finds it written that this
    was done: it looks no further (measured in 1.18.33)."""
    (config / "node_modules").mkdir(parents=True)
    (config / "package-lock.json").write_text(json.dumps({"packages": {"": {"dependencies": {PLUGIN: "*"}}}}))


def _directories(inside: Inside) -> dict[str, str]:
    """Said in so many words, so that nobody else's are used: two that share them disturb each other."""
    kinds = {"DATA": ".local/share", "CONFIG": ".config", "CACHE": ".cache", "STATE": ".local/state"}
    return {f"XDG_{kind}_HOME": f"{inside.home}/{path}" for kind, path in kinds.items()}


def _asks(route: Route | None, inside: Inside) -> dict[str, Any]:
    """The one provider it may ask. A model is listed because it may be newer than what OpenCode knows."""
    if route is None:
        return {}
    base = f"{inside.model}/v1" if route.kind == "anthropic" else inside.model
    options = {"baseURL": base, "apiKey": PLACEHOLDER}
    provider: dict[str, Any] = {"options": options, "models": {route.model: {}} if route.model else {}}
    if route.kind == "compatible":
        provider["npm"] = "@ai-sdk/openai-compatible"
    return {"enabled_providers": [route.kind], "provider": {route.kind: provider}}
