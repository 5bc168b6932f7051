"""What an agent that looks everywhere finds of the installation's secrets: nothing; and the gate behind it."""

from __future__ import annotations

import textwrap
from pathlib import Path

from runner.domain.policy import Gate
from tests.e2e.test_endings import labelled
from tests.e2e.test_ways_in import FOCUSED
from tests.world.house import REPO, SECRET, app_key, house

CANARIES = {
    "ANTHROPIC_API_KEY": "sk-ant-canary-of-a-provider-that-is-not-used",
    "OPENAI_API_KEY": "sk-canary-of-another-provider-0123456789",
    "AWS_SECRET_ACCESS_KEY": "canary/of/the/operators/cloud/account",
    "GH_TOKEN": "canary-of-the-operators-own-github-login",
    "DATABASE_URL": "postgres://ops:canary-of-a-database@db.internal/x",
}

LOOK_EVERYWHERE = """
import glob, os, socket, stat, subprocess, sys
found, sockets = [], []
def note(what, data):
    found.append(what.encode() + b"\\n" + data[:200_000] + b"\\n")
note("environment", repr(dict(os.environ)).encode())
for pattern in ("/proc/*/environ", "/proc/*/cmdline", "/proc/*/maps", "/proc/*/mounts", "/proc/net/unix", "/proc/net/tcp"):
    for name in glob.glob(pattern):
        try: note(name, open(name, "rb").read())
        except OSError: pass
for name in glob.glob("/proc/*/fd/*"):
    try: note(name, os.readlink(name).encode())
    except OSError: pass
skip = ("/proc", "/sys", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/nix", "/opt", sys.base_prefix, os.getcwd() + "/found")
for top, directories, files in os.walk("/"):
    directories[:] = [
        d for d in directories if not os.path.join(top, d).startswith(skip) and not d.startswith(("python3", "pkgconfig"))
    ]
    for name in files:
        path = os.path.join(top, name)
        try:
            mode = os.lstat(path)
            if stat.S_ISSOCK(mode.st_mode): sockets.append(path)
            elif stat.S_ISREG(mode.st_mode) and mode.st_size < 200_000: note(path, open(path, "rb").read())
        except OSError: pass
for command in ("git config --list --show-origin", "git remote -v", "git log --all -3", "git credential fill </dev/null", "env", "ps axeww"):
    done = subprocess.run(command, shell=True, capture_output=True, timeout=20)
    note(command, done.stdout + done.stderr)
for port in PORTS:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as stream:
            stream.settimeout(1)
            stream.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            note(f"port {port}", stream.recv(65536))
    except OSError: pass
for path in sockets:
    try:
        with socket.socket(socket.AF_UNIX) as stream:
            stream.settimeout(1)
            stream.connect(path)
            stream.sendall(b"KEYS *\\r\\n")
            note(path, stream.recv(65536))
    except OSError: pass
os.makedirs("found", exist_ok=True)
plain = b"\\n".join(found).decode("ascii", "backslashreplace").replace("\\0", " ")
open("found/everything.txt", "w").write("".join(c for c in plain if c.isprintable() or c == "\\n"))
open("found/looked.txt", "w").write(f"{len(found)}\\n")
"""


async def test_an_agent_that_looks_everywhere_finds_no_secret_of_the_installation(
    tmp_path: Path, clean_redis: str
) -> None:
    async with house(tmp_path, clean_redis, start=False) as baro:
        await baro.start("web", "runner", **CANARIES)
        script = f"PORTS = [{baro.port}]\n{textwrap.dedent(LOOK_EVERYWHERE)}"
        baro.script(
            FOCUSED,
            {
                "role": "story",
                "steps": [
                    {"write": {"path": "look.py", "text": script}},
                    {"run": "python3 look.py && rm look.py"},
                ],
            },
        )
        comment = await baro.ended(await labelled(baro))
        (pull,) = baro.github.pulls(REPO)
        looked = baro.github.file(REPO, pull.pull.head, "found/looked.txt")
        assert int(looked or 0) > 20, comment
        assert "left out" not in comment
        everything = baro.github.file(REPO, pull.pull.head, "found/everything.txt")
        assert b"/workspace" in everything
        key = [line for line in app_key()[0].splitlines() if "-----" not in line]
        secrets = [SECRET, clean_redis, *key, *CANARIES.values()]
        assert [secret for secret in secrets if secret.encode() in everything] == []
        assert b"ghs_" not in everything
        assert Gate(secrets).text(everything.decode(errors="replace")) == everything.decode(errors="replace")


async def test_a_secret_that_got_through_all_the_same_goes_no_further(tmp_path: Path, clean_redis: str) -> None:
    """The agent is given the webhook secret by its own task, as if it had found it, and tries every way out."""
    async with house(tmp_path, clean_redis) as baro:
        encoded = f"python3 -c 'import base64; print(base64.b64encode(b\"x {SECRET} y\").decode())' > encoded.txt"
        baro.script(
            FOCUSED,
            {
                "role": "story",
                "steps": [
                    {"write": {"path": "plain.txt", "text": f"{SECRET}\n"}},
                    {"run": encoded},
                    {"write": {"path": "cut.py", "text": f'x = "{SECRET[:9]}" + "{SECRET[9:]}"\n'}},
                    {"write": {"path": "honest.txt", "text": "x\n"}},
                    {"commit": f"found {SECRET}"},
                    {"say": f"It is {SECRET}."},
                ],
            },
        )
        comment = await baro.ended(await labelled(baro))
        (pull,) = baro.github.pulls(REPO)
        log = baro.log("runner") + baro.log("web")
        for said in (comment, pull.body, pull.title, *baro.subjects(f"main..{pull.pull.head}"), log):
            assert SECRET not in said
        assert baro.github.file(REPO, pull.pull.head, "honest.txt") == b"x\n"
        for name in ("plain.txt", "encoded.txt", "cut.py"):
            assert f"left out `{name}`: it contains a secret of this installation" in comment
        assert "git apply" in comment
