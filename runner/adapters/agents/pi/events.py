"""The lines of `pi --mode json`, with the fields we use.

Traps (measured): each delta repeats its whole message twice, so that the stream grows with the square of what is
written (a file of 100 kB can take a gigabyte): those lines are cut to their beginning before they reach the disk, and
not decoded; `agent_end` comes once per retry, so the last
message of the assistant is the end; an error is its sentence, the HTTP status first; a cost of 0 is unknown.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

REPEATED = ('{"type":"message_update"', '{"type":"tool_execution_update"')
SKIPPED = tuple(beginning.encode() for beginning in REPEATED)


class Cost(Struct, frozen=True):
    total: float | None = None


class Tokens(Struct, frozen=True, rename="camel"):
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost: Cost = Cost()


class Block(Struct, frozen=True):
    type: str = ""
    text: str = ""


class Message(Struct, frozen=True, rename="camel"):
    role: str = ""
    content: list[Block] | str = ""
    provider: str = ""
    model: str = ""
    usage: Tokens | None = None
    stop_reason: str = ""
    error_message: str = ""

    @property
    def words(self) -> str:
        """The text of it, without thoughts and tool calls."""
        return "\n".join(block.text for block in self.content if isinstance(block, Block) and block.type == "text")


class Line(Struct, frozen=True, rename="camel"):
    type: str
    message: Message | None = None
    tool_call_id: str = ""
    tool_name: str = ""
    args: dict[str, Any] = {}

    def argument(self, name: str) -> str:
        return str(self.args.get(name, ""))


LINE = msgspec.json.Decoder(Line)
