"""The smallest changes that make one passage of a text into another, and where a passage is."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

import regex

_WORD: Final = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}]|[\w\p{M}\u200c\u200d--\p{Han}\p{Hiragana}\p{Katakana}]+"
    r"|\n|[^\S\n]+|\X",
    regex.VERSION1,
)
"""A word with its accents, a letter of a script without spaces, white space, or a sign."""
_TOKEN: Final = regex.compile(r"\s+|\.\.\.|-{2,3}|[\w\p{M}\xad\u200c\u200d\u2060]+|\X")
_SIGN: Final = re.compile(r"\W+")
_SENTENCE_END: Final = re.compile(r"[.!?…][\"'”’»)]*\s+|[。！？][”’」』）]*\s*|\n+")
_SENTENCE_ENDS: Final = frozenset(".!?…。！？\n")
_ELLIPSIS: Final = "…"
_SHORT_WORDS: Final = 2
"""Fewer equal words between two changes become a part of one change, which reads better."""
_MAX_PAIRS: Final = 5000
"""Pairs of words up to which SequenceMatcher compares all: its worst case takes 20 ms."""
_MAX_DEPTH: Final = 12
"""Levels of anchors within anchors. The texts tried had five at most."""

Span = tuple[int, int, int, int]
"""The start and the end of a part of the old units, and of the new ones in its place."""


class Replacement(NamedTuple):
    """A replacement of a range of characters."""

    start: int
    end: int
    text: str


# -------------------------------------------------------------- where a passage is


class PassageError(Exception):
    """A passage is not in a text exactly once.

    Attributes:
        count: how often it is there: 0, or 2 for several times.
    """

    def __init__(self, count: int) -> None:
        super().__init__(f"the passage is there {count} times")
        self.count = count


_SAME: Final = ('"“”„‟«»＂', "'’‘‚‛‹›′＇", "-‐‑‒–—−")
"""Quotation marks and dashes, each with the form that is typed; models write another one."""
_FORMS: Final = {sign: f"[{re.escape(signs)}]" for signs in _SAME for sign in signs}
_FORMS[_ELLIPSIS] = _DOTS = r"(?:…|\.\.\.)"
_FORMS["–"] = _FORMS["—"] = f"(?:{_FORMS['–']}|-{{2,3}})"
_SPACE: Final = r"(?=\s)[^\S\n]*+\n?+[^\S\n]*+"
_PARAGRAPH_END: Final = r"(?:[^\S\n]*+\n){2,}+[^\S\n]*+"
_PIECE: Final = re.compile(r"\s+|\.\.\.|-{2,3}|.")
_MIN_LIKENESS: Final = 0.4
"""Of sentences that a model may have meant: about half of their words."""
_HIDDEN: Final = "\xad\u200b\u2060\ufeff"
"""Soft hyphens, and spaces without width."""
_PLAIN: Final = str.maketrans(
    {sign: signs[0] for signs in _SAME for sign in signs}
    | {_ELLIPSIS: "..."}
    | dict.fromkeys(_HIDDEN)
)


def find_once(text: str, passage: str) -> tuple[int, int]:
    """Return where a passage begins and ends in a text; "" is in an empty text.

    If it is not there exactly, it may have other quotation marks, dashes, spaces, line ends within
    a paragraph, ellipses, or composed letters. Of a long passage, the beginning and the end are
    enough, with "…" between them: output is what costs most.

    Raises:
        PassageError: it is not there, or several times.
    """
    start = text.find(passage) if passage or not text else -1
    if start >= 0:
        if text and text.find(passage, start + 1) >= 0:
            raise PassageError(2)
        return start, start + len(passage)
    if passage.strip():
        matches = re.finditer(_tolerant(passage, has_hidden=any(c in text for c in _HIDDEN)), text)
        if found := next(matches, None):
            if next(matches, None):
                raise PassageError(2)
            return found.span()
    beginning, mark, end = (part.strip() for part in _abbreviation(passage))
    if not (beginning and mark and end):
        raise PassageError(0)
    start, after = find_once(text, beginning)
    _, found_end = find_once(text[after:], end)
    return start, after + found_end


def _abbreviation(passage: str) -> tuple[str, str, str]:
    return (passage if _ELLIPSIS in passage else passage.replace("...", _ELLIPSIS)).partition(
        _ELLIPSIS
    )


def _tolerant(passage: str, *, has_hidden: bool) -> str:
    """Return a pattern of a passage in all typographic forms."""
    passage = unicodedata.normalize("NFC", passage).translate(dict.fromkeys(map(ord, _HIDDEN)))
    pieces = _PIECE.findall(passage.strip())
    hidden = f"[{_HIDDEN}]*+" if has_hidden else ""
    outer = (passage[: len(passage) - len(passage.lstrip())], passage[len(passage.rstrip()) :])
    before, after = (f"(?:{_SPACE})?" if space else "" for space in outer)
    return before + hidden.join(map(_forms, pieces)) + after


def _forms(piece: str) -> str:
    """Return a pattern of a letter, sign or white space in all typographic forms."""
    if piece.isspace():
        return _PARAGRAPH_END if piece.count("\n") > 1 else _SPACE
    if piece == "...":
        return _DOTS
    if len(piece) > 1:  # typed dashes
        return f"(?:{piece}|[–—])"
    form = _FORMS.get(piece)
    decomposed = "" if form or piece.isascii() else unicodedata.normalize("NFD", piece)
    if decomposed and decomposed != piece:
        return f"(?:{re.escape(piece)}|{re.escape(decomposed)})"
    return form or re.escape(piece)


def nearest_passages(text: str, passages: Iterable[str]) -> list[str]:
    """Return, for each passage, the sentences of a text that have most of its words; "" for none.

    300 pages take 0.2 s, and each passage 5 ms.
    """
    sentences = _sentences(text)
    words = [words_of(sentence) for sentence in sentences]
    return [_nearest(sentences, words, words_of(passage)) for passage in passages]


def _nearest(sentences: Sequence[str], words: Sequence[set[str]], wanted: set[str]) -> str:
    first = max(range(len(words)), key=lambda at: likeness(words[at], wanted), default=0)
    best, end, so_far = 0.0, first, set[str]()
    for at in range(first, len(words)):
        so_far |= words[at]
        if likeness(so_far, wanted) <= best:
            break
        best, end = likeness(so_far, wanted), at + 1
    return "".join(sentences[first:end]).strip() if best >= _MIN_LIKENESS else ""


def words_of(text: str) -> set[str]:
    """Return the different words of a text, in small letters."""
    return {word for word in _split(text.casefold()) if not _SIGN.fullmatch(word)}


def likeness(words: set[str], others: set[str]) -> float:
    """Return how many words two sets share: from 0 for none to 1 for all."""
    return 2 * len(words & others) / (len(words) + len(others) or 1)


# -------------------------------------------------------------- the smallest changes


def word_edits(old: str, new: str) -> list[Replacement]:
    """Return the replacements, in the order of `old`, that make it `new`, by whole words.

    Sentences and lines are compared first, then the words of those that differ. 20,000 words take
    0.3 s at most.

    >>> word_edits("It is quite blue.", "It is blue!")
    [Replacement(start=6, end=12, text=''), Replacement(start=16, end=17, text='!')]
    """
    old_sentences, new_sentences = _sentences(old), _sentences(new)
    edits: list[Replacement] = []
    done = position = 0
    for start, end, new_start, new_end in _unequal(old_sentences, new_sentences):
        position += sum(map(len, old_sentences[done:start]))
        done = start
        edits += _edits_in(old_sentences[start:end], new_sentences[new_start:new_end], position)
    return edits


def _edits_in(old: Sequence[str], new: Sequence[str], offset: int) -> Iterator[Replacement]:
    """Yield the replacements of words that make sentences others."""
    old_words = [word for sentence in old for word in _split(sentence)]
    new_words = [word for sentence in new for word in _split(sentence)]
    done = 0
    for start, end, new_start, new_end in _joined(_unequal(old_words, new_words), old_words):
        offset += sum(map(len, old_words[done:start]))
        before = "".join(old_words[start:end])
        after = "".join(new_words[new_start:new_end])
        befores, afters = _sentences(before), _sentences(after)
        if len(befores) == len(afters) > 1:  # as of a translation: each becomes its counterpart
            for one_before, one_after in zip(befores, afters, strict=True):
                yield from _edits_in([one_before], [one_after], offset)
                offset += len(one_before)
        else:
            yield Replacement(offset, offset + len(before), after)
            offset += len(before)
        done = end


def _joined(spans: Iterable[Span], words: Sequence[str]) -> list[Span]:
    """Return spans, those as one that have few words between them."""
    joined: list[Span] = []
    for span in spans:
        between = words[joined[-1][1] : span[0]] if joined else []
        ends_sentence = not _SENTENCE_ENDS.isdisjoint(between)
        words_between = sum(not _SIGN.fullmatch(word) for word in between)
        if joined and not ends_sentence and words_between < _SHORT_WORDS:
            start, _, new_start, _ = joined[-1]
            joined[-1] = (start, span[1], new_start, span[3])
        else:
            joined.append(span)
    return joined


def _unequal(
    old: Sequence[str], new: Sequence[str], old_at: int = 0, new_at: int = 0, depth: int = 0
) -> Iterator[Span]:
    """Yield the parts that differ, in order.

    Long sequences are split at units that both have once and in the same order (“patience”), since
    the time of SequenceMatcher grows with the third power: 1,900 words took minutes.
    """
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    rest = shorter - start
    end = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    old_at, new_at = old_at + start, new_at + start
    whole = (old_at, old_at + len(old), new_at, new_at + len(new))
    if not old or not new:
        if old or new:
            yield whole
    elif len(old) * len(new) <= _MAX_PAIRS:
        matcher = SequenceMatcher(str.isspace, old, new, autojunk=False)
        for tag, i, i_end, j, j_end in matcher.get_opcodes():
            if tag != "equal":
                yield old_at + i, old_at + i_end, new_at + j, new_at + j_end
    elif depth < _MAX_DEPTH and (anchors := _anchors(old, new)):
        i = j = 0
        for i_end, j_end in [*anchors, (len(old), len(new))]:
            yield from _unequal(old[i:i_end], new[j:j_end], old_at + i, new_at + j, depth + 1)
            i, j = i_end + 1, j_end + 1
    else:
        yield whole


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the longest rising series of places of units that both have once.

    If there is none, as among Chinese letters, take the beginnings of four units.
    """
    pairs = _unique_pairs(old, new) or _unique_pairs(
        *(list(zip(units, units[1:], units[2:], units[3:], strict=False)) for units in (old, new))
    )
    ends: list[int] = []  # the lowest place in `new` at which a series of each length ends
    numbers: list[int] = []  # of the pairs at these ends
    previous: list[int] = []
    for number, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        previous.append(numbers[length - 1] if length else -1)
        ends[length : length + 1], numbers[length : length + 1] = [j], [number]
    series: list[tuple[int, int]] = []
    number = numbers[-1] if numbers else -1
    while number >= 0:
        series.append(pairs[number])
        number = previous[number]
    return series[::-1]


def _unique_pairs(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    old_counts, new_counts = Counter(old), Counter(new)
    places = {unit: j for j, unit in enumerate(new) if new_counts[unit] == 1}
    return [(i, places[u]) for i, u in enumerate(old) if old_counts[u] == 1 and u in places]


def _split(text: str) -> list[str]:
    """Return the words and what is between them. Other threads run meanwhile."""
    return [match[0] for match in _WORD.finditer(text)]


def _sentence_ends(text: str) -> list[int]:
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return ends if ends and ends[-1] == len(text) else [*ends, len(text)]


def _sentences(text: str) -> list[str]:
    ends = _sentence_ends(text)
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def with_typography_of(old: str, new: str) -> str:
    """Return a changed passage with the typography that the passage had in its unchanged words.

    Models write plain quotation marks, dashes and spaces without meaning to change them. A passage
    of which nothing else has changed stays as they wrote it.
    """
    tokens, new_tokens = _TOKEN.findall(old), _TOKEN.findall(new)
    keys, new_keys = [[_key(token) for token in each] for each in (tokens, new_tokens)]
    end = (len(tokens), len(tokens), len(new_tokens), len(new_tokens))
    i = j = 0
    for start, next_i, new_start, next_j in [*_unequal(keys, new_keys), end]:
        for at, token in enumerate(tokens[i:start], j):
            if new_tokens[at].translate(_PLAIN) == new_tokens[at]:
                new_tokens[at] = token
        assert start - i == new_start - j
        i, j = next_i, next_j
    restored = "".join(new_tokens)
    return new if restored == old else restored


def _key(token: str) -> str:
    """Return a word, sign or white space as it is typed."""
    if token.isspace():
        return "\n\n" if token.count("\n") > 1 else " "
    plain = unicodedata.normalize("NFC", token).translate(_PLAIN)
    return plain if plain.strip("-") else "-"
