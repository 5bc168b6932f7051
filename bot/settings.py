"""What the operator says: the environment and `baro.env`, read once, checked as a whole, and frozen.

The three classes are the three answers to "what must be there": `HostSettings` for commands that talk to no GitHub,
`AppSettings` for `baro up`, and `Settings` for `web` and `runner`, which meet in a Redis that is already running.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import platformdirs
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from runner.adapters.agents.registry import ENVIRONMENT, NAMES
from runner.adapters.network.configured import ENVIRONMENT as REGISTRIES
from runner.adapters.network.configured import TRUST
from runner.domain.route import AUTO, Wishes
from runner.errors import SettingsError

from . import envfile
from . import setting_types as kinds


class HostSettings(BaseSettings):
    """What every long-running command needs. A field's description ends the sentence "NAME must be …"."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    home: kinds.Directory = Field(
        default_factory=lambda: platformdirs.user_data_path("baro"),
        validation_alias="BARO_HOME",
        description="a directory",
    )
    agent: kinds.Agent = Field(AUTO, validation_alias="BARO_AGENT", description=f"one of {', '.join((AUTO, *NAMES))}")
    model: str | None = Field(None, validation_alias="BARO_MODEL", description="a model's name")
    agents: kinds.Agents = Field(
        default_factory=Wishes,
        validate_default=False,
        validation_alias="BARO_AGENTS",
        description="routes by role and tier, like light=claude:haiku; heavy=claude:opus|codex",
    )
    agent_script: kinds.File | None = Field(
        None,
        validation_alias="BARO_AGENT_SCRIPT",
        validate_default=True,
        description="the YAML file that BARO_AGENT=scripted follows",
    )
    max_runs: kinds.Count = Field(4, validation_alias="BARO_MAX_RUNS", description="a whole number, 1 or more")
    max_agents: kinds.Count = Field(4, validation_alias="BARO_MAX_AGENTS", description="a whole number, 1 or more")
    sandbox: Literal["auto", "bubblewrap", "none"] = Field(
        "auto", validation_alias="BARO_SANDBOX", description="one of auto, bubblewrap, none"
    )
    network: Literal["registry", "model", "open"] = Field(
        "registry", validation_alias="BARO_NETWORK", description="one of registry, model, open"
    )
    network_hosts: kinds.NetworkHosts | None = Field(
        None,
        validation_alias="BARO_NETWORK_HOSTS",
        description="exact host names separated by commas, each with a port where it is neither 80 nor 443",
    )
    agent_memory: kinds.Size | None = Field(
        None, validation_alias="BARO_AGENT_MEMORY", description="a size like 512M or 8G"
    )
    """None: what suits the machine"""
    agent_disk: kinds.Size | None = Field(
        None, validation_alias="BARO_AGENT_DISK", description="a size like 512M or 16G"
    )
    lease: kinds.Positive = Field(15.0, validation_alias="BARO_LEASE", description="seconds, more than 0")
    stop_grace: kinds.NotNegative = Field(8.0, validation_alias="BARO_STOP_GRACE", description="seconds, 0 or more")
    silence: kinds.Positive = Field(600.0, validation_alias="BARO_SILENCE", description="seconds, more than 0")
    retry_max: kinds.Positive = Field(60.0, validation_alias="BARO_RETRY_MAX", description="seconds, more than 0")
    poll: kinds.Positive = Field(0.02, validation_alias="BARO_POLL", description="seconds, more than 0")
    retention_days: kinds.Positive = Field(
        30.0, validation_alias="BARO_RETENTION_DAYS", description="days, more than 0"
    )
    log_format: Literal["json", "pretty"] | None = Field(
        None, validation_alias="BARO_LOG_FORMAT", description="json or pretty"
    )
    """None: pretty on a terminal, otherwise json"""
    crashpoint: str | None = Field(None, validation_alias="BARO_CRASHPOINT", description="the name of a crash point")
    """where to die on purpose; for tests"""
    agent_variables: dict[str, SecretStr] = Field(default_factory=dict)
    """those of the backends' ENVIRONMENT that are set"""
    registry_variables: dict[str, SecretStr] = Field(default_factory=dict)
    """those of the package managers' ENVIRONMENT that are set"""

    @field_validator("agent_script")
    @classmethod
    def _scripted_needs_a_script(cls, script: Path | None, info: ValidationInfo) -> Path | None:
        if script is None and info.data.get("agent") == "scripted":
            raise PydanticCustomError("missing", "unset")
        return script

    @classmethod
    def settings_customise_sources(cls, *_cls: Any, **named: Any) -> tuple[PydanticBaseSettingsSource, ...]:
        # `read` merges environment and file: the library's own reader expands `${…}` inside secrets, and passes over
        # lines it does not understand.
        return (named["init_settings"],)

    def agent_environment(self) -> dict[str, str]:
        """What agents may get to see of the operator's environment; each backend takes from it what it needs."""
        return {name: value.get_secret_value() for name, value in self.agent_variables.items()}

    def registry_environment(self) -> dict[str, str]:
        """What says where packages come from; no agent sees it."""
        said = {name: value.get_secret_value() for name, value in self.registry_variables.items()}
        return said | {name: value for name, value in self.agent_environment().items() if name in ("PATH", "HOME")}

    @property
    def path(self) -> str:
        """Where programs are looked for."""
        return self.agent_environment().get("PATH", os.defpath)

    def secrets(self) -> tuple[str, ...]:
        """Exact values that no log, comment or error may show."""
        keys = tuple(value for name, value in self.agent_environment().items() if name.endswith(("_KEY", "_TOKEN")))
        urls = [url for value in self.registry_environment().values() for url in value.split()]
        return (*keys, *(password for url in urls for password in kinds.passwords(url)))


class AppSettings(HostSettings):
    """What it takes to be a GitHub App, for `baro up`."""

    app_id: kinds.AppId = Field(
        validation_alias="GITHUB_APP_ID", description="the App's id or client id, from the App's settings page"
    )
    key_text: kinds.PrivateKey | None = Field(
        None, validation_alias="GITHUB_PRIVATE_KEY", description="the App's private key as PEM text"
    )
    key_file: kinds.PrivateKeyFile | None = Field(
        None,
        validation_alias="GITHUB_PRIVATE_KEY_FILE",
        validate_default=True,
        description="the .pem file with the App's private key (or put its text into GITHUB_PRIVATE_KEY)",
    )
    webhook_secrets: kinds.WebhookSecrets = Field(
        validation_alias="GITHUB_WEBHOOK_SECRET",
        description="the webhook secret from the App's settings page (while rotating, both, separated by a comma)",
    )
    api_url: kinds.HttpUrl = Field(
        "https://api.github.com",
        validation_alias="GITHUB_API_URL",
        description="a URL like https://api.github.com or https://github.example.com/api/v3",
    )
    github_url: kinds.HttpUrl = Field(
        "https://github.com", validation_alias="GITHUB_URL", description="a URL like https://github.com"
    )
    host: str = Field("127.0.0.1", validation_alias="BARO_HOST", description="an address to listen on")
    port: kinds.Port = Field(3000, validation_alias="PORT", description="a port from 1 to 65535")
    public: kinds.HttpUrl | None = Field(
        None, validation_alias="BARO_PUBLIC_URL", description="the URL at which the world reaches baro"
    )
    allowed_accounts: kinds.Accounts | None = Field(
        None,
        validation_alias="BARO_ALLOWED_ACCOUNTS",
        description="users and organisations separated by commas, or * for everybody",
    )
    """None: the App owner's account only"""
    mode_grace: kinds.NotNegative = Field(20.0, validation_alias="BARO_MODE_GRACE", description="seconds, 0 for none")
    redis_url: kinds.RedisUrl | None = Field(
        None, validation_alias="REDIS_URL", repr=False, description="a URL like redis://localhost:6379/0"
    )

    @field_validator("key_file")
    @classmethod
    def _exactly_one_key(cls, file: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if "key_text" not in info.data:  # malformed, and already reported
            return file
        text = info.data["key_text"]
        if file is None and text is None:
            raise PydanticCustomError("missing", "unset")
        if file is not None and text is not None:
            raise ValueError("GITHUB_PRIVATE_KEY is set too; keep one of them")
        return file

    @property
    def private_key(self) -> SecretStr:
        """The App's RSA key as PEM text, wherever it came from."""
        key = self.key_text or self.key_file
        assert key is not None  # _exactly_one_key
        return key

    @property
    def public_url(self) -> str:
        return self.public or f"http://{self.host}:{self.port}"

    def secrets(self) -> tuple[str, ...]:
        pem = self.private_key.get_secret_value()
        lines = [line for line in pem.splitlines() if line and "-----" not in line]
        hooks = [secret.get_secret_value() for secret in self.webhook_secrets]
        return (*super().secrets(), pem, *lines, *hooks, *kinds.passwords(self.redis_url))


class Settings(AppSettings):
    """What `web` and `runner` need: an App, and the Redis where they meet."""

    redis_url: kinds.RedisUrl = Field(
        validation_alias="REDIS_URL",
        repr=False,
        description="a URL like redis://localhost:6379/0 (or start `baro up`, which brings a Redis of its own)",
    )


Kind = TypeVar("Kind", bound=HostSettings)


def read(kind: type[Kind], environ: Mapping[str, str] | None = None, directory: Path | None = None) -> Kind:
    """Environment over `baro.env` over defaults. Raises SettingsError with every problem there is."""
    values, problems = _said(environ, directory)
    problems += _unknown(values)
    try:
        settings = kind(
            **_only(values, _fields()),
            agent_variables=_only(values, ENVIRONMENT),
            registry_variables=_only(values, (*REGISTRIES, *TRUST)),
        )
    except ValidationError as error:
        problems += [_sentence(detail) for detail in error.errors(include_url=False)]
        raise SettingsError(problems) from None  # the original shows what was typed, secrets included
    if problems:
        raise SettingsError(problems)
    return settings


def read_what_is_sound(
    kind: type[Kind], environ: Mapping[str, str] | None = None, directory: Path | None = None
) -> Kind:
    """The same without what is wrong, for a kind that requires nothing."""
    values, _ = _said(environ, directory)
    while True:
        try:
            return kind(**_only(values, _fields()), agent_variables=_only(values, ENVIRONMENT))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                del values[str(detail["loc"][0])]


def _said(environ: Mapping[str, str] | None, directory: Path | None) -> tuple[dict[str, str], list[str]]:
    """Every value, and what is wrong with the file. An empty value is as good as none: that is how deployments blank a
    setting out."""
    environ = os.environ if environ is None else environ
    from_file, problems = envfile.read(directory or Path.cwd())
    return {name: value.strip() for name, value in {**from_file, **environ}.items() if value.strip()}, problems


def _fields() -> dict[str, str]:
    """Setting name to what it must be; `Settings` last, whose REDIS_URL says most."""
    return {str(f.validation_alias): f.description or "" for f in Settings.model_fields.values() if f.validation_alias}


def _only(values: Mapping[str, str], names: Iterable[str]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _unknown(names: Iterable[str]) -> list[str]:
    known = _fields()
    strange = sorted(name for name in names if name.startswith("BARO_") and name not in known)
    return [f"{name} is no setting of baro: {_instead(name, known)}" for name in strange]


def _instead(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f"did you mean {near[0]}?" if near else "remove it, or see the table in README.md"


def _sentence(detail: ErrorDetails) -> str:
    # A check on a default is reported under the field's name, everything else under the setting's.
    place = str(detail["loc"][0])
    name = str(Settings.model_fields[place].validation_alias) if place in Settings.model_fields else place
    wanted = f"must be {_fields()[name]}"
    match detail["type"]:
        case "missing":
            return f"{name} is not set: it {wanted}"
        case "value_error":
            return f"{name} {wanted}; {detail['ctx']['error']}"
        case _:
            return f"{name} {wanted}, not {detail['input']!r}"
