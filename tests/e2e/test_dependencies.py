"""What a setup story installs, its dependents use; what they install, nobody else sees; and none of it is published."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from tests.adapters.dependency_world import package_json, tarball
from tests.world.house import House, house

APP = "acme/app"
FILES = {
    "package.json": package_json("left"),
    "packages/left.tgz": tarball("left"),
    "packages/right.tgz": tarball("right"),
    "src/index.js": "module.exports = 1\n",
}
INTAKE = {
    "role": "intake",
    "answer": {"mode": "parallel", "confidence": 0.93, "reason": "two files, after one installation"},
}


def story(id: str, writes: list[str], *depends_on: str) -> dict[str, Any]:
    return {
        "id": id,
        "title": f"Do {id}",
        "goal": f"Do what {id} is about.",
        "acceptance": ["It is done."],
        "depends_on": list(depends_on),
        "writes": writes,
    }


PLAN = {
    "role": "plan",
    "answer": {
        "stories": [
            story("S1", ["package-lock.json"]),
            story("S2", ["src/adds.js"], "S1"),
            story("S3", ["src/uses.js"], "S1"),
        ]
    },
}
WAIT = "touch ~/waiting; until test -e ~/go; do sleep 0.1; done"
"""A story's home is a directory of the host's, in which the test can answer."""
REQUIRED = "node -p \"require('{}')\""


def runs(id: str, *commands: str) -> dict[str, Any]:
    return {"role": "story", "story": id, "steps": [{"run": command} for command in commands]}


async def test_what_a_setup_story_installed_is_there_for_its_dependents_and_in_no_pull_request(
    tmp_path: Path, clean_redis: str
) -> None:
    """The two dependents run side by side: the one installs a second package, and the other waits until it has."""
    async with house(tmp_path, clean_redis) as baro:
        baro.github.repository(APP, FILES)
        baro.github.grant(APP, "maria", "write")
        left, right = REQUIRED.format("left"), REQUIRED.format("right")
        baro.script(
            INTAKE,
            PLAN,
            runs("S1", "npm ci || npm install", "test -d node_modules/left"),
            runs(
                "S2", f"{left} > src/adds.js", "npm install --no-save ./packages/right.tgz", f"{right} >> src/adds.js"
            ),
            runs("S3", f"{left} > src/uses.js", f"{WAIT}; ! {right}", "! ls node_modules/right"),
        )
        issue = await baro.github.open_issue(APP, "maria", "Use left", "In two places.")
        await baro.github.label(APP, issue.number, "baro", by="maria")
        kept = tmp_path / "home/runs"
        waiting = await baro.until(lambda: next(kept.glob("*/**/home/waiting"), None))
        await baro.until(lambda: next(kept.glob("*/*/S2/**/node_modules/right/package.json"), None))
        waiting.with_name("go").touch()
        assert (await baro.ended(issue.number, APP)).startswith("✅"), baro.living(issue.number, APP)
        _nothing_installed(baro)


def _nothing_installed(baro: House) -> None:
    (pull,) = baro.github.pulls(APP)
    head = pull.pull.head
    assert baro.github.file(APP, head, "src/adds.js") == b"left 1.0.0\nright 1.0.0\n"
    assert baro.github.file(APP, head, "src/uses.js") == b"left 1.0.0\n"
    listed = ["git", "-C", str(baro.github.git_dir(APP)), "ls-tree", "-r", "--name-only", head]
    paths = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.splitlines()
    assert {*paths} == {*FILES, "package-lock.json", "src/adds.js", "src/uses.js"}
