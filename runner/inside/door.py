"""Opens the sandbox's one way out, hands it to the runner, and becomes the command: `door.py HANDLE PORTS -- COMMAND…`.

A sandbox has a network of its own, with nothing in it but loopback. A socket belongs to the network it was made in,
whoever holds it: this program makes listening ones there and passes them through HANDLE, a socket it has inherited,
to the runner, which answers them from outside. No process of ours stays inside, and no way to HANDLE either.
"""

from __future__ import annotations

import os
import signal
import socket
import sys

MISSING = 127
"""the exit code of shells for a command that cannot be started"""


def listening(port: int) -> socket.socket:
    """Callers queue up until the runner answers, so nobody has to wait for it here."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind(("127.0.0.1", port))
    opened.listen(128)
    return opened


def hand_over(handle: int, ports: list[int]) -> None:
    """Everything that is opened here is closed again: the command gets none of it."""
    with socket.socket(fileno=handle) as runner:
        made = [listening(port) for port in ports]
        socket.send_fds(runner, [b"."], [one.fileno() for one in made])
        for one in made:
            one.close()


def become(command: list[str]) -> None:
    # Python ignores these two, and a program that is started with them ignored goes on ignoring them.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell: the command is an argument list
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(MISSING)


if __name__ == "__main__":
    _, inherited, wanted, _, *rest = sys.argv
    hand_over(int(inherited), [int(port) for port in wanted.split(",")])
    become(rest)
