"""A text beside a conversation: Markdown with proposed changes in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.value import Value


class Mark(NamedTuple):
    """A range of a text that a proposed change would insert or delete.

    Attributes:
        start, end: characters of the text.
        change: the number of the change, which may have several ranges.
    """

    start: int
    end: int
    change: int
    is_insertion: bool


class WrittenText(Value, frozen=True):
    """A text of a conversation.

    Attributes:
        body: with the insertions and the deletions of proposed changes.
        marks: the ranges of proposed changes, in the order of the text.
        file: the path of the file that it came from; "" for none.
        file_hash: the SHA-256 of that file's content as last read or written; "" for none.
        is_shown: whether its conversation opens with it.
    """

    id: str
    conversation_id: str
    title: str
    body: str = ""
    marks: tuple[Mark, ...] = ()
    file: str = ""
    file_hash: str = ""
    is_shown: bool = True

    @property
    def accepted(self) -> str:
        """Return the text with all proposed changes."""
        return cut(self.body, [mark for mark in self.marks if not mark.is_insertion])

    @property
    def rejected(self) -> str:
        """Return the text without the proposed changes."""
        return cut(self.body, [mark for mark in self.marks if mark.is_insertion])


_WORD: Final = lazy_pattern(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"  # scripts without spaces: each sign
    r"|[^\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+(?:['’\-.,][^\W_]+)*"
)


def length_of(text: str) -> tuple[int, int]:
    """Return the number of words of a text, and of its characters without line ends.

    >>> length_of("# It’s **well-known**, 1,5 times.")
    (4, 33)
    """
    # A line at a time: within one search, no other thread runs.
    words = sum(len(_WORD.findall(line)) for line in text.split("\n"))
    return words, len(text) - text.count("\n")


def cut(text: str, ranges: Sequence[Mark]) -> str:
    """Return a text without ranges, which are in its order."""
    starts = [0, *(mark.end for mark in ranges)]
    ends = [*(mark.start for mark in ranges), len(text)]
    return "".join(text[start:end] for start, end in zip(starts, ends, strict=True))
