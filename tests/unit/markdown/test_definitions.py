"""Names of links and notes in a source."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desktop_app.markdown.incremental.open_tail import Definitions, ParserContext, names_in


def test_names_are_normalized_as_by_the_parser() -> None:
    source = r"[a  b] [^note] \[c] \\[d] [e\]f] [ [g] ] []"
    assert names_in(source) == {"A B", "^note", "^NOTE", "D", r"E\]F", "G"}


@given(st.lists(st.sampled_from(["\\", "[", "]", "a", "^", " "]), max_size=12).map("".join))
def test_escaped_brackets_begin_no_name(before: str) -> None:
    escaped = len(before) - len(before.rstrip("\\"))
    found = "NAME" in names_in(f"{before}[name]")
    assert found is (escaped % 2 == 0)


def test_only_new_footnotes_are_reported() -> None:
    definitions = Definitions(frozenset())
    first = definitions.parse("[^a]: one\n\n", ParserContext())
    second = definitions.parse("[^a]: again\n\n[^b]: two\n\n", ParserContext())
    assert (first.labels, second.labels) == ({"^a": 0}, {"^b": 2})
    definitions.forget_labels(second.labels)
    assert [definitions.is_defined(label) for label in ("^a", "^b")] == [True, False]


def test_a_footnote_defines_no_link_whose_label_ends_like_its_own() -> None:
    definitions = Definitions(frozenset())
    definitions.parse("[^B]: one\n\n", ParserContext())
    assert definitions.is_defined("^B")
    assert not any(map(definitions.is_defined, ("AB", "B", "")))
