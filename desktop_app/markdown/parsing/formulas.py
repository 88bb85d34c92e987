r"""Formulas: `$x$`, `$$x$$`, `\(x\)`, `\[x\]`, `` $`x`$ ``, `math` fences, `\begin{align}`.

Prices, quoted words and references between the same marks stay text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.domain.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

_UNCLOSED: Final = "unclosed"
"""Key in the parse environment: for each closer and container, a range of lines without it."""

_ENVIRONMENTS: Final = r"(?:equation|align|alignat|gather|multline|flalign|eqnarray)\*?"
DISPLAY_OPENER: Final = (
    rf"\$\$|\\\[|(?:`{{3,}}|~{{3,}})math[ \t]*(?=\n|\Z)|\\begin\{{{_ENVIRONMENTS}\}}"
)
"""A pattern of what may begin a display formula at the beginning of a line."""
_DISPLAY_OPENER: Final = lazy_pattern(DISPLAY_OPENER)

_TEX: Final = r"(?![\s$])(?:\\.|[^$\\])*?(?<![\s\\])"
FORMULA: Final = lazy_pattern(
    r"\$(?:(?P<letter>[A-Za-z]|\\[A-Za-z]+)\$(?![\d$_])"
    r"|`(?P<quoted>[^`\n]+)`\$"
    r"|[ ](?P<spaced>[A-Za-z]|(?=[^$\n]*\\[A-Za-z])(?:\\.|[^$\\\n])*?[^\s\\$])[ ]\$(?!\d)"
    rf"|(?P<inline>{_TEX})\$(?:(?![0-9A-Za-z_$])|(?=\$\$[^$]+\$\$|\${_TEX}\$)))",
    re.DOTALL,
)
"""A formula between dollar signs.

ASCII letters may follow only a formula of one letter or command, as in "the $n$th". Other letters
may follow any formula, because some scripts have no spaces. Another formula may follow: "$x$$y$".
Between spaces, only a letter or a command makes a formula: "$ 5 or $ 6" is money.
"""

BEFORE_DOLLAR: Final = lazy_pattern(rf"\${_TEX}\$(?=\$)", re.DOTALL)
"""The first of two adjacent formulas, as "$x$" in "$x$$y$", while the second is half-written."""

_DISPLAY_FORMULA: Final = lazy_pattern(r"\$\$(?P<display>[^$]+?)\$\$")
_BRACKET_FORMULA: Final = lazy_pattern(
    r"\\\((?P<inline>.+?)\\\)|\\\[(?P<display>.+?)\\\]", re.DOTALL
)
BRACKET_CLOSERS: Final = {"\\(": "\\)", "\\[": "\\]"}
# Escaped brackets around the numbers of references or around words.
_REFERENCES: Final = lazy_pattern(r"\s*\d+(?:[\s,;–-]+(?:pp?\.\s*)?\d+)*\s*")
_WORDS: Final = lazy_pattern(
    r"(?!.*\b(?:sin|cos|tan|log|exp|max|min|mod|lim|gcd|det|ker)\b)(?=.*[a-z]{3})[A-Za-z.,;:'’\s-]+",
    re.DOTALL,
)

# Either a number, any text and the start of "(A$)"; or a number, perhaps with a unit, and words
# without TeX's signs (\ ^ _ { } =) and without the name of a function.
_PRICE: Final = lazy_pattern(
    r"\d.*\([A-Z]{1,3}|\d[\d.,]*\w{0,8}(?:/[a-z]{2,}[,;]?)?\s(?=.*?[^\W\d_]{2})"
    r"(?!.*?(?<![^\W\d_])(?:sin|cos|tan|log|ln|exp|max|min|mod|lim|gcd)(?![^\W\d_]))[^\\^_{}=]*",
    re.DOTALL,
)


def is_price(tex: str) -> bool:
    """Return True for a price with words between dollar signs: "it costs $5/month (A$)".

    >>> is_price("5 and 7 US"), is_price("5/month (A"), is_price("2 x"), is_price("3 mod 2")
    (True, True, False, False)
    """
    return tex[:1].isdigit() and _PRICE.fullmatch(tex) is not None


def are_words(opener: str, tex: str) -> bool:
    r"""Return True for words or references between escaped brackets: `\[1, p. 7\]`, `\(sic\)`.

    >>> are_words("\\[", "1"), are_words("\\(", "1"), are_words("\\(", "AB")
    (True, False, False)
    >>> are_words("\\(", "sic")
    True
    """
    if opener == "\\[" and _REFERENCES.fullmatch(tex):
        return True
    return opener in BRACKET_CLOSERS and _WORDS.fullmatch(tex) is not None


# ---------------------------------------------------------------- display formulas


class DisplayMarks(NamedTuple):
    """The marks of a display formula; `is_tex` if they are part of the TeX."""

    opener: str
    closer: str
    is_tex: bool = False


def display_marks(line: str) -> DisplayMarks | None:
    """Return the marks of the display formula that a line may begin; None for another line."""
    match = _DISPLAY_OPENER.match(line)
    if match is None:
        return None
    opener = match[0]
    if opener.startswith("\\begin"):
        return DisplayMarks(opener, opener.replace("begin", "end", 1), is_tex=True)
    if opener[0] in "`~":
        return DisplayMarks(opener, opener.rstrip(" \t").removesuffix("math"))
    return DisplayMarks(opener, "$$" if opener == "$$" else "\\]")


def parse_display_formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse a display formula around whole lines, without a blank line inside.

    Text after the closing mark makes it part of a paragraph, as in `$$a$$ and $$b$$`.
    """
    if state.is_code_block(start):
        return False
    first = line_at(state, start).strip()
    marks = display_marks(first)
    if marks is None:
        return False
    last, lines = _read_lines(state, start, end, first[len(marks.opener) :], marks.closer)
    if last < 0:
        return False
    content = "\n".join(lines).strip()
    if are_words(marks.opener, content):
        return False
    if not silent:
        token = state.push("math_block", "math", 0)
        token.content = f"{marks.opener}{content}{marks.closer}" if marks.is_tex else content
        token.map = [start, last + 1]
        token.markup = marks.opener
        state.line = last + 1
    return True


def _read_lines(
    state: StateBlock, start: int, end: int, first_text: str, closer: str
) -> tuple[int, list[str]]:
    """Return the number of the formula's last line, and the lines of its source.

    The number is -1 if the formula is not closed, or if text follows it.

    Args:
        start: the number of its first line.
        end: the number of the line after the last possible line.
        first_text: the text after the opener on the first line.
        closer: the mark that closes the formula.
    """
    # A second mark alone, as in "$$$$", closes nothing: the formula would be empty.
    if closer in first_text and first_text != closer:
        source, _, text_after = first_text.partition(closer)
        return (-1 if text_after else start), [source]
    # Cached, because each line of an unclosed formula that looks like an opener would search again.
    unclosed = state.env.setdefault(_UNCLOSED, {})
    key = (closer, end, state.blkIndent, state.level)
    unclosed_begin, unclosed_end = unclosed.get(key, (0, 0))
    if unclosed_begin <= start < unclosed_end:
        return -1, []
    lines = [first_text]
    number = start
    for number in range(start + 1, end):
        line = line_at(state, number)
        if not line.strip() or state.sCount[number] < state.blkIndent:
            break
        if closer in line:
            source, _, text_after = line.rstrip().partition(closer)
            if not text_after:
                return number, [*lines, source]
            break
        lines.append(line)
    unclosed[key] = (start, number)
    return -1, []


def line_at(state: StateBlock, number: int) -> str:
    """Return a line without its indentation and without its end."""
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


# ---------------------------------------------------------------- formulas in text


def parse_inline_formula(state: StateInline, silent: bool) -> bool:
    r"""Parse `$x$`, `$$x$$`, `\(x\)`, `\[x\]`; a price such as $5 and $10 stays text."""
    opener = state.src[state.pos]
    if opener == "$":
        match = _in_dollars(state)
    elif opener == "\\":
        closer = BRACKET_CLOSERS.get(state.src[state.pos : state.pos + 2])
        if closer is None or find_last_closer(closer, state.src) < state.pos:
            return False  # checked first, because every unclosed opener would search the rest
        match = _in_brackets(state, closer)
    else:
        return False
    if match is None:
        return False
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content = next(tex for tex in match.groups() if tex is not None)  # of one form only
        is_single_dollar = opener == "$" and match[0][1] != "$"
        opener_length = 1 if is_single_dollar else 2
        token.markup = match[0][:opener_length]
    state.pos = match.end()
    return True


@lru_cache(maxsize=4)
def find_last_closer(closer: str, text: str) -> int:
    """Return the last position of a formula's closer in a text; -1 if there is none."""
    return text.rfind(closer)


@lru_cache(maxsize=4)
def find_last_letter(text: str, end: int) -> int:
    """Return the position of the last letter or digit before a formula's closer at `end`.

    The search goes back to the previous closer. Return -1 if there is no letter or digit.
    """
    previous_closer = text.rfind(text[end : end + 2], 0, end)
    for position in range(end - 1, previous_closer, -1):
        if text[position].isalnum():
            return position
    return -1


def can_precede_formula(character: str) -> bool:
    """Return True if a formula in dollar signs may follow a character: "US$5" is money."""
    return not (character.isascii() and character.isalnum())


def _in_dollars(state: StateInline) -> re.Match[str] | None:
    """Return the formula in dollar signs at the parser's position; None if there is none."""
    if not can_precede_formula(state.src[state.pos - 1 : state.pos]):
        return None
    displayed = _DISPLAY_FORMULA.match(state.src, state.pos, state.posMax)
    if displayed is not None:
        return displayed
    match = FORMULA.match(state.src, state.pos, state.posMax)
    if match is None or is_price(match["inline"] or ""):
        return None
    return match


def _in_brackets(state: StateInline, closer: str) -> re.Match[str] | None:
    """Return the formula in brackets at the parser's position; None if there is none."""
    # Brackets without a letter or digit are escaped brackets, not a formula. That is checked before
    # the pattern, with which each of many openers would search up to the same closer.
    min_end = state.pos + 3  # after the opener and a character of TeX
    end = state.src.find(closer, min_end, state.posMax)
    if end < 0 or find_last_letter(state.src, end) < state.pos:
        return None
    match = _BRACKET_FORMULA.match(state.src, state.pos, state.posMax)
    if match is None or are_words(match[0][:2], match[0][2:-2]):
        return None
    return match
