"""Finds words in what a message shows, ignoring its Markdown, case and accents.

The words and the text are folded character by character, so that a position in the folded text maps
to a position in the shown text. Most messages can be ruled out by their source, which costs a
hundredth of rendering it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.domain.documents.letter_folding import PLAIN_LETTERS
from desktop_app.markdown.block_model import PICTURE, Block, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WORD: Final = re.compile(r"\w+")
_MARKDOWN_MARKS: Final = "*_~`\\"
# Text that is spelled differently in the source: an entity, a link that begins or ends within a
# word. Each pattern begins with a fixed character, because `re` finds such a pattern about 40 times
# as fast as one that begins with a lookbehind.
_ENTITY: Final = re.compile(r"&#?\w+;")
_LINK_BEGINS: Final = re.compile(r"\[(?<=\w\[)")
_LINK_ENDS: Final = re.compile(r"\)(?=\w)")


class FoldedText(NamedTuple):
    """A folded text.

    Attributes:
        text: the folded text.
        offsets: for each character of the folded text, and for its end, the offset in the original
            text. None if the offsets in both texts are the same.
    """

    text: str
    offsets: tuple[int, ...] | None

    def original_offset(self, index: int) -> int:
        """Return the offset in the original text of character `index` of the folded text."""
        return index if self.offsets is None else self.offsets[index]


def _fold_with_offsets(text: str) -> FoldedText:
    """Return the result of `fold_text`, with the offsets in the original text."""
    if text.isascii():
        return FoldedText(text.lower(), None)
    letters: list[str] = []
    offsets: list[int] = []
    for offset, character in enumerate(text):
        plain = _fold_character(character)
        letters.append(plain)
        offsets += [offset] * len(plain)
    return FoldedText("".join(letters), (*offsets, len(text)))


class _Letters(dict[int, str]):
    """The folded form of each character, for `str.translate`."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = _fold_character(chr(code))
        return plain


_LETTERS: Final = _Letters()


def fold_text(text: str) -> str:
    """Fold case, accents and the width of letters, and drop invisible characters."""
    return text.lower() if text.isascii() else text.translate(_LETTERS)


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    if character == "\u2028":
        return " "
    if character == PICTURE or unicodedata.category(character) == "Cf":  # invisible
        return ""
    decomposed = unicodedata.normalize("NFKD", character.casefold())
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return letters.translate(PLAIN_LETTERS)


def match_ranges(text: str, phrase: str) -> list[tuple[int, int]]:
    """Return the ranges of the folded `phrase` in a text, without overlaps."""
    if not phrase:
        return []
    folded = _fold_with_offsets(text)
    ranges = []
    position = folded.text.find(phrase)
    while position >= 0:
        last_offset = folded.original_offset(position + len(phrase) - 1)
        ranges.append((folded.original_offset(position), last_offset + 1))
        position = folded.text.find(phrase, position + len(phrase))
    return ranges


def searchable_texts(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield the texts to search: a paragraph, a line of code, a table cell."""
    for block in blocks:
        if block.rows:
            for row in block.rows:
                yield from map(text_of, row)
        else:
            yield text_of(block.runs)


def count_matches(texts: Iterable[str], phrase: str) -> int:
    """Count the folded `phrase` in texts."""
    return sum(fold_text(text).count(phrase) for text in texts) if phrase else 0


def count_in_markdown(source: str, phrase: str) -> int:
    """Count the folded `phrase` in what Markdown shows."""
    if not phrase or not may_contain(source, phrase):
        return 0
    return sum(text.count(phrase) for text in _shown_texts(source))


@lru_cache(maxsize=2048)
def _shown_texts(source: str) -> tuple[str, ...]:
    """Return the folded texts that are shown; cached, because words are typed letter by letter."""
    from desktop_app.markdown.incremental.block_stream import render  # a start searches nothing

    return tuple(map(fold_text, searchable_texts(render(source))))


def _remove_characters(signs: str, text: str) -> str:
    """Return the text without the characters of `signs`, much faster than `str.translate`."""
    for sign in signs:
        text = text.replace(sign, "")
    return text


def may_contain(source: str, phrase: str) -> bool:
    """Return False if what Markdown shows certainly does not contain the folded `phrase`.

    It may also return False if only text that rendering adds contains it, such as the destination
    after a misleading link.
    """
    folded = fold_text(source)
    missing_words = [word for word in _WORD.findall(phrase) if word not in folded]
    if not missing_words:
        return True
    bare_source = _remove_characters(_MARKDOWN_MARKS, folded)
    if all(_remove_characters(_MARKDOWN_MARKS, word) in bare_source for word in missing_words):
        return True
    if _ENTITY.search(source) or _LINK_BEGINS.search(source):
        return True
    return "](" in source and _LINK_ENDS.search(source) is not None
