"""The network as it is seen from inside the real sandbox, and the door it is seen through."""

from __future__ import annotations

import asyncio
import os
import shlex
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio

import runner.inside
from bot.embedded import embedded_redis
from runner.adapters import process
from runner.adapters.agents.backend import PLACEHOLDER, Provider
from runner.adapters.network import Network
from runner.adapters.network.installed import Registries
from runner.adapters.process import Program
from runner.adapters.sandbox import choose
from runner.adapters.sandbox.bubblewrap import interpreter
from runner.adapters.sandbox.room import Outlet, Room
from runner.domain.network import Authority, Blocked
from tests.adapters.network_world import Asked, Upstream, throwaway_authority, whole
from tests.adapters.seats import make_seat

KEY = "sk-never-seen-inside-0123456789"
PYTHON = f"{interpreter()}/bin/python3"


class Inside:
    """A shell where an agent would be, with a line out."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seat = make_seat(root / "seat")
        self.sandbox = choose("auto", os.environ["PATH"])
        self.env = {"PATH": os.environ["PATH"], "HOME": str(root)}
        self.listed: set[Authority] = set()
        self.level = "registry"
        self.provider: Provider | None = None
        self.reads: tuple[Path, ...] = ()
        self.blocked: tuple[Blocked, ...] = ()

    async def sh(self, command: str, **env: str) -> str:
        """Everything it printed, and its exit code where that is not 0."""
        scratch = self.root / "scratch"
        scratch.mkdir(exist_ok=True)
        network = Network(self.level, Registries(self.env), own=True, listed=frozenset(self.listed))  # type: ignore[arg-type]
        async with network.line(self.provider) as line:
            argv = ("/bin/sh", "-c", f"exec 2>&1; {command}")
            room = Room(self.seat, scratch, argv, env | {"MODEL": line.model}, self.reads, outlet=line.outlet)
            confined = self.sandbox.confine(room)
            out, err = self.root / "out", self.root / "err"
            program = Program(
                confined.argv, confined.env, confined.cwd, out, err, str(self.root), handles=confined.handles
            )
            exit = await process.run(program, lambda line: None, silence=90)
            self.blocked = line.blocked
        return out.read_text() + err.read_text() + (f"[{exit.code}]" if exit.code else "")

    async def python(self, code: str, **env: str) -> str:
        return await self.sh(f"{PYTHON} -c {shlex.quote(textwrap.dedent(code))}", **env)


@pytest.fixture
def inside(tmp_path: Path) -> Inside:
    return Inside(tmp_path)


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream().running() as upstream:
        yield upstream


TRY = """
import socket, sys
for kind, address in {targets!r}:
    try:
        with socket.socket(getattr(socket, kind.split()[0]), getattr(socket, kind.split()[1])) as tried:
            tried.settimeout(20)
            tried.connect(tuple(address) if isinstance(address, list) else address)
            tried.send(b"x")
        print("reached", address)
    except OSError:
        pass
try:
    print("resolved", socket.getaddrinfo("localhost.example.com", 443))
except OSError:
    print("nothing")
"""


async def test_nothing_is_reached_directly(inside: Inside, upstream: Upstream) -> None:
    """Not the host's loopback, not its Redis, not its abstract sockets, no address of the world, no name server."""
    with socket.socket(socket.AF_UNIX) as abstract, socket.create_server(("127.0.0.1", 0)) as local:
        abstract.bind(f"\0baro-test-{os.getpid()}")
        abstract.listen()
        async with embedded_redis(inside.root / "redis-home") as redis:
            path = redis.removeprefix("unix://")
            targets = [
                ("AF_INET SOCK_STREAM", ["127.0.0.2", upstream.port]),
                ("AF_INET SOCK_STREAM", ["127.0.0.1", local.getsockname()[1]]),
                ("AF_INET SOCK_STREAM", ["1.1.1.1", 443]),
                ("AF_INET SOCK_DGRAM", ["1.1.1.1", 53]),
                ("AF_INET6 SOCK_STREAM", ["2606:4700::1111", 443]),
                ("AF_UNIX SOCK_STREAM", path),
                ("AF_UNIX SOCK_STREAM", f"\0baro-test-{os.getpid()}"),
            ]
            outside = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-c", TRY.format(targets=targets)], capture_output=True, text=True, check=True,
            )  # fmt: skip
            for reached in ("127.0.0.1", "127.0.0.2", path, "baro-test"):
                assert reached in outside.stdout, "from outside these are there"
            assert await inside.python(TRY.format(targets=targets)) == "nothing\n"


async def test_without_an_outlet_there_is_only_loopback(inside: Inside) -> None:
    room = Room(inside.seat, inside.root, ("/bin/sh", "-c", "cat /proc/net/dev; env"), {})
    confined = inside.sandbox.confine(room)
    out = inside.root / "out"
    program = Program(confined.argv, confined.env, confined.cwd, out, inside.root / "err", str(inside.root))
    await process.run(program, lambda line: None, silence=90)
    assert "lo:" in out.read_text()
    assert "eth" not in out.read_text()
    assert "PROXY" not in out.read_text()


FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=60).read().decode())"


async def test_an_allowed_host_is_reached_by_a_client_that_knows_nothing_of_baro(
    inside: Inside, upstream: Upstream
) -> None:
    inside.listed = {upstream.authority}
    assert await inside.sh(f"{PYTHON} -c '{FETCH}' {upstream.url}/x") == "hello\n"
    assert upstream.asked[0].target == "/x"


async def test_tls_goes_through_end_to_end(inside: Inside) -> None:
    tls, trusted = throwaway_authority(inside.root)
    inside.reads = (trusted,)
    async with Upstream().running(tls) as upstream:
        inside.listed = {upstream.authority}
        fetch = f"{PYTHON} -c '{FETCH}' {upstream.url}/x"
        assert await inside.sh(fetch, SSL_CERT_FILE=str(trusted)) == "hello\n"
        assert "CERTIFICATE_VERIFY_FAILED" in await inside.sh(fetch)


async def test_a_blocked_host_is_refused_in_words_that_reach_the_agent(inside: Inside, upstream: Upstream) -> None:
    printed = await inside.sh(f"{PYTHON} -c '{FETCH}' https://evil.example/x")
    assert "evil.example is blocked: BARO_NETWORK=registry" in printed
    assert "BARO_NETWORK_HOSTS=evil.example" in printed
    assert inside.blocked == (Blocked("evil.example", 1),)


SCAN = f"""
import os, pathlib
places = [pathlib.Path("/proc").glob("[0-9]*/environ"), pathlib.Path("/proc").glob("[0-9]*/cmdline")]
places += [(path for path in pathlib.Path(root).rglob("*") if path.is_file()) for root in
           ("/home", "/workspace", "/baro", "/tmp", "/var/tmp", "/etc", "/dev/shm")]
seen = 0
for place in places:
    for path in place:
        try:
            seen += 1
            assert {KEY[:10]!r}.encode() + {KEY[10:]!r}.encode() not in path.read_bytes(), path
        except OSError:
            pass
print("scanned", seen > 20)
"""  # the key in two pieces: the program's own text is part of what it looks at


async def test_the_model_is_reached_with_a_key_that_is_nowhere_inside(inside: Inside, upstream: Upstream) -> None:
    inside.provider = Provider(f"{upstream.url}/v1", {"x-api-key": KEY})
    printed = await inside.sh(
        f"{PYTHON} -c '{FETCH}' $MODEL/messages && {PYTHON} -c {shlex.quote(SCAN)}", ANTHROPIC_API_KEY=PLACEHOLDER
    )
    assert printed == "hello\nscanned True\n"
    assert upstream.asked[0].headers["x-api-key"] == KEY
    assert upstream.asked[0].target == "/v1/messages"


async def test_the_provider_is_not_reached_around_the_gateway(inside: Inside, upstream: Upstream) -> None:
    inside.provider = Provider(upstream.url, {"x-api-key": KEY})
    assert "403" in await inside.sh(f"{PYTHON} -c '{FETCH}' {upstream.url}/x")
    assert upstream.connections == 0


async def test_an_index_on_this_machine_is_found_at_its_own_address(inside: Inside) -> None:
    """As a mirror on the runner's own host would be: loopback inside is another one, yet the address leads there."""
    served = []

    async def index(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nindex")
        writer.close()

    server = await asyncio.start_server(index, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/simple"
    inside.env["PIP_INDEX_URL"] = url.replace("//", "//user:secret@")
    printed = await inside.sh(f"cat ~/.config/pip/pip.conf; {PYTHON} -c '{FETCH}' {url}")
    server.close()
    assert printed == f"[global]\nindex-url = {url}\nindex\n"
    assert len(served) == 1


def wheel(name: str) -> bytes:
    """A package with one module, as an index would serve it."""
    import io
    import zipfile

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        info = f"{name}-1.0.dist-info"
        archive.writestr(f"{name}.py", "WORD = 'installed'\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return data.getvalue()


async def test_pip_installs_from_the_machines_own_index_through_the_proxy(inside: Inside) -> None:
    async def index(asked: Asked, writer: asyncio.StreamWriter) -> None:
        page = b"<a href='/files/thing-1.0-py3-none-any.whl'>thing-1.0-py3-none-any.whl</a>"
        found = whole(body=wheel("thing")) if ".whl" in asked.target else whole(body=page, content_type="text/html")
        await found(asked, writer)

    async with Upstream(index).running() as upstream:
        config = inside.root / "pip.conf"
        config.write_text(f"[global]\nindex-url = {upstream.url}/simple\n")
        inside.env["PIP_CONFIG_FILE"] = str(config)
        printed = await inside.sh(
            f"{PYTHON} -m venv .venv && .venv/bin/pip install --quiet thing && "
            '.venv/bin/python -c "import thing; print(thing.WORD)"'
        )
        assert printed.endswith("installed\n"), printed
        assert [asked.target for asked in upstream.asked] == ["/simple/thing/", "/files/thing-1.0-py3-none-any.whl"]
        assert inside.blocked == ()


async def test_npm_installs_from_the_machines_own_registry_through_the_proxy(inside: Inside) -> None:
    import io
    import json
    import tarfile

    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, text in {
            "package.json": '{"name": "thing", "version": "1.0.0"}',
            "index.js": "module.exports=7",
        }.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))

    async def registry(asked: Asked, writer: asyncio.StreamWriter) -> None:
        version = {"name": "thing", "version": "1.0.0", "dist": {"tarball": f"{upstream.url}/thing/-/thing-1.0.0.tgz"}}
        packument = {"name": "thing", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
        await whole(body=data.getvalue() if ".tgz" in asked.target else json.dumps(packument).encode())(asked, writer)

    async with Upstream(registry).running() as upstream:
        (inside.root / ".npmrc").write_text(f"registry={upstream.url}\n//{upstream.url[7:]}/:_authToken={KEY}\n")
        printed = await inside.sh("cat ~/.npmrc; npm install --silent thing && node -p \"require('thing')\"")
        assert printed == f"registry={upstream.url}\n7\n"
        assert all("authorization" not in asked.headers for asked in upstream.asked)
        assert inside.blocked == ()


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ("exit 7", "[7]"),
        ("kill -TERM $$", "[143]"),
        ("ls -l /proc/self/fd | wc -l", "5\n"),
        ("yes | head -n 1", "y\n"),
        ("tr '\\0' '\\n' < /proc/$$/environ | grep -c BARO_MARK", "1\n"),
    ],
)
async def test_behind_the_door_a_command_is_itself(inside: Inside, command: str, printed: str) -> None:
    assert await inside.sh(command) == printed


async def test_a_command_that_is_not_there_ends_as_in_a_shell(inside: Inside) -> None:
    door = Path(runner.inside.__path__[0]) / "door.py"
    ours, theirs = socket.socketpair()
    argv = [sys.executable, "-I", "-S", str(door), str(theirs.fileno()), "0", "--", "no-such-program"]
    done = await asyncio.to_thread(
        subprocess.run, argv, pass_fds=[theirs.fileno()], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (127, "no-such-program: No such file or directory\n")
    ours.close()
    theirs.close()


async def test_no_process_of_ours_stays_inside(inside: Inside) -> None:
    printed = await inside.sh("cat /proc/[0-9]*/comm")
    assert set(printed.split()) <= {"bwrap", "sh", "cat"}


async def test_side_by_side_every_sandbox_has_a_way_out_of_its_own(tmp_path: Path, upstream: Upstream) -> None:
    rooms = [Inside(tmp_path / str(number)) for number in range(3)]
    rooms[0].listed = {upstream.authority}
    printed = await asyncio.gather(*(room.sh(f"{PYTHON} -c '{FETCH}' {upstream.url}/x") for room in rooms))
    assert printed[0] == "hello\n"
    assert all("403" in text for text in printed[1:])
    assert [len(room.blocked) for room in rooms] == [0, 1, 1]


async def test_nothing_is_left_open_when_an_attempt_has_ended(inside: Inside) -> None:
    await inside.sh("true")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(5):
        await inside.sh("true")
    assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [task for task in others if task.get_name().startswith("baro:")]


async def test_without_a_sandbox_the_gateway_is_where_nobody_else_can_guess_and_proxies_nothing(
    upstream: Upstream,
) -> None:
    network = Network("registry", Registries({}), own=False, listed=frozenset({upstream.authority}))
    assert network.restriction == "none"
    provider = Provider(upstream.url, {"x-api-key": KEY})
    async with network.line(provider) as line, network.line(provider) as other, httpx.AsyncClient() as client:
        assert line.outlet == Outlet()
        assert line.model != other.model
        port = urlsplit(line.model).port
        assert (await client.get(f"{line.model}/v1")).text == "hello"
        assert upstream.asked[0].headers["x-api-key"] == KEY
        for guess in ("/model/v1", "/", "//model/v1"):
            assert (await client.get(f"http://127.0.0.1:{port}{guess}")).status_code == 404
        async with httpx.AsyncClient(proxy=f"http://127.0.0.1:{port}") as proxied:
            assert (await proxied.get(f"{upstream.url}/x")).status_code == 403
        assert len(upstream.asked) == 1
    with pytest.raises(OSError):  # noqa: PT011 - refused
        await asyncio.open_connection("127.0.0.1", port)
    async with network.line() as nothing:
        assert nothing.model == ""
