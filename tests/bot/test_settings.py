"""What the operator says is read once, checked as a whole, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from inline_snapshot import snapshot

from bot.settings import AppSettings, HostSettings, Settings, read
from runner.domain.network import Authority
from runner.domain.route import Wishes
from runner.errors import SettingsError


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


KEY = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)).strip()
SOUND = {
    "GITHUB_APP_ID": "12345",
    "GITHUB_PRIVATE_KEY": KEY,
    "GITHUB_WEBHOOK_SECRET": "correct horse battery",
    "REDIS_URL": "redis://:open-sesame@localhost:6379/0",
}


def problems(environ: dict[str, str], directory: Path, kind: type[HostSettings] = Settings) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(kind, environ, directory)
    return caught.value.problems


def test_sound_settings_have_the_documented_defaults(tmp_path: Path) -> None:
    settings = read(Settings, SOUND, tmp_path)

    assert (settings.app_id, settings.private_key.get_secret_value()) == ("12345", KEY)
    assert settings.model_dump(exclude={"home", "key_text", "webhook_secrets", "redis_url", "app_id"}) == snapshot(
        {
            "agent": "auto",
            "model": None,
            "agents": Wishes(),
            "agent_script": None,
            "max_runs": 4,
            "max_agents": 4,
            "sandbox": "auto",
            "network": "registry",
            "network_hosts": None,
            "agent_memory": None,
            "agent_disk": None,
            "lease": 15.0,
            "stop_grace": 8.0,
            "silence": 600.0,
            "retry_max": 60.0,
            "poll": 0.02,
            "retention_days": 30.0,
            "log_format": None,
            "crashpoint": None,
            "agent_variables": {},
            "registry_variables": {},
            "key_file": None,
            "api_url": "https://api.github.com",
            "github_url": "https://github.com",
            "host": "127.0.0.1",
            "port": 3000,
            "public": None,
            "allowed_accounts": None,
            "mode_grace": 20.0,
        }
    )
    assert settings.public_url == "http://127.0.0.1:3000"


def test_every_missing_setting_is_named_at_once_with_what_to_do(tmp_path: Path) -> None:
    assert problems({}, tmp_path) == snapshot(
        [
            "GITHUB_APP_ID is not set: it must be the App's id or client id, from the App's settings page",
            "GITHUB_PRIVATE_KEY_FILE is not set: it must be the .pem file with the App's private key (or put its text into GITHUB_PRIVATE_KEY)",
            "GITHUB_WEBHOOK_SECRET is not set: it must be the webhook secret from the App's settings page (while rotating, both, separated by a comma)",
            "REDIS_URL is not set: it must be a URL like redis://localhost:6379/0 (or start `baro up`, which brings a Redis of its own)",
        ]
    )


def test_unknown_malformed_and_missing_settings_are_reported_together(tmp_path: Path) -> None:
    (tmp_path / "baro.env").write_text("BARO_MAX_RUN=2\nthis is no setting\nBARO_LEASE=nan\n")
    wrong = {
        "BARO_COLOUR": "blue",
        "BARO_AGENT": "scripted",
        "BARO_MAX_RUNS": "many",
        "BARO_SANDBOX": "jail",
        "PORT": "99999",
        "GITHUB_PRIVATE_KEY": "no key",
        "GITHUB_WEBHOOK_SECRET": "one,",
        "GITHUB_URL": "ftp://example.com",
        "BARO_ALLOWED_ACCOUNTS": "octo-org, b c",
        "REDIS_URL": "localhost:6379",
    }
    assert problems(wrong, tmp_path) == snapshot(
        [
            "baro.env, line 2, is not understood: write NAME=value, or start it with #",
            "BARO_COLOUR is no setting of baro: remove it, or see the table in README.md",
            "BARO_MAX_RUN is no setting of baro: did you mean BARO_MAX_RUNS?",
            "BARO_AGENT_SCRIPT is not set: it must be the YAML file that BARO_AGENT=scripted follows",
            "BARO_MAX_RUNS must be a whole number, 1 or more, not 'many'",
            "BARO_SANDBOX must be one of auto, bubblewrap, none, not 'jail'",
            "BARO_LEASE must be seconds, more than 0, not 'nan'",
            "GITHUB_APP_ID is not set: it must be the App's id or client id, from the App's settings page",
            "GITHUB_PRIVATE_KEY must be the App's private key as PEM text; that is no unencrypted PEM private key",
            "GITHUB_WEBHOOK_SECRET must be the webhook secret from the App's settings page (while rotating, both, separated by a comma); there must be one, or two separated by one comma, and none of them empty",
            "GITHUB_URL must be a URL like https://github.com; 'ftp://example.com' is no plain http or https URL",
            "PORT must be a port from 1 to 65535, not '99999'",
            "BARO_ALLOWED_ACCOUNTS must be users and organisations separated by commas, or * for everybody; 'b c' cannot be an account",
            "REDIS_URL must be a URL like redis://localhost:6379/0 (or start `baro up`, which brings a Redis of its own); it does not begin with redis://, rediss:// or unix:///",
        ]
    )


def test_only_web_and_runner_need_a_redis_of_the_operators(tmp_path: Path) -> None:
    without = {name: value for name, value in SOUND.items() if name != "REDIS_URL"}

    assert read(AppSettings, without, tmp_path).redis_url is None
    assert "baro up" in problems(without, tmp_path)[0]


def test_a_command_that_talks_to_no_github_needs_no_app(tmp_path: Path) -> None:
    assert read(HostSettings, {}, tmp_path).agent == "auto"


def test_the_environment_wins_over_the_file_and_empty_means_unset(tmp_path: Path) -> None:
    (tmp_path / "baro.env").write_text('BARO_MAX_RUNS=2\nBARO_MAX_AGENTS=3\nGITHUB_WEBHOOK_SECRET="from ${HOME}"\n')
    environ = {**SOUND, "BARO_MAX_RUNS": "9", "BARO_LEASE": ""}

    settings = read(Settings, environ, tmp_path)
    assert (settings.max_runs, settings.max_agents, settings.lease) == (9, 3, 15.0)

    blanked = problems({**environ, "GITHUB_WEBHOOK_SECRET": ""}, tmp_path)
    assert blanked[0].startswith("GITHUB_WEBHOOK_SECRET is not set")


def test_routes_are_given_by_role_and_tier(tmp_path: Path) -> None:
    settings = read(HostSettings, {"BARO_AGENTS": "light=claude:haiku; allow=claude"}, tmp_path)
    assert settings.agents == Wishes({"light": ("claude:haiku",)}, ("claude",))


def test_wrong_routes_are_reported_with_everything_else_that_is_wrong(tmp_path: Path) -> None:
    wrong = {**SOUND, "BARO_AGENT": "claude:opus", "BARO_AGENTS": "hevy=claude; light=cluade", "BARO_MAX_RUNS": "x"}
    told = problems(wrong, tmp_path)
    assert len(told) == 3
    assert "the model of 'claude:opus' belongs into BARO_MODEL, or the whole of it into BARO_AGENTS" in told[0]
    assert "`hevy` is no role or tier (did you mean `heavy`?); `light`: `cluade` is none of" in told[1]


def test_a_value_in_the_file_is_taken_literally(tmp_path: Path) -> None:
    """Secrets are random characters: `${…}` in one is no reference."""
    (tmp_path / "baro.env").write_text("GITHUB_WEBHOOK_SECRET='a${HOME}b'\n")
    environ = {name: value for name, value in SOUND.items() if name != "GITHUB_WEBHOOK_SECRET"}

    (secret,) = read(Settings, environ, tmp_path).webhook_secrets
    assert secret.get_secret_value() == "a${HOME}b"


def test_two_webhook_secrets_while_rotating(tmp_path: Path) -> None:
    settings = read(Settings, {**SOUND, "GITHUB_WEBHOOK_SECRET": "new-one, old-one"}, tmp_path)
    assert [secret.get_secret_value() for secret in settings.webhook_secrets] == ["new-one", "old-one"]


def test_the_key_may_come_from_a_file_or_with_escaped_line_breaks(tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_text(KEY + "\n")
    without = {name: value for name, value in SOUND.items() if name != "GITHUB_PRIVATE_KEY"}

    from_file = read(Settings, {**without, "GITHUB_PRIVATE_KEY_FILE": str(tmp_path / "app.pem")}, tmp_path)
    escaped = read(Settings, {**without, "GITHUB_PRIVATE_KEY": KEY.replace("\n", "\\n")}, tmp_path)

    assert from_file.private_key.get_secret_value() == KEY
    assert escaped.private_key.get_secret_value() == KEY


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({"GITHUB_PRIVATE_KEY": pem(ec.generate_private_key(ec.SECP256R1()))}, "no RSA key"),
        ({"GITHUB_PRIVATE_KEY": KEY[: len(KEY) // 2]}, "no unencrypted PEM private key"),
        ({"GITHUB_PRIVATE_KEY_FILE": "/nowhere/app.pem", "GITHUB_PRIVATE_KEY": ""}, "No such file or directory"),
        ({"GITHUB_PRIVATE_KEY_FILE": "app.pem"}, "keep one of them"),
    ],
)
def test_a_key_github_could_not_have_given_is_refused_at_the_start(
    environ: dict[str, str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.pem").write_text(KEY)
    (problem,) = problems({**SOUND, **environ}, tmp_path)
    assert reason in problem


def test_accounts_are_compared_without_case(tmp_path: Path) -> None:
    assert read(Settings, {**SOUND, "BARO_ALLOWED_ACCOUNTS": "Octo-Org, hubot"}, tmp_path).allowed_accounts == (
        "octo-org",
        "hubot",
    )
    assert read(Settings, {**SOUND, "BARO_ALLOWED_ACCOUNTS": "*"}, tmp_path).allowed_accounts == ("*",)


def test_only_what_a_backend_knows_is_kept_for_agents(tmp_path: Path) -> None:
    wanted = {"PATH": "/usr/bin", "ANTHROPIC_API_KEY": "sk-secret-key", "ANTHROPIC_BASE_URL": "http://model.example"}
    settings = read(Settings, {**SOUND, **wanted, "AWS_SECRET_ACCESS_KEY": "x"}, tmp_path)
    assert (settings.agent_environment(), settings.path) == (wanted, "/usr/bin")


def test_what_is_secret_can_be_hidden_and_is_never_printed(tmp_path: Path) -> None:
    environ = {**SOUND, "ANTHROPIC_API_KEY": "sk-secret-key", "ANTHROPIC_BASE_URL": "http://model.example"}
    settings = read(Settings, environ, tmp_path)

    hidden = settings.secrets()
    assert {"sk-secret-key", "correct horse battery", "open-sesame", KEY} <= set(hidden)
    assert KEY.splitlines()[3] in hidden, "a line of the key is as bad as the key"
    assert "http://model.example" not in hidden
    assert not [secret for secret in hidden if secret in repr(settings) + str(settings)]


def test_settings_are_frozen(tmp_path: Path) -> None:
    settings = read(Settings, SOUND, tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1


@pytest.mark.parametrize(
    ("said", "size"), [("512M", 512 << 20), ("8G", 8 << 30), ("1.5 GiB", 3 << 29), ("100000000", 10**8)]
)
def test_sizes_are_said_as_people_say_them(said: str, size: int, tmp_path: Path) -> None:
    assert read(HostSettings, {"BARO_AGENT_MEMORY": said}, tmp_path).agent_memory == size


@pytest.mark.parametrize("said", ["lots", "8X", "-1G", "1M", "0"])
def test_what_is_no_size_is_said_to_be_none(said: str, tmp_path: Path) -> None:
    assert problems({"BARO_AGENT_DISK": said}, tmp_path, HostSettings)[0].startswith(
        "BARO_AGENT_DISK must be a size like 512M or 16G; "
    )


def test_hosts_that_sandboxes_may_reach_are_exact_names(tmp_path: Path) -> None:
    hosts = read(Settings, SOUND | {"BARO_NETWORK_HOSTS": "a.example, B.example:8443"}, tmp_path).network_hosts
    assert hosts == (Authority("a.example", 80), Authority("a.example", 443), Authority("b.example", 8443))
    assert problems(SOUND | {"BARO_NETWORK_HOSTS": "*.example.com,https://a.example,b.example"}, tmp_path) == snapshot(
        [
            "BARO_NETWORK_HOSTS must be exact host names separated by commas, each with a port where it is neither 80 nor 443; '*.example.com', 'https://a.example' is no exact host name"
        ]
    )


def test_the_password_of_a_package_index_is_a_secret_and_nothing_agents_get(tmp_path: Path) -> None:
    settings = read(Settings, SOUND | {"PIP_EXTRA_INDEX_URL": "https://me:hunter2@a.corp https://b.corp"}, tmp_path)
    assert "hunter2" in settings.secrets()
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(settings.agent_environment())
