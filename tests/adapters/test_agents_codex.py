"""How Codex is started, and what it is given. Nothing here starts it; test_codex.py does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.adapters.agents.backend import PLACEHOLDER, Launch, Provider
from runner.adapters.agents.codex import Codex
from runner.adapters.agents.strict import strict
from runner.adapters.sandbox.room import Inside
from runner.errors import AgentUnavailable
from runner.participants.critic import CRITIC_SCHEMA
from runner.participants.intake import INTAKE_SCHEMA
from runner.participants.planner import PLAN_SCHEMA
from runner.participants.surgeon import SURGEON_SCHEMA
from tests.adapters.seats import Bench

KEY = "sk-a-real-key-0123456789"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    program = tmp_path / "bin/codex"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho codex-cli 0.169.0\n")
    program.chmod(0o755)
    return Bench(tmp_path, {"PATH": str(program.parent)})


def launch(bench: Bench, **env: str) -> Launch:
    inside = Inside("/workspace", "/home/agent", "http://gateway/1")
    return Codex(bench.env | env).launch(bench.job("critic"), "", inside, bench.home)


def signed_in(bench: Bench) -> None:
    config = bench.home.parent / ".codex"
    config.mkdir()
    (config / "auth.json").write_text('{"tokens": {}}')
    (config / "config.toml").write_text("")


def test_the_key_is_for_whoever_stands_before_the_provider_and_never_for_the_agent(bench: Bench) -> None:
    env = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://proxy/v1/"}
    started = launch(bench, **env)
    assert Codex(bench.env | env).provider("") == Provider("http://proxy/v1", {"authorization": f"Bearer {KEY}"})
    assert started.env["OPENAI_API_KEY"] == PLACEHOLDER
    assert 'model_providers.baro.base_url="http://gateway/1"' in started.argv
    assert KEY not in repr(started)
    assert "proxy" not in repr(started)
    assert all(KEY not in file.read_text() for file in bench.home.rglob("*") if file.is_file())


def test_without_a_base_url_it_is_openai(bench: Bench) -> None:
    provider = Codex(bench.env | {"OPENAI_API_KEY": KEY}).provider("")
    assert provider is not None
    assert provider.base == "https://api.openai.com/v1"


def test_of_a_subscription_only_the_credential_is_lent(bench: Bench) -> None:
    signed_in(bench)
    started = launch(bench)
    lent = bench.home / ".codex"
    assert {file.name for file in lent.iterdir()} == {"auth.json", "schema.json"}
    assert (lent / "auth.json").stat().st_mode & 0o777 == 0o600
    assert "OPENAI_API_KEY" not in started.env
    assert not [word for word in started.argv if "model_provider" in word]
    assert Codex(bench.env).provider("") is None
    assert Codex(bench.env).hosts("") == ("chatgpt.com", "auth.openai.com")


def test_a_key_makes_lending_the_credential_unnecessary(bench: Bench) -> None:
    signed_in(bench)
    launch(bench, OPENAI_API_KEY=KEY)
    assert not (bench.home / ".codex/auth.json").exists()
    assert Codex(bench.env | {"OPENAI_API_KEY": KEY}).hosts("") == ()


def test_without_either_it_says_what_to_do(bench: Bench) -> None:
    with pytest.raises(AgentUnavailable, match="Codex is not signed in") as missing:
        Codex(bench.env).find()
    assert missing.value.hint.startswith("Set OPENAI_API_KEY")


@pytest.mark.parametrize("schema", [INTAKE_SCHEMA, PLAN_SCHEMA, CRITIC_SCHEMA, SURGEON_SCHEMA])
def test_what_baro_asks_is_strict_already(schema: dict[str, Any]) -> None:
    assert strict(schema) == schema


schemas: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.sampled_from([{"type": "string"}, {"enum": ["a"]}, {"type": "object"}]),
    lambda inner: (
        st.builds(lambda items: {"type": "array", "items": items}, inner)
        | st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(
            lambda properties: {"type": "object", "properties": properties},
            st.dictionaries(st.sampled_from(["a", "type", "properties"]), inner, max_size=3),
        )
    ),
)


@given(schemas)
def test_a_strict_schema_names_all_that_its_objects_have(schema: dict[str, Any]) -> None:
    def objects(part: Any) -> list[dict[str, Any]]:
        inner = [
            *part.get("properties", {}).values(),
            *part.get("anyOf", []),
            *([part["items"]] if "items" in part else []),
        ]
        return [part] * (part.get("type") == "object") + [found for below in inner for found in objects(below)]

    made = strict(schema)
    assert len(objects(made)) == len(objects(schema))
    for found in objects(made):
        assert found["additionalProperties"] is False
        assert found["required"] == list(found["properties"])
    assert strict(made) == made
