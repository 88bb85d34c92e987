"""The Markdown parser: CommonMark, GitHub's extensions, footnotes, mathematics.

Raw HTML is text (`html: false`), images are never fetched. The first lines of a construct decide
what it is, so that later text never changes the meaning of text above an open block (see
incremental/block_stream.py). That is why footnotes stay where they are defined, and why display
mathematics has a rule of its own.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.markdown.parsing.emphasis import pair_tildes, tokenize_marks
from desktop_app.markdown.parsing.formulas import (
    line_at,
    parse_display_formula,
    parse_inline_formula,
)
from desktop_app.markdown.parsing.loose_lists import DEFINITIONS
from desktop_app.markdown.parsing.own_links import (
    CITATION,
    CITED,
    CITED_NUMBER,
    FILE_LINK,
    leads_to_sandbox,
    link_to_file,
)
from desktop_app.markdown.parsing.tables import MAX_COLUMNS, parse_table

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline

# The text of a block with more marks than these is not parsed: see `is_too_dense`. The figures are
# arbitrary: more than anybody writes.
_MAX_BRACKETS: Final = 300
MAX_BRACKET_DEPTH: Final = 12
MAX_ADDRESSES: Final = 200
_MAX_MARKS: Final = 3_000  # of all kinds in `_MARKS`
_MAX_DOLLARS: Final = 400

_MAX_CACHED_ADDRESSES: Final = 500
"""Normalized addresses in the cache."""
_MAX_CACHED_LENGTH: Final = 500
"""Characters; longer addresses are not cached."""
EXPECTS_NOTES: Final = "expects_notes"
"""Key in the parse environment: True if `[^1]` counts as a footnote before its definition."""

_MARKS: Final = lazy_pattern(r"[*_~`<&$\\!:@]")
_FOOTNOTE_MARK: Final = lazy_pattern(r"\[\^(?P<label>[^ \n\]]+)\]")
_EXPECTED_LABEL: Final = lazy_pattern(r"(?!\w-\w\Z)[\w-]{1,24}")  # [^a-z] is a character class
_SQUARE_BRACKET: Final = lazy_pattern(r"[\[\]]")
CJK_PUNCTUATION: Final = "，。、；：！？（）【】「」『』《》“”"
"""Punctuation of scripts without spaces, which ends a bare address."""

_ADDRESS_END: Final = lazy_pattern(f"[{CJK_PUNCTUATION}]")
_WWW_REST: Final = lazy_pattern(rf"[^\s<>\"'`{CJK_PUNCTUATION}]+")
_TRAILING_PUNCTUATION: Final = "*_~?!.,:"
"""Characters that do not belong to an address at its end, by GitHub's rules."""

_E_MAIL: Final = r"[A-Za-z0-9._+-]+@(?>[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)(?<=[A-Za-z])"
"""An e-mail address by GitHub's rules: any domain that ends in a letter."""

_XMPP_RESOURCE: Final = r"(?:/[A-Za-z0-9@.]+)?"
"""The resource of an XMPP address."""

_ENTITY_NAME: Final = lazy_pattern(r"[A-Za-z0-9]+")
_COLUMN_RULE: Final = r"[ \t]*+:?-++:?[ \t]*+"
_WIDE_HEAD: Final = lazy_pattern(
    rf"\n[ \t]*+\|?{_COLUMN_RULE}(?:\|{_COLUMN_RULE}){{{MAX_COLUMNS},}}+\|?[ \t]*+(?:\n|$)"
)

_BRACKETS: Final = lazy_pattern(r"\[ ?[0-9]{1,6}(?: ?[,;–—-] ?[0-9]{1,6}){0,40} ?\]")

# The harmless elements of HTML that models write, without attributes. All other HTML is text.
ELEMENT_OPEN: Final = "element_open"
ELEMENT_CLOSE: Final = "element_close"
"""The types of the tokens; their tag is one of "sub", "sup", "kbd", "u" and "mark"."""

TAG: Final = lazy_pattern(r"<(?:br ?/?|(?P<closes>/?)(?P<name>sub|sup|kbd|u|mark))>", re.IGNORECASE)

INNER_FENCES: Final = "inner_fences"
"""Key in the meta of a fence: the lines that open inner fences without an end, with their text."""

_MARKDOWN: Final = ("markdown", "md", "mdx")
_FENCE: Final = lazy_pattern(r"(?P<marks>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)")

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

    from desktop_app.markdown.parsing.inline_parser import InlineParser

    options = {"html": False, "linkify": True, "maxNesting": 100}
    markdown = MarkdownIt("commonmark", options)
    markdown.enable(["table", "linkify"])
    _recognize_addresses(markdown)
    footnote_plugin(markdown, inline=False, move_to_end=False)
    markdown.inline.ruler.at("footnote_ref", _parse_footnote_mark)
    markdown.block.ruler.at("footnote_def", _parse_footnote, {"alt": ["paragraph", "reference"]})
    interrupts = ["paragraph", "reference", "list"]
    markdown.block.ruler.before("fence", "math_block", parse_display_formula, {"alt": interrupts})
    markdown.block.ruler.before("table", "content_column", _record_content_column)
    markdown.block.ruler.at("fence", _parse_fence, {"alt": [*interrupts, "blockquote"]})
    _record_definition_lines(markdown)
    markdown.inline.ruler.before("escape", "math", parse_inline_formula)
    markdown.inline.ruler.before("emphasis", "wide_emphasis", tokenize_marks)
    markdown.inline.ruler.before("autolink", "element", _parse_element)
    markdown.inline.ruler2.before("emphasis", "pair_tildes", pair_tildes)
    markdown.inline.ruler.after("link", CITATION, _parse_citation)
    markdown.core.ruler.at("inline", _parse_inline)
    _cache_link_normalization(markdown)
    markdown.block.ruler.at("table", parse_table, {"alt": ["paragraph", "reference"]})
    markdown.inline = InlineParser(markdown.inline)
    return markdown


def load_parser() -> None:
    """Load the parser with all that a first answer would wait for. Takes 60 ms, in a thread."""
    # linkify-it compiles its patterns at the first address, in 15 ms.
    parser().parse("https://example.com www.example.com")


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

    def normalize_www(_linkify: Any, match: Any) -> None:
        match.url = f"http://{match.url}"

    markdown.linkify.add("www.", {"validate": _www_length, "normalize": normalize_www})
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
            # A table with too many columns to show is a paragraph.
            if token.content.count("|") > 2 * MAX_COLUMNS and _WIDE_HEAD.search(token.content):
                token.children.append(Token("too_wide", "", 0))
            state.md.inline.parse(token.content, state.md, state.env, token.children)
            for child in token.children:
                if child.type == "link_open":
                    target = str(child.attrGet("href") or "")
                    if leads_to_sandbox(target):
                        citable = state.env.get(CITED) or frozenset()
                        child.meta[FILE_LINK] = link_to_file(target, citable)


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


def _parse_citation(state: StateInline, silent: bool) -> bool:
    # Silent mode searches for the end of a link's words, and must see each bracket.
    cited = state.env.get(CITED)
    if silent or not cited or state.src[state.pos] != "[":
        return False
    match = _BRACKETS.match(state.src, state.pos, state.posMax)
    if match is None or not any(int(number) in cited for number in CITED_NUMBER.findall(match[0])):
        return False
    token = state.push(CITATION, "", 0)
    token.content = match[0]
    token.meta = {"numbers": cited}
    state.pos = match.end()
    return True


def has_end(text: str, tag: re.Match[str]) -> bool:
    """Return True if the element that a tag opens is closed later in the text."""
    return text.lower().find(f"</{tag['name'].lower()}>", tag.end()) >= 0


def _parse_element(state: StateInline, silent: bool) -> bool:
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
            tokens = [
                t for t in state.tokens if t.tag == name and t.type in (ELEMENT_OPEN, ELEMENT_CLOSE)
            ]
            if sum(token.nesting for token in tokens) < 1:
                return False
        elif not has_end(state.src[: state.posMax], tag):
            return False
        token = state.push(
            ELEMENT_CLOSE if tag["closes"] else ELEMENT_OPEN, name, -1 if tag["closes"] else 1
        )
        token.level = state.level  # elements need not nest with emphasis
    state.pos = tag.end()
    return True


def _parse_fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse fenced code. A fence within a `markdown` fence is code of the Markdown, not its end.

    Models that write a whole Markdown file do not lengthen the outer fence as CommonMark wants it.
    """
    from markdown_it.rules_block import fence

    opener = _FENCE.fullmatch(line_at(state, start))
    info = opener["info"].split() if opener else []
    if silent or opener is None or not info or info[0].lower() not in _MARKDOWN:
        return fence(state, start, end, silent)
    if state.is_code_block(start):
        return False
    inner: list[tuple[int, str]] = []
    number = start + 1
    is_closed = False
    while number < end and not is_closed:
        line = line_at(state, number)
        if line and state.sCount[number] < state.blkIndent:
            break
        if not state.is_code_block(number):
            is_closed = _closes(line, opener["marks"], inner, number)
        number += 1
    indent = state.sCount[start]
    token = state.push("fence", "code", 0)
    token.info = opener["info"]
    token.content = state.getLines(start + 1, number - is_closed, indent, True)
    token.markup = opener["marks"]
    token.map = [start, number]
    token.meta = {INNER_FENCES: inner}
    state.line = number
    return True


def _closes(line: str, marks: str, inner: list[tuple[int, str]], number: int) -> bool:
    """Return True if a line closes the fence that `marks` opened; else update the open `inner`."""
    fence = _FENCE.fullmatch(line.rstrip(" \t"))
    if fence is None or fence["marks"][0] != marks[0]:
        return False
    if fence["info"]:
        inner.append((number, line))
    elif inner:
        opener = _FENCE.match(inner[-1][1])
        if opener is not None and len(fence["marks"]) >= len(opener["marks"]):
            inner.pop()
    else:
        return len(fence["marks"]) >= len(marks)
    return False


def _parse_footnote_mark(state: StateInline, silent: bool) -> bool:
    """Parse the mark of a footnote that is defined, numbered, or expected to be defined.

    A number suffices, because an answer that was cut off lacks its definitions.
    """
    mark = _FOOTNOTE_MARK.match(state.src, state.pos, state.posMax)
    if mark is None:
        return False
    label = mark["label"]
    is_defined = f":{label}" in state.env.get("footnotes", {}).get("refs", ())
    is_expected = label.isdecimal() or bool(state.env.get(EXPECTS_NOTES))
    if not is_defined and not (is_expected and _EXPECTED_LABEL.fullmatch(label)):
        return False
    if not silent:
        state.push("footnote_ref", "", 0).meta = {"label": label, "is_defined": is_defined}
    state.pos = mark.end()
    return True


def _parse_footnote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse a footnote, unless its label has characters that could reorder the text around it."""
    from mdit_py_plugins.footnote.index import footnote_def

    label = line_at(state, start).partition("]")[0]
    return label.isprintable() and footnote_def(state, start, end, silent)


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
