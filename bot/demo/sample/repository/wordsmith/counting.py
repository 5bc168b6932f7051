"""How much text there is."""

from typing import NamedTuple


class Count(NamedTuple):
    lines: int
    words: int
    characters: int

    def __str__(self) -> str:
        return ", ".join(f"{n} {name if n != 1 else name[:-1]}" for name, n in self._asdict().items())


def count(text: str) -> Count:
    """Lines as an editor numbers them, words as separated by blanks, characters as Unicode counts them."""
    return Count(len(text.splitlines()), len(text.split()), len(text))
