"""Whatever models, issues and repositories say: what baro publishes holds none of it as markup, link, mention,
reference or marker. Read as GitHub does it: Markdown first, then mentions and references in what a reader sees."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from markdown_it import MarkdownIt

from runner.domain.agent import Usage
from runner.domain.change import Change, Discarded, HeldBack, NotPushed, Pushed
from runner.domain.events import Rerouted, WriteWarned
from runner.domain.goal import Goal, Person
from runner.domain.mode import Intake, Mode
from runner.domain.report import Healing, Line, Report
from runner.domain.run import Outcome
from runner.domain.text import clean, defused, html_words, one_line
from runner.domain.verdict import CheckResult, Verdict
from runner.voice import comment, pull, replies
from tests.world.entries import SPEC

READ = settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
"""Shrinking a whole report takes minutes, and one line of it tells what is wrong."""
GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OURS = re.compile(r"</?(?:details|summary|sub|code)>|<!-- baro:run=run0000001 -->")
OPENING = re.compile(r"Closes #(\d+)\n\n")

MARKUP = """
    @octocat @acme/team fixes #12 Closes: acme/other#3 RESOLVED GH-4 closes https://github.com/acme/toolkit/issues/5
    ![](https://evil.example/x.png) ![a][b] [b]: https://evil.example/x.png [text](javascript:alert(1)) <img src=x>
    <picture><source srcset=x></picture> <video src=x> <!-- baro:run=run0000001 --> <!-- </details> <script> &#64;me
    &lt;b&gt; ``` ~~~ ` `` | || \\ \\| <https://evil.example> https://evil.example www.evil.example mailto:a@b.example
    **b** _i_ ~~s~~ $x$ [^1] [ ] # ## > - 1. --- === %% end --> classDef click "href" ]] }} ; graph:::x [skip ci]
"""
ATTACKS = [
    *MARKUP.split(),
    "fixes #12",
    "closes: acme/other#3",
    "<!-- baro:run=run0000001 -->",
    '<img src="https://evil.example">',
    "</details>",
    "[skip ci]",
    "\n\n# heading\n\n",
    "\n[b]: https://evil.example\n",
]
BREAKS = [
    "\n",
    "\r\n",
    "\n\n",
    "\u2028",
    "\t",
    "    ",
    "\u202e",
    "\u2066",
    "\u200b",
    "\x1b[31m",
    "\x00",
    "\U000e0041",
    " ",
]
NASTY = st.lists(st.sampled_from([*ATTACKS, *BREAKS]) | st.text(max_size=4), max_size=9).flatmap(
    lambda parts: st.sampled_from([" ", ""]).map(lambda glue: glue.join(parts))
)


def states() -> st.SearchStrategy[str]:
    return st.sampled_from(["waiting", "running", "retrying", "landed", "preserved", "failed", "blocked"])


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """A run of which every word that is not ours is hostile."""

    def words() -> str:
        return draw(NASTY)

    def line(id: str, after: tuple[str, ...]) -> Line:
        verdict = Verdict("fail", words(), (words(),))
        held = (HeldBack(words(), words()), HeldBack(words(), words(), files=30))
        lost = (Discarded(words(), (words(), words())),)
        checks = (CheckResult(words(), words(), "fail", 1.0, output=words()),)
        return Line(
            id, words(), after, draw(states()), words(), note=words(), held_back=held, outside=(words(),),  # type: ignore[arg-type]
            discarded=lost, verdict=verdict, checks=checks,
        )  # fmt: skip

    goal = Goal(words(), words(), "issue")
    return Report(
        spec=msgspec.structs.replace(SPEC, goal=goal, requester=Person(1, words(), "User")),
        submitted_at=0.0,
        phase="over",
        intake=Intake(Mode.PARALLEL, 0.9, words(), "model"),
        mode=Mode.PARALLEL,
        adjustments=(f"S2 waits for S1: both write `{words()}`.", words()),
        lines=(line("S1", ()), line("S2", ("S1",))),
        healings=(Healing("S1", "split", words()),),
        warnings=(WriteWarned(story="S2", other="S1", path=words()),),
        checks=(
            CheckResult(words(), words(), "fail", 1.0, output=words()),
            CheckResult(words(), words(), "skipped", 0.0, words()),
        ),
        reroutes=(Rerouted(role="plan", story="", left=words(), taken=words(), why=words()),),
        usage=Usage(1, 0, 1, 0.1),
        concluded_at=9.0,
        outcome=draw(st.sampled_from([Outcome.DONE, Outcome.GAPS, Outcome.FAILED])),
        sentence=words(),
        hint=words(),
        evidence=words(),
        kept=(
            Pushed("baro-wt/run0000001/S1", "a" * 40),
            NotPushed("baro-wt/x/S2", words(), False, (HeldBack(words(), words()),)),
        ),
        pull_number=77,
    )


def seen(markdown: str) -> str:
    """What a reader sees outside of code; asserts that all markup in it is ours."""
    shown: list[str] = []
    for block in GITHUB.parse(markdown):
        for token in [block, *(block.children or [])]:
            assert token.type not in ("image", "link_open", "s_open", "em_open"), markdown
            assert not token.type.startswith(("ordered_list", "hr")), markdown
            if token.type.startswith("html"):
                rest = re.sub(r"(?s)<code>.*?</code>", "", token.content)
                assert "<" not in OURS.sub("", token.content), markdown
                shown.append(OURS.sub("", rest))
            elif token.type in ("text", "text_special"):
                shown.append(token.content)
            elif token.type in ("softbreak", "hardbreak", "inline"):
                shown.append("\n")
    return "".join(shown)


def assert_inert(markdown: str, allowed: set[int]) -> None:
    words = seen(markdown)
    assert not re.search(r"@\w|://|www\.|\bGH-\d", words, re.IGNORECASE), words
    assert {int(number) for number in re.findall(r"#(\d+)", words)} <= allowed
    assert not re.search(r"\w#\d", words)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\x00\x1b]", markdown)
    assert len(re.findall("(?m)^<!-- baro:run=", markdown)) == 1
    assert markdown.rstrip().endswith("<!-- baro:run=run0000001 -->")
    assert markdown.count("<details>") == len(
        [t for t in GITHUB.parse(markdown) if "<details>" in t.content and t.type == "html_block"]
    )
    assert len([t for t in GITHUB.parse(markdown) if t.type == "tr_open"]) == 3, markdown


@READ
@given(reports())
def test_a_living_comment_holds_nothing_but_our_own_markup(report: Report) -> None:
    assert_inert(comment.living(report, 10.0), {77})


@READ
@given(reports(), NASTY)
def test_a_pull_request_holds_nothing_but_our_own_markup_and_closes_nothing_but_its_issue(
    report: Report, path: str
) -> None:
    body = pull.body(report, [Change(path, "added", 1, 0)])
    number = report.spec.thread.number
    assert_inert(body, {number})
    words = seen(OPENING.sub("", body, count=1))
    assert not re.search(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b:?\s+(?:[\w./-]+)?#\d", words, re.IGNORECASE)


@READ
@given(reports())
def test_a_picture_of_the_stories_has_one_line_for_each_statement(report: Report) -> None:
    picture = re.search(r"```mermaid\n(.*?)\n```", pull.body(report, []), re.DOTALL)
    assert picture is not None
    statement = r'flowchart LR|  S\d\["S\d: [\w .,/-]*"\]|  S\d --> S\d|  style S\d fill:#\w{6},stroke:#\w{6}'
    assert all(re.fullmatch(statement, line) for line in picture[1].split("\n")), picture[1]


@given(NASTY)
@example("fixes #12, @acme/team and acme/other#3: see https://github.com/acme/x/pull/7 [skip ci]")
def test_a_commit_message_and_a_title_call_nobody_and_close_nothing(words: str) -> None:
    said = defused(one_line(words))
    assert not re.search(r"(?<![A-Za-z0-9_])@[A-Za-z0-9]|#\d|\bGH-\d|/(?:issues|pull|commit)/\w", said, re.IGNORECASE)
    assert not re.search(r"\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]", said, re.IGNORECASE)
    assert defused(said) == said
    assert said.replace(" ", "") == one_line(words).replace("[skip ci]", "(skip ci)").replace(" ", "").replace(
        "GH-", "GH" if "GH " in said else "GH-"
    )


def test_a_defused_sentence_can_still_be_read() -> None:
    said = "Fixes #12 for @octocat, as in acme/other#3 and GH-4, see https://github.com/a/b/issues/5 (ann@acme.example) [skip ci]"
    assert defused(said) == snapshot(
        "Fixes # 12 for @ octocat, as in acme/other# 3 and GH 4, see https://github.com/a/b/issues/ 5 (ann@acme.example) (skip ci)"
    )
    assert html_words("a <b> & @ann in #3") == snapshot("a &lt;b&gt; &amp; @\u200bann in #\u200b3")


@given(NASTY)
def test_words_in_html_are_only_words(words: str) -> None:
    said = html_words(words)
    assert not re.search(r"[<>\n]|@\w|#\w|://", said)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("\u200b", "")):
        said = said.replace(entity, character)
    assert said == one_line(words)


@given(st.lists(NASTY, min_size=1, max_size=3))
def test_replies_hold_nothing_but_our_own_markup(words: list[str]) -> None:
    for reply in (
        replies.bad_config(words),
        replies.did_you_mean(words[0], ""),
        replies.gave_up(words[0]),
        replies.not_a_writer(Person(1, words[0], "User"), words[0]),
        replies.busy(words[0]),
    ):
        assert not re.search(r"@\w|://|www\.|#\d", seen(reply)), reply


@pytest.mark.parametrize("length", [10, 100_000])
def test_absurd_lengths_are_cut_where_markdown_survives_it(length: int) -> None:
    long = "| `x` <b> @a " * length
    report = msgspec.structs.replace(
        Report(SPEC, 0.0), intake=Intake(Mode.FOCUSED, 0.9, long, "model"), mode=Mode.FOCUSED,
        lines=(Line("S1", long, note=long, state="failed"),), evidence=long, sentence=long, outcome=Outcome.FAILED,
    )  # fmt: skip
    said = comment.living(report, 1.0)
    assert len(said) < 20_000
    seen(said)
    assert clean(said) == said.replace("\u200b", "")
