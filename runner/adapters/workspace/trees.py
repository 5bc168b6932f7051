"""A tree object, changed path by path: only the directories on the way are read and written."""

from __future__ import annotations

import os

from msgspec import Struct

from runner.adapters.git import Git
from runner.adapters.objects import Objects, write
from runner.errors import BaroError

_TREE = "40000"
_GITLINK = "160000"


class Entry(Struct, frozen=True):
    """What a directory has under a name."""

    mode: str
    oid: str

    @property
    def is_tree(self) -> bool:
        return self.mode == _TREE

    @property
    def is_submodule(self) -> bool:
        return self.mode == _GITLINK


def parse(data: bytes) -> dict[str, Entry]:
    """The object's bytes: `mode name NUL id`, again and again. Names may hold surrogates."""
    found: dict[str, Entry] = {}
    at = 0
    while at < len(data):
        end = data.index(b"\0", at)
        mode, name = data[at:end].split(b" ", 1)
        at = end + 21
        found[os.fsdecode(name)] = Entry(mode.decode(), data[end + 1 : at].hex())
    return found


def dump(entries: dict[str, Entry]) -> bytes:
    """The other way round, in git's order: a directory sorts as if its name ended in a slash."""
    named = sorted((os.fsencode(name), one) for name, one in entries.items())
    named.sort(key=lambda pair: pair[0] + b"/" if pair[1].is_tree else pair[0])
    return b"".join(b"%s %s\0%s" % (one.mode.encode(), name, bytes.fromhex(one.oid)) for name, one in named)


class Tree:
    """A directory, read when it is looked into; `oid` None: a new one."""

    def __init__(self, objects: Objects, oid: str | None) -> None:
        self._objects = objects
        self._oid = oid
        self._entries: dict[str, Entry] | None = None
        self._inside: dict[str, Tree] = {}

    @property
    def entries(self) -> dict[str, Entry]:
        """As they were before any change below; what is changed here shows."""
        if self._entries is None:
            self._entries = parse(content(self._objects, self._oid)) if self._oid else {}
        return self._entries

    def inside(self, name: str) -> Tree:
        """The directory of that name; a new one takes the place of whatever else is there."""
        if name not in self._inside:
            there = self.entries.get(name)
            self._inside[name] = Tree(self._objects, there.oid if there and there.is_tree else None)
        return self._inside[name]

    def put(self, path: str, entry: Entry) -> None:
        name, _, rest = path.partition("/")
        if rest:
            self.inside(name).put(rest, entry)
        else:
            self._inside.pop(name, None)
            self.entries[name] = entry

    def remove(self, path: str) -> None:
        """The file, or the directory with all that is in it; nothing where there is neither."""
        name, _, rest = path.partition("/")
        if not rest:
            self._inside.pop(name, None)
            self.entries.pop(name, None)
        elif name in self._inside or (name in self.entries and self.entries[name].is_tree):
            self.inside(name).remove(rest)

    def write(self, git: Git) -> str:
        """Store what has changed, and return the id. git has no empty directories but this one."""
        return self._written(git) or write(git, "tree", b"")

    def _written(self, git: Git) -> str | None:
        if self._oid is not None and self._entries is None:
            return self._oid
        for name, tree in self._inside.items():
            self.entries.pop(name, None)
            if made := tree._written(git):
                self.entries[name] = Entry(_TREE, made)
        return write(git, "tree", dump(self.entries)) if self.entries else None


def content(objects: Objects, oid: str) -> bytes:
    data = objects.content(oid)
    if data is None:
        raise BaroError(f"Object {oid} is not on this machine")
    return data
