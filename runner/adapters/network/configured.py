"""The package indexes that the operator has written down for pip, uv and npm, read from where these tools read them.

What follows from it inside a sandbox is written into its home, where a project's own configuration still outranks it.
Credentials stay here.
"""

from __future__ import annotations

import configparser
import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from runner.domain.network import Authority, host

from .paths import PORTS

ENVIRONMENT = (
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE"),
    *("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"),
    *("npm_config_registry", "NPM_CONFIG_REGISTRY", "npm_config_userconfig", "NPM_CONFIG_USERCONFIG"),
)
"""The variables of the operator's that are looked at; settings collect them."""
TRUST = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO"),
)
"""Those that name certificates, for machines whose network has an authority of its own."""
VISIBLE = ("/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/pki", "/etc/ca-certificates", "/usr")
"""where certificates are that a sandbox can read"""

Wanted = dict[str, list[str]]
"""URLs by the name their tool has for them"""


class Configured(Struct, frozen=True):
    """`files` are for the home of a sandbox, by their path in it."""

    mirrors: frozenset[Authority] = frozenset()
    files: dict[str, str] = {}


def configured(env: Mapping[str, str], home: Path) -> Configured:
    """What cannot be read or understood is left out: the tools themselves will complain about it."""
    pip, npm = _pip(env, home), _npm(env, home)
    uv = _uv(env, home) or pip
    urls = [url for wanted in (pip, uv, npm) for each in wanted.values() for url in each]
    files = {".config/pip/pip.conf": _pip_conf(pip), ".config/uv/uv.toml": _uv_toml(uv), ".npmrc": _npmrc(npm)}
    return Configured(
        frozenset(place for url in urls if (place := authority_of(url))),
        {name: text for name, text in files.items() if text},
    )


def trusted(env: Mapping[str, str]) -> dict[str, str]:
    """What sandboxes are told of certificates; a file they could not read would only break what works without."""
    paths = {name: Path(os.path.normpath(env[name])) for name in TRUST if env.get(name)}
    return {name: str(path) for name, path in paths.items() if any(path.is_relative_to(one) for one in VISIBLE)}


def authority_of(url: str) -> Authority | None:
    """Where a URL of the web leads; None for every other kind."""
    try:
        parts = urlsplit(url)
        shown = parts.hostname or ""
        name = host(f"[{shown}]" if ":" in shown else shown)
        return Authority(name, parts.port or PORTS[parts.scheme]) if name and parts.scheme in PORTS else None
    except ValueError:  # a port that is no number
        return None


def bare(url: str) -> str:
    """Without user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


# --- what there is -----------------------------------------------------------------------------------------------


def _pip(env: Mapping[str, str], home: Path) -> Wanted:
    """Later files outrank earlier ones, and the environment all of them."""
    files = [
        Path("/etc/pip.conf"),
        Path("/etc/xdg/pip/pip.conf"),
        home / ".pip/pip.conf",
        home / ".config/pip/pip.conf",
    ]
    if chosen := env.get("PIP_CONFIG_FILE"):
        files.append(Path(chosen))
    found: Wanted = {}
    for path in files:
        ini = _ini(path)
        for section in ("global", "install"):
            for key in ("index-url", "extra-index-url"):
                if ini.has_option(section, key):
                    found[key] = _urls(ini.get(section, key))
    return _outranked(found, env, {"PIP_INDEX_URL": "index-url", "PIP_EXTRA_INDEX_URL": "extra-index-url"})


def _uv(env: Mapping[str, str], home: Path) -> Wanted:
    found: Wanted = {}
    for path in (Path("/etc/uv/uv.toml"), home / ".config/uv/uv.toml"):
        read = _toml(path)
        indexes = read.get("index", [])
        default = [read.get("index-url"), *(index.get("url") for index in indexes if index.get("default"))]
        extra = [*read.get("extra-index-url", []), *(index.get("url") for index in indexes if not index.get("default"))]
        found |= {key: _urls(urls) for key, urls in (("index-url", default), ("extra-index-url", extra)) if any(urls)}
    names = {"UV_INDEX_URL": "index-url", "UV_DEFAULT_INDEX": "index-url"}
    return _outranked(found, env, names | {"UV_EXTRA_INDEX_URL": "extra-index-url", "UV_INDEX": "extra-index-url"})


def _npm(env: Mapping[str, str], home: Path) -> Wanted:
    own = env.get("npm_config_userconfig") or env.get("NPM_CONFIG_USERCONFIG") or home / ".npmrc"
    found: Wanted = {}
    for line in _text(Path(own)).splitlines():
        key, _, value = (part.strip().strip("\"'") for part in line.partition("="))
        if key == "registry" or (key.startswith("@") and key.endswith(":registry")):
            found[key] = _urls(value)
    return _outranked(found, env, {"NPM_CONFIG_REGISTRY": "registry", "npm_config_registry": "registry"})


def _outranked(found: Wanted, env: Mapping[str, str], names: Mapping[str, str]) -> Wanted:
    said = {key: _urls(env[name]) for name, key in names.items() if env.get(name)}
    return {key: urls for key, urls in (found | said).items() if urls}


def _urls(value: str | Iterable[Any]) -> list[str]:
    """Those that lead to a server; a directory of the host is not there inside. uv names some: `name=https://…`."""
    words = value.split() if isinstance(value, str) else [str(word) for word in value if word]
    urls = [word[max(0, word.find("http")) :] for word in words]
    return [url for url in urls if authority_of(url)]


def _ini(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(_text(path))
    except configparser.Error:
        return configparser.RawConfigParser()
    return parser


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError:
        return {}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


# --- what follows from it inside ---------------------------------------------------------------------------------


def _pip_conf(pip: Wanted) -> str:
    lines = [f"{key} = {' '.join(map(bare, urls))}" for key, urls in pip.items()]
    return "\n".join(["[global]", *lines, ""]) if lines else ""


def _uv_toml(uv: Wanted) -> str:
    default = {"index-url": "default = true\n"}
    return "\n".join(
        f"[[index]]\nurl = {json.dumps(bare(url))}\n{default.get(key, '')}" for key, urls in uv.items() for url in urls
    )


def _npmrc(npm: Wanted) -> str:
    return "".join(f"{key}={bare(urls[0])}\n" for key, urls in npm.items())
