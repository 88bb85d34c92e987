"""Folds letters for searches: removes case, accents, points and compatibility forms.

Who has no ä, ö, ü, å or ø on the keyboard types ae, oe, ue, aa and oe, or leaves out the dots.
Folding takes care of the latter, and the functions on spellings of the former.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice, pairwise, product
from typing import Final

from desktop_app.domain.lazy_pattern import lazy_pattern

# Unicode does not decompose these ligatures and letters with strokes and hooks. Users without them
# on the keyboard type similar letters.
PLAIN_LETTERS: Final = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "þ": "th", "ⱥ": "a", "ƀ": "b", "ɓ": "b", "ƈ": "c", "ȼ": "c",
        "đ": "d", "ð": "d", "ɖ": "d", "ɗ": "d", "ɇ": "e", "ɛ": "e", "ƒ": "f", "ǥ": "g", "ɠ": "g",
        "ħ": "h", "ı": "i", "ɨ": "i", "ɩ": "i", "ɉ": "j", "ƙ": "k", "ł": "l", "ƚ": "l", "ɫ": "l",
        "ŋ": "n", "ɲ": "n", "ƞ": "n", "ø": "o", "ɔ": "o", "ɵ": "o", "ƥ": "p", "ᵽ": "p", "ɍ": "r",
        "ŧ": "t", "ƭ": "t", "ʈ": "t", "ʉ": "u", "ʋ": "v", "ƴ": "y", "ɏ": "y", "ƶ": "z", "ȥ": "z",
        "\u0671": "\u0627", "\u0640": "",  # alef wasla, tatweel
    }
)  # fmt: skip

_SPELLED: Final = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "å": "aa",
        "ø": "oe",
        "Ä": "Ae",
        "Ö": "Oe",
        "Ü": "Ue",
        "Å": "Aa",
        "Ø": "Oe",
    }
)
# What may stand for a single letter: a consonant follows, and no vowel precedes that makes "ue"
# something else ("neue", "que"). So "true" and "does" stay English words.
_SPELLING: Final = lazy_pattern(
    r"(?:(?<![aeq])ue|[ao]e|aa)(?=[b-df-hj-np-tv-zß])|aa\b", re.IGNORECASE
)
_MIN_SPELLED_CHARS: Final = 4
"""A shorter word is more often another one: "god" for Dutch "goed"."""
_MAX_SPELLINGS: Final = 8

# Scripts without spaces between words: Thai, Lao, Myanmar, Khmer, kana, Bopomofo, Han. Hangul
# is included: it has spaces, but endings are part of its words.
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029"
    "\u3031-\u3035\u3038-\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
    "\uf900-\ufaff\U00020000-\U000323af"
)
_DROPPED: Final = lazy_pattern("[\u0300-\u036f\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff\u00ad]")
# Classes of marks that writers leave out: points of Hebrew and Arabic, and accents. The vowels of
# Indian scripts and of Thai (0, 9 and 103 to 132) are letters: without them, words are others.
_NUKTA: Final = 7
_POINTS: Final = range(10, 37)
_FIRST_ACCENT: Final = 200
# Letters of Korean, and voiced kana, that a Mac writes in pieces or that were narrow.
_PIECES: Final = lazy_pattern(
    "[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?|[\u304b-\u30fd][\u3099\u309a]"
)
_SECOND_PIECES: Final = (*map(chr, range(0x1161, 0x1176)), "\u3099", "\u309a")
"""Looking for each takes a tenth of the time of the pattern."""
_ARABIC: Final = ("\u0671", "\u0640")  # folded since the former folding
_UNSTORABLE: Final = lazy_pattern("[\x00\ud800-\udfff]")
_PIECE_CHARS: Final = 100_000
"""A long text is folded in pieces, because each blocks all threads for some milliseconds."""


@cache
def unspaced_run() -> re.Pattern[str]:
    """Return the pattern for a run of characters of scripts without spaces between words.

    The pattern is compiled at its first use, because compiling takes milliseconds.
    """
    return re.compile(f"[{_UNSPACED}]+")


class _Folding(dict[int, str]):
    """A table for `str.translate`, filled as characters occur.

    Each character is folded alone: sorting the accents of a letter takes the square of their
    number, which a text may choose.
    """

    def __init__(self, *, is_former: bool = False) -> None:
        super().__init__()
        self._is_former = is_former

    def __missing__(self, code: int) -> str:
        plain = unicodedata.normalize("NFKD", _UNSTORABLE.sub(" ", chr(code))).casefold()
        letters = _DROPPED.sub("", plain).translate(PLAIN_LETTERS)
        if self._is_former:
            letters = plain if plain in _ARABIC else letters
        else:
            letters = "".join(char for char in letters if not _is_omitted(char))
        self[code] = unicodedata.normalize("NFKC", letters)
        return self[code]


_FOLDING: Final = _Folding()
_FORMER_FOLDING: Final = _Folding(is_former=True)


def _is_omitted(char: str) -> bool:
    order = unicodedata.combining(char)
    return order == _NUKTA or order in _POINTS or order >= _FIRST_ACCENT


def fold(text: str) -> str:
    """Fold case, accents, points and compatibility forms: "Łódź" becomes "lodz"."""
    return "".join(map(_fold_piece, _pieces_of(text)))


def former_fold(text: str) -> str:
    """Fold as versions did that kept points, tatweel and pieces of Korean letters."""
    return "".join(
        piece.lower().replace("\x00", " ") if piece.isascii() else piece.translate(_FORMER_FOLDING)
        for piece in _pieces_of(text)
    )


def _pieces_of(text: str) -> Iterator[str]:
    return (text[at : at + _PIECE_CHARS] for at in range(0, len(text), _PIECE_CHARS))


def _fold_piece(text: str) -> str:
    if text.isascii():
        return text.lower().replace("\x00", " ")
    folded = text.translate(_FOLDING)
    has_pieces = any(piece in folded for piece in _SECOND_PIECES)
    return _PIECES.sub(_composed, folded) if has_pieces else folded


def _composed(pieces: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", pieces[0])


def spelled(text: str) -> str:
    """Return a text without ä, ö, ü, å and ø: "Größe" becomes "Groeße"."""
    return text if text.isascii() else text.translate(_SPELLED)


def other_spellings(word: str) -> list[str]:
    """Return the other ways to spell a word, with these letters or without.

    >>> other_spellings("Größe"), other_spellings("groesse"), other_spellings("true")
    (['Groeße'], ['grosse'], [])
    """
    word = unicodedata.normalize("NFC", word)
    if (with_pairs := spelled(word)) != word:
        return [with_pairs]
    borders = (place for found in _SPELLING.finditer(word) for place in found.span())
    texts = [word[start:end] for start, end in pairwise((0, *borders, len(word)))]
    choices = [(text, text[:1]) if at % 2 else (text,) for at, text in enumerate(texts)]
    found = ("".join(each) for each in islice(product(*choices), 1, _MAX_SPELLINGS))
    return [each for each in found if len(each) >= _MIN_SPELLED_CHARS or "ue" in word.lower()]


def fold_places(text: str) -> Sequence[int]:
    """Return the place in `text` of each character of the folded text."""
    if text.isascii():
        return range(len(text))
    folded = text.translate(_FOLDING)
    places = [place for place, char in enumerate(text) for _ in _FOLDING[ord(char)]]
    for found in reversed([*_PIECES.finditer(folded)]):
        start, end = found.span()
        places[start + len(_composed(found)) : end] = []
    return places
