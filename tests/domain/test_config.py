from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from runner.domain.config import UNLIMITED, Limits, RepoConfig, effective_limits, parse_config
from runner.domain.mode import Mode
from runner.domain.route import Choice
from runner.errors import ConfigError

CHOICE = Choice(("claude", "codex", "scripted"))


def refused(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, CHOICE)
    return caught.value.problems


@pytest.mark.parametrize(
    "text", ["", "\n", "# nothing yet\n", "---\n", "mode:\nlimits:\n", "mode: auto\nagent: auto\n"]
)
def test_a_file_that_says_nothing_means_the_defaults(text: str) -> None:
    assert parse_config(text) == RepoConfig()


def test_every_key_is_read() -> None:
    text = "mode: sequential\nagent: codex\nlimits:\n  agents: 2\n  wall: 600\n"
    assert parse_config(text) == RepoConfig(
        Mode.SEQUENTIAL, "codex", msgspec.structs.replace(UNLIMITED, agents=2, wall=600)
    )


@pytest.mark.parametrize(
    ("text", "checks"),
    [
        ("mode: auto", None),
        ("verify:", None),
        ("verify: []", []),
        ("verify: {}", []),
        ("verify: make check", [("make check", "make check")]),
        ("verify: [make lint, 'npm test', make lint]", [("make lint", "make lint"), ("npm test", "npm test")]),
        ("verify: {tests: npm test, types: tsc}", [("tests", "npm test"), ("types", "tsc")]),
        ("verify:\n- |\n  npm ci\n  npm test\n", [("npm ci npm test", "npm ci\nnpm test\n")]),
    ],
)
def test_a_repository_names_its_own_checks_or_none_at_all(text: str, checks: list[tuple[str, str]] | None) -> None:
    found = parse_config(text).verify
    assert (None if found is None else [(check.name, check.command) for check in found]) == checks


@pytest.mark.parametrize(
    "text",
    [
        *("verify: 3", "verify: yes", "verify: ''", "verify: [1]", "verify: [[a]]", "verify: {a: }", "verify: {1: x}"),
        *(f"verify: [{'x' * 2_001}]", f"verify: {[f'c{n}' for n in range(21)]}", 'verify: ["a\\0b"]'),
    ],
)
def test_a_check_that_is_no_command_is_refused(text: str) -> None:
    (said,) = refused(text)
    assert "`verify`" in said


def test_all_problems_are_reported_at_once_with_what_was_meant() -> None:
    text = (
        "modes: focused\nmode: paralel\nagent: no\nlimits: {agents: 0, wal: 3, silence: soon, stories: 1.5, wall: yes}"
    )
    assert refused(text) == snapshot(
        [
            "unknown key `modes` (did you mean `mode`?)",
            "`mode` must be one of auto, focused, sequential, parallel, not `paralel` (did you mean `parallel`?)",
            "`agent` must be one of auto, claude, codex, scripted, not `False`",
            "unknown key `limits.wal` (did you mean `wall`?)",
            "`limits.agents` must be between 1 and 1,000,000, not `0`",
            "`limits.stories` must be a whole number, not `1.5`",
            "`limits.wall` must be a number of seconds, not `True`",
            "`limits.silence` must be a number of seconds, not `soon`",
        ]
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- mode", "the file must be a mapping of keys to values"),
        ("limits: 3", "`limits` must be a mapping of keys to values"),
        ("1: x", "unknown key `1`"),
        ("limits: {wall: .nan}", "`limits.wall` must be between 60 and 1,000,000,000 seconds, not `nan`"),
        ("limits: {wall: .inf}", "`limits.wall` must be between 60 and 1,000,000,000 seconds, not `inf`"),
        ("mode: focused\nmode: parallel", "line 1: a key is given twice"),
        ("mode: [", "line 2: did not find expected node content"),
        ("a: 1\n---\nb: 2", "but found another document"),
        ("mode: &m focused\nagent: *m", "anchors and aliases (`&`, `*`) are not supported"),
        ("a: " + "[" * 2000, "the file is nested too deeply or holds too many values"),
        ("a: [" + "1," * 3000 + "]", "the file is nested too deeply or holds too many values"),
        ("#" * 20_001, "the file is longer than 20,000 characters"),
        ("mode: !!python/object/apply:os.system [id]", "could not determine a constructor"),
        ("? [a]\n: b", "line 1: found unhashable key"),
        ("mode: 2001-99-99", "it is not YAML"),
        ("mode: " + "9" * 5000, "it is not YAML"),
        ("mode: \x00", "it is not YAML"),
        ("mode: \ud800", "it is not YAML"),
    ],
)
def test_what_is_no_small_file_of_settings_is_refused(text: str, problem: str) -> None:
    (said,) = refused(text)
    assert problem in said


def test_an_alias_bomb_is_refused_before_it_is_built() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    assert refused(bomb) == ["anchors and aliases (`&`, `*`) are not supported"]


def test_a_repository_names_routes_for_roles_and_tiers() -> None:
    text = "agents: {light: claude:haiku, heavy: [claude:opus, codex], critic: claude:sonnet}"
    assert parse_config(text, CHOICE).agents == {
        "light": ("claude:haiku",),
        "heavy": ("claude:opus", "codex"),
        "critic": ("claude:sonnet",),
    }


def test_routes_that_cannot_be_taken_are_all_named_with_what_was_meant() -> None:
    text = "agents: {hevy: claude, light: [cluade, 3], critic: [], plan: 'claude:--help', standard: codex}"
    allowed = Choice(("claude", "codex", "scripted"), ("claude:haiku",))
    with pytest.raises(ConfigError) as caught:
        parse_config(text, allowed)
    assert caught.value.problems == snapshot(
        [
            "`agents.hevy` is no role or tier (did you mean `heavy`?)",
            "`agents.light`: `cluade` is none of auto, claude, codex, scripted (did you mean `claude`?)",
            "`agents.light`: `3` is not `backend` or `backend:model`",
            "`agents.critic` must name 1 to 8 routes, not 0",
            "`agents.plan`: `claude:--help` is not `backend` or `backend:model`",
            "`agents.standard`: `codex` is not among what whoever runs this baro allows: `claude:haiku`",
        ]
    )


@given(st.text(max_size=60) | st.text(alphabet="mode: agent\n-{}[]&*!'\"#|>%@`,?", max_size=60))
def test_any_file_is_read_or_refused_in_words(text: str) -> None:
    said = ""
    try:
        assert parse_config(text)
    except ConfigError as error:
        said = str(error)
    assert "\n" not in said


counts = st.integers(1, 50)
any_limits = st.builds(Limits, agents=counts, stories=counts, attempts=counts, waits=counts, wall=st.floats(60, 1e5))


@given(any_limits, any_limits)
def test_a_repository_can_lower_the_operators_limits_and_never_raise_one(wish: Limits, ceiling: Limits) -> None:
    result = effective_limits(RepoConfig(limits=wish), ceiling)
    for name in Limits.__struct_fields__:
        assert getattr(result, name) == min(getattr(wish, name), getattr(ceiling, name))


@given(any_limits)
def test_a_repository_that_says_nothing_gets_the_operators_limits(ceiling: Limits) -> None:
    assert effective_limits(parse_config("mode: focused"), ceiling) == ceiling
