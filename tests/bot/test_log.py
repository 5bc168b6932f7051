"""Logs carry the ids of their context, take everybody's lines the same road, and never show a secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot import log

SECRET = "correct-horse-battery"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before, handlers, level = structlog.get_config(), root.handlers[:], root.level
    yield
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_one_json_object_with_the_ids_of_its_context(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json")
    with structlog.contextvars.bound_contextvars(run="abc", story="S1"):
        structlog.get_logger("bot.test").info("story.seated", attempt=1)

    (line,) = lines(capsys)
    line.pop("timestamp")
    assert line == {
        "level": "info", "event": "story.seated", "attempt": 1, "run": "abc", "story": "S1", "logger": "bot.test",
    }  # fmt: skip


def test_what_libraries_log_takes_the_same_road(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json", lambda: [SECRET])
    with structlog.contextvars.bound_contextvars(delivery="d1"):
        logging.getLogger("uvicorn.error").warning("started with %s", SECRET, extra={"color_message": "x"})
        logging.getLogger("arq.worker").info("chatter")

    (line,) = lines(capsys)
    assert (line["event"], line["delivery"]) == ("started with [redacted]", "d1")
    assert "color_message" not in line


@pytest.mark.parametrize("style", ["json", "pretty"])
def test_a_traceback_shows_no_secret_either(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json" if style == "json" else "pretty", lambda: [SECRET])
    try:
        raise ValueError(f"it was {SECRET}")
    except ValueError:
        structlog.get_logger().exception("bad")

    shown = capsys.readouterr().err
    assert "ValueError: it was [redacted]" in shown
    assert SECRET not in shown


def test_secrets_are_asked_for_anew_with_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    known: list[str] = []
    log.configure("json", lambda: known)
    known.append("made-just-now")
    structlog.get_logger().info("minted made-just-now")
    assert lines(capsys)[0]["event"] == "minted [redacted]"


@pytest.mark.parametrize(
    "token",
    [
        "ghs_" + "a" * 36,
        "ghs_12345_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0." + "b" * 300,
        "github_pat_" + "A1" * 20,
        "sk-ant-api03-" + "x" * 40,
        "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA" * 4 + "\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_token_is_hidden_though_nobody_named_it(
    token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("json")
    structlog.get_logger().info("git said", output=f"fatal: {token}, or so")
    assert lines(capsys)[0]["output"] == "fatal: [redacted], or so"


values = st.recursive(
    st.text(max_size=5) | st.integers() | st.none() | st.builds(lambda a, b: a + SECRET + b, st.text(), st.text()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.just(SECRET), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(value=values)
def test_no_nesting_hides_a_secret_from_redaction(value: object) -> None:
    cleaned = log.redactor(lambda: [SECRET])(None, "info", {"event": "x", "value": value})
    assert SECRET not in repr(cleaned)
