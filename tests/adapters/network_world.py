"""Servers on loopback that the outside world is made of, and clients that look at every byte they get."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import h11
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runner.adapters.agents.backend import Provider
from runner.adapters.network.gateway import Gateway
from runner.adapters.network.proxy import Proxy
from runner.adapters.network.server import Server
from runner.domain.network import Authority, Rules

ELSEWHERE = "127.0.0.2"
"""Loopback as well, but nothing that clients would leave out of proxying by themselves."""
PATIENCE = 60.0


@dataclass(frozen=True)
class Asked:
    """A request as a server got it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


def whole(status: int = 200, body: bytes = b"hello", **headers: str) -> Answer:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} Scripted", f"content-length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + (b"" if asked.method == "HEAD" else body))

    return answer


class Upstream:
    """A server of the outside world; one request a connection."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.asked: list[Asked] = []
        self.answer = answer or whole()
        self.connections = 0
        self.hung_up = asyncio.Event()
        """a client went away before it had its answer"""

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def authority(self) -> Authority:
        return Authority(ELSEWHERE, self.port)

    @property
    def url(self) -> str:
        return f"{self._scheme}://{ELSEWHERE}:{self.port}"

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Upstream]:
        self._scheme = "https" if tls else "http"
        self._server = await asyncio.start_server(self._serve, ELSEWHERE, 0, ssl=tls)
        try:
            yield self
        finally:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError):
            asked = await read_request(reader)
            if asked is not None:
                self.asked.append(asked)
                answering = asyncio.ensure_future(self.answer(asked, writer))
                leaving = asyncio.ensure_future(reader.read())
                await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if not answering.done():
                    self.hung_up.set()
                answering.cancel()
                leaving.cancel()
                await writer.drain()
        writer.close()


async def read_request(reader: asyncio.StreamReader) -> Asked | None:
    http, head, body = h11.Connection(h11.SERVER), None, b""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        else:
            break
    if head is None:
        return None
    headers = {name.decode(): value.decode() for name, value in head.headers}
    return Asked(head.method.decode(), head.target.decode(), headers, body)


class Client:
    """A connection into the network's server, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, text: str | bytes) -> None:
        self.writer.write(text.encode() if isinstance(text, str) else text)

    async def until(self, mark: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readuntil(mark)

    async def rest(self) -> bytes:
        """Everything until the server hangs up."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()

    async def head(self) -> str:
        return (await self.until(b"\r\n\r\n")).decode()


class Inlet:
    """The server of one attempt on a port of this host, as if a sandbox were calling."""

    def __init__(self, port: int, proxy: Proxy, gateway: Gateway | None) -> None:
        self.port = port
        self.proxy = proxy
        self._gateway = gateway

    @property
    def gateway(self) -> Gateway:
        assert self._gateway
        return self._gateway

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Client(reader, writer)
        finally:
            writer.close()

    async def ask(self, text: str | bytes) -> str:
        """Everything that is answered to it."""
        async with self.client() as client:
            client.send(text)
            return (await client.rest()).decode()


@asynccontextmanager
async def inlet(rules: Rules | None = None, provider: Provider | None = None) -> AsyncIterator[Inlet]:
    async def rulebook(wanted: Authority) -> Rules:
        return rules or Rules("registry")

    gateway = Gateway(provider, "/model", ssl.create_default_context(), 50) if provider else None
    async with contextlib.aclosing(Proxy(rulebook, 50)) as proxy, contextlib.aclosing(Server(proxy, gateway)) as server:
        yield Inlet(await server.listen_on_loopback(), proxy, gateway)
    if gateway:
        await gateway.aclose()


def allowing(*upstreams: Upstream) -> Rules:
    return Rules("registry", listed=frozenset(upstream.authority for upstream in upstreams))


def throwaway_authority(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """A certificate for ELSEWHERE as a server uses it, and the file a client has to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a throw-away authority")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ELSEWHERE))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = directory / "authority.pem", directory / "authority.key"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, trusted
