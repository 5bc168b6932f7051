"""The publish gate: what stays on this machine, and what is no reason to stay."""

from __future__ import annotations

import base64
import textwrap

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.domain.lockfiles import stray_lockfile
from runner.domain.policy import MAX_FILE, REDACTED, File, Gate, agent_configuration

SECRET = "correct-horse-battery"
GATE = Gate([SECRET, "short"], protected=["deploy/**"])
KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEAx0examplexamplexamplexamplexampleQ\n" * 2
ALPHABET = "".join(chr(65 + 7 * n % 26) + chr(97 + 11 * n % 26) + str(7 * n % 10) for n in range(100))
SIGNED = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NTYifQ.c2lnbmF0dXJlLW9mLXRoZS1hcHA"
TOKENS = {
    "ghs_" + ALPHABET[:40]: "a GitHub token",
    "ghp_" + ALPHABET[:36]: "a GitHub token",
    f"ghs_123456_{SIGNED}": "a GitHub token",
    "github_pat_" + ALPHABET[:82]: "a GitHub token",
    "glpat-" + ALPHABET[:20]: "a GitLab token",
    "sk-ant-api03-" + ALPHABET[:95]: "an Anthropic key",
    "sk-proj-" + ALPHABET[:74] + "T3BlbkFJ" + ALPHABET[:74]: "an OpenAI key",
    "sk-" + ALPHABET[:20] + "T3BlbkFJ" + ALPHABET[:20]: "an OpenAI key",
    "AIza" + ALPHABET[:35]: "a Google API key",
    "xox" + "b-123456789012-123456789012-" + ALPHABET[:24]: "a Slack token",
    "https://hooks.slack.com/services/" + "T01234567/B01234567/" + ALPHABET[:24]: "a Slack webhook",
    "sk_" + "live_" + ALPHABET[:24]: "a live Stripe key",
    "npm_" + ALPHABET[:36]: "an npm token",
    "pypi-AgEIc" + ALPHABET[:80]: "a Python package upload token",
    f"aws_id=AKIAQ7ZLCMWY3KPDRS2T\naws_secret='{ALPHABET[:40]}'": "an AWS access key with its secret",
    SIGNED: "a signed token (JWT)",
    "postgres://shop:Tr4vel-l1ght@db.internal.acme.io/shop": "an address with a password in it",
}
PICTURES = [
    "ghp_" + "x" * 36,
    "AKIAIOSFODNN7EXAMPLE",
    f"AKIAQ7ZLCMWY3KPDRS2T fixed in {'0123456789abcdef' * 2}01234567",
    "AKIAIOSFODNN7EXAMPLE / wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "sk_test_" + ALPHABET[:24],
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "eyJub3QiOiJhIGhlYWRlciJ9.eyJpc3MiOiIxMjM0NTYifQ.c2lnbmF0dXJlLW9mLXRoZS1hcHA",
    "postgres://user:password123@db.acme.io/x",
    "postgres://shop:Tr4vel-l1ght@localhost/shop",
    "https://user:${PASSWORD}@acme.io/",
    "git@github.com:acme/toolkit.git https://acme.io:8080/a@b",
    "sha512-" + "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
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


@pytest.mark.parametrize(("token", "kind"), TOKENS.items())
def test_credentials_of_known_shape_stay_here_and_are_redacted(token: str, kind: str) -> None:
    assert GATE.reason(text(f'key = "{token}"\n')) == f"contains {kind}"
    assert REDACTED in GATE.text(f"It said {token} .")
    assert token[-20:] not in GATE.text(f"It said {token} .")


@pytest.mark.parametrize("picture", PICTURES)
def test_what_documentation_shows_in_place_of_a_credential_may_ship(picture: str) -> None:
    assert GATE.reason(text(f"key = {picture}\n")) is None


def test_a_credential_in_a_name_stays_here_like_one_in_a_file() -> None:
    named = msgspec.structs.replace(text("x", path=f"notes/{[*TOKENS][1]}.txt"), added=True)
    assert GATE.reason(named) == "contains a GitHub token"


@given(before=st.binary(max_size=7), after=st.binary(max_size=7), form=st.sampled_from(["b64", "url", "hex", "HEX"]))
def test_the_operators_own_secrets_are_known_in_every_encoding_wherever_they_stand(
    before: bytes, after: bytes, form: str
) -> None:
    data = before + SECRET.encode() + after
    shown = {
        "b64": base64.b64encode(data),
        "url": base64.urlsafe_b64encode(data),
        "hex": data.hex().encode(),
        "HEX": data.hex().upper().encode(),
    }[form].decode()
    assert GATE.reason(text(f"x = {shown}\n")) == "contains a secret of this installation"
    assert REDACTED in GATE.text(shown)


@pytest.mark.parametrize("column", [20, 60, 64, 76])
def test_an_encoded_secret_that_was_wrapped_into_lines_is_still_one(column: int) -> None:
    shown = base64.b64encode(b"something before " * 3 + SECRET.encode() + b" and after").decode()
    assert GATE.reason(text("\n".join(textwrap.wrap(shown, column)))) == "contains a secret of this installation"


@pytest.mark.parametrize("cut", ['" + "', "' '", '"\n    "', '" + \\\n  "', "\n", "\n# "])
def test_a_secret_that_was_cut_into_literals_or_lines_is_still_one(cut: str) -> None:
    assert GATE.reason(text(f'x = ("{SECRET[:9]}{cut}{SECRET[9:]}")')) == "contains a secret of this installation"


def test_secrets_of_the_moment_are_asked_for_anew() -> None:
    now: list[str] = []
    gate = Gate(lambda: now)
    assert gate.text("a-fresh-token") == "a-fresh-token"
    now.append("a-fresh-token")
    assert gate.text("a-fresh-token") == REDACTED


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
    one, two, *_ = TOKENS
    assert GATE.reason(text(f"{one}\n{two}\n", before=one)) == "contains a GitHub token"


def test_a_secret_that_moved_with_its_file_is_not_ours_to_judge_and_a_new_one_is() -> None:
    inspection = Gate().inspect()
    inspection.look(File("old.pem", "000000", before=KEY.encode()))
    inspection.look(msgspec.structs.replace(text(KEY, "new.pem"), added=True))
    inspection.look(msgspec.structs.replace(text(KEY.replace("MIIE", "MIIF"), "more.pem"), added=True))
    assert inspection.reasons() == [None, None, "contains a private key"]


def test_what_an_earlier_commit_of_ours_brought_is_not_known_from_the_base() -> None:
    inspection = Gate().inspect()
    inspection.look(msgspec.structs.replace(text(KEY, "a.pem"), added=True))
    inspection.look(File("a.pem", "000000", before=KEY.encode(), of_base=False))
    assert inspection.reasons() == ["contains a private key", None]


def test_large_files_stay_here_unread() -> None:
    assert GATE.reason(File("big", "100644", MAX_FILE + 1)) == "is larger than 10,240 KiB"
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


@given(before=st.text(max_size=60), after=st.text(max_size=60), secret=st.sampled_from([SECRET, *TOKENS]))
def test_what_the_gate_has_redacted_has_no_secret_left_for_it_to_find(before: str, after: str, secret: str) -> None:
    clean = GATE.text(f"{before} {secret} {after}")
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
