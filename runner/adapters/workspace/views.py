"""What a seat is shown besides its tree: everything that the stories it builds on have installed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from runner.domain.dependencies import movable, places
from runner.ports import Seat, View

from .clone import resolve
from .copies import agree, fill
from .layers import Layer, Shown, contents, freeze, layer, shown, stack
from .layout import Layout
from runner.adapters.room import Sharing
