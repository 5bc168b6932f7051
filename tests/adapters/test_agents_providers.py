"""Which provider is asked for a model, and which sign-ins are lent; whether the command lines agree is in test_pi.py
and test_opencode.py."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from runner.adapters.agents.backend import Provider
from runner.adapters.agents.providers import Providers, Route
from runner.adapters.agents.reply import form
from runner.adapters.agents.sign_in import SignIn
from runner.errors import AgentUnavailable

ANTHROPIC = {"ANTHROPIC_API_KEY": "key-anthropic"}
OPENAI = {"OPENAI_API_KEY": "key-openai"}
AT_ANTHROPIC = Provider("https://api.anthropic.com", {"x-api-key": "key-anthropic"})
AT_OPENAI = Provider("https://api.openai.com/v1", {"authorization": "Bearer key-openai"})


@pytest.mark.parametrize(
    ("env", "model", "route"),
    [
        (ANTHROPIC | OPENAI, "", Route("anthropic", "", AT_ANTHROPIC)),
        (ANTHROPIC | OPENAI, "claude-x", Route("anthropic", "claude-x", AT_ANTHROPIC)),
        (ANTHROPIC | OPENAI, "anthropic/claude-x", Route("anthropic", "claude-x", AT_ANTHROPIC)),
        (ANTHROPIC | OPENAI, "openai/gpt-x", Route("openai", "gpt-x", AT_OPENAI)),
        (OPENAI, "gpt-x", Route("openai", "gpt-x", AT_OPENAI)),
        (OPENAI, "anthropic/claude-x", None),
        ({}, "gpt-x", None),
    ],
)
def test_a_model_is_asked_from_the_provider_it_names_or_else_from_the_first_with_a_key(
    env: dict[str, str], model: str, route: Route | None
) -> None:
    assert Providers(env).route(model) == route


def test_somebody_elses_endpoint_speaks_the_compatible_dialect_and_may_need_no_key() -> None:
    known = Providers({"OPENAI_BASE_URL": "http://localhost:11434/v1/"})
    there = Provider("http://localhost:11434/v1", {})
    assert known.route("moonshotai/kimi-k2") == Route("compatible", "moonshotai/kimi-k2", there)
    assert known.route("openai/kimi") == Route("compatible", "kimi", there)
    with pytest.raises(AgentUnavailable, match="which model"):
        known.route("")


def test_a_model_without_a_key_or_a_sign_in_says_what_is_missing() -> None:
    known = Providers(ANTHROPIC)
    assert known.needed("openai/gpt-x", otherwise=True) is None
    with pytest.raises(AgentUnavailable, match="openai/gpt-x") as missing:
        known.needed("openai/gpt-x", otherwise=False)
    assert missing.value.hint == "Set OPENAI_API_KEY."


def test_a_token_for_anthropic_is_a_bearers() -> None:
    route = Providers({"ANTHROPIC_AUTH_TOKEN": "token", "ANTHROPIC_BASE_URL": "http://proxy/a/"}).route("")
    assert route is not None
    assert route.provider == Provider("http://proxy/a", {"authorization": "Bearer token"})


def test_keys_are_secrets() -> None:
    assert Providers(ANTHROPIC | OPENAI).secrets == ("key-anthropic", "key-openai")


def test_only_sign_ins_that_are_no_keys_and_not_githubs_are_lent_and_only_to_the_agent(tmp_path: Path) -> None:
    file, lent = tmp_path / "auth.json", tmp_path / "home/.pi/auth.json"
    signed = {"type": "oauth", "refresh": "r", "access": "a", "expires": 1}
    others = {"anthropic": {"type": "api", "key": "k"}, "github-copilot": signed}
    sign_in = SignIn(file, {"anthropic": ("a.example",), "openai": ("b.example", "c.example")})
    assert not sign_in
    file.write_text(json.dumps(others))
    assert not sign_in
    file.write_text(json.dumps({**others, "openai": signed}))
    assert sign_in
    assert sign_in.hosts == ("b.example", "c.example")
    sign_in.lend(lent)
    assert json.loads(lent.read_text()) == {"openai": signed}
    assert stat.S_IMODE(lent.stat().st_mode) == 0o600


def test_the_form_of_a_reply_is_asked_for_in_words() -> None:
    assert form("Vote.", None) == "Vote."
    assert form("Vote.", {"type": "object"}).startswith("Vote.\n\nEnd with one JSON object of this schema")
