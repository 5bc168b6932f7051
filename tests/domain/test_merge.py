"""The arithmetic of the merge ladder, without git."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from runner.domain.merge import LADDER, Note, Stage, Unresolvable, classify, discarded, is_binary, marker_size

TEXT = "100644"


def stages(path: str, *modes: str | None) -> list[Stage]:
    """Base, ours and theirs; None where a side does not have the path."""
    return [Stage(path, n, mode, f"{path}{n}") for n, mode in enumerate(modes, 1) if mode]


def marked(ours: list[str], theirs: list[str], size: int = 7) -> bytes:
    lines = ["before", f"{'<' * size} ours", *ours, "=" * size, *theirs, f"{'>' * size} theirs", "after", ""]
    return "\n".join(lines).encode()


def test_the_ladder_is_climbed_in_this_order() -> None:
    assert LADDER == ("plain", "theirs")


# --- what may be resolved --------------------------------------------------------------------------------------


def test_text_that_both_changed_or_both_added_is_resolvable() -> None:
    found = classify([*stages("b", None, TEXT, TEXT), *stages("a", TEXT, TEXT, TEXT)], [])
    assert not isinstance(found, Unresolvable)
    assert [(one.path, one.base, one.ours, one.theirs) for one in found] == [
        ("a", "a1", "a2", "a3"),
        ("b", None, "b2", "b3"),
    ]


def test_the_side_that_changed_the_mode_decides_it() -> None:
    for modes, expected in [((TEXT, "100755", TEXT), "100755"), ((TEXT, TEXT, "100755"), "100755")]:
        found = classify(stages("a", *modes), [])
        assert not isinstance(found, Unresolvable)
        assert found[0].mode == expected


def test_what_is_no_text_on_both_sides_is_not_resolvable() -> None:
    for modes in [
        (TEXT, TEXT, None),
        (TEXT, None, TEXT),
        ("120000",) * 3,
        (None, TEXT, "100755"),
        (TEXT, TEXT, "160000"),
    ]:
        assert isinstance(classify(stages("a", *modes), []), Unresolvable), modes


def test_one_conflict_of_another_kind_leaves_all_unresolved_and_is_named() -> None:
    notes = [
        Note("Auto-merging", ("a",), "Auto-merging a"),
        Note("CONFLICT (contents)", ("a",), "…"),
        Note("CONFLICT (modify/delete)", ("b",), "…"),
        Note("CONFLICT (rename/rename)", ("c", "d"), "…"),
    ]
    assert classify(stages("a", TEXT, TEXT, TEXT), notes) == snapshot(
        Unresolvable(paths=("b", "c", "d"), reason="the two sides cannot be combined (modify/delete, rename/rename)")
    )


def test_a_file_is_binary_where_git_says_so() -> None:
    assert is_binary(b"a\0b")
    assert not is_binary(b"a" * 8000 + b"\0")


# --- what it costs ---------------------------------------------------------------------------------------------


def test_the_run_branchs_lines_in_a_conflict_are_discarded() -> None:
    assert discarded(marked(["x", "y"], ["z"]), 7) == ("x", "y")


def test_a_line_that_the_story_has_in_the_same_place_is_not_lost() -> None:
    assert discarded(marked(["x", "same", "same"], ["same", "z"]), 7) == ("x", "same")


def test_a_deletion_that_is_undone_costs_no_line() -> None:
    assert discarded(marked([], ["z"]), 7) == ()


def test_windows_line_ends_are_no_part_of_a_line() -> None:
    assert discarded(marked(["x"], ["z"]).replace(b"\n", b"\r\n"), 7) == ("x",)


_LINE = st.one_of(st.sampled_from(["<<<<<<<", "=======", ">>>>>>> x", "", "<" * 12]), st.text("ab<=>| ", max_size=9))


@given(ours=st.lists(_LINE), theirs=st.lists(_LINE))
def test_no_line_of_a_text_is_taken_for_a_marker(ours: list[str], theirs: list[str]) -> None:
    size = marker_size("\n".join(ours).encode(), "\n".join(theirs).encode())
    theirs_only = list(theirs)
    expected = []
    for line in ours:
        if line in theirs_only:
            theirs_only.remove(line)
        else:
            expected.append(line)
    assert discarded(marked(ours, theirs, size), size) == tuple(expected)
