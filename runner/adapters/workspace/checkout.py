"""How a seat comes to show a commit, and how what its agent made of it is read: the seam between its two ways."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from runner.domain.change import HeldBack
from runner.ports import View

from .diffs import Difference
from .layout import Layout


class Staged(Protocol):
    """What a seat's tree holds, less what an installer left in it."""

    @property
    def unfit(self) -> tuple[HeldBack, ...]:
        """What no commit can hold: repositories inside it, pipes, …"""
        ...

    @property
    def places(self) -> tuple[str, ...]:
        """Where installers put things here, see domain/dependencies.py."""
        ...

    async def tree(self, held: Sequence[Difference] = ()) -> str:
        """As a tree object; the paths of `held` as they were before."""
        ...


class Checkout(Protocol):
    async def place(self, layout: Layout, seat: str, commit: str) -> None:
        """Make the seat's tree, where there is none, show the commit."""
        ...

    async def follow(self, layout: Layout, seat: str, commit: str) -> None:
        """Make a tree that nobody may write show another commit."""
        ...

    async def index(self, layout: Layout, seat: str, commit: str) -> Path:
        """The commit's index, with the times its files have in this tree: nothing has to be read again for it."""
        ...

    async def view(self, layout: Layout, seat: str, commit: str) -> View | None:
        """What of the commit lies outside the tree itself."""
        ...

    def staged(
        self, layout: Layout, seat: str, commit: str, declared: Sequence[str] = ()
    ) -> AbstractAsyncContextManager[Staged]:
        """What the seat's tree holds, for as long as it takes to commit it. It began with that commit; paths that
        are `declared` by name are no residue."""
        ...
