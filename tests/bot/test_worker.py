"""What a runner process asks of the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIMIT = "import resource; from bot.worker import open_more_files; open_more_files(); print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"


@pytest.mark.parametrize(("soft", "hard", "then"), [(256, 4096, 4096), (256, 256, 256), (9000, 9000, 9000)])
def test_a_runner_may_open_as_many_files_as_the_system_allows_and_it_can_need(soft: int, hard: int, then: int) -> None:
    limited = f"ulimit -Sn {soft} && ulimit -Hn {hard} && exec {sys.executable} -c '{LIMIT}'"
    said = subprocess.run(["/bin/sh", "-c", limited], capture_output=True, text=True, check=True).stdout
    assert int(said) == then
