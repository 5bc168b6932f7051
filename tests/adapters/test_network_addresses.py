"""Which addresses a judged name may lead to."""

from __future__ import annotations

import pytest

from runner.adapters.network.addresses import NotPublic, permitted, resolve
from runner.domain.network import Authority

PRIVATE = ("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "::1", "fc00::1", "100.64.0.1")
HIDDEN = ("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1")
TUNNELLED = ("2002:7f00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fec0::1")
NEVER = (
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
    "::ffff:169.254.169.254",
)


@pytest.mark.parametrize(
    "address", [*PRIVATE, *HIDDEN, *TUNNELLED, *NEVER, "192.0.2.1", "240.0.0.1", "255.255.255.255"]
)
def test_a_public_name_leads_to_no_address_that_is_not_public(address: str) -> None:
    assert not permitted(address, "public")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_public_name_leads_to_public_addresses(address: str) -> None:
    assert permitted(address, "public")


@pytest.mark.parametrize("address", NEVER)
def test_metadata_services_and_the_like_are_reached_by_no_name_at_all(address: str) -> None:
    assert not permitted(address, "anywhere")


@pytest.mark.parametrize("address", [*PRIVATE, "8.8.8.8"])
def test_what_the_operator_has_written_down_may_be_anywhere_else(address: str) -> None:
    assert permitted(address, "anywhere")


async def test_a_name_that_leads_to_this_machine_is_not_public() -> None:
    with pytest.raises(NotPublic):
        await resolve(Authority("localhost", 443), "public")
    assert "127.0.0.1" in await resolve(Authority("localhost", 443), "anywhere")


async def test_a_name_nobody_has_is_an_error_of_the_network() -> None:
    with pytest.raises(OSError):  # noqa: PT011 - its words are the resolver's
        await resolve(Authority("no-such-host.invalid", 443), "public")
