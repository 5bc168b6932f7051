"""The gateway: an agent's requests to its model, with the key that the agent does not have."""

from __future__ import annotations

import ssl

import h11
import httpcore

from runner.adapters.agents.backend import Provider
from runner.domain.refusal import Refusal

from .forward import forward
from .hearing import Hearing
from .paths import base, below
from .wire import Headers, Refused, Wire, end_to_end

AUTHORISATION = (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"cookie")
"""in which an agent would send what it takes for its key"""
PLAIN = (b"accept-encoding", b"identity")
"""What the provider says is read here as well."""


class Gateway:
    """For one attempt. `prefix` is the path below which agents ask; what follows it is asked of the provider."""

    def __init__(self, provider: Provider, prefix: str, trust: ssl.SSLContext, connections: int) -> None:
        self._base = base(provider.base)
        self._prefix = prefix
        self._headers: Headers = [(name.lower().encode(), value.encode()) for name, value in provider.headers.items()]
        self._pool = Hearing(trust, connections)
        self._asked = 0

    @property
    def asking(self) -> bool:
        """An answer is awaited, or the end of one."""
        return self._asked > 0

    @property
    def refusal(self) -> Refusal | None:
        return self._pool.refusal

    async def pass_on(self, wire: Wire, request: h11.Request) -> None:
        """Raises Refused for a path that is not below the prefix, and where the provider cannot be reached."""
        rest = below(self._prefix, request.target.decode("ascii"))
        if rest is None:
            raise Refused(404, "not_found", "there is nothing here")
        if any(name == b"upgrade" for name, _ in request.headers):
            raise Refused(426, "no_upgrade", "no WebSocket here: ask over plain HTTP")
        target = self._base.path + rest
        url = httpcore.URL(
            scheme=self._base.scheme,
            host=self._base.host,
            port=self._base.port,
            target=target if target.startswith("/") else f"/{target}",
        )
        self._asked += 1
        try:
            await forward(wire, request, self._pool, url, self._authorised(request))
        finally:
            self._asked -= 1

    def _authorised(self, request: h11.Request) -> Headers:
        ours = {name for name, _ in self._headers}
        kept = end_to_end(request.headers, b"host", PLAIN[0], *AUTHORISATION, *ours)
        return [(b"host", self._base.netloc.encode()), *kept, PLAIN, *self._headers]

    async def aclose(self) -> None:
        await self._pool.aclose()
