"""Appends plain words to a growing text without parsing it again.

The open tail is the end of the source that later text can still change (see block_stream.py). If
its last line ends in plain text, more plain words only extend that line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.markdown.block_model import (
    Block,
    Kind,
    Run,
    clean_text,
    replace_unusable,
    show_invisible,
)
from desktop_app.markdown.provisional.provisional_emphasis import MAX_EMPHASIS_LENGTH
from desktop_app.markdown.provisional.provisional_inline import is_plain

if TYPE_CHECKING:
    from desktop_app.markdown.parsing.block_builder import PlacedBlock

_PLAIN_WORDS: Final = re.compile(r"(?:[^\W_]|[ ,;.!?:'’“”–—-])+")
_PLAIN_ENDS: Final = ",;.!?:'’”"
_LONG_LINE_CHARS: Final = 800
"""Characters. A longer line of code is no longer checked for the end of the code."""
_MIN_TAIL_CHARS: Final = 12
"""Lines of at most this many characters, except lines of code, are always parsed again."""


class PlainTail(NamedTuple):
    """The plain text that ends the open tail.

    Attributes:
        run: the last run, which more plain words extend.
        gap: white space at the end of the source, which the parser dropped.
    """

    run: Run
    gap: str = ""

    @property
    def is_long(self) -> bool:
        """Return True if the text, as a line of code, is too long to be parsed again."""
        return len(self.run.text) > _LONG_LINE_CHARS

    def extended(self, block: Block, text: str) -> PlainTail | None:
        """Return the tail of a block with more text, or None if it must be parsed again."""
        is_code = block.kind is Kind.CODE
        if is_code and self.is_long:
            is_plain_text = "\n" not in text
            text = clean_text(replace_unusable(text))
            text = show_invisible(text, code=True, character_before=self.run.text[-1])
        elif is_code:
            is_plain_text = text.isprintable() and "`" not in text and "~" not in text
            is_plain_text = is_plain_text and show_invisible(text, code=True) == text
        else:
            is_plain_text = _PLAIN_WORDS.fullmatch(text) is not None
        if not is_plain_text:
            return None
        run = self.run._replace(text=f"{self.run.text}{self.gap}{text}")
        # Beyond this length, an open mark is shown as text, so the block is parsed again.
        crosses_limit = len(self.run.text) <= MAX_EMPHASIS_LENGTH < len(run.text)
        if not is_code and (crosses_limit or not is_plain(run.text)):
            return None
        return PlainTail(run)


def find_plain_tail(source: str, placed: list[PlacedBlock]) -> PlainTail | None:
    """Return the plain text at the end of a source, or None if it ends otherwise.

    `placed` are the last blocks of the source.
    """
    if not placed or not placed[-1].block.runs:
        return None
    block = placed[-1].block
    line = source[source.rfind("\n") + 1 :]
    text = line.rstrip(" ")
    run = block.runs[-1]
    if block.kind is Kind.CODE and len(line) > _LONG_LINE_CHARS:
        last = show_invisible(clean_text(line[-1]), code=True, character_before=line[-2])
        return PlainTail(run) if run.text.endswith(last) else None
    if not text or run.text[-1:] != text[-1] or run.link or run.note or run.math:
        return None
    if block.kind is Kind.CODE:
        is_plain_end = not set(line) & set("`~")
    else:
        is_plain_end = (
            block.kind in (Kind.PARAGRAPH, Kind.HEADING)
            and len(text) > _MIN_TAIL_CHARS
            and (text[-1].isalnum() or text[-1] in _PLAIN_ENDS)
            and is_plain(text)
        )
    if not is_plain_end:
        return None
    gap = "" if run.text.endswith(line[-1]) else line[len(text) :]
    return PlainTail(run, gap)
