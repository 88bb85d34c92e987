"""Citations: numbers in square brackets that refer to the passages of a question.

`[3]`, `[1, 2]` and `[2–4]` are citations if a passage has one of the numbers. Other numbers are
text, and so are brackets in code, in formulas and in the words of a link. Markdown's own brackets
take precedence: links, images, defined references.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from desktop_app.domain.documents.collections import passage_link, passage_number

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline

CITED: Final = "cited"
"""Key in the parse environment: a frozenset of the numbers that may be cited."""

TOKEN: Final = "citation"

_BRACKETS: Final = re.compile(r"\[ ?[0-9]{1,6}(?: ?[,;–—-] ?[0-9]{1,6}){0,40} ?\]")
_NUMBER: Final = re.compile(r"[0-9]+")
_OWN_LINK_PREFIX: Final = passage_link(0).removesuffix("passage/0")


def add_rule(markdown: MarkdownIt) -> None:
    """Add the citation rule to a parser."""
    markdown.inline.ruler.after("link", TOKEN, _parse_citation)


def _parse_citation(state: StateInline, silent: bool) -> bool:
    # Silent mode searches for the end of a link's words, and must see each bracket.
    cited = state.env.get(CITED)
    if silent or not cited or state.src[state.pos] != "[":
        return False
    match = _BRACKETS.match(state.src, state.pos, state.posMax)
    if match is None or not any(int(number) in cited for number in _NUMBER.findall(match[0])):
        return False
    token = state.push(TOKEN, "", 0)
    token.content = match[0]
    token.meta = {"numbers": cited}
    state.pos = match.end()
    return True


def pieces(content: str, cited: frozenset[int]) -> Iterator[tuple[str, str]]:
    """Yield the pieces of a citation as (words, target); the target is "" for plain text.

    >>> list(pieces("[2, 9]", frozenset((2,))))
    [('[', ''), ('2', 'repartee:passage/2'), (', 9]', '')]
    """
    numbers = [m for m in _NUMBER.finditer(content) if int(m[0]) in cited]
    if len(numbers) == 1 and content.strip("[ ]") == numbers[0][0]:
        yield content, passage_link(int(numbers[0][0]))
        return
    end = 0
    for number in numbers:
        yield content[end : number.start()], ""
        yield number[0], passage_link(int(number[0]))
        end = number.end()
    yield content[end:], ""


def is_citation(link: str) -> bool:
    """Return True if a run's link is a citation."""
    return passage_number(link) is not None


def imitates_own_link(target: str) -> bool:
    """Return True if a written link's target imitates the program's own links."""
    return target.lower().startswith(_OWN_LINK_PREFIX)
