"""Settles the start of a long open paragraph, so that it is not parsed again.

Text can be settled up to a position at which nothing is open that later text could close. If a very
long text has no such position, it is settled anyway. The rest is parsed as a separate paragraph
with the same opener (see `ParserContext.settled`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from desktop_app.rendering.block_model import Run, clean_text, show_invisible
from desktop_app.rendering.incremental.open_tail import OpenTail, begins_with_paragraph, leaf_tokens
from desktop_app.rendering.incremental.packed_runs import join_runs
from desktop_app.rendering.markdown.citations import TOKEN
from desktop_app.rendering.markdown.formulas import BRACKET_CLOSERS
from desktop_app.rendering.markdown.inline_images import move_cut_outside_image
from desktop_app.rendering.markdown.inline_runs import unparsed_note
from desktop_app.rendering.markdown.parser import is_too_dense

if TYPE_CHECKING:
    from desktop_app.rendering.block_model import Block, Runs
    from desktop_app.rendering.incremental.definitions import Definitions
    from desktop_app.rendering.incremental.open_tail import Parse

MAX_REPARSED_LENGTH: Final = 24_000
"""Text longer than this many characters is never parsed again."""

MIN_FORCED_LENGTH: Final = 12_000
"""Characters. A shorter paragraph is settled by force only if it has many tokens.

Parsing many tokens takes as long as parsing a longer text.
"""

_OPENERS: Final = re.compile(r"[*_~](?!\s)|[\[\]`$]")
# A space or a line end before a word, which may be in emphasis or code.
_GAP: Final = re.compile(r"(?<=[^\s\\>])[ \n](?=(?:\*{1,2}|_{1,2}|`{1,2}|~{1,2})?[^\W\d_])")
# A link definition may turn an apparent citation into a link.
_UNSETTLED_TOKENS: Final = ("text", TOKEN)
_UNSETTLED_CHARS: Final = 200
"""Characters at the end of the paragraph that are not settled, an arbitrary number.

The next piece of text most often changes the last words.
"""


def opener_of_paragraph(parse: Parse, source: str) -> str | None:
    """Return the markup before the text of the open paragraph; None if anything else is open."""
    leaves = leaf_tokens(parse)
    if len(leaves) != 1 or leaves[0].type != "paragraph_open" or not leaves[0].map:
        return None
    if leaves[0].map[0] != parse.context.lines:
        return None
    inline = parse.tokens[parse.tokens.index(leaves[0]) + 1]
    text = inline.content.split("\n", 1)[0]
    line = source.split("\n", 1)[0]
    text_start = line.rfind(text) if text else -1
    # The parser has changed the text, so that its place in the line is not certain.
    if text_start < 0 or line[text_start + len(text) :].strip():
        return None
    return line[:text_start]


def settle_before_gap(tail: OpenTail, opener: str, definitions: Definitions) -> OpenTail | None:
    """Settle the text before the last gap between words if nothing in it is open.

    Return the remaining tail, or None if nothing can be settled.
    """
    context = tail.context
    paragraph = tail.source[len(opener) :]
    gap = None
    for match in _GAP.finditer(paragraph, 0, max(0, len(paragraph) - _UNSETTLED_CHARS)):
        # In a container, each further line begins with a marker, so only spaces count as gaps.
        if match[0] == " " or not opener:
            gap = match
    if gap is None:
        return None
    line_start = paragraph.rfind("\n", 0, gap.end()) + 1
    if "|" in paragraph[line_start : gap.end()]:
        return None  # a row of cells may become a table head
    settled_text = paragraph[: gap.start()]
    parse = definitions.parse(context.source + opener + settled_text, context, expects_notes=False)
    if parse.labels or not begins_with_paragraph(parse) or not _is_settled(parse, settled_text):
        definitions.forget_labels(parse.labels)
        return None
    block = parse.placed[0].block
    block = block._replace(runs=join_runs(block.runs, (Run(" "),)))
    return _settle(tail, block, opener, gap.end())


def settle_by_force(
    tail: OpenTail, opener: str, length: int, definitions: Definitions
) -> OpenTail | None:
    """Settle the start of a paragraph even though something in it is open.

    Otherwise all of it would be parsed again with each new piece. The settled text ends shortly
    before character `length` of the source. Text with too many marks is shown as written. Return
    the remaining tail, or None if nothing can be settled.
    """
    paragraph = tail.source[len(opener) : length]
    stop = len(paragraph) - _UNSETTLED_CHARS
    gap = paragraph.rfind(" ", stop - _UNSETTLED_CHARS, stop)
    if not opener:  # see settle_before_gap: in a container, only spaces count
        gap = max(gap, paragraph.rfind("\n", 0, stop))
    if gap > stop // 2:  # an earlier gap would leave most of the text to be parsed again
        stop = gap + 1
    stop = move_cut_outside_image(paragraph, stop)
    if not stop:
        return None  # there is only an image
    settled = tail.context.settled
    context = replace(tail.context, settled=None, prefix="")
    text = paragraph[:stop]
    if is_too_dense(text):
        # Any text shows the kind of the block; the dense text itself would take long to parse.
        parse = definitions.parse(context.source + opener + "x", context)
        runs: Runs = (Run(show_invisible(clean_text(text))),)
        note = unparsed_note()
        if settled is None or note not in settled.runs:  # one note for the whole paragraph
            runs = (*runs, note)
    else:
        parse = definitions.parse(context.source + opener + text, context, expects_notes=False)
        definitions.forget_labels(parse.labels)
        if parse.labels or not begins_with_paragraph(parse) or len(parse.placed) != 1:
            return None
        runs = parse.placed[0].block.runs
        if text[-1].isspace():  # the parser removes it, but the rest of the paragraph follows
            runs = join_runs(runs, (Run(" "),))
    block = settled or parse.placed[0].block._replace(runs=())
    block = block._replace(runs=join_runs(block.runs, runs))
    return _settle(tail, block, opener, stop)


def _settle(tail: OpenTail, block: Block, opener: str, stop: int) -> OpenTail:
    """Return the tail that remains once the words before `stop` are settled as this block."""
    paragraph = tail.source[len(opener) :]
    # A prefix of more than MAX_REPARSED_LENGTH is never used: one character more shows that.
    prefix = (tail.context.prefix + paragraph[:stop])[: MAX_REPARSED_LENGTH + 1]
    context = replace(tail.context, settled=block, opener=opener, prefix=prefix)
    return OpenTail(context, opener + paragraph[stop:])


def is_heading_or_table(parse: Parse) -> bool:
    """Return True if a paragraph with settled text turns out to be a heading or a table header.

    Such a block must be parsed again from its start. If the settled text is very long, return
    False: the block stays a paragraph.
    """
    context = parse.context
    if context.settled is None or len(context.prefix) >= MIN_FORCED_LENGTH:
        return False
    has_content = bool(parse.labels or leaf_tokens(parse))
    return has_content and not begins_with_paragraph(parse)


def unsettle(tail: OpenTail) -> OpenTail:
    """Return the tail with the source of its settled text, which is open again."""
    context = tail.context
    source = context.opener + context.prefix + tail.source[len(context.opener) :]
    return OpenTail(replace(context, settled=None, opener="", prefix=""), source)


def _is_settled(parse: Parse, text: str) -> bool:
    """Return True if later text cannot change the meaning of a paragraph's text."""
    if len(parse.placed) != 1:
        return False
    inline = parse.tokens[parse.tokens.index(leaf_tokens(parse)[0]) + 1]
    children = inline.children or ()
    # The parser drops the backslash of an opener that nothing closes, so the text does not show it.
    # Compare the numbers of openers and formulas instead.
    formula_count = sum(t.type == "math_inline" and t.markup in BRACKET_CLOSERS for t in children)
    opener_count = sum(map(text.count, BRACKET_CLOSERS))
    if opener_count > formula_count:
        return False
    return not any(t.type in _UNSETTLED_TOKENS and _OPENERS.search(t.content) for t in children)
