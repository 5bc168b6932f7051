"""Settings as far as they are there: before anything is configured, a doctor has to work as well."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from bot import setting_types as kinds
from bot.settings import AppSettings, read, read_what_is_sound
from runner.errors import SettingsError


class Draft(AppSettings):
    """Nothing is required, and "" or () stands for what is not there."""

    app_id: kinds.AppId = Field("", validation_alias="GITHUB_APP_ID", validate_default=False)
    webhook_secrets: kinds.WebhookSecrets = Field((), validation_alias="GITHUB_WEBHOOK_SECRET", validate_default=False)

    @field_validator("agent_script")
    @classmethod
    def _scripted_needs_a_script(cls, script: Path | None, info: ValidationInfo) -> Path | None:  # noqa: ARG003
        return script

    @field_validator("key_file")
    @classmethod
    def _exactly_one_key(cls, file: SecretStr | None, info: ValidationInfo) -> SecretStr | None:  # noqa: ARG003
        return file

    @property
    def has_app(self) -> bool:
        return bool(self.app_id and (self.key_text or self.key_file))

    def secrets(self) -> tuple[str, ...]:
        if self.key_text or self.key_file:
            return super().secrets()
        hooks = tuple(secret.get_secret_value() for secret in self.webhook_secrets)
        return (*super(AppSettings, self).secrets(), *hooks, *kinds.passwords(self.redis_url))


def settings(environ: Mapping[str, str] | None = None, directory: Path | None = None) -> tuple[Draft, list[str]]:
    """What is sound of the settings, and a line for each that `baro up` would refuse to start with."""
    problems: list[str] = []
    try:
        read(AppSettings, environ, directory)
    except SettingsError as error:
        problems = error.problems
    return read_what_is_sound(Draft, environ, directory), problems
