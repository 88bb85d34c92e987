"""Folds letters for searches: drops case, accents and differences of form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final

# Unicode decomposes none of these letters with strokes and hooks, nor these ligatures. Users who
# lack them on the keyboard type what they look like.
PLAIN_LETTERS: Final = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "þ": "th", "ⱥ": "a", "ƀ": "b", "ɓ": "b", "ƈ": "c", "ȼ": "c",
        "đ": "d", "ð": "d", "ɖ": "d", "ɗ": "d", "ɇ": "e", "ɛ": "e", "ƒ": "f", "ǥ": "g", "ɠ": "g",
        "ħ": "h", "ı": "i", "ɨ": "i", "ɩ": "i", "ɉ": "j", "ƙ": "k", "ł": "l", "ƚ": "l", "ɫ": "l",
        "ŋ": "n", "ɲ": "n", "ƞ": "n", "ø": "o", "ɔ": "o", "ɵ": "o", "ƥ": "p", "ᵽ": "p", "ɍ": "r",
        "ŧ": "t", "ƭ": "t", "ʈ": "t", "ʉ": "u", "ʋ": "v", "ƴ": "y", "ɏ": "y", "ƶ": "z", "ȥ": "z",
    }
)  # fmt: skip

# Thai, Lao, Myanmar, Khmer, kana, Bopomofo, Han, Hangul: no spaces, or words that grow endings.
_DENSE: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029"
    "\u3031-\u3035\u3038-\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
    "\uf900-\ufaff\U00020000-\U000323af"
)
_DROPPED: Final = re.compile("[\u0300-\u036f\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff\u00ad]")
_AT_ONCE: Final = 50_000
# Characters that never combine with the one before: a text may be cut before them.
_STARTER: Final = re.compile("[ -~\u4e00-\u9fff]")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


@cache
def dense_run() -> re.Pattern[str]:
    """Return the pattern for a run of characters of scripts without spaces between words.

    Compiled on first use, because that takes milliseconds of the start.
    """
    return re.compile(f"[{_DENSE}]+")


def fold(text: str) -> str:
    """Fold case, accents and differences of form: "Łódź" becomes "lodz".

    Long texts fold in pieces: normalizing a megabyte at once blocks all threads for 0.1 s.
    """
    if len(text) > _AT_ONCE:
        return "".join(map(_fold, _pieces(text)))
    return _fold(text)


def _pieces(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = _STARTER.search(text, at + _AT_ONCE)
        end = len(text) if found is None else found.start()
        yield text[at:end]
        at = end


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower().replace("\x00", " ")
    plain = unicodedata.normalize("NFKD", _UNSTORABLE.sub(" ", text)).casefold()
    return unicodedata.normalize("NFKC", _DROPPED.sub("", plain).translate(PLAIN_LETTERS))
