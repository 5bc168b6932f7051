"""A fleet of agents on independent surfaces, merged into one pull request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.world.house import REPO, house, read

INTAKE = {
    "role": "intake",
    "answer": {"mode": "parallel", "confidence": 0.93, "reason": "three modules, no file shared"},
}


def story(id: str, writes: list[str], depends_on: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "id": id,
        "title": f"Do {id}",
        "goal": f"Write what {id} is about.",
        "acceptance": [f"{id} is written"],
        "depends_on": list(depends_on),
        "writes": writes,
        "tier": "standard",
        "verify": [],
    }


PLAN = {
    "role": "plan",
    "answer": {
        "stories": [
            story("S1", ["src/a.py"]),
            story("S2", ["src/b.py"]),
            story("S3", ["src/c.py"]),
            story("S4", ["README.md"], ("S1", "S2", "S3")),
        ]
    },
}


def writes(id: str, path: str, text: str, **more: Any) -> dict[str, Any]:
    return {"role": "story", "story": id, "steps": [{"write": {"path": path, "text": text}}], **more}


WORK = [writes(f"S{n}", f"src/{name}.py", f"{name.upper()} = 2\n") for n, name in enumerate("abc", 1)]


async def test_independent_stories_run_at_once_and_land_as_merges_in_one_pull_request(
    tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis) as baro:
        last = {
            "role": "story",
            "story": "S4",
            "steps": [{"run": "cat src/a.py src/b.py src/c.py > README.md"}],
        }
        baro.script(INTAKE, PLAN, *WORK, last)
        issue = await baro.github.open_issue(REPO, "maria", "Everything should be two", "All three modules.")
        await baro.github.label(REPO, issue.number, "baro", by="maria")
        print(await baro.ended(issue.number))
        (pull,) = baro.github.pulls(REPO)
        print(pull.title, read(pull.body))
        assert baro.github.file(REPO, pull.pull.head, "README.md") == b"A = 2\nB = 2\nC = 2\n"
