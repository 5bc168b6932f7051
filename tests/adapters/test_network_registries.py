"""Which package registries this machine uses: what is written down, and what its tools know by themselves."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from runner.adapters.network.configured import configured, trusted
from runner.adapters.network.installed import Registries, _said
from runner.domain.network import Authority, host


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_indexes_in_files_are_found_and_passed_on_without_their_passwords(tmp_path: Path) -> None:
    write(
        tmp_path / ".config/pip/pip.conf",
        "[global]\nindex-url = https://me:hunter2@pip.corp/simple\n[install]\nextra-index-url =\n  https://a.corp/x\n  file:///opt/x\n",
    )
    write(
        tmp_path / ".npmrc",
        "registry=https://npm.corp:8443/\n@own:registry = http://10.0.0.7/\n//npm.corp/:_authToken=hunter2\n",
    )
    write(
        tmp_path / ".config/uv/uv.toml",
        '[[index]]\nname = "x"\nurl = "https://t:hunter2@uv.corp/simple"\ndefault = true\n[[index]]\nurl = "https://more.corp"\n',
    )
    found = configured({}, tmp_path)
    assert sorted(map(str, found.mirrors)) == snapshot(
        ["10.0.0.7", "a.corp", "more.corp", "npm.corp:8443", "pip.corp", "uv.corp"]
    )
    assert found.files == snapshot(
        {
            ".config/pip/pip.conf": """\
[global]
index-url = https://pip.corp/simple
extra-index-url = https://a.corp/x
""",
            ".config/uv/uv.toml": """\
[[index]]
url = "https://uv.corp/simple"
default = true

[[index]]
url = "https://more.corp"
""",
            ".npmrc": """\
registry=https://npm.corp:8443/
@own:registry=http://10.0.0.7/
""",
        }
    )
    assert "hunter2" not in repr(found)


def test_the_environment_outranks_files(tmp_path: Path) -> None:
    write(tmp_path / ".npmrc", "registry=https://npm.corp/\n")
    write(tmp_path / "own.conf", "[global]\nindex-url = https://file.corp/simple\n")
    env = {
        "PIP_CONFIG_FILE": str(tmp_path / "own.conf"),
        "PIP_INDEX_URL": "https://env.corp/simple",
        "UV_INDEX": "first=https://one.corp/simple https://two.corp/simple",
        "npm_config_registry": "https://env-npm.corp/",
    }
    found = configured(env, tmp_path)
    assert {place.host for place in found.mirrors} == {"env.corp", "one.corp", "two.corp", "env-npm.corp"}


def test_uv_gets_pips_index_where_it_has_none_of_its_own(tmp_path: Path) -> None:
    found = configured({"PIP_INDEX_URL": "https://pip.corp/simple"}, tmp_path)
    assert found.files[".config/uv/uv.toml"] == '[[index]]\nurl = "https://pip.corp/simple"\ndefault = true\n'


@pytest.mark.parametrize("text", ["", "[[", "[global]\nindex-url", "\0", "registry=http://h:port/", "index-url = ///"])
def test_files_that_make_no_sense_say_nothing(tmp_path: Path, text: str) -> None:
    for name in (".npmrc", ".config/pip/pip.conf", ".config/uv/uv.toml"):
        write(tmp_path / name, text)
    found = configured({}, tmp_path)
    assert not any("port" in str(mirror) for mirror in found.mirrors)


def test_certificates_are_named_inside_where_they_can_be_read_there() -> None:
    env = {"SSL_CERT_FILE": "/etc/ssl/certs/corp.pem", "PIP_CERT": "/root/corp.pem", "CURL_CA_BUNDLE": "/usr/../root/x"}
    assert trusted(env) == {"SSL_CERT_FILE": "/etc/ssl/certs/corp.pem"}


async def test_the_tools_of_this_machine_are_asked_for_what_they_have_built_in(tmp_path: Path) -> None:
    """pip names an index and the host of its files; npm its registry. All are of the web, over TLS."""
    assert shutil.which("npm"), "npm is needed here"
    known = await Registries({"PATH": os.environ["PATH"], "HOME": str(tmp_path)}).known()
    public = [place for place in known if place.port == 443 and "." in place.host]
    assert len(public) >= 3
    assert all(host(place.host) == place.host for place in public)


async def test_npm_is_believed_when_it_names_another_registry(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "npm_config_registry": "http://mirror.corp:4873/"}
    assert Authority("mirror.corp", 4873) in await Registries(env).known()


async def test_a_machine_without_tools_still_has_pythons_own_pip(tmp_path: Path) -> None:
    known = await Registries({"PATH": str(tmp_path)}).known()
    assert len(known) >= 2


async def test_a_tool_that_fails_prints_nonsense_or_is_missing_is_passed_over() -> None:
    for program in ("raise SystemExit(1)", "print('{')", ""):
        assert await _said((sys.executable, "-c", program), {}) is None
    assert await _said(("/no/such/tool",), {}) is None
    assert await _said((sys.executable, "-c", "print('[1]')"), {}) == json.loads("[1]")
