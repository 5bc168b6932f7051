"""Where a request below the gateway's address goes: below the provider's own address, and nowhere else."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from msgspec import Struct

PORTS = {"https": 443, "http": 80}


class Base(Struct, frozen=True):
    """A provider's address, taken apart. `path` has no slash at its end."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        """As the Host header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def base(url: str) -> Base:
    """The operator's setting, which has been checked to be a plain URL."""
    parts = urlsplit(url)
    return Base(parts.scheme, parts.hostname or "", parts.port or PORTS[parts.scheme], parts.path.rstrip("/"))


def below(prefix: str, target: str) -> str | None:
    """What follows `prefix` in a request's target, query included: "", or something that begins with / or ?.

    None for everything else, and for a path that another program might read as one that climbs: `..` in whatever
    encoding, empty segments, backslashes. Such paths are refused rather than tidied up, because what is judged must
    be what is sent.
    """
    if not target.startswith(prefix):
        return None
    rest = target.removeprefix(prefix)
    path = rest.partition("?")[0]
    return rest if path == "" or (path[0] == "/" and _plain(path)) else None


def _plain(path: str) -> bool:
    while (decoded := unquote(path, errors="replace")) != path:
        path = decoded
    # A slash at the end is fine, an empty segment anywhere else is not; `;` begins parameters, which some take off.
    names = [segment.partition(";")[0] for segment in path.split("/")[1:]]
    odd = any(character in path for character in "\\#") or not path.isprintable()
    return not odd and not {".", ".."} & set(names) and "" not in names[:-1]
