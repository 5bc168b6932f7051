"""From a payload to an ask."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from handlers import CALLBACKS, Malformed, ask_of
from handlers.asks import Command, Installed, Misread, StartRun, decode, encode
from handlers.us import Us
from runner.domain.goal import Person, Repository, Thread, Trigger
from tests.world.payloads import account, app, comment_event, encoded, installation_event, issue_event, short

US = Us(app="4242", login="baro[bot]")


def ask(event: str, payload: Any, us: Us = US) -> Any:
    return ask_of(event, encoded(payload), us)


def test_a_label_asks_for_a_run_about_the_issue() -> None:
    assert ask("issues", issue_event(title="Parser", body="It fails.", number=7)) == snapshot(
        StartRun(
            key="label:9001#7:baro:2026-11-20T09:30:00Z",
            installation=31,
            thread=Thread(repository=Repository(id=9001, owner="acme", name="widgets"), number=7, kind="issue"),
            trigger=Trigger(kind="issue", id=7),
            sender=Person(id=1001, login="mara"),
            title="Parser",
            body="It fails.",
            url="https://github.com/acme/widgets/issues/7",
        )
    )


def test_a_comment_asks_with_its_words_and_carries_the_issue_as_it_stood() -> None:
    assert ask("issue_comment", comment_event("Hi!\n/baro fix this", title="Parser", body=None)) == snapshot(
        StartRun(
            key="comment:5005",
            installation=31,
            thread=Thread(repository=Repository(id=9001, owner="acme", name="widgets"), number=7, kind="issue"),
            trigger=Trigger(kind="comment", id=5005),
            sender=Person(id=1001, login="mara"),
            title="Parser",
            body="",
            url="https://github.com/acme/widgets/issues/7#issuecomment-5005",
            words="fix this",
        )
    )


def test_a_comment_on_a_pull_request_is_about_the_pull_request() -> None:
    assert ask("issue_comment", comment_event(pull=True)).thread.kind == "pull"


def test_a_command_and_a_slip_of_the_pen_are_asks_of_their_own() -> None:
    assert isinstance(ask("issue_comment", comment_event("/baro status")), Command)
    assert isinstance(ask("issue_comment", comment_event("/baro canel")), Misread)


@pytest.mark.parametrize("action", ["created", "new_permissions_accepted", "unsuspend"])
def test_an_installation_that_appears_or_returns_is_made_ready(action: str) -> None:
    asked = ask("installation", installation_event(action))
    assert asked.account == "acme"
    assert asked.repositories == (Repository(9001, "acme", "widgets"),)


def test_repositories_that_are_added_are_made_ready() -> None:
    added = installation_event("added", names=(), repositories_added=[short("acme/tools", 12)])
    assert ask("installation_repositories", added).repositories == (Repository(12, "acme", "tools"),)


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("issues", issue_event("opened", name=None)),
        ("issues", issue_event(name="Baro")),
        ("issues", issue_event(name="bug")),
        ("issues", issue_event("unlabeled")),
        ("issues", issue_event("edited", name=None)),
        ("issues", issue_event(pull=True)),
        ("issues", issue_event(installation=None)),
        ("issues", {"action": "labeled"}),
        ("issue_comment", comment_event(action="edited")),
        ("issue_comment", comment_event(action="deleted")),
        ("issue_comment", comment_event("looks good")),
        ("issue_comment", comment_event(installation=None)),
        ("issue_comment", {"action": "edited", "installation": {"id": 31}}),
        ("installation", installation_event("deleted")),
        ("installation", installation_event("suspend")),
        ("installation_repositories", installation_event("removed", repositories_added=[])),
        ("ping", {"zen": "Design for failure.", "hook_id": 1}),
        ("star", {"action": "created"}),
        ("push", {"ref": "refs/heads/main"}),
    ],
)
def test_everything_else_asks_nothing(event: str, payload: dict[str, Any]) -> None:
    assert ask(event, payload) is None


@pytest.mark.parametrize("us", [Us("4242"), Us("Iv23liBaroBaroBaro00"), Us("1", "baro[bot]")])
def test_what_our_own_app_wrote_asks_nothing(us: Us) -> None:
    """By the App's id, by its client id, or by the login: whatever the settings know of it."""
    ours = comment_event(sender=account("baro[bot]", 9, "Bot"), via=app(4242))
    assert ask("issue_comment", ours, us) is None
    assert ask("issue_comment", comment_event(), us) is not None


def test_what_a_person_wrote_through_another_app_is_the_persons() -> None:
    assert ask("issue_comment", comment_event(via=app(99, "slack", "Iv1.0000"))).sender.login == "mara"


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        (account("helper[bot]", 8, "Bot"), "Bot"),
        (account("ghost", 10137), "Ghost"),
        (account("x", 1, "SomethingNew"), "Bot"),
    ],
)
def test_a_sender_who_is_no_user_is_known_as_such(sender: dict[str, Any], kind: str) -> None:
    assert ask("issue_comment", comment_event(sender=sender)).sender.kind == kind


def test_a_deleted_account_is_the_ghost() -> None:
    assert ask("issues", issue_event() | {"sender": None}).sender == Person(0, "ghost", "Ghost")


def test_the_same_wish_has_the_same_key_and_another_wish_another() -> None:
    label = ask("issues", issue_event())
    assert label.key == ask("issues", issue_event(body="edited meanwhile")).key
    later = issue_event()
    later["issue"]["updated_at"] = "2026-11-20T09:31:00Z"
    asks = [
        label,
        ask("issues", later),
        ask("issue_comment", comment_event()),
        ask("issue_comment", comment_event(id=6)),
    ]
    assert len({each.run for each in asks}) == 4


@pytest.mark.parametrize(
    "asked",
    [
        ask("issues", issue_event()),
        ask("issue_comment", comment_event("/baro äöü 👩‍🔧")),
        ask("issue_comment", comment_event("/baro cancel")),
        ask("issue_comment", comment_event("/baro canel")),
        ask("installation", installation_event()),
    ],
    ids=lambda asked: type(asked).__name__,
)
def test_an_ask_survives_the_inbox(asked: StartRun | Command | Misread | Installed) -> None:
    assert decode(encode(asked)) == asked


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"{}{}",
        b"\xff\xfe{}",
        b'{"skipped":"\xff"}',
        b'{"skipped":"\xed\xa0\x80"}',
        rb'{"skipped":"\ud800"}',
        rb'{"skipped":{"deep":["\udc00 and more text after it"]}}',
        rb'{"\ud800key":1}',
        b'{"skipped":NaN}',
        b'{"skipped":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"action":["labeled"]}',
        b'{"action":{}}',
    ],
    ids=lambda body: repr(body[:30]),
)
@pytest.mark.parametrize("event", ["issues", "issue_comment", "installation", "ping"])
def test_a_body_that_is_no_payload_is_malformed_even_in_fields_we_skip(event: str, body: bytes) -> None:
    with pytest.raises(Malformed):
        ask_of(event, body, US)


@pytest.mark.parametrize("number", [-1, 2**63, 1.5, "7", None])
def test_a_payload_we_would_act_on_must_be_whole(number: object) -> None:
    payload = issue_event()
    payload["issue"]["number"] = number
    with pytest.raises(Malformed):
        ask("issues", payload)


def test_escaped_pairs_and_other_scripts_are_fine() -> None:
    body = encoded(issue_event(title="日本語 \N{ROCKET}")).replace("\N{ROCKET}".encode(), rb"\ud83d\ude80")
    assert ask_of("issues", body, US).title == "日本語 🚀"


def test_every_listed_event_is_one_the_app_may_subscribe_to() -> None:
    assert {event for event, _ in CALLBACKS} == {"issues", "issue_comment", "installation", "installation_repositories"}
