"""`baro.env`: NAME=value lines in the working directory, for those who do not like long environments."""

from __future__ import annotations

from pathlib import Path

from dotenv.parser import parse_stream

NAME = "baro.env"


def read(directory: Path) -> tuple[dict[str, str], list[str]]:
    """The file's values, taken literally (no `${…}` expansion: secrets may contain it), and a line per problem."""
    path = directory / NAME
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [f"{NAME} cannot be read ({error.strerror}): make it readable, or take it away"]
    except UnicodeDecodeError:
        return {}, [f"{NAME} is not UTF-8 text: save it as such"]
    broken = [b.original.line for b in bindings if b.error or (b.key is not None and b.value is None)]
    values = {b.key: b.value for b in bindings if b.key is not None and b.value is not None}
    return values, [f"{NAME}, line {line}, is not understood: write NAME=value, or start it with #" for line in broken]
