"""Critic, Surgeon, Librarian, Sentry and Auditor in real runs, as people come to see them."""

from __future__ import annotations

import re
from pathlib import Path

from inline_snapshot import snapshot

from tests.e2e.test_endings import labelled
from tests.e2e.test_parallel import INTAKE, PLAN, WORK, story, writes
from tests.e2e.test_ways_in import FOCUSED
from tests.world.house import REPO, house

TWO = {"role": "plan", "answer": {"stories": [story("S1", ["src/a.py"]), story("S2", ["src/b.py"])]}}


async def test_a_story_the_critic_fails_is_sent_back_once_with_the_reasons(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        vote = {"verdict": "fail", "reasoning": "B is missing", "violated_criteria": ["B is two as well"]}
        baro.script(
            FOCUSED,
            {"role": "critic", "times": 1, "answer": vote},
            {"role": "critic", "answer": {"verdict": "pass", "reasoning": "all there", "violated_criteria": []}},
            {
                "role": "story",
                "when": "B is two as well",
                "steps": [{"run": "grep -q 'A = 2' src/a.py"}, {"write": {"path": "src/b.py", "text": "B = 2\n"}}],
            },
            writes("S1", "src/a.py", "A = 2\n"),
        )
        comment = await baro.ended(await labelled(baro))
        assert comment.startswith("✅")
        (pull,) = baro.github.pulls(REPO)
        assert baro.github.file(REPO, pull.pull.head, "src/a.py") == b"A = 2\n"
        assert baro.github.file(REPO, pull.pull.head, "src/b.py") == b"B = 2\n"
        assert baro.subjects(f"main..{pull.pull.head}") == ["A should be two"]


async def test_a_story_the_critic_fails_twice_is_not_shipped_and_not_lost(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        vote = {"verdict": "fail", "reasoning": "no test", "violated_criteria": ["there is a test"]}
        baro.script(FOCUSED, {"role": "critic", "answer": vote}, writes("S1", "src/a.py", "A = 2\n"))
        assert await baro.ended(await labelled(baro)) == snapshot("""\
❌ **baro could not do this**

S1 failed and nothing could be shipped: a reviewer found it not done twice over: there is a test. Ask again with `/baro <goal>`, perhaps for less or with more detail.

Shape: **focused**, confidence 95% (decided by a model): one constant in one file.

| Story | What | Depends on | State | Agent | Tokens | Time | Commit |
|---|---|---|---|---|--:|--:|---|
| S1 | A should be two | – | ⚠️ not merged, kept | scripted | – | TIME | COMMIT |

- **S1** a reviewer found it not done twice over: there is a test.

- Work that is not in the result is on `baro-wt/RUN/S1`: `git fetch origin baro-wt/RUN/S1 && git cherry-pick FETCH_HEAD`

<details><summary>What went wrong</summary>

```
A reviewer found this not done:
- there is a test

no test
```

</details>

<sub>run `RUN` · TIME · tokens unknown</sub>

<!-- baro:run=RUN -->\
""")
        assert baro.github.pulls(REPO) == []
        assert [b for b in baro.github.branches(REPO) if b.startswith("baro-wt/")]


async def test_a_failed_story_is_split_and_the_run_is_completed(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        halves = [story("S2a", ["src/b.py"]), story("S2b", ["src/d.py"], ("S2a",))]
        proposal = {"action": "split", "reason": "too much at once", "added": halves, "removed": [], "rewired": []}
        baro.script(
            INTAKE,
            PLAN,
            {"role": "surgeon", "answer": proposal},
            writes("S2a", "src/b.py", "B = 2\n"),
            writes("S2b", "src/d.py", "D = 2\n"),
            *(entry for entry in WORK if entry["story"] != "S2"),
            {"role": "story", "story": "S4", "steps": [{"run": "cat src/a.py src/b.py src/d.py > README.md"}]},
        )
        comment = await baro.ended(await labelled(baro))
        assert "\n".join(line for line in comment.splitlines() if line.startswith(("✅", "| S", "- **S"))) == snapshot("""\
✅ **baro opened #2 (5 of 5 stories)**
| Story | What | Depends on | State | Agent | Tokens | Time | Commit |
| S1 | Do S1 | – | ✅ landed | scripted | – | TIME | COMMIT |
| S3 | Do S3 | – | ✅ landed | scripted | – | TIME | COMMIT |
| S2a | Do S2a | – | ✅ landed | scripted | – | TIME | COMMIT |
| S2b | Do S2b | S2a | ✅ landed | scripted | – | TIME | COMMIT |
| S4 | Do S4 | S1, S3, S2a, S2b | ✅ landed | scripted | – | TIME | COMMIT |
- **S2** failed and was split: too much at once.\
""")
        (pull,) = baro.github.pulls(REPO)
        assert baro.github.file(REPO, pull.pull.head, "README.md") == b"A = 2\nB = 2\nD = 2\n"


async def test_a_proposal_that_is_no_plan_changes_nothing(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        wrong = {
            "action": "rewire",
            "reason": "x",
            "added": [],
            "removed": ["S1"],
            "rewired": [{"id": "S9", "depends_on": []}],
        }
        baro.script(INTAKE, PLAN, {"role": "surgeon", "answer": wrong}, *(e for e in WORK if e["story"] != "S2"))
        comment = await baro.ended(await labelled(baro))
        assert comment.startswith("🟡 **baro opened #2 as a draft: part of it is missing (2 of 4 stories)**")


async def test_what_one_story_read_reaches_the_prompt_of_a_later_one(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        plan = {"role": "plan", "answer": {"stories": [story("S1", ["src/a.py"]), story("S2", ["src/b.py"], ("S1",))]}}
        reads = [
            {"read": "src/c.py"},
            {"say": "C decides what A is"},
            {"write": {"path": "src/a.py", "text": "A = 2\n"}},
        ]
        baro.script(
            INTAKE,
            plan,
            {"role": "story", "story": "S1", "steps": reads},
            {"role": "story", "story": "S2", "when": r"S1 read src/c\.py", **writes("S2", "src/b.py", "B = 'told'\n")},
            writes("S2", "src/b.py", "B = 'not told'\n"),
        )
        await baro.ended(await labelled(baro))
        (pull,) = baro.github.pulls(REPO)
        assert baro.github.file(REPO, pull.pull.head, "src/b.py") == b"B = 'told'\n"


async def test_two_stories_that_approach_one_path_are_warned_about_before_they_merge(
    tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis) as baro:
        same = {"write": {"path": "src/c.py", "text": "C = 2\n"}}
        baro.script(INTAKE, TWO, {"role": "story", "steps": [same, {"sleep": 6}]})
        comment = await baro.ended(await labelled(baro))
        warning = re.search(
            r"- \*\*(S\d)\*\* came close to `src/c.py`, which (S\d) had changed and was still at", comment
        )
        assert warning, comment
        assert {*warning.groups()} == {"S1", "S2"}, "whoever came second"


async def test_a_spent_budget_stops_the_run_in_code_and_ships_what_is_done(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.github.commit(REPO, "main", {".github/baro.yml": "mode: sequential\nlimits: {tokens: 5000}\n"}, by="maria")
        used = {"usage": {"input": 4000, "cached": 0, "output": 2000, "cost": 0.2}}
        steps = [used, {"write": {"path": "src/a.py", "text": "A = 2\n"}}]
        baro.script(TWO, {"role": "story", "story": "S1", "steps": steps}, writes("S2", "src/b.py", "B = 2\n"))
        comment = await baro.ended(await labelled(baro))
        assert comment.partition("\n\nShape")[0] == snapshot("""\
🟡 **baro opened #2 as a draft: part of it is missing (1 of 2 stories)**

The run used 6,000 of its 5,000 tokens, so nothing more was started. Take over from the branch, or ask again for what is missing with `/baro <goal>`.\
""")
        (pull,) = baro.github.pulls(REPO)
        assert pull.pull.draft
        assert baro.github.file(REPO, pull.pull.head, "src/b.py") == b"B = 1\n"
