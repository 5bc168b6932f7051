"""What people read when no living comment speaks."""

from __future__ import annotations

from inline_snapshot import snapshot

from runner.domain.goal import Person, Trigger
from runner.voice import replies


def test_a_refusal_is_one_line_that_says_whose_turn_it_is() -> None:
    said = [
        replies.not_a_person(Person(8, "helper[bot]", "Bot")),
        replies.not_a_person(Person(0, "ghost", "Ghost")),
        replies.not_a_writer(Person(1, "mara"), "read"),
        replies.locked(),
        replies.closed("issue"),
        replies.closed("pull"),
        replies.merged(),
        replies.fork(),
        replies.bad_config(["unknown key `mood`", "`limits.agents` must be at least 1"]),
        replies.busy("abcdefghij"),
        replies.what_to_do(),
        replies.what_about_the_link(),
    ]
    assert not any("\n" in sentence for sentence in said)
    assert said == snapshot(
        [
            "`helper[bot]` is not a person and cannot ask for work here; someone with write access can comment `/baro <what to do>`.",
            "A deleted account cannot ask for work here; someone with write access can comment `/baro <what to do>`.",
            "Only people with write access to this repository can ask for work, and `mara` has `read`; someone with write access can ask for you.",
            "This conversation is locked, so I leave it alone; unlock it and ask again.",
            "This issue is closed, so there is nothing to do here; reopen it and ask again.",
            "This pull request is closed, so there is nothing to do here; reopen it and ask again.",
            "This pull request is merged, so nothing can be added to it; open an issue for what is left, and ask there.",
            "The branch of this pull request lives in a fork, where I may not push; move it to a branch of this repository and ask again.",
            "`.github/baro.yml` on the default branch is not valid (unknown key `mood`; `limits.agents` must be at least 1); correct it and ask again.",
            "Run `abcdefghij` is already at work here; wait for it, or stop it with `/baro cancel`.",
            "What should be different when this is done? Say it in a sentence or two: `/baro <what to do>`.",
            "What should I do about that link? I do not follow it; say it in words: `/baro <what to do>`.",
        ]
    )


def test_a_guess_is_offered_where_there_is_one() -> None:
    assert replies.did_you_mean("canel", "cancel") == snapshot(
        "I do not know the command `canel`; did you mean `/baro cancel`? Nothing was started."
    )
    assert replies.did_you_mean("retry S3", "") == snapshot(
        "I do not know the command `retry S3`; `/baro help` lists what I know. Nothing was started."
    )


def test_what_a_stranger_typed_can_neither_ping_nor_break_out_nor_pass_for_a_marker_of_ours() -> None:
    said = replies.did_you_mean("`@everyone` <!-- baro:run=x -->\n# big", "")
    assert said == snapshot(
        "I do not know the command `'@everyone' ‹!-- baro:run=x --> # big`; `/baro help` lists what I know. Nothing was started."
    )


def test_an_ask_that_is_given_up_is_said_with_its_cause_where_there_is_one() -> None:
    assert [replies.gave_up("GitHub is away."), replies.gave_up("")] == snapshot(
        [
            "I could not take this on (GitHub is away); ask again, and tell whoever runs this baro if it happens twice.",
            "I could not take this on; ask again, and tell whoever runs this baro if it happens twice.",
        ]
    )
    assert len(replies.label_says()) <= 100, "GitHub's limit for the description of a label"


def test_help_is_one_table() -> None:
    assert replies.help_text("baro") == snapshot("""\
I turn a goal into a pull request. Label an issue `baro`, or start a line of a comment with:

| comment | what happens |
|---|---|
| `/baro <what to do>` | on an issue: a new pull request; on a pull request: more commits on its branch |
| `/baro parallel <what to do>` | the same, in that shape: `focused`, `sequential` or `parallel` |
| `/baro status` | how the run on this thread is doing |
| `/baro cancel` | stops the run on this thread; finished work is kept |
| `/baro help` | this table |

Starting and cancelling take write access to the repository. Its wishes live in `.github/baro.yml`.\
""")


def test_status_without_a_plan_is_its_header() -> None:
    assert replies.status("Working", "") == "Working"
    assert replies.status("Working", "| story |") == "Working\n\n| story |"


def test_a_reply_carries_the_mark_of_what_it_answers() -> None:
    assert replies.marked("No.", Trigger("comment", 5005)) == "No.\n\n<!-- baro:reply=5005 -->"
    assert replies.marked("No.", Trigger("issue", 7)) == "No.\n\n<!-- baro:reply=issue-7 -->"
