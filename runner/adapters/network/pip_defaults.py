"""A program of its own: prints the addresses that this Python's pip has built in, as a JSON list.

pip need not be installed: Python carries a copy of it to make virtual environments with, which some distributions
keep elsewhere. It is run as `python -I pip_defaults.py`.
"""

from __future__ import annotations

import importlib
import json
import sys
from importlib.util import find_spec
from pathlib import Path

ELSEWHERE = Path("/usr/share/python-wheels")


def with_pip() -> None:
    if find_spec("pip") is not None:
        return
    spec = find_spec("ensurepip")
    bundled = Path(spec.origin).parent / "_bundled" if spec and spec.origin else ELSEWHERE
    sys.path += map(str, [*bundled.glob("pip-*.whl"), *ELSEWHERE.glob("pip-*.whl")][:1])


def defaults() -> list[str]:
    with_pip()
    index = importlib.import_module("pip._internal.models.index").PyPI
    return [index.url, f"https://{index.file_storage_domain}"]


if __name__ == "__main__":
    print(json.dumps(defaults()))
