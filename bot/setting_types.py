"""The kinds of values a setting can have: each turns text into a value, or says what is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from runner.adapters.agents.registry import NAMES
from runner.domain.network import Authority, listed
from runner.domain.route import Choice, Wishes, read_wishes

AGENTS = Choice(NAMES)

_LEAST_SIZE = 64 << 20
"""bytes; below that hardly any program starts"""
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, an unclosed [ of an IPv6 address
        sound = False
    if not sound or parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"{text!r} is no plain http or https URL")
    return text.rstrip("/")


def _redis_url(text: str) -> str:
    # The value itself stays out of the message: it may hold a password.
    try:
        parts = urlsplit(text)
        sound = parts.path if parts.scheme == "unix" else parts.scheme in ("redis", "rediss") and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("it does not begin with redis://, rediss:// or unix:///")
    return text


def passwords(url: str | None) -> tuple[str, ...]:
    """The password in a URL, if there is one, for redaction."""
    password = urlsplit(url).password if url else None
    return (password,) if password else ()


def _pem(text: str) -> str:
    # Settings that cannot hold a line break carry the two characters `\n` instead.
    pem = text.strip() if "\n" in text.strip() else text.strip().replace("\\n", "\n")
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("that is no unencrypted PEM private key") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("that is a private key, but no RSA key")
    return pem


def _pem_file(path: str) -> str:
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text file") from None
    return _pem(text)


def _one_or_two(text: str) -> list[str]:
    secrets = [part.strip() for part in text.split(",")]
    if "" in secrets or len(secrets) > 2:
        raise ValueError("there must be one, or two separated by one comma, and none of them empty")
    return secrets


def _logins(text: str) -> list[str]:
    names = [part.strip().lower() for part in text.split(",")]
    if names == ["*"]:
        return names
    if strange := [name for name in names if not _LOGIN.fullmatch(name)]:
        raise ValueError(f"{', '.join(map(repr, strange))} cannot be an account")
    return names


def _agent(text: str) -> str:
    if ":" in text:
        raise ValueError(f"the model of {text!r} belongs into BARO_MODEL, or the whole of it into BARO_AGENTS")
    if problems := [*AGENTS.problems(text)]:
        raise ValueError(problems[0])
    return text


def _agents(text: str) -> Wishes:
    wishes, problems = read_wishes(text, AGENTS)
    if problems:
        raise ValueError("; ".join(problems))
    return wishes


_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def _bytes(text: str) -> int:
    number = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if number is None or (size := int(float(number[1]) * _UNITS[number[2].upper()])) < _LEAST_SIZE:
        raise ValueError(f"{text!r} is no size of at least {_LEAST_SIZE >> 20}M")
    return size


def _network_hosts(text: str) -> tuple[Authority, ...]:
    names = [part.strip() for part in text.split(",") if part.strip()]
    if strange := [name for name in names if not listed(name)]:
        raise ValueError(f"{', '.join(map(repr, strange))} is no exact host name")
    return tuple(place for name in names for place in listed(name))


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _existing_file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


Agent = Annotated[str, AfterValidator(_agent)]
"""a backend's name, or auto"""
Agents = Annotated[Wishes, BeforeValidator(_agents)]
Count = Annotated[int, Field(ge=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Size = Annotated[int, BeforeValidator(_bytes)]
"""bytes, written like `512M` or `8G`"""
Directory = Annotated[Path, AfterValidator(_absolute)]
File = Annotated[Path, AfterValidator(_absolute), AfterValidator(_existing_file)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
AppId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
PrivateKey = Annotated[SecretStr, BeforeValidator(_pem)]
PrivateKeyFile = Annotated[SecretStr, BeforeValidator(_pem_file)]
"""given as a path, kept as the text of the key"""
WebhookSecrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_one_or_two)]
Accounts = Annotated[tuple[str, ...], BeforeValidator(_logins)]
"""lower case; ("*",) is everybody"""
NetworkHosts = Annotated[tuple[Authority, ...], BeforeValidator(_network_hosts)]
