"""The publish gate: what stays on this machine, and what is no reason to stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.domain.policy import MAX_FILE, REDACTED, File, Gate, agent_configuration, stray_lockfile

SECRET = "correct-horse-battery"
GATE = Gate([SECRET, "short"], protected=["deploy/**"])
KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEAx0examplexamplexamplexamplexampleQ\n" * 2
TOKENS = [
    "ghs_" + "a" * 40,
    "ghp_" + "A1" * 20,
    "ghs_123456_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NTYifQ.c2lnbmF0dXJl-x",
    "github_pat_" + "1A" * 20,
    "sk-ant-api03-" + "x" * 40,
    "AKIAIOSFODNN7EXAMPLE",
]


def text(content: str, path: str = "a.txt", before: str | None = None) -> File:
    return File(path, "100644", len(content), content.encode(), before.encode() if before is not None else None)


# --- paths -----------------------------------------------------------------------------------------------------

PROTECTED = [
    ".github/workflows/ci.yml",
    ".github/dependabot.yml",
    ".GitHub/workflows/ci.yml",
    "CODEOWNERS",
    ".github/CODEOWNERS",
    "docs/CODEOWNERS",
    ".claude/settings.json",
    "pkg/.claude/hooks/x.sh",
    ".codex/config.toml",
    ".opencode/plugin/x.ts",
    "opencode.json",
    "sub/opencode.jsonc",
    ".pi/settings.json",
    ".mcp.json",
    ".cursor/rules/x.mdc",
    ".claude",
    "deploy/prod.yml",
]
OPEN = ["CLAUDE.md", "sub/AGENTS.md", "src/CODEOWNERS", "docs/github/x.md", ".gitignore", "claude/x", "a/.github/x.yml"]


@pytest.mark.parametrize("path", PROTECTED)
def test_protected_paths_are_for_people(path: str) -> None:
    assert GATE.protects(path)
    assert GATE.reason(File(path, "000000")), "a deletion is a change too"


@pytest.mark.parametrize("path", OPEN)
def test_instruction_files_and_look_alikes_may_ship(path: str) -> None:
    assert GATE.reason(text("x\n", path)) is None
    assert not agent_configuration(path)


# --- contents --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", TOKENS)
def test_access_tokens_of_known_shape_stay_here_and_are_redacted(token: str) -> None:
    assert GATE.reason(text(f'key = "{token}"\n')) == "contains an access token"
    assert GATE.text(f"It said {token}.").startswith(f"It said {REDACTED}")
    assert token[:30] not in GATE.text(f"It said {token}.")


def test_the_operators_own_secrets_stay_here_and_are_redacted() -> None:
    assert GATE.reason(text(f"x={SECRET}")) == "contains a secret of this installation"
    assert GATE.text(f"a {SECRET} b") == f"a {REDACTED} b"


def test_a_value_too_short_to_be_a_secret_matches_nothing() -> None:
    assert GATE.reason(text("a short text")) is None
    assert GATE.text("a short text") == "a short text"


def test_a_longer_secret_that_contains_a_shorter_one_leaves_no_tail() -> None:
    assert Gate(["password", "password-of-production"]).text("password-of-production") == REDACTED


@pytest.mark.parametrize("end", ["", "-----END RSA PRIVATE KEY-----\n"])
def test_a_private_key_stays_here_and_is_redacted_to_its_end(end: str) -> None:
    assert GATE.reason(text(KEY + end)) == "contains a private key"
    assert "MIIE" not in GATE.text(f"see\n{KEY}{end}")


def test_a_key_written_as_one_line_of_code_is_a_key() -> None:
    one_line = repr(KEY)
    assert GATE.reason(text(one_line)) == "contains a private key"


def test_code_that_only_knows_how_keys_begin_may_ship() -> None:
    code = 'if line == "-----BEGIN PRIVATE KEY-----":\n    pass\nend = "-----END PRIVATE KEY-----"\n'
    assert GATE.reason(text(code)) is None
    assert GATE.text(code) == code


def test_only_what_is_new_in_a_file_counts() -> None:
    other = KEY.replace("MIIE", "MIIF")
    assert GATE.reason(text(f"{KEY}more\n", before=KEY)) is None
    assert GATE.reason(text(KEY + other, before=KEY)) == "contains a private key"
    assert GATE.reason(text(f"{TOKENS[0]}\n{TOKENS[1]}\n", before=TOKENS[0])) == "contains an access token"


def test_large_files_stay_here_unread() -> None:
    assert GATE.reason(File("big", "100644", MAX_FILE + 1)) == "is larger than 10240 KiB"
    assert not GATE.readable(MAX_FILE + 1)


# --- links and repositories ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "target", "leaves"),
    [
        ("a", "b", False),
        ("a", "./b/c", False),
        ("x/a", "../b", False),
        ("x/y/a", "../../b", False),
        ("a", "../b", True),
        ("x/a", "../../b", True),
        ("a", "/etc/passwd", True),
        ("a", "b/../../c", True),
        ("x/y/a", "b/../c", True),
        ("a", ".git/config", True),
        ("a", "C:\\x", True),
    ],
)
def test_a_link_may_not_lead_out(path: str, target: str, leaves: bool) -> None:
    reason = GATE.reason(File(path, "120000", len(target), target.encode()))
    assert (reason == "is a symbolic link that leads out of the repository") is leaves


def test_a_repository_inside_the_repository_stays_here() -> None:
    assert GATE.reason(File("sub", "160000")) == "is a repository inside the repository"


# --- lock files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lock", "changed", "declared", "ships"),
    [
        ("package-lock.json", ["package-lock.json"], [], False),
        ("package-lock.json", ["package-lock.json", "package.json"], [], True),
        ("package-lock.json", ["package-lock.json", "packages/a/package.json"], [], True),
        ("web/yarn.lock", ["web/yarn.lock", "package.json"], [], False),
        ("uv.lock", ["uv.lock"], ["uv.lock"], True),
        ("Cargo.lock", ["Cargo.lock", "Cargo.toml"], [], True),
        ("src/lock.py", ["src/lock.py"], [], True),
    ],
)
def test_a_lock_file_ships_with_its_manifest_or_by_name(
    lock: str, changed: list[str], declared: list[str], ships: bool
) -> None:
    assert (stray_lockfile(lock, changed, declared) is None) is ships


# --- in general ------------------------------------------------------------------------------------------------


@given(before=st.text(max_size=60), after=st.text(max_size=60), secret=st.sampled_from([SECRET, TOKENS[0], TOKENS[3]]))
def test_what_the_gate_has_redacted_has_no_secret_left_for_it_to_find(before: str, after: str, secret: str) -> None:
    clean = GATE.text(before + secret + after)
    assert secret not in clean
    assert GATE.reason(text(clean)) is None
    assert GATE.text(clean) == clean


@given(st.text(max_size=200))
def test_honest_text_passes_unchanged(words: str) -> None:
    assert GATE.text(words) == words


def test_an_unfinished_merge_stays_here_and_an_example_of_one_that_was_there_may_go() -> None:
    left, middle, right = "<" * 7, "=" * 7, ">" * 7
    conflict = f"{left} ours\na\n{middle}\nb\n{right} theirs\n".encode()
    heading = f"Title\n{middle}\ntext\n".encode()
    gate = Gate()
    assert gate.reason(File("a.py", "100644", len(conflict), conflict)) is not None
    assert gate.reason(File("a.md", "100644", len(conflict), conflict + b"more", before=conflict)) is None
    assert gate.reason(File("a.rst", "100644", len(heading), heading)) is None
