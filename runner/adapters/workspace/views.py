"""What a seat is shown besides its tree: everything that the stories it builds on have installed.

The view is an overlay that the sandbox mounts: layers below, the seat's tree on top. So an installer may do there
whatever it does elsewhere (delete the whole directory, too), and all that it writes stays in this one tree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import structlog

from runner.adapters.sandbox.room import Sharing
from runner.domain.dependencies import movable, places
from runner.ports import Seat, View

from .copies import agree, fill
from .layers import Layer, Shown, contents, expected, freeze, layer, remember, shown, stack
from .layout import Layout

log = structlog.get_logger(__name__)

MOUNT_OPTIONS = 3500
"""bytes; all of an overlay's paths must fit on one page of 4096 together with what bubblewrap and the kernel add"""
_PREFIX = len("/oldroot:")


async def settle(layout: Layout, head: str, stories: Sequence[str], sharing: Sharing) -> None:
    """Make layers of what these stories have installed; they are over. Holds the run's lock."""
    for story in stories:
        if layer(layout, story) is None:
            found = await _places(layout, head, story)
            wanted = [place for place in found if sharing != "portable" or movable(place)]
            try:
                await asyncio.to_thread(freeze, layout, story, wanted)
            except OSError as error:
                log.warning("dependencies.kept_back", run=layout.run, story=story, error=str(error))


async def _places(layout: Layout, head: str, story: str) -> tuple[str, ...]:
    if (known := expected(layout, story)) is not None:
        return known
    return places((await layout.git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", head)).fields)


async def furnish(layout: Layout, name: str, seat: Seat, stories: Sequence[str], sharing: Sharing) -> Seat:
    """The seat, showing what these stories have installed: as an overlay if the sandbox can, else copied into its tree.
    A seat that an earlier attempt has left in place shows what it showed then."""
    layers = stack(layout, stories)
    if not seat.writable:
        fit = await asyncio.to_thread(_mountable, layout, seat, layers, sharing)
        return _over(layout, name, seat, layers) if fit else seat
    known = shown(layout, name)
    if known is None:
        known = await _first(layout, name, seat, layers, sharing)
    layers = stack(layout, known.over)
    return seat if known.copied or not layers else _over(layout, name, seat, layers)


async def _first(layout: Layout, name: str, seat: Seat, layers: Sequence[Layer], sharing: Sharing) -> Shown:
    copied = bool(layers) and not await asyncio.to_thread(_mountable, layout, seat, layers, sharing)
    now = Shown(tuple(one.story for one in layers), copied)
    if copied:
        try:
            await asyncio.to_thread(fill, layout, seat.tree, layers)
        except OSError as error:
            log.warning("dependencies.not_copied", run=layout.run, seat=name, error=str(error))
            now = Shown(())
    remember(layout, name, now)
    return now


def _mountable(layout: Layout, seat: Seat, layers: Sequence[Layer], sharing: Sharing) -> bool:
    ground = seat.view.layers if seat.view else ()
    paths = [seat.tree, layout.work(seat.tree.name), *ground, *(contents(layout, one) for one in layers)]
    fits = sum(len(bytes(path)) + _PREFIX for path in paths) < MOUNT_OPTIONS
    return sharing == "overlay" and bool(layers) and fits and agree(layout, layers)


def _over(layout: Layout, name: str, seat: Seat, layers: Sequence[Layer]) -> Seat:
    """Installed things lie below all code."""
    work = layout.work(name)
    code = seat.view.layers if seat.view else ()
    if seat.writable:
        work.mkdir(parents=True, exist_ok=True)
    return msgspec.structs.replace(seat, view=View((*(contents(layout, one) for one in layers), *code), work))
