"""What the repository sets up to know that it is well is run on the result, and people see what came of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from tests.e2e.test_endings import labelled
from tests.e2e.test_focused import STORY
from tests.e2e.test_ways_in import FOCUSED
from tests.world.house import REPO, House, house, read

CHECKED = {
    "Makefile": "check: test\n\ntest:\n\tgrep 'A = [12]' src/a.py\n",
    "package.json": '{"scripts": {"lint": "no-such-linter"}}\n',
}


def verification(baro: House) -> str:
    """That part of the pull request, as a person reads it."""
    (pull,) = baro.github.pulls(REPO)
    section = read(pull.body).partition("### Verification\n\n")[2]
    return re.split("\n\n(?:###|<details><summary>1 changed|<sub>)", section)[0]


async def done(baro: House, files: dict[str, str], text: str = "A = 2\n") -> bool:
    """Label an issue of a repository with these files; is the pull request ready for review?"""
    baro.github.commit(REPO, "main", files, by="maria")
    baro.script(FOCUSED, {**STORY, "steps": [{"write": {"path": "src/a.py", "text": text}}]})
    await baro.ended(await labelled(baro))
    return not baro.github.pulls(REPO)[0].pull.draft


async def test_a_pull_request_says_what_its_result_was_checked_with(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        assert await done(baro, CHECKED)
        assert verification(baro) == snapshot("""\
- ✅ `make check` passed in TIME\
""")


async def test_a_result_that_fails_a_check_is_a_draft_with_the_output(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        assert not await done(baro, CHECKED, text="A = 3\n")
        assert verification(baro) == snapshot("""\
- ❌ `make check` failed: `make check`

<details><summary>Output of make check</summary>

```
grep 'A = [12]' src/a.py
make: *** [Makefile:4: test] Error 1
```

</details>\
""")


async def test_a_repository_names_its_checks_and_one_that_cannot_run_is_skipped(
    tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis) as baro:
        own = "verify:\n  the constant: grep -q 'A = 2' src/a.py\n  lint: no-such-linter\n"
        assert await done(baro, CHECKED | {".github/baro.yml": own})
        assert verification(baro) == snapshot("""\
- ✅ `the constant` passed in TIME
- ➖ `lint` was skipped: `no-such-linter` is not installed where checks run.\
""")


@pytest.mark.parametrize("place", ["verify.start", "verify.done"])
async def test_a_runner_killed_while_it_verifies_verifies_again(place: str, tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis, start=False) as baro:
        baro.github.commit(REPO, "main", CHECKED, by="maria")
        baro.script(FOCUSED, STORY)
        await baro.start("web")
        await baro.start("runner", BARO_CRASHPOINT=place)
        number = await labelled(baro)
        assert await baro.died("runner") == -9
        await baro.start("runner")
        assert (await baro.ended(number)).startswith("✅")
        assert "passed" in verification(baro)


BROKEN = {"Makefile": "check:\n\t@echo $$(cat src/b.py); grep -q 'B = 2' src/b.py\n"}


async def test_a_check_that_fails_without_the_run_as_well_makes_no_draft_but_closes_no_issue(
    tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis) as baro:
        assert await done(baro, BROKEN)
        assert verification(baro) == snapshot("""\
- ⚠️ `make check` fails on `main` too: `make check`

<details><summary>Output of make check</summary>

```
B = 1
make: *** [Makefile:2: check] Error 1
```

</details>

<details><summary>Output of make check without this run's work</summary>

```
B = 1
make: *** [Makefile:2: check] Error 1
```

</details>\
""")
        (pull,) = baro.github.pulls(REPO)
        assert not pull.pull.draft
        assert pull.body.partition("\n")[0] == snapshot(
            "Part of #1: `make check` fails with this work as it did before, so whether it is done is yours to say"
        )


async def test_a_run_that_rewrites_what_it_is_checked_with_is_told_apart(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.github.commit(REPO, "main", BROKEN, by="maria")
        baro.script(FOCUSED, {**STORY, "steps": [{"write": {"path": "Makefile", "text": "check:\n\ttrue\n"}}]})
        await baro.ended(await labelled(baro))
        (pull,) = baro.github.pulls(REPO)
        assert "- `make check` is defined in `Makefile`, which this run changed" in pull.body
        assert "✅ `make check` passed" in pull.body
