"""Text that is too long for GitHub is cut where a reader can see it, and Markdown survives the cut."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from runner.adapters.github import fit

FENCES = "```|````|~~~ py|``` `no fence`|    ```"
FOLDS = "<details>|<details><summary>log</summary>|</details>"
LINES = st.sampled_from(f"text||a longer line of text|{FENCES}|{FOLDS}".split("|"))
TEXTS = st.lists(LINES, max_size=60).map("\n".join)
LIMITS = st.integers(min_value=300, max_value=600)


@given(TEXTS, LIMITS)
def test_nothing_is_longer_than_the_limit(text: str, limit: int) -> None:
    assert len(fit.body(text, limit)) <= limit


@given(TEXTS, LIMITS)
def test_what_fits_is_left_as_it_is(text: str, limit: int) -> None:
    if len(text) <= limit:
        assert fit.body(text, limit) == text


@given(TEXTS, LIMITS)
def test_what_is_cut_begins_like_the_original_and_ends_with_a_plain_line(text: str, limit: int) -> None:
    cut = fit.body(text, limit)
    if cut != text:
        kept = cut.removesuffix(fit.NOTE)
        kept = re.sub(r"(\n\n</details>)*\n\n$", "", kept)
        assert text.startswith(re.sub(r"\n(`{3,}|~{3,})$", "", kept))
        assert cut.endswith("\n\n" + fit.NOTE)


@given(TEXTS, LIMITS)
def test_a_cut_leaves_no_fence_and_no_fold_open(text: str, limit: int) -> None:
    cut = fit.body(text, limit)
    if cut == text:
        return
    scope = fit._Scope()
    for line in cut.split("\n"):
        scope = scope.after(line)
    assert (scope.fence, scope.folds) == ("", 0)


def test_one_endless_line_is_cut_inside() -> None:
    cut = fit.body("x" * 70_000)
    assert len(cut) <= fit.BODY
    assert cut.startswith("x" * 60_000)


def test_a_cut_inside_a_log_in_a_fold_reads_well() -> None:
    text = "Failed.\n\n<details><summary>log</summary>\n\n```text\n" + "E   boom\n" * 50 + "```\n\n</details>"
    assert fit.body(text, 200) == snapshot("""\
Failed.

<details><summary>log</summary>

```text
E   boom
E   boom
E   boom
E   boom
E   boom
E   boom
E   boom
```

</details>

*(The rest did not fit: GitHub accepts 65,536 characters here.)*\
""")


def test_a_title_is_one_line_of_at_most_256_characters() -> None:
    assert fit.title("Fix\n  the\tparser ") == "Fix the parser"
    assert len(fit.title("x" * 300)) == 256
    assert fit.title("x" * 300).endswith("…")
