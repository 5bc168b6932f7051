"""From a judged name to a connection: resolved once by us, checked, and connected to by the checked address."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from runner.domain.network import Authority, Verdict

NAT64 = IPv6Network("64:ff9b::/96")
PATIENCE = 15.0
"""seconds to connect to one address"""
CHUNK = 1 << 16
LOOKUPS = ThreadPoolExecutor(8, thread_name_prefix="baro-names")
"""Threads of their own: however many slow names an agent asks for, the rest of the runner does not wait for them."""


class NotPublic(Exception):
    """The name leads to an address of this machine, of its network, or to none that is reachable at all."""


async def resolve(wanted: Authority, verdict: Verdict) -> tuple[str, ...]:
    """The addresses it may be reached at, at least one. Raises NotPublic, or OSError where there is no such name."""
    look_up = partial(socket.getaddrinfo, wanted.host, wanted.port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(LOOKUPS, look_up)
    addresses = dict.fromkeys(str(address[4][0]) for address in found)
    allowed = tuple(text for text in addresses if permitted(text, verdict))
    if not allowed:
        raise NotPublic(f"{wanted} is at {', '.join(addresses)}")
    return allowed


def permitted(text: str, verdict: Verdict) -> bool:
    """`anywhere` still excludes what no service lives at, the metadata service of cloud machines among it."""
    if "%" in text:  # a zone: link-local
        return False
    address = _meant(ip_address(text))
    if address.is_multicast or address.is_unspecified or address.is_link_local:
        return False
    return verdict == "anywhere" or (verdict == "public" and address.is_global and not _tunnelled(address))


async def connect(wanted: Authority, addresses: tuple[str, ...]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """To the first address that answers; raises OSError where none does."""
    failure: OSError = ConnectionRefusedError()
    for address in addresses:
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.open_connection(address, wanted.port, limit=CHUNK)
        except OSError as error:  # TimeoutError is one
            failure = error
    raise failure


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv4 address that hides in an IPv6 one is judged as what it is."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return IPv4Address(address.packed[-4:])
    return address


def _tunnelled(address: IPv4Address | IPv6Address) -> bool:
    """6to4 and Teredo carry an IPv4 destination of anybody's choosing; old site-local addresses are private."""
    if isinstance(address, IPv4Address):
        return False
    return address.sixtofour is not None or address.teredo is not None or address.is_site_local
