"""A process killed right after GitHub did what it asked leaves nothing double behind."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import msgspec
import pytest

from tests.adapters.github_world import BOT, PRIVATE_KEY, REPO, World, serving

MARKER = "<!-- baro:run=abc -->"
HEAD = "baro/fix-abc"
PROGRAM = """
import asyncio, sys
import msgspec
from runner import crashpoints
from runner.adapters.github import connect
from runner.ports import Place

async def main(place, act):
    key = sys.stdin.read()
    async with connect(app="4711", private_key=key, api_url=sys.argv[3], web_url="http://x", gate=str) as github:
        if act == "comment.made":
            await github.comments.upsert(place, 1, "<!-- baro:run=abc -->", "working")
        else:
            await github.pulls.show(place, head="baro/fix-abc", base="main", title="Fix", body="half", draft=False)

crashpoints.arm(sys.argv[1])
asyncio.run(main(msgspec.json.decode(sys.argv[2], type=Place), sys.argv[1]))
"""


async def die_at(point: str, world: World) -> int:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, point, msgspec.json.encode(world.place).decode(), world.local.api_url),
        stdin=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    await process.communicate(PRIVATE_KEY.encode())
    return process.returncode or 0


@pytest.mark.parametrize("point", ["comment.made", "pull.made"])
async def test_the_next_process_finds_what_the_killed_one_made(tmp_path: Path, point: str) -> None:
    async with serving(tmp_path) as world, world.connect() as github:
        await world.local.open_issue(REPO, "ann", "Broken")
        world.local.commit(REPO, HEAD, {"src/app.py": "x = 2\n"})
        assert await die_at(point, world) == -signal.SIGKILL
        await github.comments.upsert(world.place, 1, MARKER, "done")
        await github.pulls.show(world.place, head=HEAD, base="main", title="Fix", body="whole", draft=False)
        comments = [(said.author, said.body) for said in world.local.comments(REPO, 1)]
        assert comments == [(BOT, f"done\n\n{MARKER}")]
        assert [pull.body for pull in world.local.pulls(REPO)] == ["whole"]
        made = "/comments" if point == "comment.made" else "/pulls"
        assert world.asked("POST", made) == 1, "found, not made again"
