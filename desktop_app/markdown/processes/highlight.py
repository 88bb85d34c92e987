"""Highlights code with Pygments: colored spans, line by line.

Pygments and each lexer are loaded when a code block first needs them. The window uses a child
process (json_server.py), because lexing would block the event loop.

Many lexers search the rest of their input from each word, so long code is lexed in parts. If
possible, a part begins where a string, comment or block is seldom open: at an unindented line after
a blank line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.markdown.processes.json_server import TooSlowError, run_limited

if TYPE_CHECKING:
    from pygments.lexer import Lexer

MAX_LINE_LENGTH: Final = 2_000
"""Maximum length of a line in a highlighted block: some lexers are quadratic."""

_MAX_PART_LENGTH: Final = 8_000
"""Characters to lex at once, an arbitrary number."""

_SLOW_LANGUAGES: Final[set[str]] = set()
"""The languages whose lexer was too slow in `file_spans`."""

_BLANK_LINES: Final = lazy_pattern(r"\n[ \t]*\n(?=\S)")


class CodeColor(Enum):
    """The colors of the theme that code uses."""

    KEYWORD = "keyword"
    STRING = "string"
    FUNCTION = "function"
    COMMENT = "comment"
    NUMBER = "number"
    DELETED = "error"
    INSERTED = "good"


class ColoredSpan(NamedTuple):
    """A colored range of characters: [start, start + length) in line `line`."""

    line: int
    start: int
    length: int
    color: CodeColor


# The first matching prefix of a token type decides.
_COLORS: Final = (
    ("Token.Comment", CodeColor.COMMENT),
    ("Token.Keyword", CodeColor.KEYWORD),
    ("Token.Operator.Word", CodeColor.KEYWORD),
    ("Token.Literal.String", CodeColor.STRING),
    ("Token.Literal.Number", CodeColor.NUMBER),
    ("Token.Name.Function", CodeColor.FUNCTION),
    ("Token.Name.Class", CodeColor.FUNCTION),
    ("Token.Name.Tag", CodeColor.KEYWORD),
    ("Token.Name.Attribute", CodeColor.FUNCTION),
    ("Token.Name.Decorator", CodeColor.FUNCTION),
    ("Token.Name.Builtin", CodeColor.KEYWORD),
    ("Token.Generic.Deleted", CodeColor.DELETED),
    ("Token.Generic.Inserted", CodeColor.INSERTED),
    ("Token.Generic.Heading", CodeColor.FUNCTION),
    ("Token.Generic.Subheading", CodeColor.FUNCTION),
)


# Names of languages that models use and Pygments does not know, with a name that it knows.
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
_LANGUAGE_NAME: Final = lazy_pattern(r"\{?\.?(?P<name>[\w+#-]+)")


@lru_cache(maxsize=64)
def lexer_for(language: str) -> Lexer | None:
    """Return the lexer for the language after a fence, None if there is none.

    A file name or options may follow the language: `python:main.py`, `python,linenos`, `{.python}`.
    """
    lexer = _find_lexer(language)  # first as it is: some names have other characters, as "vb.net"
    if lexer is not None:
        return lexer
    match = _LANGUAGE_NAME.match(language)
    return None if match is None else _find_lexer(match["name"])


def _find_lexer(name: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    name = _ALIASES.get(name.lower(), name)
    # Snippets of PHP seldom begin with its tag.
    options = {"startinline": True} if name.lower() == "php" else {}
    try:
        return get_lexer_by_name(name, stripnl=False, **options)
    except ClassNotFound:
        return None


def spans(code: str, lexer: Lexer) -> Iterator[ColoredSpan]:
    """Yield the colored spans of `code`, top to bottom."""
    first_line = 0
    for part in lexing_parts(code):
        yield from _part_spans(part, first_line, lexer)
        first_line += part.count("\n")


def file_spans(code: str, language: str) -> Iterator[ColoredSpan]:
    """Yield the colored spans of code that is written to a file.

    Yield none for an unknown language or long lines. A lexer that is too slow is not used again.
    Call it only in the main thread.
    """
    if not language or language in _SLOW_LANGUAGES:
        return
    lexer = lexer_for(language)
    if lexer is None or max(map(len, code.split("\n"))) > MAX_LINE_LENGTH:
        return
    first_line = 0
    for part in lexing_parts(code):
        try:
            yield from run_limited(partial(list, _part_spans(part, first_line, lexer)))
        except TooSlowError:
            _SLOW_LANGUAGES.add(language)
            return
        first_line += part.count("\n")


def parse_colored_spans(answer: Mapping[str, Any] | None) -> list[ColoredSpan] | None:
    """Return the spans in the process's answer; None for an error or no answer."""
    if answer is None or "spans" not in answer:
        return None
    rows = answer["spans"]
    return [
        ColoredSpan(line, start, length, CodeColor(color)) for line, start, length, color in rows
    ]


def lexing_parts(code: str) -> Iterator[str]:
    """Yield the parts of the code, which are lexed one by one.

    Every part but the last ends at a line end, unless a single line is longer than a part.
    """
    begin = 0
    while len(code) - begin > _MAX_PART_LENGTH:
        end = begin + _MAX_PART_LENGTH
        middle = begin + _MAX_PART_LENGTH // 2  # no part is shorter, so that there are few
        gap_ends = [gap.end() for gap in _BLANK_LINES.finditer(code, middle, end)]
        if gap_ends:
            end = gap_ends[-1]
        elif "\n" in code[begin:end]:
            end = code.rindex("\n", begin, end) + 1
        yield code[begin:end]
        begin = end
    yield code[begin:]


def _part_spans(code: str, line: int, lexer: Lexer) -> Iterator[ColoredSpan]:
    """Yield the colored spans of a part that begins at line `line` of the whole code."""
    column = int(code.startswith("\ufeff"))  # Pygments drops a byte order mark
    # Many lexers need a line end even after the last line.
    for token_type, text in lexer.get_tokens(f"{code}\n"):
        color = _color_of(str(token_type))
        for number, line_text in enumerate(text.split("\n")):
            if number > 0:
                line += 1
                column = 0
            if color and line_text:
                yield ColoredSpan(line, column, len(line_text), color)
            column += len(line_text)


@lru_cache(maxsize=512)
def _color_of(token_type: str) -> CodeColor | None:
    return next((color for prefix, color in _COLORS if token_type.startswith(prefix)), None)
