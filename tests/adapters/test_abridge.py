"""What reaches the disk of a command line that repeats itself."""

from __future__ import annotations

import subprocess
import sys

from runner.adapters.agents.pi import ABRIDGE

COMMAND = """
import sys
for n in range(1000):
    print("again", "x" * 100_000)
print("once\\u2028 more")
sys.exit(3)
"""


def test_of_repeated_lines_only_the_beginning_is_passed_on_and_of_others_all() -> None:
    argv = [sys.executable, "-I", "-S", str(ABRIDGE), "again", "nothing", "--", sys.executable, "-c", COMMAND]
    done = subprocess.run(argv, capture_output=True, check=False)
    assert done.stdout == b"again\n" * 1000 + "once\u2028 more\n".encode()
    assert done.returncode == 3
