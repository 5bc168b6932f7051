"""baro's comments and reactions, on a GitHub that loses answers and has strangers on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.adapters.github import GitHub, comments
from runner.domain.goal import Trigger
from runner.errors import Forbidden, NotFound, Unreachable
from tests.adapters.github_world import BOT, REPO, World, serving

MARKER = "<!-- baro:run=abc -->"
COMMENTS = "/issues/1/comments"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with serving(tmp_path) as world:
        await world.local.open_issue(REPO, "ann", "Fix the parser")
        yield world


@pytest.fixture
async def github(world: World) -> AsyncIterator[GitHub]:
    async with world.connect() as github:
        yield github


def said(world: World) -> list[tuple[str, str]]:
    return [(comment.author, comment.body) for comment in world.local.comments(REPO, 1)]


# --- one comment ---------------------------------------------------------------------------------------------------


async def test_a_comment_is_made_once_and_then_edited_in_place(world: World, github: GitHub) -> None:
    first = await github.comments.upsert(world.place, 1, MARKER, "working")
    second = await github.comments.upsert(world.place, 1, MARKER, "done")
    assert first == second
    assert said(world) == [(BOT, f"done\n\n{MARKER}")]
    assert first.url.endswith(f"#issuecomment-{first.id}")


async def test_an_edit_costs_one_request_once_the_comment_was_seen_to_be_the_only_one(
    world: World, github: GitHub
) -> None:
    await github.comments.upsert(world.place, 1, MARKER, "queued")
    await github.comments.upsert(world.place, 1, MARKER, "working")
    before = len(world.local.requests)
    await github.comments.upsert(world.place, 1, MARKER, "done")
    assert [one.method for one in world.local.requests[before:]] == ["PATCH"]


async def test_another_process_finds_the_comment_by_its_marker(world: World, github: GitHub) -> None:
    first = await github.comments.upsert(world.place, 1, MARKER, "working")
    async with world.connect() as restarted:
        assert await restarted.comments.upsert(world.place, 1, MARKER, "done") == first
    assert said(world) == [(BOT, f"done\n\n{MARKER}")]


async def test_nothing_is_written_when_the_comment_found_says_it_already(world: World, github: GitHub) -> None:
    await github.comments.upsert(world.place, 1, MARKER, "done")
    async with world.connect() as restarted:
        await restarted.comments.upsert(world.place, 1, MARKER, "done")
    assert world.asked("PATCH") == 0


async def test_the_marker_is_said_once_wherever_the_caller_put_it(world: World, github: GitHub) -> None:
    await github.comments.upsert(world.place, 1, MARKER, f"{MARKER}\ndone\n\n{MARKER}\n")
    assert said(world) == [(BOT, f"done\n\n{MARKER}")]


async def test_a_stranger_with_our_marker_is_left_alone(world: World, github: GitHub) -> None:
    await world.local.comment(REPO, 1, "mallory", f"not baro\n\n{MARKER}")
    await github.comments.upsert(world.place, 1, MARKER, "working")
    assert said(world) == [("mallory", f"not baro\n\n{MARKER}"), (BOT, f"working\n\n{MARKER}")]


async def test_a_comment_of_ours_that_quotes_a_marker_is_not_taken_for_that_comment(
    world: World, github: GitHub
) -> None:
    other = "<!-- baro:run=other -->"
    await github.comments.upsert(world.place, 1, other, f"Goal: {MARKER}")
    await github.comments.upsert(world.place, 1, MARKER, "working")
    assert said(world) == [(BOT, f"Goal: {MARKER}\n\n{other}"), (BOT, f"working\n\n{MARKER}")]


async def test_duplicates_of_ours_converge_on_the_oldest(world: World, github: GitHub) -> None:
    for text in ("one", "two", "three"):
        await world.local.comment(REPO, 1, BOT, f"{text}\n\n{MARKER}")
    oldest = world.local.comments(REPO, 1)[0].id
    ref = await github.comments.upsert(world.place, 1, MARKER, "done")
    assert (ref.id, said(world)) == (oldest, [(BOT, f"done\n\n{MARKER}")])


async def test_a_comment_on_the_second_page_is_found(world: World, github: GitHub) -> None:
    for number in range(120):
        await world.local.comment(REPO, 1, "ann", f"chatter {number}")
    await world.local.comment(REPO, 1, BOT, f"working\n\n{MARKER}")
    await github.comments.upsert(world.place, 1, MARKER, "done")
    assert len(said(world)) == 121
    assert said(world)[-1] == (BOT, f"done\n\n{MARKER}")


async def test_a_comment_that_somebody_deleted_is_made_again(world: World, github: GitHub) -> None:
    ref = await github.comments.upsert(world.place, 1, MARKER, "working")
    await world.local.delete_comment(REPO, ref.id, "ann")
    await github.comments.upsert(world.place, 1, MARKER, "done")
    assert said(world) == [(BOT, f"done\n\n{MARKER}")]


async def test_a_comment_deleted_between_look_and_edit_is_made_again(world: World, github: GitHub) -> None:
    await github.comments.upsert(world.place, 1, MARKER, "working")
    world.local.faults.add("PATCH", "/comments/", status=404)
    await github.comments.upsert(world.place, 1, MARKER, "done")
    assert said(world)[-1] == (BOT, f"done\n\n{MARKER}")


async def test_what_is_no_longer_remembered_is_looked_for_again(
    world: World, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comments, "REMEMBERED", 1)
    other = "<!-- baro:run=other -->"
    for text in ("queued", "working", "done"):
        for marker in (MARKER, other):
            await github.comments.upsert(world.place, 1, marker, text)
    assert said(world) == [(BOT, f"done\n\n{MARKER}"), (BOT, f"done\n\n{other}")]


async def test_a_box_ticked_by_hand_is_set_back_by_the_next_edit(world: World, github: GitHub) -> None:
    """The editor on the web also turns line ends into CRLF; neither may hide that the text differs."""
    ref = await github.comments.upsert(world.place, 1, MARKER, "- [ ] focused")
    await world.local.edit_comment(REPO, ref.id, "ann", f"- [x] focused\r\n\r\n{MARKER}")
    await github.comments.upsert(world.place, 1, MARKER, "- [ ] focused")
    assert said(world) == [(BOT, f"- [ ] focused\n\n{MARKER}")]


# --- trouble -------------------------------------------------------------------------------------------------------


async def test_a_lost_answer_does_not_make_a_second_comment(world: World, github: GitHub) -> None:
    lost = world.local.faults.drop("POST", COMMENTS, when="after")
    await github.comments.upsert(world.place, 1, MARKER, "working")
    assert lost.hits == 1
    assert said(world) == [(BOT, f"working\n\n{MARKER}")]


async def test_a_server_error_after_the_effect_does_not_make_a_second_comment(world: World, github: GitHub) -> None:
    world.local.faults.add("POST", COMMENTS, status=502, when="after")
    await github.comments.upsert(world.place, 1, MARKER, "working")
    assert said(world) == [(BOT, f"working\n\n{MARKER}")]


async def test_a_request_that_never_took_effect_is_repeated(world: World, github: GitHub) -> None:
    world.local.faults.add("POST", COMMENTS, status=503, times=3)
    await github.comments.upsert(world.place, 1, MARKER, "working")
    assert said(world) == [(BOT, f"working\n\n{MARKER}")]


async def test_a_twin_that_turns_up_late_is_deleted_by_the_next_edit(world: World, github: GitHub) -> None:
    """A request we gave up on may take effect after we looked and repeated it."""
    await github.comments.upsert(world.place, 1, MARKER, "working")
    await world.local.comment(REPO, 1, BOT, f"working\n\n{MARKER}")
    await github.comments.upsert(world.place, 1, MARKER, "done")
    assert said(world) == [(BOT, f"done\n\n{MARKER}")]


async def test_an_edit_is_repeated_through_drops_limits_and_errors(world: World, github: GitHub) -> None:
    for text in ("queued", "working"):
        await github.comments.upsert(world.place, 1, MARKER, text)
    faults = world.local.faults
    faults.add("PATCH", "/comments/", status=500)
    faults.secondary_limit("PATCH", "/comments/", retry_after=0)
    faults.add("PATCH", "/comments/", status=429, headers={"Retry-After": "0"})
    faults.drop("PATCH", "/comments/")
    await github.comments.upsert(world.place, 1, MARKER, "done")
    assert said(world) == [(BOT, f"done\n\n{MARKER}")]
    assert world.asked("PATCH") == 6


async def test_an_outage_that_outlasts_our_patience_is_said_so(world: World) -> None:
    world.local.faults.add("POST", COMMENTS, status=502, times=None)
    async with world.connect(patience=0.2) as github:
        with pytest.raises(Unreachable) as caught:
            await github.comments.upsert(world.place, 1, MARKER, "working")
    assert type(caught.value) is Unreachable
    assert str(caught.value) == "GitHub answered with an error (502). We asked again and gave up."
    assert caught.value.evidence == "POST /repos/acme/shop/issues/1/comments: 502 Server Error"


async def test_a_locked_issue_is_refused_in_githubs_words(world: World, github: GitHub) -> None:
    await world.local.lock(REPO, 1, "ann")
    with pytest.raises(Forbidden, match="Unable to create comment because issue is locked"):
        await github.comments.upsert(world.place, 1, MARKER, "working")


async def test_an_issue_that_is_gone_is_not_found(world: World, github: GitHub) -> None:
    with pytest.raises(NotFound, match="acme/shop#99"):
        await github.comments.upsert(world.place, 99, MARKER, "working")


# --- what is said --------------------------------------------------------------------------------------------------


async def test_every_text_passes_the_gate(world: World, github: GitHub) -> None:
    await github.comments.upsert(world.place, 1, MARKER, "the password is hunter2")
    assert said(world) == [(BOT, f"the password is [withheld]\n\n{MARKER}")]


async def test_a_text_too_long_for_github_is_cut_and_found_again(world: World, github: GitHub) -> None:
    await github.comments.upsert(world.place, 1, MARKER, "a line of a log\n" * 10_000)
    async with world.connect() as restarted:
        await restarted.comments.upsert(world.place, 1, MARKER, "another line\n" * 10_000)
    ((_, body),) = said(world)
    assert 65_000 < len(body) <= 65_536
    assert body.startswith("another line\n")
    assert body.endswith(f"65,536 characters here.)*\n\n{MARKER}")


# --- reactions -----------------------------------------------------------------------------------------------------


async def test_our_reaction_changes_and_others_stay(world: World, github: GitHub) -> None:
    world.local.react(REPO, "ann", "eyes", number=1)
    for content in ("eyes", "rocket", "rocket"):
        await github.comments.react(world.place, Trigger("issue", 1), content)
    assert world.local.reactions(REPO, number=1) == [("ann", "eyes"), (BOT, "rocket")]
    assert (world.asked("POST", "/reactions"), world.asked("DELETE", "/reactions")) == (2, 1)


async def test_a_comment_can_carry_the_reaction(world: World, github: GitHub) -> None:
    comment = await world.local.comment(REPO, 1, "ann", "/baro fix this")
    world.local.faults.drop("POST", "/reactions")
    await github.comments.react(world.place, Trigger("comment", comment.id), "eyes")
    assert world.local.reactions(REPO, comment=comment.id) == [(BOT, "eyes")]


async def test_a_trigger_that_is_gone_is_not_found(world: World, github: GitHub) -> None:
    with pytest.raises(NotFound):
        await github.comments.react(world.place, Trigger("comment", 1), "eyes")
