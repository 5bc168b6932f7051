"""The model providers that command lines for any model are used with, and which of them a model is asked from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from runner.errors import AgentUnavailable

from .backend import Provider

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY")
ENVIRONMENT = (*KEYS, "ANTHROPIC_BASE_URL", "OPENAI_BASE_URL")
ANTHROPIC = "https://api.anthropic.com"
OPENAI = "https://api.openai.com/v1"

REMEDY = "set ANTHROPIC_API_KEY or OPENAI_API_KEY, or sign in with `{}` as the user baro runs as."

Kind = Literal["anthropic", "openai", "compatible"]


class Route(Struct, frozen=True):
    """A model and who serves it. `compatible` is somebody else's endpoint that speaks OpenAI's Chat Completions:
    command lines know nothing about its models, and so have no default among them."""

    kind: Kind
    model: str
    """as the provider names it; "" is the command line's own choice"""
    provider: Provider

    @property
    def name(self) -> str:
        """The model as `provider/model`, "" where none was named."""
        return f"{self.kind}/{self.model}" if self.model else ""


class Providers:
    """Those the operator gave keys for. An endpoint named by OPENAI_BASE_URL may need none."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = {name: env[name] for name in ENVIRONMENT if env.get(name)}
        self.secrets = tuple(self._env[name] for name in KEYS if len(self._env.get(name, "")) > 7)
        found = {"anthropic": self._anthropic(), "openai": self._openai()}
        self._known = {name: provider for name, provider in found.items() if provider}

    def __bool__(self) -> bool:
        return bool(self._known)

    def route(self, model: str) -> Route | None:
        """For `provider/model`, or `model` at the first provider there is; a name like `moonshotai/kimi-k2` has no
        provider of ours before its slash and is a model's own. None: there is no key for it."""
        provider, slash, name = model.partition("/")
        if not slash or provider not in ("anthropic", "openai"):
            provider, name = next(iter(self._known), ""), model
        if provider not in self._known:
            return None
        kind: Kind = "anthropic" if provider == "anthropic" else self._dialect
        if kind == "compatible" and not name:
            raise AgentUnavailable(
                "Nobody said which model to ask for at OPENAI_BASE_URL.", hint="Set BARO_MODEL to its name."
            )
        return Route(kind, name, self._known[provider])

    def needed(self, model: str, *, otherwise: bool) -> Route | None:
        """The same, but without a key there must be something else (`otherwise`) to open the model."""
        route = self.route(model)
        if route is None and not otherwise:
            hint = f"Set {'ANTHROPIC' if model.startswith('anthropic/') else 'OPENAI'}_API_KEY."
            raise AgentUnavailable(f"There is no key for the model `{model}`.", hint=hint)
        return route

    @property
    def _dialect(self) -> Literal["openai", "compatible"]:
        return "openai" if self._base("OPENAI_BASE_URL", OPENAI) == OPENAI else "compatible"

    def _anthropic(self) -> Provider | None:
        base = self._base("ANTHROPIC_BASE_URL", ANTHROPIC)
        if key := self._env.get("ANTHROPIC_API_KEY"):
            return Provider(base, {"x-api-key": key})
        token = self._env.get("ANTHROPIC_AUTH_TOKEN")
        return Provider(base, {"authorization": f"Bearer {token}"}) if token else None

    def _openai(self) -> Provider | None:
        base = self._base("OPENAI_BASE_URL", OPENAI)
        if key := self._env.get("OPENAI_API_KEY"):
            return Provider(base, {"authorization": f"Bearer {key}"})
        return Provider(base, {}) if "OPENAI_BASE_URL" in self._env else None

    def _base(self, name: str, default: str) -> str:
        return self._env.get(name, default).rstrip("/")
