"""The Markdown parser: CommonMark, GitHub's extensions, footnotes, mathematics.

Raw HTML is text (`html: false`), images are never fetched. The first lines of a construct decide
what it is, so that later text never changes the meaning of text above an open block (see
incremental/block_stream.py). That is why footnotes stay where they are defined, and why display
mathematics has a rule of its own.
"""

from __future__ import annotations

import re
import threading
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from desktop_app.rendering.markdown import citations
from desktop_app.rendering.markdown.emphasis import pair_tildes, tokenize_marks
from desktop_app.rendering.markdown.loose_lists import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline

MATH_OPENERS: Final = {"$$": "$$", "\\[": "\\]"}
# The text of a block with more marks than these is not parsed: see `is_too_dense`. The figures are
# arbitrary: more than anybody writes.
_MAX_BRACKETS: Final = 300
MAX_BRACKET_DEPTH: Final = 12
MAX_ADDRESSES: Final = 200
_MAX_MARKS: Final = 3_000  # of all kinds in `_MARKS`
_MAX_DOLLARS: Final = 400

MAX_COLUMNS: Final = 64
"""Tables with more columns are shown as text, because every cell costs as much as a paragraph."""
_MAX_CACHED_ADDRESSES: Final = 500
"""Normalized addresses in the cache."""
_MAX_CACHED_LENGTH: Final = 500
"""Characters; longer addresses are not cached."""
EXPECTS_NOTES: Final = "expects_notes"
"""Key in the parse environment: True if `[^1]` counts as a footnote before its definition."""

_UNCLOSED: Final = "unclosed"
"""Key in the parse environment: for each closer and container, a range of lines without it."""

_MARKS: Final = re.compile(r"[*_~`<&$\\!:@]")
_FOOTNOTE_MARK: Final = re.compile(r"\[\^(?!\w-\w\])[\w-]{1,24}\]")  # [^a-z] is a character class
_SQUARE_BRACKET: Final = re.compile(r"[\[\]]")
CJK_PUNCTUATION: Final = "，。、；：！？（）【】「」『』《》“”"
"""Punctuation of scripts without spaces, which ends a bare address."""

_ADDRESS_END: Final = re.compile(f"[{CJK_PUNCTUATION}]")
_WWW_REST: Final = re.compile(rf"[^\s<>\"'`{CJK_PUNCTUATION}]+")
_TRAILING_PUNCTUATION: Final = "*_~?!.,:"
"""Characters that do not belong to an address at its end, by GitHub's rules."""

_E_MAIL: Final = r"[A-Za-z0-9._+-]+@(?>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)(?<=[A-Za-z])"
"""An e-mail address by GitHub's rules: any domain that ends in a letter."""

_XMPP_RESOURCE: Final = r"(?:/[A-Za-z0-9@.]+)?"
"""The resource of an XMPP address."""

_ENTITY_NAME: Final = re.compile(r"[A-Za-z0-9]+")
_BEGINS_CONTAINER: Final = re.compile(r"(?:[-+*]|\d{1,9}[.)])[ \t]|>")
_COLUMN_RULE: Final = r"[ \t]*+:?-++:?[ \t]*+"
_WIDE_HEAD: Final = re.compile(
    rf"\n[ \t]*+\|?{_COLUMN_RULE}(?:\|{_COLUMN_RULE}){{{MAX_COLUMNS},}}+\|?[ \t]*+(?:\n|$)"
)


_CREATION_LOCK: Final = threading.Lock()


def parser() -> MarkdownIt:
    """Return the shared parser.

    Its libraries load on the first call, which takes 40 ms; the start of the window avoids that.
    """
    # mdurl publishes its tables before they are filled: another thread that parses an address
    # meanwhile gets an IndexError. Creating the parser fills them.
    with _CREATION_LOCK:
        return _create_parser()


@cache
def _create_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin

    from desktop_app.rendering.markdown.block_parser import BlockParser
    from desktop_app.rendering.markdown.inline_parser import InlineParser

    options = {"html": False, "linkify": True, "maxNesting": 100}
    markdown = MarkdownIt("commonmark", options)
    markdown.enable(["table", "linkify"])
    _recognize_addresses(markdown)
    footnote_plugin(markdown, inline=False, move_to_end=False)
    markdown.inline.ruler.at("footnote_ref", _parse_footnote_mark)
    markdown.block.ruler.at("footnote_def", _parse_footnote, {"alt": ["paragraph", "reference"]})
    interrupts = ["paragraph", "reference", "list"]
    markdown.block.ruler.before("fence", "math_block", _parse_math_block, {"alt": interrupts})
    markdown.block.ruler.before("table", "content_column", _record_content_column)
    _record_definition_lines(markdown)
    markdown.inline.ruler.before("escape", "math", _parse_inline_math)
    markdown.inline.ruler.before("emphasis", "wide_emphasis", tokenize_marks)
    markdown.inline.ruler2.before("emphasis", "pair_tildes", pair_tildes)
    citations.add_rule(markdown)
    markdown.core.ruler.at("inline", _parse_inline)
    _cache_link_normalization(markdown)
    _restrict_tables(markdown)
    markdown.block = BlockParser(markdown.block)
    markdown.inline = InlineParser(markdown.inline)
    # linkify-it compiles its patterns at the first address, in 15 ms: better here than later.
    markdown.parse("https://example.com www.example.com")
    return markdown


def _recognize_addresses(markdown: MarkdownIt) -> None:
    """Recognize bare addresses by GitHub's rules, and end them at CJK punctuation."""
    from linkify_it import LinkifyIt

    class Addresses(LinkifyIt):  # type: ignore[misc]
        def pretest(self, text: str) -> bool:
            """Return True if the text may have addresses, and is not shown as written."""
            return _may_have_address(text) and not is_too_dense(text)

        def test(self, text: str) -> bool:
            return _may_have_address(text) and bool(super().test(text))

        def test_schema_at(self, text: str, name: str, position: int) -> int:
            """Return the length of the address after its scheme."""
            length: int = super().test_schema_at(text, name, position)
            end = _ADDRESS_END.search(text, position, position + length)
            stop = position + length if end is None else end.start()
            return len(text[position:stop].rstrip(_TRAILING_PUNCTUATION))

    markdown.linkify = Addresses()
    # Fuzzy links would take README.md and main.py for addresses.
    markdown.linkify.set({"fuzzy_link": False})
    markdown.linkify.add("//", None)  # "//host" does not look like a link
    markdown.linkify.add("www.", {"validate": _www_length, "normalize": _www_address})
    markdown.linkify.add("mailto:", {"validate": _length_validator(_E_MAIL)})
    markdown.linkify.add("xmpp:", {"validate": _length_validator(_E_MAIL + _XMPP_RESOURCE)})
    # The library reads the length of group 1, what precedes the address: it is empty here.
    markdown.linkify.re["email_fuzzy"] = f"(?<![A-Za-z0-9._+/-])(){_E_MAIL}"


def _may_have_address(text: str) -> bool:
    """Return True if the library's expensive search for addresses can match."""
    return "://" in text or "@" in text or "www." in text.lower()


def is_too_dense(content: str) -> bool:
    """Return True if a block's text has more marks than anybody writes.

    The parser's time grows with the square of their number, so such a text is shown as written.
    """
    brackets = content.count("[")
    return (
        brackets > _MAX_BRACKETS
        or (brackets > MAX_BRACKET_DEPTH and _bracket_depth(content) > MAX_BRACKET_DEPTH)
        or sum(map(content.count, ("<", "://", "www."))) > MAX_ADDRESSES
        or content.count("$") > _MAX_DOLLARS
        or _MARKS.subn("", content, _MAX_MARKS + 1)[1] > _MAX_MARKS
    )


def _bracket_depth(content: str) -> int:
    """Return the nesting of brackets: the parser tries each with every bracket inside it."""
    depth = 0
    deepest = 0
    for bracket in _SQUARE_BRACKET.findall(content):
        depth = depth + 1 if bracket == "[" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _parse_inline(state: StateCore) -> None:
    from markdown_it.token import Token

    for token in state.tokens:
        if token.type != "inline":
            continue
        token.children = []
        if is_too_dense(token.content):
            # Not of the type "text", in which addresses would be sought.
            token.children.append(Token("plain_text", "", 0, content=token.content))
            token.children.append(Token("too_dense", "", 0))
        else:
            if _is_too_wide(token.content):
                token.children.append(Token("too_wide", "", 0))
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _is_too_wide(content: str) -> bool:
    """Return True if a paragraph's text is a table with too many columns to show."""
    return content.count("|") > 2 * MAX_COLUMNS and _WIDE_HEAD.search(content) is not None


def _cache_link_normalization(markdown: MarkdownIt) -> None:
    """Cache normalized addresses; leave `data:` addresses of images as they are.

    An image's data is expensive to normalize. Other addresses are cached, because every piece of a
    streamed answer parses them again.
    """
    normalize = markdown.normalizeLink
    normalize_text = markdown.normalizeLinkText
    cached_normalize = lru_cache(_MAX_CACHED_ADDRESSES)(normalize)
    cached_normalize_text = lru_cache(_MAX_CACHED_ADDRESSES)(normalize_text)

    def normalized(url: str) -> str:
        if url.startswith("data:image/"):
            return url
        if len(url) > _MAX_CACHED_LENGTH:
            return normalize(url)
        return cached_normalize(url)

    def normalized_text(link: str) -> str:
        if len(link) > _MAX_CACHED_LENGTH:
            return normalize_text(link)
        return cached_normalize_text(link)

    markdown.normalizeLink = normalized  # type: ignore[method-assign]
    markdown.normalizeLinkText = normalized_text  # type: ignore[method-assign]


def _parse_footnote_mark(state: StateInline, silent: bool) -> bool:
    """Parse the mark of a footnote that is defined, or expected to be."""
    if not state.src.startswith("[^", state.pos):
        return False
    from mdit_py_plugins.footnote.index import footnote_ref

    is_mark = _FOOTNOTE_MARK.match(state.src, state.pos, state.posMax) is not None
    is_expected = bool(state.env.get(EXPECTS_NOTES)) and is_mark
    return footnote_ref(state, silent, always_match=is_expected)


def _parse_footnote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse a footnote, unless its label has characters that could reorder the text around it."""
    from mdit_py_plugins.footnote.index import footnote_def

    label = _line_at(state, start).partition("]")[0]
    return label.isprintable() and footnote_def(state, start, end, silent)


def _restrict_tables(markdown: MarkdownIt) -> None:
    """Refuse tables that are too wide, or that GitHub takes for an item, a quote or a heading.

    GitHub checks for these before tables: a line of only hyphens makes the line above a heading.
    """
    from markdown_it.rules_block import table

    def restricted_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        head = _line_at(state, start)
        # A row of MAX_COLUMNS cells has at most one mark more than cells.
        if head.count("|") > MAX_COLUMNS + 1 or _BEGINS_CONTAINER.match(head):
            return False
        if start + 1 < end and not _line_at(state, start + 1).strip("- \t"):
            return False
        return table(state, start, end, silent)

    markdown.block.ruler.at("table", restricted_table, {"alt": ["paragraph", "reference"]})


def _record_content_column(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    """Record, on the opening list item or quote, the column where its content starts.

    The column decides how the lines below must begin. This rule never makes a block.
    """
    if silent or not state.tokens:
        return False
    last = state.tokens[-1]
    if last.map is None:
        return False
    content_start = -1
    begin = last.map[0]
    if last.type == "blockquote_open":
        content_start = state.bMarks[begin]
    # Not for an item that begins with indented code, whose content starts left of its first letter.
    elif last.type == "list_item_open" and (
        begin < start or state.sCount[start] == state.blkIndent
    ):
        content_start = state.bMarks[begin] + state.tShift[begin]
    if content_start >= 0:
        last.meta["content"] = content_start - (state.src.rfind("\n", 0, content_start) + 1)
    return False


def _record_definition_lines(markdown: MarkdownIt) -> None:
    """Record the lines of link definitions, which produce no tokens."""
    from markdown_it.rules_block import reference

    def recorded_reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        if not reference(state, start, end, silent):
            return False
        if not silent:
            state.env.setdefault(DEFINITIONS, []).append((start, state.level))
        return True

    markdown.block.ruler.at("reference", recorded_reference)


def _length_validator(pattern: str) -> Callable[[Any, str, int], int]:
    """Return a function that returns the length of an address at a position; 0 if none is there."""
    address = re.compile(pattern)

    def length(_linkify: Any, text: str, position: int) -> int:
        match = address.match(text, position)
        return len(match[0]) if match else 0

    return length


def _www_length(_linkify: Any, text: str, position: int) -> int:
    match = _WWW_REST.match(text, position)
    address = _strip_sentence_punctuation(match[0]) if match else ""
    return len(address) if "." in address else 0  # "www.example" is not an address


def _strip_sentence_punctuation(address: str) -> str:
    """Return an address without the punctuation after it, by GitHub's rules."""
    end = len(address)
    unopened = address.count(")") - address.count("(")
    while end:
        last = address[end - 1]
        if last == ")" and unopened > 0:
            unopened -= 1
        elif last not in "?!.,:;*_~'\"]":
            break
        # An entity at the end, such as "&quot;", is removed as a whole.
        entity = address.rfind("&", 0, end - 1) if last == ";" else -1
        if entity >= 0 and _ENTITY_NAME.fullmatch(address, entity + 1, end - 1):
            end = entity
        else:
            end -= 1
    return address[:end]


def _www_address(_linkify: Any, match: Any) -> None:
    match.url = "http://" + match.url


def _parse_math_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse `$$ … $$` or `\\[ … \\]` around whole lines, without a blank line inside.

    Text after the closing mark makes it part of a paragraph, as in `$$a$$ and $$b$$`.
    """
    if state.is_code_block(start):
        return False
    first = _line_at(state, start).strip()
    closer = MATH_OPENERS.get(first[:2])
    if closer is None:
        return False
    last, lines = _read_math_lines(state, start, end, first_text=first[2:], closer=closer)
    if last < 0:
        return False
    if not silent:
        token = state.push("math_block", "math", 0)
        token.content = "\n".join(lines).strip()
        token.map = [start, last + 1]
        token.markup = first[:2]
        state.line = last + 1
    return True


def _read_math_lines(
    state: StateBlock, start: int, end: int, *, first_text: str, closer: str
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
        line = _line_at(state, number)
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


def _line_at(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


_TEX: Final = r"(?![\s$])(?:\\.|[^$\\])*?(?<![\s\\])"
FORMULA: Final = re.compile(
    r"\$(?:(?P<letter>[A-Za-z]|\\[A-Za-z]+)\$(?![\d$_])"
    rf"|(?P<inline>{_TEX})\$(?:(?![0-9A-Za-z_$])|(?=\$\$[^$]+\$\$|\${_TEX}\$)))",
    re.DOTALL,
)
"""A formula between dollar signs.

ASCII letters may follow only a formula of one letter or command, as in "the $n$th". Other letters
may follow any formula, because some scripts have no spaces. Another formula may follow: "$x$$y$".
"""

BEFORE_DOLLAR: Final = re.compile(rf"\${_TEX}\$(?=\$)", re.DOTALL)
"""The first of two adjacent formulas, as "$x$" in "$x$$y$", while the second is half-written."""

_DISPLAY_FORMULA: Final = re.compile(r"\$\$(?P<display>[^$]+?)\$\$")
_BRACKET_FORMULA: Final = re.compile(r"\\\((?P<inline>.+?)\\\)|\\\[(?P<display>.+?)\\\]", re.DOTALL)
BRACKET_CLOSERS: Final = {"\\(": "\\)", "\\[": "\\]"}


# Either a number, any text and the start of "(A$)"; or a number, perhaps with a unit, and words
# without TeX's signs (\ ^ _ { } =) and without the name of a function.
_PRICE: Final = re.compile(
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


def _parse_inline_math(state: StateInline, silent: bool) -> bool:
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
    return _BRACKET_FORMULA.match(state.src, state.pos, state.posMax)
