"""Whatever goes wrong ends in one sentence a maintainer can act on, with the cause folded under it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from tests.e2e.test_parallel import INTAKE, PLAN, WORK, story, writes
from tests.e2e.test_ways_in import FOCUSED, said
from tests.world.house import REPO, WAITS, House, house, read


async def labelled(baro: House, title: str = "A should be two", body: str = "Please set `A` to 2.") -> int:
    issue = await baro.github.open_issue(REPO, "maria", title, body)
    await baro.github.label(REPO, issue.number, "baro", by="maria")
    return issue.number


async def test_agents_that_change_nothing_open_no_pull_request(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.script(FOCUSED, {"role": "story", "steps": [{"say": "nothing to do"}]})
        number = await labelled(baro)
        assert await baro.ended(number) == snapshot("""\
➖ **baro changed nothing**

The agents finished without changing a file, so there is no pull request. If something should have changed, say more precisely what, with `/baro <goal>`.

Shape: **focused**, confidence 95% (decided by a model): one constant in one file.

| Story | What | Depends on | State | Agent | Tokens | Time | Commit |
|---|---|---|---|---|--:|--:|---|
| S1 | A should be two | – | ➖ nothing to change | scripted | – | TIME | – |

<sub>run `RUN` · TIME · tokens unknown</sub>

<!-- baro:run=RUN -->\
""")
        assert baro.github.pulls(REPO) == []
        assert baro.github.reactions(REPO, number=number) == [("baro[bot]", "confused")]


async def test_a_failed_story_names_its_cause_and_folds_the_evidence(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.script(FOCUSED, {"role": "story", "steps": [{"run": "echo 'no such module: toolkit' >&2; exit 3"}]})
        number = await labelled(baro)
        assert await baro.ended(number) == snapshot("""\
❌ **baro could not do this**

S1 failed and nothing could be shipped: `echo 'no such module: toolkit' >&2; exit 3` ended with exit code 3. Ask again with `/baro <goal>`, perhaps for less or with more detail.

Shape: **focused**, confidence 95% (decided by a model): one constant in one file.

| Story | What | Depends on | State | Agent | Tokens | Time | Commit |
|---|---|---|---|---|--:|--:|---|
| S1 | A should be two | – | ❌ failed | scripted | – | TIME | – |

- **S1** `echo 'no such module: toolkit' >&2; exit 3` ended with exit code 3.

<details><summary>What went wrong</summary>

```
no such module: toolkit
```

</details>

<sub>run `RUN` · TIME · tokens unknown</sub>

<!-- baro:run=RUN -->\
""")
        assert baro.github.pulls(REPO) == []


async def test_what_an_agent_had_begun_before_it_failed_is_kept_on_a_branch(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        begun = {"write": {"path": "src/begun.py", "text": "BEGUN = 1\n"}}
        baro.script(FOCUSED, {"role": "story", "steps": [begun, {"run": "echo 'out of ideas' >&2; exit 3"}]})
        comment = await baro.ended(await labelled(baro))
        assert comment.partition("<details>")[0] == snapshot("""\
❌ **baro could not do this**

S1 failed and nothing could be shipped: `echo 'out of ideas' >&2; exit 3` ended with exit code 3. Ask again with `/baro <goal>`, perhaps for less or with more detail.

Shape: **focused**, confidence 95% (decided by a model): one constant in one file.

| Story | What | Depends on | State | Agent | Tokens | Time | Commit |
|---|---|---|---|---|--:|--:|---|
| S1 | A should be two | – | ⚠️ not merged, kept | scripted | – | TIME | COMMIT |

- **S1** `echo 'out of ideas' >&2; exit 3` ended with exit code 3.

- Work that is not in the result is on `baro-wt/RUN/S1`: `git fetch origin baro-wt/RUN/S1 && git cherry-pick FETCH_HEAD`

""")
        (branch,) = [name for name in baro.github.branches(REPO) if name.startswith("baro-wt/")]
        assert baro.github.file(REPO, branch, "src/begun.py") == b"BEGUN = 1\n"
        assert baro.github.pulls(REPO) == []


async def test_a_failed_story_blocks_only_its_descendants_and_the_rest_ships_as_a_draft(
    tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis) as baro:
        broken = {
            "role": "story",
            "story": "S2",
            "steps": [{"fail": {"kind": "execution", "message": "it will not do"}}],
        }
        baro.script(INTAKE, PLAN, broken, *WORK)
        number = await labelled(baro)
        assert await baro.ended(number) == snapshot("""\
🟡 **baro opened #2 as a draft: part of it is missing (2 of 4 stories)**

Part of it is done; S2 is missing: it will not do. Take over from the branch, or ask again for what is missing with `/baro <goal>`.

Shape: **parallel**, confidence 93% (decided by a model): three modules, no file shared.

| Story | What | Depends on | State | Agent | Tokens | Time | Commit |
|---|---|---|---|---|--:|--:|---|
| S1 | Do S1 | – | ✅ landed | scripted | – | TIME | COMMIT |
| S2 | Do S2 | – | ❌ failed | scripted | – | TIME | – |
| S3 | Do S3 | – | ✅ landed | scripted | – | TIME | COMMIT |
| S4 | Do S4 | S1, S2, S3 | 🚫 blocked | – | – | – | – |

- **S2** it will not do.
- **S4** waits for S2, which failed.

<details><summary>How the stories depend on each other</summary>

```mermaid
flowchart LR
  S1["S1: Do S1"]
  S2["S2: Do S2"]
  S3["S3: Do S3"]
  S4["S4: Do S4"]
  S1 --> S4
  S2 --> S4
  S3 --> S4
  style S1 fill:#dafbe1,stroke:#1a7f37
  style S2 fill:#ffebe9,stroke:#cf222e
  style S3 fill:#dafbe1,stroke:#1a7f37
  style S4 fill:#ffebe9,stroke:#6e7781
```

</details>

<sub>run `RUN` · TIME · tokens unknown</sub>

<!-- baro:run=RUN -->\
""")
        (pull,) = baro.github.pulls(REPO)
        assert pull.title == "[checkpoint] A should be two"
        assert pull.pull.draft
        assert read(pull.body).startswith("Part of #1")
        assert baro.github.file(REPO, pull.pull.head, "src/c.py") == b"C = 2\n"


async def test_a_provider_without_capacity_is_waited_for(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        busy = {"fail": {"kind": "provider_capacity", "message": "rate limited", "retry_after": 0.2}}
        baro.script(
            FOCUSED,
            {"role": "story", "times": 3, "steps": [busy]},
            writes("S1", "src/a.py", "A = 2\n"),
        )
        number = await labelled(baro)
        assert (await baro.ended(number)).startswith("✅")


async def test_protected_paths_are_held_back_and_the_rest_is_a_draft(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        workflow = {"write": {"path": ".github/workflows/ci.yml", "text": "on: push\n"}}
        baro.script(FOCUSED, {"role": "story", "steps": [workflow, {"write": {"path": "src/a.py", "text": "A = 2\n"}}]})
        number = await labelled(baro)
        assert await baro.ended(number) == snapshot("""\
🟡 **baro opened #2 as a draft: part of it is missing (1 of 1 story)**

Done except for what baro may not publish: `.github/workflows/ci.yml`. Take over from the branch, or ask again for what is missing with `/baro <goal>`.

Shape: **focused**, confidence 95% (decided by a model): one constant in one file.

| Story | What | Depends on | State | Agent | Tokens | Time | Commit |
|---|---|---|---|---|--:|--:|---|
| S1 | A should be two | – | ✅ landed | scripted | – | TIME | COMMIT |

- **S1** left out `.github/workflows/ci.yml`: it is under `.github/`, which only people change.
- What was left out stays on the runner for a while, as `logs/held-back/<story>.patch` in this run's directory. Whoever runs this baro can look at it there and, if it is right, add it with `git apply`.

<sub>run `RUN` · TIME · tokens unknown</sub>

<!-- baro:run=RUN -->\
""")
        (pull,) = baro.github.pulls(REPO)
        assert pull.pull.draft
        assert baro.github.diff(REPO, "main", pull.pull.head).count("diff --git") == 1


async def test_what_agents_and_installers_leave_behind_is_not_in_the_diff_and_what_was_asked_for_is(
    tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis) as baro:
        leave = (
            "mkdir -p node_modules/x .venv pkg/__pycache__ && touch node_modules/x/i.js .venv/p pkg/__pycache__/a.pyc"
        )
        asked = [
            {"write": {"path": path, "text": "asked for\n"}} for path in ("CLAUDE.md", "docs/adr/1.md", "vendor/lib.py")
        ]
        baro.script(
            FOCUSED, {"role": "story", "steps": [{"run": leave}, {"run": "git stash list; git log -1"}, *asked]}
        )
        await baro.ended(await labelled(baro))
        (pull,) = baro.github.pulls(REPO)
        files = [
            line.split(" b/")[1]
            for line in baro.github.diff(REPO, "main", pull.pull.head).splitlines()
            if line.startswith("diff --git")
        ]
        assert files == ["CLAUDE.md", "docs/adr/1.md", "vendor/lib.py"]


async def test_conflicting_stories_lose_no_line_unseen(tmp_path: Path, clean_redis: str) -> None:
    """Two stories that wrote one undeclared file: the second lands, the line it replaced is shown, and the story that
    had written it is checked again."""
    async with house(tmp_path, clean_redis) as baro:
        loser = story("S1", ["src/a.py"]) | {"verify": ["grep one src/c.py"]}
        plan = {"role": "plan", "answer": {"stories": [loser, story("S2", ["src/b.py"])]}}
        first, second = (
            {"role": "story", "story": id, "steps": [WAITS, {"write": {"path": "src/c.py", "text": text}}]}
            for id, text in (("S1", "C = 'one'\n"), ("S2", "C = 'two'\n"))
        )
        baro.script(INTAKE, plan, first, second)
        number = await labelled(baro)
        await baro.land_one_after_another(number, "S1", "S2")
        said = await baro.ended(number)
        assert re.findall(r".*replaced.*", said) == snapshot(
            [
                "- **S2** replaced 1 line of `src/c.py` that **S1** had written; checked again, `S1: grep one src/c.py` failed"
            ]
        )
        (pull,) = baro.github.pulls(REPO)
        assert "C = 'one'" in pull.body
        assert baro.github.file(REPO, pull.pull.head, "src/c.py") == b"C = 'two'\n"


async def test_a_story_that_cannot_be_merged_is_done_again_on_top_of_what_it_conflicts_with(
    tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis) as baro:
        plan = {"role": "plan", "answer": {"stories": [story("S1", ["src/a.py"]), story("S2", ["src/b.py"])]}}
        again = {"when": "could not be merged", "steps": [{"write": {"path": "src/b.py", "text": "B = 9\n"}}]}
        baro.script(
            INTAKE,
            plan,
            {"role": "story", "story": "S1", "steps": [WAITS, {"delete": "src/c.py"}, {"delete": "src/a.py"}]},
            {"role": "story", "story": "S2", **again},
            {
                "role": "story",
                "story": "S2",
                "steps": [WAITS, {"write": {"path": "src/c.py", "text": "C = 9\n"}}],
            },
        )
        number = await labelled(baro)
        await baro.land_one_after_another(number, "S1", "S2")
        assert (await baro.ended(number)).startswith("✅ **baro opened #2 (2 of 2 stories)**")
        (pull,) = baro.github.pulls(REPO)
        assert baro.github.file(REPO, pull.pull.head, "src/c.py") is None
        assert baro.github.file(REPO, pull.pull.head, "src/b.py") == b"B = 9\n"


async def test_a_story_that_cannot_be_merged_keeps_its_branch_and_says_how_to_get_it(
    tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis) as baro:
        plan = {"role": "plan", "answer": {"stories": [story("S1", ["src/a.py"]), story("S2", ["src/b.py"])]}}
        baro.script(
            INTAKE,
            plan,
            {"role": "story", "story": "S1", "steps": [WAITS, {"delete": "src/c.py"}, {"delete": "src/a.py"}]},
            {
                "role": "story",
                "story": "S2",
                "times": 1,
                "steps": [WAITS, {"write": {"path": "src/c.py", "text": "C = 9\n"}}],
            },
        )
        number = await labelled(baro)
        await baro.land_one_after_another(number, "S1", "S2")
        assert await baro.ended(number) == snapshot("""\
🟡 **baro opened #2 as a draft: part of it is missing (1 of 2 stories)**

Part of it is done; S2 is missing: No entry of the agents' script answers story S2. Take over from the branch, or ask again for what is missing with `/baro <goal>`.

Shape: **parallel**, confidence 93% (decided by a model): three modules, no file shared.

| Story | What | Depends on | State | Agent | Tokens | Time | Commit |
|---|---|---|---|---|--:|--:|---|
| S1 | Do S1 | – | ✅ landed | scripted | – | TIME | COMMIT |
| S2 | Do S2 | – | ⚠️ not merged, kept | scripted | – | TIME | COMMIT |

- **S1** also changed what it had not declared: `src/c.py`
- **S2** No entry of the agents' script answers story S2.
- **S2** also changed what it had not declared: `src/c.py`

- Work that is not in the result is on `baro-wt/RUN/S2`: `git fetch origin baro-wt/RUN/S2 && git cherry-pick FETCH_HEAD`

<details><summary>How the stories depend on each other</summary>

```mermaid
flowchart LR
  S1["S1: Do S1"]
  S2["S2: Do S2"]
  style S1 fill:#dafbe1,stroke:#1a7f37
  style S2 fill:#fff8c5,stroke:#9a6700
```

</details>

<sub>run `RUN` · TIME · tokens unknown</sub>

<!-- baro:run=RUN -->\
""")
        branches = baro.github.branches(REPO)
        assert [read(branch) for branch in branches if branch.startswith("baro-wt/")] == ["baro-wt/RUN/S2"]


@pytest.mark.parametrize("body", ["", "https://example.com/pull/7"])
async def test_an_empty_issue_and_a_bare_link_are_one_question(body: str, tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        number = await labelled(baro, title="Fix", body=body)
        await baro.until(lambda: said(baro, number))
        assert baro.living(number) is None
        assert said(baro, number)[0].startswith("What should")


async def test_a_broken_configuration_says_what_is_wrong_with_it(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.github.commit(
            REPO, "main", {".github/baro.yml": "mode: paralel\nlimits: {agents: none}\n"}, "x", by="maria"
        )
        number = await labelled(baro)
        await baro.until(lambda: said(baro, number))
        assert said(baro, number) == snapshot(
            [
                "`.github/baro.yml` on the default branch is not valid (`mode` must be one of auto, focused, sequential, parallel, not `paralel` (did you mean `parallel`?); `limits.agents` must be a whole number, not `none`); correct it and ask again."
            ]
        )


async def test_the_repositorys_mode_is_obeyed(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.github.commit(REPO, "main", {".github/baro.yml": "mode: sequential\n"}, "x", by="maria")
        baro.script(PLAN, *WORK, writes("S4", "README.md", "# two\n"))
        comment = await baro.ended(await labelled(baro))
        assert comment.partition("\n\n| Story")[0] == snapshot("""\
✅ **baro opened #2 (4 of 4 stories)**

Shape: **sequential**, confidence 100% (`.github/baro.yml` says so): The repository's `.github/baro.yml` sets this mode.\
""")
        assert "| S2 | Do S2 | S1 |" in comment


async def test_an_unusable_plan_falls_back_to_one_story_and_says_so(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        twice = {"role": "plan", "answer": {"stories": [story("S1", ["../x"]), story("S1", ["a"], ("S9",))]}}
        baro.script(INTAKE, twice, writes("S1", "src/a.py", "A = 2\n"))
        assert (await baro.ended(await labelled(baro))).partition("\n\n| Story")[0] == snapshot("""\
✅ **baro opened #2 (1 of 1 story)**

Shape: **focused**, confidence 0% (fallback): no usable plan came back (Story S1: the path `../x` leaves the repository; The id `S1` is used more than once (ids must differ in more than case); Story S1 depends on `S9`, which is not in the plan), so one focused story it is.\
""")


async def test_github_down_for_a_while_delays_a_run_and_loses_nothing(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.script(FOCUSED, writes("S1", "src/a.py", "A = 2\n"))
        for method in ("GET", "POST", "PATCH"):
            baro.github.faults.add(method, r"/(issues|pulls)", status=502, times=3)
        number = await labelled(baro)
        assert (await baro.ended(number)).startswith("✅ **baro opened #2")
        assert len(baro.github.comments(REPO, number)) == 1
