"""Letters as somebody at a keyboard without them types them: for all that searches."""

from __future__ import annotations

from typing import Final

# Letters with strokes and hooks, and joined ones: to Unicode they are letters of their own, to
# somebody at a keyboard without them they are those that they look like.
PLAIN_LETTERS: Final = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "þ": "th", "ⱥ": "a", "ƀ": "b", "ɓ": "b", "ƈ": "c", "ȼ": "c",
        "đ": "d", "ð": "d", "ɖ": "d", "ɗ": "d", "ɇ": "e", "ɛ": "e", "ƒ": "f", "ǥ": "g", "ɠ": "g",
        "ħ": "h", "ı": "i", "ɨ": "i", "ɩ": "i", "ɉ": "j", "ƙ": "k", "ł": "l", "ƚ": "l", "ɫ": "l",
        "ŋ": "n", "ɲ": "n", "ƞ": "n", "ø": "o", "ɔ": "o", "ɵ": "o", "ƥ": "p", "ᵽ": "p", "ɍ": "r",
        "ŧ": "t", "ƭ": "t", "ʈ": "t", "ʉ": "u", "ʋ": "v", "ƴ": "y", "ɏ": "y", "ƶ": "z", "ȥ": "z",
    }
)  # fmt: skip
