"""Runs a command and passes on what it prints, but of lines with a given beginning only that beginning.

    python -I -S abridge.py '{"type":"message_update"' -- pi --mode json …

It is for a command line that repeats itself at every word it says: what it repeats would fill the disk, and the
beginning is as good a sign of life.
"""

from __future__ import annotations

import subprocess
import sys


def main(words: list[str]) -> int:
    at = words.index("--")
    beginnings = [word.encode() for word in words[:at]]
    with subprocess.Popen(words[at + 1 :], stdout=subprocess.PIPE) as command:
        assert command.stdout is not None
        for line in command.stdout:
            beginning = next((known for known in beginnings if line.startswith(known)), None)
            sys.stdout.buffer.write(beginning + b"\n" if beginning else line)
            sys.stdout.buffer.flush()
    return command.returncode if command.returncode >= 0 else 128 - command.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
