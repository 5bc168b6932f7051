"""A repository that is not checked out for every story: nobody can tell from what becomes of the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runner.adapters.workspace.overlays import LARGE
from tests.e2e.test_dependencies import INTAKE, runs, story
from tests.world.house import house

REPO = "acme/thousand"
PLAN: dict[str, Any] = {
    "role": "plan",
    "answer": {"stories": [story("S1", ["src/d1/**"]), story("S2", ["src/d2/**"]), story("S3", ["src/d3/**"], "S1")]},
}


async def test_stories_that_share_a_checkout_end_in_one_pull_request(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.github.repository(REPO, {f"src/d{n % 9}/f{n}.py": f"VALUE = {n}\n" for n in range(LARGE)})
        baro.github.grant(REPO, "maria", "write")
        clean = 'test -z "$(git status --short)"'
        baro.script(
            INTAKE,
            PLAN,
            runs("S1", clean, "rm -rf src/d1", "mkdir src/d1", "echo new > src/d1/new.py"),
            runs("S2", clean, "mv src/d2 src/two", "mv src/two src/d2", "echo 'VALUE = 0' > src/d2/f2.py"),
            runs("S3", clean, 'test "$(ls src/d1)" = new.py', "git rm -q src/d3/f3.py", "git commit -qm 'Less'"),
        )
        issue = await baro.github.open_issue(REPO, "maria", "Tidy up", "In three places.")
        await baro.github.label(REPO, issue.number, "baro", by="maria")
        assert (await baro.ended(issue.number, REPO)).startswith("✅"), baro.living(issue.number, REPO)
        (pull,) = baro.github.pulls(REPO)
        head = pull.pull.head
        assert baro.github.file(REPO, head, "src/d1/new.py") == b"new\n"
        assert baro.github.file(REPO, head, "src/d2/f2.py") == b"VALUE = 0\n"
        for gone in ("src/d1/f1.py", "src/d3/f3.py"):
            assert baro.github.file(REPO, head, gone) is None
        assert baro.github.file(REPO, head, "src/d2/f11.py") == b"VALUE = 11\n"
