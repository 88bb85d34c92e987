"""Folds letters for searches: removes case, accents and compatibility forms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final

# Unicode does not decompose these ligatures and letters with strokes and hooks. Users without them
# on the keyboard type similar letters.
PLAIN_LETTERS: Final = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "þ": "th", "ⱥ": "a", "ƀ": "b", "ɓ": "b", "ƈ": "c", "ȼ": "c",
        "đ": "d", "ð": "d", "ɖ": "d", "ɗ": "d", "ɇ": "e", "ɛ": "e", "ƒ": "f", "ǥ": "g", "ɠ": "g",
        "ħ": "h", "ı": "i", "ɨ": "i", "ɩ": "i", "ɉ": "j", "ƙ": "k", "ł": "l", "ƚ": "l", "ɫ": "l",
        "ŋ": "n", "ɲ": "n", "ƞ": "n", "ø": "o", "ɔ": "o", "ɵ": "o", "ƥ": "p", "ᵽ": "p", "ɍ": "r",
        "ŧ": "t", "ƭ": "t", "ʈ": "t", "ʉ": "u", "ʋ": "v", "ƴ": "y", "ɏ": "y", "ƶ": "z", "ȥ": "z",
    }
)  # fmt: skip

# Scripts without spaces between words: Thai, Lao, Myanmar, Khmer, kana, Bopomofo, Han. Hangul
# is included: it has spaces, but endings are part of its words.
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029"
    "\u3031-\u3035\u3038-\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
    "\uf900-\ufaff\U00020000-\U000323af"
)
_DROPPED: Final = re.compile("[\u0300-\u036f\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff\u00ad]")
_ASCII_PIECE_CHARS: Final = 50_000
_PIECE_CHARS: Final = 1_000
"""Characters that are folded at once in a text that is not ASCII.

Sorting the accents of a letter takes the square of their number: 50,000 would block all threads for
2 s.
"""
_MAX_ACCENTS: Final = 250
"""After this number of accents without a letter, a long text is cut anywhere."""
_HANGUL_VOWEL_OR_FINAL: Final = re.compile("[\u1160-\u11ff]")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


@cache
def unspaced_run() -> re.Pattern[str]:
    """Return the pattern for a run of characters of scripts without spaces between words.

    The pattern is compiled at its first use, because compiling takes milliseconds.
    """
    return re.compile(f"[{_UNSPACED}]+")


def fold(text: str) -> str:
    """Fold case, accents and compatibility forms: "Łódź" becomes "lodz".

    Long texts are folded in pieces: normalizing a megabyte at once blocks all threads for 0.1 s.
    """
    return _fold_piece(text) if len(text) <= _PIECE_CHARS else "".join(fold_pieces(text))


def fold_pieces(text: str) -> Iterator[str]:
    """Yield the folded text in pieces."""
    return map(_fold_piece, _split_pieces(text))


def _split_pieces(text: str) -> Iterator[str]:
    start = 0
    size = _ASCII_PIECE_CHARS if text.isascii() else _PIECE_CHARS
    while start < len(text):
        end = min(start + size, len(text))
        last_end = min(end + _MAX_ACCENTS, len(text))
        end = next((index for index in range(end, last_end) if _is_starter(text[index])), last_end)
        yield text[start:end]
        start = end


def _is_starter(character: str) -> bool:
    """Return True if a character never combines with the one before; a text may be cut there."""
    if " " <= character <= "~" or "\u4e00" <= character <= "\u9fff":
        return True
    first = unicodedata.normalize("NFKD", character)[0]
    is_accent = unicodedata.category(first).startswith("M") or _DROPPED.match(first)
    return not is_accent and not _HANGUL_VOWEL_OR_FINAL.match(first)


def _fold_piece(text: str) -> str:
    if text.isascii():
        return text.lower().replace("\x00", " ")
    plain = unicodedata.normalize("NFKD", _UNSTORABLE.sub(" ", text)).casefold()
    return unicodedata.normalize("NFKC", _DROPPED.sub("", plain).translate(PLAIN_LETTERS))
