"""The command line: every command reads standard input and prints its result."""

import argparse
import sys
from collections.abc import Callable

from wordsmith.counting import count

COMMANDS: dict[str, tuple[Callable[[str], object], str]] = {
    "count": (count, "lines, words and characters"),
}


def main(arguments: list[str], text: str) -> str:
    """What `python -m wordsmith` prints for these arguments and this input."""
    parser = argparse.ArgumentParser(prog="wordsmith", description="Small tools for people who write.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, prints) in COMMANDS.items():
        commands.add_parser(name, help=prints)
    act, _ = COMMANDS[parser.parse_args(arguments).command]
    return str(act(text))


if __name__ == "__main__":
    print(main(sys.argv[1:], sys.stdin.read()))
