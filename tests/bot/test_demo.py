"""The demo shows what the comment says, works on a sample that holds together, and can be interrupted."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE
from itertools import combinations
from pathlib import Path

import yaml
from inline_snapshot import snapshot

from bot.demo import sample
from bot.demo.watch import Seen, for_a_terminal, news, read

PLANNED = """\
🛠️ **baro is working on it: 0 of 2 stories landed**

Shape: **parallel**, confidence 93% (decided by a model): two files.

| Story | What | Depends on | State | Agent | Tokens | Time | Commit |
|---|---|---|---|---|--:|--:|---|
| S1 | Slugs &amp; more | – | 🔧 working | scripted | – | – | – |
| S2 | Commands | S1 | ⏳ waiting | – | – | – | – |

<sub>run `abc`</sub>
"""
OVER = PLANNED.replace("🛠️ **baro is working on it: 0 of 2 stories landed**", "✅ **baro opened #2 (2 of 2 stories)**")
OVER = OVER.replace("🔧 working", "✅ landed").replace("⏳ waiting", "✅ landed")


def test_what_is_new_in_the_comment_is_told_line_by_line() -> None:
    queued = read("🕓 **baro has taken this on**\n")
    planned, over = read(PLANNED), read(OVER)
    told = [*news(Seen(), queued), *news(queued, planned), *news(planned, planned), *news(planned, over)]
    assert told == snapshot(
        [
            "🕓 baro has taken this on",
            "shape: parallel, confidence 93% (decided by a model): two files.",
            "S1 Slugs & more",
            "S2 Commands, after S1",
            "S1 🔧 working",
            "S1 ✅ landed",
            "S2 ✅ landed",
            "✅ baro opened #2 (2 of 2 stories)",
        ]
    )


def test_the_run_is_over_when_the_comment_says_how_it_ended() -> None:
    assert [read(body).over for body in ("", PLANNED, OVER)] == [False, False, True]


def test_what_only_github_can_draw_is_left_out_on_a_terminal() -> None:
    body = (
        "Closes #1\n\n```mermaid\nflowchart LR\n```\n\n<details><summary>files</summary>\n\n- a\n\n</details><!-- x -->"
    )
    assert for_a_terminal(body).split() == ["Closes", "#1", "files", "-", "a"]


def test_the_samples_stories_are_independent_where_they_say_so(tmp_path: Path) -> None:
    script = yaml.safe_load(sample.write_script(tmp_path).read_text())
    (plan,) = [entry["answer"] for entry in script if entry["role"] == "plan"]
    first, last = plan["stories"][:3], plan["stories"][3]
    assert all(not set(a["writes"]) & set(b["writes"]) for a, b in combinations(first, 2))
    assert last["depends_on"] == [story["id"] for story in first]


def test_the_samples_own_tests_pass_before_anybody_works_on_it(tmp_path: Path) -> None:
    for path, text in sample.repository().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    subprocess.run([sys.executable, "-B", "-m", "unittest", "-q"], cwd=tmp_path, check=True, capture_output=True)


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def alive(pids: list[str]) -> list[str]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def left(directory: Path) -> list[Path]:
    return list(directory.glob("baro-demo-*"))


async def test_an_interrupted_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "bot", "demo"), env=environment, cwd=tmp_path, stdout=PIPE
    )
    assert process.stdout is not None
    async for line in process.stdout:
        if b"baro has seen it" in line:
            break
    started = children_of(process.pid)
    assert len(started) == 3
    process.send_signal(signal.SIGINT)
    await process.stdout.read()
    assert await process.wait() == 130
    assert not alive(started)
    assert not left(tmp_path)
