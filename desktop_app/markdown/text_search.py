"""Finds words in what a message shows, ignoring its Markdown, case and accents; compares words.

The words and the text are folded character by character, so that a position in the folded text maps
to a position in the shown text. Words with "oe" and the like, or with the letters that these may
stand for, are searched a second time in the text with such letters spelled out. Most messages can
be ruled out by their source, which costs a hundredth of rendering it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Final, NamedTuple

from desktop_app.domain.documents.letter_folding import PLAIN_LETTERS, spelled
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.markdown.block_model import PICTURE, text_of

WORD: Final = lazy_pattern(r"\w+")
MAX_COMPARED_WORDS: Final = 10_000
"""Words of each text that are compared: four texts of that length take 1.7 s."""
_MARKDOWN_MARKS: Final = "*_~`\\"
# Text that is spelled differently in the source: an entity, a link that begins or ends within a
# word. Each pattern begins with a fixed character, because `re` finds such a pattern about 40 times
# as fast as one that begins with a lookbehind.
_ENTITY: Final = lazy_pattern(r"&#?\w+;")
_LINK_BEGINS: Final = lazy_pattern(r"\[(?<=\w\[)")
_LINK_ENDS: Final = lazy_pattern(r"\)(?=\w)")


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


class Phrase(NamedTuple):
    """What is searched, folded.

    Attributes:
        plain: "" for nothing.
        spelled: the words with their letters spelled out, if that may make a difference; else "".
    """

    plain: str
    spelled: str = ""


def fold_phrase(text: str) -> Phrase:
    """Return a text as a phrase to search for."""
    spelled_out = fold_text(spelled(unicodedata.normalize("NFC", text)))
    has_pairs = any(pair in spelled_out for pair in ("ae", "oe", "ue", "aa"))
    return Phrase(fold_text(text), spelled_out if has_pairs else "")


def match_ranges(text: str, phrase: Phrase) -> list[tuple[int, int]]:
    """Return the ranges of a phrase in a text, without overlaps."""
    found = _ranges_of(text, phrase.plain)
    if not phrase.spelled:
        return found
    # Each letter is spelled out where it is, so that the places remain known.
    pieces = [spelled(character) for character in text]
    places = [at for at, piece in enumerate(pieces) for _ in piece]
    ranges = {*found}
    for start, end in _ranges_of("".join(pieces), phrase.spelled):
        ranges.add((places[start], places[end - 1] + 1))
    kept: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept


def _ranges_of(text: str, phrase: str) -> list[tuple[int, int]]:
    if not phrase:
        return []
    offsets: Sequence[int] = range(len(text))  # in the text, of each character of the folded text
    folded = text.lower()
    if not text.isascii():
        letters = [_fold_character(character) for character in text]
        offsets = [at for at, folded_letter in enumerate(letters) for _ in folded_letter]
        folded = "".join(letters)
    ranges = []
    position = folded.find(phrase)
    while position >= 0:
        end = position + len(phrase)
        ranges.append((offsets[position], offsets[end - 1] + 1))
        position = folded.find(phrase, end)
    return ranges


def count_matches(texts: Iterable[str], phrase: Phrase) -> int:
    if phrase.spelled:
        return sum(len(match_ranges(text, phrase)) for text in texts)
    return sum(fold_text(text).count(phrase.plain) for text in texts) if phrase.plain else 0


def count_in_markdown(source: str, phrase: Phrase) -> int:
    """Count a phrase in what Markdown shows."""
    if not phrase.plain or not may_contain(source, phrase):
        return 0
    if phrase.spelled:
        return count_matches(_shown_texts(source), phrase)
    return sum(text.count(phrase.plain) for text in _folded_texts(source))


@lru_cache(maxsize=2048)
def _folded_texts(source: str) -> tuple[str, ...]:
    """Return the folded texts that are shown.

    They are cached, because words are typed letter by letter.
    """
    return tuple(map(fold_text, _shown_texts(source)))


@lru_cache(maxsize=256)
def _shown_texts(source: str) -> tuple[str, ...]:
    """Return the texts that are shown: paragraphs, lines of code, table cells."""
    from desktop_app.markdown.incremental.block_stream import render

    return tuple(
        text_of(runs)
        for block in render(source)
        for runs in ([cell for row in block.rows for cell in row] or [block.runs])
    )


def _remove_characters(signs: str, text: str) -> str:
    """Return the text without the characters of `signs`, much faster than `str.translate`."""
    for sign in signs:
        text = text.replace(sign, "")
    return text


def may_contain(source: str, phrase: Phrase) -> bool:
    """Return False if what Markdown shows certainly does not contain a phrase.

    It may also return False if only text that rendering adds contains it, such as the destination
    after a misleading link.
    """
    is_spelled = bool(phrase.spelled) and _may_contain(spelled(source), phrase.spelled)
    return is_spelled or _may_contain(source, phrase.plain)


def _may_contain(source: str, phrase: str) -> bool:
    folded = fold_text(source)
    missing_words = [word for word in WORD.findall(phrase) if word not in folded]
    if not missing_words:
        return True
    bare_source = _remove_characters(_MARKDOWN_MARKS, folded)
    if all(_remove_characters(_MARKDOWN_MARKS, word) in bare_source for word in missing_words):
        return True
    if _ENTITY.search(source) or _LINK_BEGINS.search(source):
        return True
    return "](" in source and _LINK_ENDS.search(source) is not None


def differing_words(texts: Sequence[Sequence[str]]) -> list[list[bool]]:
    """Return, for each word of each text, True if no other text has it at the same place.

    Words beyond MAX_COMPARED_WORDS count as different.

    >>> differing_words([["it", "is", "blue"], ["it", "was", "blue"]])
    [[False, True, False], [False, True, False]]
    """
    from difflib import SequenceMatcher

    differs = [[True] * len(words) for words in texts]
    for i, j in combinations(range(len(texts)), 2):
        first = texts[i][:MAX_COMPARED_WORDS]
        second = texts[j][:MAX_COMPARED_WORDS]
        matcher = SequenceMatcher(None, first, second)
        for start_in_i, start_in_j, size in matcher.get_matching_blocks():
            differs[i][start_in_i : start_in_i + size] = [False] * size
            differs[j][start_in_j : start_in_j + size] = [False] * size
    return differs
