"""The scripted agent: a process that follows a list of steps in its working directory and says what it does.

It runs inside the sandbox on a bare interpreter (`python -I -S`), reads `{"steps": […]}` from standard input and
prints one JSON object a line:

    {"type": "did", "kind": "write", "path": "src/a.py", "note": ""}      as runner.domain.agent.Did
    {"type": "running", "command": "make"}  {"type": "ran", "code": 0}    between these two it is busy
    {"type": "said", "text": "…"}  {"type": "answer", "json": {…}}
    {"type": "used", "input": 1200, "cached": 800, "output": 300, "cost": 0.01}
    {"type": "failed", "kind": "execution", "message": "…", "evidence": "…", "retry_after": null}
    {"type": "finished"}                                                  nothing else means that it ended well
"""

from __future__ import annotations

import json
import os
import sys
import time

# What it imports it waits for, each time anew: the rest is imported by the steps that need it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

EVIDENCE = 4000
"""characters of a failed command's output"""


class Failed(Exception):
    """A step did not work out."""

    def __init__(self, message: str, evidence: str = "", kind: str = "execution", retry_after: float | None = None):
        super().__init__(message)
        self.event = {"kind": kind, "message": message, "evidence": evidence, "retry_after": retry_after}


def tell(what: str, **fields: Any) -> None:
    print(json.dumps({"type": what, **fields}), flush=True)


def did(kind: str, path: str = "", note: str = "") -> None:
    tell("did", kind=kind, path=path, note=note)


def write(step: dict[str, Any]) -> None:
    did("write", step["path"])
    os.makedirs(os.path.dirname(step["path"]) or ".", exist_ok=True)
    put(step["path"], step["text"])


def edit(step: dict[str, Any]) -> None:
    did("write", step["path"])
    with open(step["path"], encoding="utf-8") as file:
        text = file.read()
    if step["old"] not in text:
        raise Failed(f"{step['path']} does not contain the text to be replaced.", evidence=step["old"])
    put(step["path"], text.replace(step["old"], step["new"], 1))


def put(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def delete(path: str) -> None:
    did("write", path)
    os.unlink(path)


def read(path: str) -> None:
    did("read", path)
    with open(path, "rb") as file:
        file.read()


def run(command: str) -> None:
    did("run", note=command)
    shell(["/bin/sh", "-c", command], command)


def commit(message: str) -> None:
    did("run", note="git commit")
    shell(["git", "add", "--all"], "git add")
    shell(["git", "commit", "--quiet", "--message", message], "git commit")


def shell(argv: list[str], name: str) -> None:
    """Its output goes through a file: a pipe would stay open for as long as something it left in the background."""
    import subprocess
    import tempfile

    tell("running", command=name)
    with tempfile.TemporaryFile() as output:
        code = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False).returncode
        output.seek(0)
        text = output.read().decode(errors="replace")[-EVIDENCE:]
    tell("ran", code=code)
    if code != 0:
        raise Failed(f"`{name}` ended with exit code {code}.", evidence=text.strip())


def say(text: str) -> None:
    did("say", note=text)
    tell("said", text=text)


def fail(step: dict[str, Any]) -> None:
    raise Failed(step["message"], kind=step["kind"], retry_after=step.get("retry_after"))


def hang(wanted: bool) -> None:
    while wanted:
        time.sleep(3600)


def used(usage: dict[str, Any]) -> None:
    tell("used", **usage)


def answer(reply: Any) -> None:
    tell("answer", json=reply)


def raw(text: str) -> None:
    tell("said", text=text)


STEPS: dict[str, Callable[[Any], object]] = {
    "write": write,
    "edit": edit,
    "delete": delete,
    "read": read,
    "run": run,
    "commit": commit,
    "say": say,
    "sleep": time.sleep,
    "usage": used,
    "answer": answer,
    "raw": raw,
    "fail": fail,
    "exit": sys.exit,
    "hang": hang,
}


def play(steps: list[dict[str, Any]]) -> None:
    try:
        for step in steps:
            ((name, value),) = step.items()
            STEPS[name](value)
    except Failed as failed:
        tell("failed", **failed.event)
    except (OSError, UnicodeError) as error:
        tell("failed", kind="execution", message=f"{error}.", evidence="", retry_after=None)
    else:
        tell("finished")


if __name__ == "__main__":
    play(json.load(sys.stdin)["steps"])
