"""Code to coloured spans, line by line, with Pygments.

Pygments and each lexer are loaded when the first code block asks for them, best in a thread: it
takes up to 75 ms. `spans` is lazy, so that a long block can be coloured in slices of time.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pygments.lexer import Lexer

LONGEST_LINE: Final = 2_000
"""Characters of a line beyond which a block is not coloured: some lexers are quadratic."""


class Colour(Enum):
    """The colours of the theme that code uses."""

    KEYWORD = "keyword"
    STRING = "string"
    FUNCTION = "function"
    COMMENT = "comment"
    NUMBER = "number"


class Span(NamedTuple):
    """Characters [start, start + length) of line `line` have a colour."""

    line: int
    start: int
    length: int
    colour: Colour


# The first word of a token type's path that is found here decides.
_COLOURS: Final = (
    ("Token.Comment", Colour.COMMENT),
    ("Token.Keyword", Colour.KEYWORD),
    ("Token.Operator.Word", Colour.KEYWORD),
    ("Token.Literal.String", Colour.STRING),
    ("Token.Literal.Number", Colour.NUMBER),
    ("Token.Name.Function", Colour.FUNCTION),
    ("Token.Name.Class", Colour.FUNCTION),
    ("Token.Name.Tag", Colour.KEYWORD),
    ("Token.Name.Attribute", Colour.FUNCTION),
    ("Token.Name.Decorator", Colour.FUNCTION),
    ("Token.Name.Builtin", Colour.KEYWORD),
    ("Token.Generic.Deleted", Colour.KEYWORD),
    ("Token.Generic.Inserted", Colour.STRING),
    ("Token.Generic.Heading", Colour.FUNCTION),
    ("Token.Generic.Subheading", Colour.FUNCTION),
)


# What models call languages that Pygments has under another name.
_ALIASES: Final = {
    "assembly": "nasm",
    "cmd": "bat",
    "ipython": "python",
    "javascriptreact": "jsx",
    "jsonc": "json",
    "jsonl": "json",
    "ndjson": "json",
    "node": "js",
    "svelte": "html",
    "svg": "xml",
    "typescriptreact": "tsx",
    "vb": "vb.net",
    "wasm": "wast",
}
_NAME: Final = re.compile(r"\{?\.?(?P<name>[\w+#-]+)")


@lru_cache(maxsize=64)
def lexer(language: str) -> Lexer | None:
    """The lexer for the word after a fence, None where there is none. Slow the first time. A file's
    name or options may follow the language: `python:main.py`, `python,linenos`, `{.python}`."""
    found = _lexer(language)
    name = _NAME.match(language) if found is None else None
    return found if name is None else _lexer(name["name"])


def _lexer(name: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    name = _ALIASES.get(name.lower(), name)
    # Snippets of PHP seldom begin with its tag.
    more = {"startinline": True} if name.lower() == "php" else {}
    try:
        return get_lexer_by_name(name, stripnl=False, ensurenl=False, **more)
    except ClassNotFound:
        return None


def spans(code: str, found: Lexer) -> Iterator[Span]:
    """The coloured spans of `code`, top to bottom, as the lexer finds them."""
    line = column = 0
    # Many a lexer knows a line by its end only, the last one too.
    for token_type, text in found.get_tokens(f"{code}\n"):
        colour = _colour(str(token_type))
        pieces = text.split("\n")
        for number, piece in enumerate(pieces):
            if number:
                line, column = line + 1, 0
            if colour is not None and piece:
                yield Span(line, column, len(piece), colour)
            column += len(piece)


@lru_cache(maxsize=512)
def _colour(token_type: str) -> Colour | None:
    return next((colour for prefix, colour in _COLOURS if token_type.startswith(prefix)), None)
