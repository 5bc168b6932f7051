"""The ways in: a label, a comment on an issue, a comment on a pull request, an installation; and who may use them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from inline_snapshot import snapshot

from tests.e2e.test_focused import STORY
from tests.world.house import REPO, House, house, read

FOCUSED = {"role": "intake", "answer": {"mode": "focused", "confidence": 0.95, "reason": "one constant in one file"}}


async def issue(baro: House, body: str = "Please set `A` to 2 in src/a.py.") -> int:
    return (await baro.github.open_issue(REPO, "maria", "A should be two", body)).number


def said(baro: House, number: int) -> list[str]:
    """What baro said on a thread, apart from its living comment."""
    ours = [c.body for c in baro.github.comments(REPO, number) if "<!-- baro:reply=" in c.body]
    return [read(body).partition("<!--")[0].strip() for body in ours]


async def test_a_goal_in_a_comment_on_an_issue_starts_a_run(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.script(FOCUSED, STORY)
        number = await issue(baro)
        comment = await baro.github.comment(REPO, number, "maria", "Good idea.\n\n/baro do just that")
        await baro.ended(number)
        (pull,) = baro.github.pulls(REPO)
        assert pull.title == "A should be two"
        assert baro.github.reactions(REPO, comment=comment.id) == [("baro[bot]", "rocket")]


async def test_a_comment_on_a_pull_request_adds_commits_to_its_branch_and_opens_no_second_one(
    tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.script(STORY)
        baro.github.commit(REPO, "topic", {"src/d.py": "D = 1\n"}, "Add d", by="maria")
        pull = await baro.github.open_pull(REPO, "maria", "topic", "main", "Add d", "A new module.")
        await baro.github.comment(REPO, pull.number, "maria", "/baro set A to two while you are here")
        assert await baro.ended(pull.number) == snapshot("""\
✅ **baro added its work to this pull request (1 of 1 story)**

Shape: **focused**, confidence 100% (by rule): A follow-up adds to one branch that people already look at, so one agent does it in one piece.

| Story | What | Depends on | State | Agent | Tokens | Time | Commit |
|---|---|---|---|---|--:|--:|---|
| S1 | set A to two while you are here | – | ✅ landed | scripted | 1.5k | TIME | COMMIT |

<sub>run `RUN` · TIME · 1.5k tokens, $0.01</sub>

<!-- baro:run=RUN -->\
""")
        assert len(baro.github.pulls(REPO)) == 1
        assert baro.subjects("main..topic") == ["set A to two while you are here", "Add d"]
        assert baro.github.file(REPO, "topic", "src/a.py") == b"A = 2\n"


async def test_a_pull_request_branch_that_moved_meanwhile_is_not_touched_and_the_work_is_kept(
    tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.script({**STORY, "steps": [*STORY["steps"], {"sleep": 1.5}]})
        baro.github.commit(REPO, "topic", {"src/d.py": "D = 1\n"}, "Add d", by="maria")
        pull = await baro.github.open_pull(REPO, "maria", "topic", "main", "Add d", "A new module.")
        await baro.github.comment(REPO, pull.number, "maria", "/baro set A to two")
        await baro.until(lambda: "🔧 working" in (baro.living(pull.number) or ""))
        baro.github.commit(REPO, "topic", {"src/d.py": "D = 3\n"}, "Change d", by="maria")
        assert (await baro.ended(pull.number)).partition("\n\n| Story")[0] == snapshot("""\
🟡 **baro did it, on a branch of its own**

`topic` moved while baro worked on it, so nothing was pushed there; the work is on `baro/set-a-to-two-RUN`. Merge it with `git fetch origin baro/set-a-to-two-RUN && git merge FETCH_HEAD`, or ask again.

Shape: **focused**, confidence 100% (by rule): A follow-up adds to one branch that people already look at, so one agent does it in one piece.\
""")
        assert baro.subjects("main..topic") == ["Change d", "Add d"]
        assert [line for line in baro.subjects("--all") if line == "set A to two"]


async def test_help_and_status_are_answered_and_start_nothing(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        number = await issue(baro)
        for words in ("/baro help", "/baro status", "/baro cancel"):
            await baro.github.comment(REPO, number, "maria", words)
        await baro.until(lambda: len(said(baro, number)) == 3)
        assert "\n---\n".join(sorted(said(baro, number))) == snapshot("""\
I turn a goal into a pull request. Label an issue `baro`, or start a line of a comment with:

| comment | what happens |
|---|---|
| `/baro <what to do>` | on an issue: a new pull request; on a pull request: more commits on its branch |
| `/baro parallel <what to do>` | the same, in that shape: `focused`, `sequential` or `parallel` |
| `/baro status` | how the run on this thread is doing |
| `/baro cancel` | stops the run on this thread; finished work is kept |
| `/baro help` | this table |

Starting and cancelling take write access to the repository. Its wishes live in `.github/baro.yml`.
---
Nothing is running on this thread, so there is nothing to cancel.
---
There has been no run on this thread; start one with `/baro <what to do>`.\
""")
        assert baro.living(number) is None


async def test_cancel_stops_the_agents_and_says_who_asked(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.script(FOCUSED, {"role": "story", "steps": [{"write": {"path": "x", "text": "x"}}, {"hang": True}]})
        number = await issue(baro)
        await baro.github.label(REPO, number, "baro", by="maria")
        await baro.until(lambda: [*tmp_path.rglob("stories/S1/x")])
        await baro.github.comment(REPO, number, "maria", "/baro cancel")
        assert await baro.ended(number) == snapshot("""\
⏹️ **baro stopped: cancelled**

Cancelled by maria. Nothing had landed yet.

Shape: **focused**, confidence 95% (decided by a model): one constant in one file.

| Story | What | Depends on | State | Agent | Tokens | Time | Commit |
|---|---|---|---|---|--:|--:|---|
| S1 | A should be two | – | ⏹️ stopped | scripted | – | TIME | – |

- Work that is not in the result is on `baro-wt/RUN/S1`: `git fetch origin baro-wt/RUN/S1 && git cherry-pick FETCH_HEAD`

<sub>run `RUN` · TIME · tokens unknown</sub>

<!-- baro:run=RUN -->\
""")
        assert baro.github.pulls(REPO) == []


async def test_strangers_and_bots_are_refused_once_visibly(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        number = await issue(baro)
        baro.github.person("eve")
        baro.github.person("helper[bot]", "Bot")
        asking = ("eve", "eve", "eve", "helper[bot]", "eve", "eve")
        await asyncio.gather(*(baro.github.comment(REPO, number, who, "/baro delete everything") for who in asking))
        await baro.until(lambda: len(said(baro, number)) == 2)
        await baro.github.comment(REPO, number, "eve", "/baro delete everything")
        await baro.github.comment(REPO, number, "maria", "/baro help")
        await baro.until(lambda: len(said(baro, number)) == 3)
        assert "\n---\n".join(sorted(text for text in said(baro, number) if "|" not in text)) == snapshot("""\
Only people with write access to this repository can ask for work, and `eve` has `read`; someone with write access can ask for you.
---
`helper[bot]` is not a person and cannot ask for work here; someone with write access can comment `/baro <what to do>`.\
""")
        assert baro.living(number) is None


async def test_the_same_label_delivered_many_times_to_two_web_processes_is_one_run(
    tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.script(FOCUSED, STORY)
        number = await issue(baro)
        await baro.github.label(REPO, number, "baro", by="maria")
        await baro.github.idle()
        labelled = next(d for d in baro.github.deliveries if d.action == "labeled")
        for _ in range(4):
            baro.github.redeliver(labelled.id)
        second = await baro.second_web()
        baro.github.hook_url = second
        baro.github.redeliver(labelled.id)
        await baro.ended(number)
        await baro.github.idle()
        assert len(baro.github.pulls(REPO)) == 1
        assert len(baro.github.comments(REPO, number)) == 1
        statuses = [d.status_code for d in baro.github.deliveries if d.action == "labeled"]
        assert statuses == [202] * 6


async def test_an_edited_comment_and_our_own_words_ask_nothing(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        number = await issue(baro)
        comment = await baro.github.comment(REPO, number, "maria", "hello")
        await baro.github.edit_comment(REPO, comment.id, "maria", "/baro do it")
        await baro.github.comment(REPO, number, "maria", "> /baro quoted\n\n`/baro code`\n\n    /baro indented")
        await baro.github.idle()
        assert {d.status_code for d in baro.github.deliveries if d.event == "issue_comment"} == {200}


async def test_installing_the_app_makes_the_label_and_says_nothing(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.github.repository("globex/site", {"README.md": "# site\n"}, install=False)
        await baro.github.install("globex")
        await baro.until(lambda: "baro" in baro.github.labels("globex/site"))
        assert baro.github.pulls("globex/site") == []
