"""How much one story may publish, and which part of too much is left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runner.domain.amounts import Allowance, Sized, excess, gathered
from runner.domain.change import HeldBack
from runner.domain.policy import File, Gate, replaced

SMALL = Allowance(files=3, file_bytes=50, bytes=100)


def files(*paths: str, size: int = 1) -> list[Sized]:
    return [Sized(path, size) for path in paths]


def test_what_fits_is_all_let_through() -> None:
    assert excess(files("a", "b/c", "b/d"), SMALL) is None


def test_the_smallest_directory_that_makes_the_rest_fit_is_left_out() -> None:
    over = excess(files("a", "src/b", *(f"web/out/{n}" for n in range(9)), "web/c"), SMALL)
    assert over is not None
    assert (over.directory, over.files) == ("web/out", 9)
    assert over.reason(SMALL) == "is one of 9 new or changed files in `web/out/`, and a story may publish 3"


def test_too_many_bytes_count_like_too_many_files() -> None:
    over = excess([Sized("a", 1), *files("data/x", "data/y", size=60)], SMALL)
    assert over is not None
    assert over.directory == "data"
    large = Allowance(bytes=1024 * 1024)
    assert "is part of 3.0 MiB in all, and a story may publish 1.0 MiB" in str(
        excess([Sized("x", 3 * 1024 * 1024)], large).reason(large)  # type: ignore[union-attr]
    )


def test_where_no_directory_is_to_blame_everything_is_left_out() -> None:
    over = excess(files("a", "b", "c", "d"), SMALL)
    assert over is not None
    assert over.directory == ""


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "a/b", "a/b/c", "d"]), st.integers(0, 40)), max_size=30))
def test_what_is_left_always_fits(chosen: list[tuple[str, int]]) -> None:
    found = [Sized(f"{directory}/{n}", size) for n, (directory, size) in enumerate(chosen)]
    over = excess(found, SMALL)
    left = [file for file in found if over is None or not over.holds(file.path)]
    assert len(left) <= SMALL.files
    assert sum(file.size for file in left) <= SMALL.bytes


def test_deletions_and_what_is_held_back_anyway_do_not_count() -> None:
    inspection = Gate().inspect(SMALL)
    for path, mode in [("a", "100644"), ("b", "000000"), (".mcp.json", "100644"), ("c", "000000"), ("d", "100644")]:
        inspection.look(File(path, mode, 1, b"x"))
    assert [reason is not None for reason in inspection.reasons()] == [False, False, True, False, False]


def test_many_files_with_one_reason_are_told_as_their_directory() -> None:
    many = [HeldBack(f"web/out/{n}/x", "is too much") for n in range(100)]
    few = [HeldBack("a", "is a secret"), HeldBack("b", "is a secret")]
    assert gathered([*many, *few]) == (HeldBack("web/out/", "is too much", files=100), *few)
    assert gathered([HeldBack(f"{n}", "x") for n in range(30)]) == (HeldBack("./", "x", files=30),)


def test_a_deletion_that_made_room_for_what_is_held_back_is_undone() -> None:
    assert replaced(["src"], ["src/a.py", "b.py"], []) == ("src/a.py",)
    assert replaced(["a/x.pem"], ["a"], []) == ("a",)
    assert replaced(["a/x.pem"], ["a"], ["a/honest.txt"]) == ()
