"""A person labels an issue, and a pull request appears."""

from __future__ import annotations

from pathlib import Path

from tests.world.house import REPO, house, read

STORY = {
    "role": "story",
    "steps": [
        {"read": "src/a.py"},
        {"edit": {"path": "src/a.py", "old": "1", "new": "2"}},
        {"usage": {"input": 1200, "cached": 800, "output": 300, "cost": 0.01}},
        {"say": "A is two now."},
    ],
}


async def test_a_labelled_issue_becomes_a_pull_request(tmp_path: Path, clean_redis: str) -> None:
    async with house(tmp_path, clean_redis) as baro:
        baro.script(
            {"role": "intake", "answer": {"mode": "focused", "confidence": 0.95, "reason": "one constant in one file"}},
            STORY,
        )
        issue = await baro.github.open_issue(REPO, "maria", "A should be two", "Please set `A` to 2 in src/a.py.")
        await baro.github.label(REPO, issue.number, "baro", by="maria")
        comment = await baro.ended(issue.number)
        print(comment)
        (pull,) = baro.github.pulls(REPO)
        print(pull.title, read(pull.body))
        print(baro.github.diff(REPO, "main", pull.pull.head))
