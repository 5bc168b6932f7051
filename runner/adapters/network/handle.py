"""The runner's end of runner/inside/door.py: the listening sockets of a sandbox's own network."""

from __future__ import annotations

import asyncio
import socket


class Handle:
    """A pair of sockets: one is inherited by the sandbox, through the other one comes what the door has opened."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)

    @property
    def number(self) -> int:
        """The file descriptor that the sandbox inherits."""
        return self._theirs.fileno()

    async def listeners(self, count: int) -> list[socket.socket]:
        """As many as the door was asked to open, in that order; none where the sandbox has died before."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._ours.fileno(), ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._ours.fileno())
        _, handles, _, _ = socket.recv_fds(self._ours, 1, count)
        return [socket.socket(fileno=handle) for handle in handles]

    def close(self) -> None:
        self._ours.close()
        self._theirs.close()
