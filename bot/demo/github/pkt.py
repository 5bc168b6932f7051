"""git's pkt-lines, as far as a push is concerned: reading its commands and writing a report that refuses them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

FLUSH = b"0000"


class Command(Struct, frozen=True):
    """One ref a push wants moved."""

    ref: str
    old: str
    new: str


def packet(data: bytes) -> bytes:
    return f"{len(data) + 4:04x}".encode() + data


def packets(stream: bytes) -> Iterator[bytes]:
    """The packets up to the first flush."""
    at = 0
    while (size := int(stream[at : at + 4] or b"0", 16)) >= 4:
        yield stream[at + 4 : at + size]
        at += size


def commands(body: bytes) -> tuple[list[Command], frozenset[str], int]:
    """The commands of a receive-pack request, the client's capabilities, and where the pack begins."""
    found, capabilities, length = [], frozenset[str](), len(FLUSH)
    for line in packets(body):
        length += len(line) + 4
        text, _, rest = line.partition(b"\0")
        if rest:
            capabilities = frozenset(rest.decode().split())
        words = text.decode().strip().split(" ", 2)
        if len(words) == 3:
            found.append(Command(ref=words[2], old=words[0], new=words[1]))
    return found, capabilities, length


def refusal(asked: Iterable[Command], reasons: dict[str, str], capabilities: frozenset[str]) -> bytes:
    """A report in which no ref moved: each with its own reason, the others because one push is all or nothing."""
    lines = [packet(b"unpack ok\n")]
    for command in asked:
        reason = reasons.get(command.ref, "pre-receive hook declined")
        lines.append(packet(f"ng {command.ref} {reason}\n".encode()))
    report = b"".join(lines) + FLUSH
    if "side-band-64k" in capabilities:
        return packet(b"\x01" + report) + FLUSH
    return report
