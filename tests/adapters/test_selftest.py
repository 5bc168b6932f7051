"""The sandbox is tried from inside before an agent gets it, and every way out is noticed and named."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import msgspec
import pytest
from inline_snapshot import snapshot

from runner.adapters.sandbox import choose, selftest
from runner.adapters.sandbox.bubblewrap import Bubblewrap
from runner.adapters.sandbox.room import Confined, Room
from runner.adapters.sandbox.selftest import examine
from runner.domain.isolation import Probe, SandboxLevel, worse
from runner.errors import SandboxUnavailable
from runner.voice import isolation as say
from tests.adapters.seats import until


class Leaky(Bubblewrap):
    """The real sandbox with something taken away from it, or added."""

    def __init__(self, *more: str, without: str = "") -> None:
        super().__init__(os.environ["PATH"])
        self._more = more
        self._without = without

    def _frame(self) -> tuple[str, ...]:
        return (*(word for word in super()._frame() if word != self._without), *self._more)


async def broken(sandbox: Bubblewrap, home: Path, **environ: str) -> SandboxUnavailable:
    with pytest.raises(SandboxUnavailable) as refused:
        await examine(sandbox, home, environ)
    return refused.value


async def test_what_agents_get_holds_and_nothing_is_left_of_the_test(tmp_path: Path) -> None:
    assert await examine(choose("auto", os.environ["PATH"]), tmp_path / "home", os.environ) == SandboxLevel("full")
    assert list((tmp_path / "home").iterdir()) == []


async def test_an_open_network_is_said_to_be_one(tmp_path: Path) -> None:
    level = await examine(choose("auto", os.environ["PATH"]), tmp_path, os.environ, network="open")
    assert level == SandboxLevel("degraded", ("network",))


async def test_a_sandbox_the_operator_waived_is_no_sandbox(tmp_path: Path) -> None:
    assert await examine(choose("none", os.environ["PATH"]), tmp_path, os.environ) == SandboxLevel("none")


async def test_data_of_other_runs_that_can_be_read_is_found(tmp_path: Path) -> None:
    refused = await broken(Leaky("--ro-bind", str(tmp_path), str(tmp_path)), tmp_path)
    assert str(refused) == snapshot("The sandbox does not hold on this machine: it can read files of this host.")
    assert refused.evidence.startswith(f"files: {tmp_path}/selftest-")
    assert refused.hint == snapshot(
        "Run baro as a user of its own with a home of its own, or set BARO_SANDBOX=none if this machine is isolation enough."
    )


async def test_what_the_runner_knows_is_found_and_not_repeated(tmp_path: Path) -> None:
    class Talkative(Bubblewrap):
        def confine(self, room: Room) -> Confined:
            confined = super().confine(room)
            return msgspec.structs.replace(confined, env=confined.env | {"GITHUB_PRIVATE_KEY": "hunter2hunter2"})

    refused = await broken(Talkative(os.environ["PATH"]), tmp_path, GITHUB_PRIVATE_KEY="hunter2hunter2")
    assert refused.evidence.startswith("environment: GITHUB_PRIVATE_KEY in process ")
    assert "hunter2" not in refused.evidence


async def test_processes_of_the_host_and_settings_of_the_kernel_are_found(tmp_path: Path) -> None:
    refused = await broken(Leaky("--bind", "/proc", "/proc"), tmp_path)
    assert "it sees processes of this host" in str(refused)


async def test_a_namespace_that_is_the_hosts_is_found(tmp_path: Path) -> None:
    refused = await broken(Leaky(without="--unshare-ipc"), tmp_path)
    assert refused.evidence == "namespaces: ipc"


async def test_processes_that_outlive_their_sandbox_are_found_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selftest, "GONE_WITHIN", 1.0)
    refused = await broken(Leaky(without="--unshare-pid"), tmp_path)
    assert "namespaces: pid" in refused.evidence
    survivor = re.search(r"survivor: process (\d+)", refused.evidence)
    assert survivor
    await until(lambda: not Path("/proc", survivor[1], "root/usr").exists(), 60)


async def test_a_place_outside_that_can_be_written_is_found(tmp_path: Path) -> None:
    (tmp_path / "writable").mkdir()
    refused = await broken(Leaky("--bind", str(tmp_path / "writable"), "/home"), tmp_path)
    assert refused.evidence == "writes: /home"
    assert not list((tmp_path / "writable").glob(".baro-*"))


async def test_the_hosts_network_and_a_redis_on_it_are_found(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"redis://127.0.0.1:{listening.getsockname()[1]}/0"
        assert await examine(Leaky(), tmp_path, os.environ, url) == SandboxLevel("full")
        with pytest.raises(SandboxUnavailable) as refused:
            await examine(Leaky(without="--unshare-net"), tmp_path, os.environ, url)
    assert [line.partition(":")[0] for line in refused.value.evidence.splitlines()] == ["redis", "network"]


async def test_a_redis_on_a_socket_that_is_shown_is_found(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        assert await examine(Leaky(), tmp_path, os.environ, f"unix://{path}") == SandboxLevel("full")
        with pytest.raises(SandboxUnavailable, match="Redis"):
            await examine(Leaky("--ro-bind", str(path), "/baro/redis"), tmp_path, os.environ, "unix:///baro/redis")


async def test_a_sandbox_in_which_nothing_runs_is_refused_with_what_it_said(tmp_path: Path) -> None:
    refused = await broken(Leaky("--tmpfs", "/usr"), tmp_path)
    assert str(refused) == snapshot("The sandbox starts, but what runs in it does not end as it should.")
    assert "execvp" in refused.evidence


@pytest.mark.parametrize(
    ("level", "sentence"),
    [
        (SandboxLevel("full"), snapshot("agents ran in a sandbox that held when it was tried")),
        (
            SandboxLevel("degraded", ("network",)),
            snapshot("Agents ran in a sandbox with gaps: its network is not restricted"),
        ),
        (SandboxLevel("none"), snapshot("Agents ran without a sandbox, as the operator of this baro decided")),
    ],
)
def test_a_level_is_said_in_a_sentence(level: SandboxLevel, sentence: str) -> None:
    assert say.level(level) == sentence


def test_of_two_hosts_the_worse_one_counts() -> None:
    full, none = SandboxLevel("full"), SandboxLevel("none")
    gaps: tuple[Probe, ...] = ("network",)
    assert worse(None, full) == worse(full, None) == full
    assert worse(full, none) == none
    assert worse(SandboxLevel("degraded", gaps), full) == SandboxLevel("degraded", gaps)
