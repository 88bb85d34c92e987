"""Finding words in what a message shows: without its Markdown, case and accents aside.

What is sought and what is looked through are folded alike, character by character, so that a place in
the folded text is one in the text that is shown. Most messages are passed over by their source alone,
which costs a hundredth of rendering it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.domain.documents.letter_folding import PLAIN_LETTERS
from desktop_app.rendering.block_model import PICTURE, Block
from desktop_app.rendering.incremental.packed_runs import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WORD: Final = re.compile(r"\w+")
_MARKS: Final = "*_~`\\"
# Places where what is shown is spelt otherwise in the source: a character's name, a link's middle.
# Three expressions, because each begins with a sign, which is found a hundred times as fast.
_SPELT: Final = tuple(map(re.compile, (r"&#?\w+;", r"\]\([^)\n]*\)\w", r"\[(?<=\w\[)")))


class FoldedText(NamedTuple):
    """A text as it is compared; `places` gives for each of its characters where it stands in the
    text, None where that is the same number."""

    text: str
    places: tuple[int, ...] | None

    def place(self, at: int) -> int:
        """Where the character `at` of the folded text stands."""
        return at if self.places is None else self.places[at]


def folded(text: str) -> FoldedText:
    """Case, accents and the width of letters aside; what is not seen left out."""
    if text.isascii():
        return FoldedText(text.lower(), None)
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        plain = _plain(character)
        letters.append(plain)
        places += [place] * len(plain)
    return FoldedText("".join(letters), (*places, len(text)))


class _Letters(dict[int, str]):
    """What each character is folded to, for `str.translate`."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = _plain(chr(code))
        return plain


_LETTERS: Final = _Letters()


def folded_text(text: str) -> str:
    """The text as it is compared."""
    return text.lower() if text.isascii() else text.translate(_LETTERS)


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    if character == "\u2028":
        return " "
    parts = unicodedata.normalize("NFKD", character.casefold())
    kept = "".join(c for c in parts if not unicodedata.combining(c))
    kept = kept.translate(PLAIN_LETTERS)
    return "" if character.isspace() is False and _is_unseen(character) else kept


def _is_unseen(character: str) -> bool:
    """Whether it is no letter of any word: invisible, or where something is drawn."""
    return character == PICTURE or unicodedata.category(character) == "Cf"


def sought(text: str) -> str:
    """What is looked for, folded."""
    return folded(text).text


def places_in(text: str, words: str) -> list[tuple[int, int]]:
    """Where the folded `words` stand in a text: beginning and end, one behind the other."""
    if not words:
        return []
    there = folded(text)
    found, at = [], there.text.find(words)
    while at >= 0:
        last = there.place(at + len(words) - 1)
        found.append((there.place(at), last + 1))
        at = there.text.find(words, at + len(words))
    return found


def texts_of(blocks: Iterable[Block]) -> Iterator[str]:
    """The texts in which words may stand: a paragraph, a line of code, a table's cell."""
    for block in blocks:
        if block.rows:
            for row in block.rows:
                yield from ("".join(run.text for run in cell) for cell in row)
        else:
            yield text_of(block.runs)


def count_in(texts: Iterable[str], words: str) -> int:
    """How often the folded `words` stand in texts."""
    return sum(folded_text(text).count(words) for text in texts) if words else 0


def without(signs: str, text: str) -> str:
    """The text without these characters; many times as fast as `str.translate`."""
    for sign in signs:
        text = text.replace(sign, "")
    return text


def may_hold(source: str, words: str) -> bool:
    """Whether what Markdown shows may hold the folded `words`; False where it surely does not.
    (A word that is cut by a mark that is not one of emphasis or code is found all the same.)"""
    there = folded_text(source)
    missing = [word for word in _WORD.findall(words) if word not in there]
    if not missing:
        return True
    bare = without(_MARKS, there)
    if all(word in bare for word in missing):
        return True
    return any(spelt.search(source) for spelt in _SPELT)
