"""The harmless elements of HTML that models write: `<br>` and five styles, without attributes.

All other HTML is text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from markdown_it.rules_inline import StateInline

OPEN: Final = "element_open"
CLOSE: Final = "element_close"
"""The types of the tokens; their tag is one of "sub", "sup", "kbd", "u" and "mark"."""

TAG: Final = re.compile(r"<(?:br ?/?|(?P<closes>/?)(?P<name>sub|sup|kbd|u|mark))>", re.IGNORECASE)


def has_end(text: str, tag: re.Match[str]) -> bool:
    """Return True if the element that a tag opens is closed later in the text."""
    return text.lower().find(f"</{tag['name'].lower()}>", tag.end()) >= 0


def parse_element(state: StateInline, silent: bool) -> bool:
    """Parse the tag of an element; an opening tag without a closing one stays text."""
    tag = TAG.match(state.src, state.pos, state.posMax)
    if tag is None:
        return False
    if not tag["name"]:
        if not silent:
            state.pending = state.pending.rstrip(" ")
            state.push("hardbreak", "br", 0)
        state.pos = tag.end()
        while state.src[state.pos : state.pos + 1] == " ":
            state.pos += 1
        return True
    name = tag["name"].lower()
    if not silent:
        if tag["closes"]:
            tokens = [t for t in state.tokens if t.tag == name and t.type in (OPEN, CLOSE)]
            if sum(token.nesting for token in tokens) < 1:
                return False
        elif not has_end(state.src[: state.posMax], tag):
            return False
        token = state.push(CLOSE if tag["closes"] else OPEN, name, -1 if tag["closes"] else 1)
        token.level = state.level  # elements need not nest with emphasis
    state.pos = tag.end()
    return True
