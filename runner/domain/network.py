"""Which hosts a sandbox may reach: names are read strictly, and a name nobody has listed is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Literal

from msgspec import Struct

Level = Literal["model", "registry", "open"]
Verdict = Literal["anywhere", "public", "refused"]
"""reach it wherever it is, only at a public address, or not at all"""

WEB = (443, 80)
"""The ports of the web: nobody mails or logs in elsewhere from a sandbox unless the operator has named the port."""
LONGEST = 253
_NAME = re.compile(r"(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)*(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label like this makes resolvers take the whole name for an IPv4 address, in one of many spellings."""
_PORT = re.compile(r"[1-9][0-9]{0,4}")


class Authority(Struct, frozen=True, order=True):
    """A host and a port. The host is a lower-case name, or an address in its one canonical spelling."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port in WEB else f"{host}:{self.port}"


class Blocked(Struct, frozen=True):
    """A host that was asked for and not reached, as BARO_NETWORK_HOSTS would name it."""

    host: str
    times: int = 1


class Rules(Struct, frozen=True):
    """What one attempt may reach: `public` are names of services, `listed` what the operator has written down, which
    may be on his own network."""

    level: Level
    public: frozenset[str] = frozenset()
    listed: frozenset[Authority] = frozenset()

    def judge(self, wanted: Authority) -> Verdict:
        if wanted in self.listed:
            return "anywhere"
        if wanted.port in WEB and (self.level == "open" or wanted.host in self.public):
            return "public"
        return "refused"


def host(text: str) -> str | None:
    """The host as it is compared; None for what is no exact name and no canonical address: a dot at the end, a
    wildcard, other alphabets (browsers and tools send those as `xn--…`), `127.1`, `0x7f.0.0.1`, a zone."""
    name = text.lower() if text.isascii() else ""
    if name.startswith("[") and name.endswith("]"):
        return _ipv6(name[1:-1])
    if len(name) > LONGEST or not _NAME.fullmatch(name):
        return None
    return _ipv4(name) if _NUMBER.fullmatch(name.rpartition(".")[2]) else name


def authority(text: str, port: int | None = None) -> Authority | None:
    """`host:port`; `port` is what a missing one means, None where it must be there. No userinfo, no path."""
    found = re.fullmatch(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([^:]*))?", text)
    name = host(found[1]) if found else None
    if found is None or name is None:
        return None
    if found[2] is None:
        return None if port is None else Authority(name, port)
    return Authority(name, int(found[2])) if _PORT.fullmatch(found[2]) and int(found[2]) < 65536 else None


def listed(text: str) -> tuple[Authority, ...]:
    """An entry of BARO_NETWORK_HOSTS: a host on the ports of the web, or on the one it names. Empty: it is none."""
    each = {authority(text, port) for port in WEB}
    return tuple(sorted(one for one in each if one is not None))


def total(blocked: Iterable[Blocked]) -> tuple[Blocked, ...]:
    """Each host once, those asked for most first."""
    times: dict[str, int] = {}
    for one in blocked:
        times[one.host] = times.get(one.host, 0) + one.times
    return tuple(Blocked(name, count) for name, count in sorted(times.items(), key=lambda item: (-item[1], item[0])))


def _ipv4(text: str) -> str | None:
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        return None


def _ipv6(text: str) -> str | None:
    try:
        return None if "%" in text else str(IPv6Address(text))
    except AddressValueError:
        return None
