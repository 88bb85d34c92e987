"""Hypothesis strategies for Markdown with nested lists and quotes.

The strategy draws independently, for each pair of neighboring blocks, if a blank line separates
them. So lists become loose at their first item, a later one, and at any depth.
"""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

_TEXTS: Final = (
    "words", "some **bold** words", "see [x]", "note[^1]", "# Head", "```py\ncode\n\nmore\n```",
    "[x]: /url", "[^1]: a note", "$$\nx\n$$", "| a | b |\n|---|---|\n| 1 | 2 |", "***", "",
    "two\nlines",
    "```markdown\n```py\nx\n```\ny\n```", "```math\nx\n```",
    "| a |\n|---|\n| 1 | 2 |", "\\begin{align}\nx\n\\end{align}", "a<br>b<sup>c</sup>",
    "1986. no list", "`code`", "[ ] task", "> said",
)  # fmt: skip
_MARKS: Final = ("- ", "* ", "1. ", "2) ", "+   ", " - ")
_PARTS: Final = st.sampled_from(("\n", "\n", "\n", "\n\n", "\n\n\n"))


def _joined(pieces: list[tuple[str, str]]) -> str:
    return "".join(part + text for text, part in pieces).lstrip("\n")


def _indented(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *(rest + line if line else "" for line in lines[1:])])


def _list(items: list[tuple[str, str]], mark: str) -> str:
    return _joined([(_indented(text, mark, " " * len(mark)), part) for text, part in items])


def _quote(text: str) -> str:
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))


def _several(inner: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[str, str]]]:
    return st.lists(st.tuples(inner, _PARTS), min_size=1, max_size=4)


def _within(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    blocks = _several(inner).map(_joined)
    lists = st.builds(_list, _several(blocks), st.sampled_from(_MARKS))
    return lists | lists | blocks | blocks.map(_quote)


sources: Final = _several(st.recursive(st.sampled_from(_TEXTS), _within, max_leaves=12)).map(
    _joined
)
"""Markdown sources, most of them with lists."""
