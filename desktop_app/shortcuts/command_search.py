"""The rows of a palette, found by a few typed letters: commands, conversations, settings."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, islice
from types import MappingProxyType
from typing import Final, NamedTuple

from desktop_app.domain.documents.letter_folding import fold

CONVERSATION: Final = "conversation:"
"""Prefix of the ids of conversations' rows."""
MAX_ROWS: Final = 60
"""The most rows that are found. The palette shows 10 at a time; the number was chosen by eye."""
_FUZZY_TITLES: Final = 5_000
"""Titles that are looked at one by one: 5 ms."""
_SYNONYM_RANK: Final = 2
"""The rank of an entry with the typed words as its keywords: after titles that have them."""
_LETTERS_RANK: Final = 6
"""The rank after those of `match_rank`: of rows with only the typed letters, in order."""


class PaletteEntry(NamedTuple):
    """A row of a palette, in the language in use: a command, a conversation, a setting.

    Attributes:
        note: shown beside the title and searched too, such as a command's category.
        keys: the shortcut, "" for none.
        keywords: more words that find the row; not shown.
        run: what choosing the row does.
        stays: True if the palette stays open.
    """

    id: str
    title: str
    note: str = ""
    keys: str = ""
    keywords: str = ""
    run: Callable[[], object] | None = None
    stays: bool = False

    @property
    def accessible_text(self) -> str:
        return ", ".join(filter(None, (self.title, self.note, self.keys)))

    def match_rank(self, words: Sequence[str]) -> int | None:
        """Return how well the entry matches the folded words; see `match_rank`."""
        rank = match_rank(words, self.title, f"{self.note} {self.keywords}")
        is_synonym = rank is not None and set(words) <= set(fold(self.keywords).split())
        return min(rank, _SYNONYM_RANK) if is_synonym and rank is not None else rank


def match_rank(words: Sequence[str], title: str, other_text: str) -> int | None:
    """Return how well an entry matches the folded words: 0 is best, None is no match.

    Titles that have all words as whole words are best, then titles that begin with the words, then
    entries in which each word begins a word, then entries that contain the words. 2 is the rank of
    keywords (`PaletteEntry.match_rank`).
    """
    title = fold(title)
    text = f"{title} {fold(other_text)}"
    if not all(word in text for word in words):
        return None
    starts = title.startswith(" ".join(words))
    if set(words) <= set(title.split()):
        return 0 if starts else 1
    if starts:
        return 3
    text_words = text.split()
    begins = all(any(each.startswith(word) for each in text_words) for word in words)
    return 4 if begins else 5


class FoldedTitles:
    """The titles of conversations, newest first; make it in a thread for thousands.

    To look at each of 40,000 titles takes 30 to 140 ms a key. All are therefore searched as one
    text, a line each, until enough are found.

    Attributes:
        rows: id and title of each.
    """

    def __init__(self, rows: Iterable[tuple[str, str]] = ()) -> None:
        self.rows = list(rows)
        # Spaces around it, so that a word begins and ends with one.
        lines = [f"\n {' '.join(fold(title).split())} " for _, title in self.rows]
        self._text = "".join(lines)
        self._starts = [0, *accumulate(map(len, lines))]
        self._numbers = {id_: number for number, (id_, _) in enumerate(self.rows)}

    def find(
        self, words: Sequence[str], letters: re.Pattern[str], used: Iterable[str]
    ) -> list[tuple[str, str, bool]]:
        """Return id and title of some titles, newest first, and whether they have all words.

        Those that have the words best are among them, and those that were used. Letters in order
        are looked for in the newest titles only.
        """
        longest = max(words, key=len)
        found = {n for id_ in used if (n := self._numbers.get(id_)) is not None}
        for needle in (f"\n {' '.join(words)}", f" {longest} ", f" {longest}", longest):
            found.update(islice(self._with(needle, words), MAX_ROWS))
        end = self._starts[min(_FUZZY_TITLES, len(self.rows))]
        lines = islice(letters.finditer(self._text, 0, end), MAX_ROWS)
        fuzzy = {self._number(match.start()) for match in lines}
        has_words = {number for number in found if self._has(number, words)}
        return [(*self.rows[n], n in has_words) for n in sorted(has_words | fuzzy)]

    def _with(self, needle: str, words: Sequence[str]) -> Iterator[int]:
        """Yield the numbers of the titles with this text and all words, of the first thousands."""
        start = 0
        for _ in range(_FUZZY_TITLES):
            at = self._text.find(needle, start)
            if at < 0:
                return
            number = self._number(at)
            if self._has(number, words):
                yield number
            start = self._starts[number + 1]

    def _number(self, at: int) -> int:
        return bisect_right(self._starts, at) - 1

    def _has(self, number: int, words: Sequence[str]) -> bool:
        line = self._text[self._starts[number] : self._starts[number + 1]]
        return all(word in line for word in words)


def letters_in_order(text: str) -> re.Pattern[str]:
    """Return a pattern that finds a line that contains these letters in order.

    Between two letters, it skips only characters other than the second. So there is only one way to
    match from a given start, and the search never goes back to try another.
    """
    first_letter, *other_letters = map(re.escape, text)
    return re.compile(
        first_letter + "".join(f"[^{letter}\\n]*{letter}" for letter in other_letters)
    )


# Each choice of any row multiplies the other scores by this number, which was chosen by eye.
_DECAY: Final = 0.9


def count_use(uses: Mapping[str, float], entry_id: str) -> dict[str, float]:
    """Return the scores after a choice of a row; older choices count less."""
    scores = {key: score * _DECAY for key, score in uses.items()}
    scores[entry_id] = scores.get(entry_id, 0.0) + 1
    rounded = {key: round(score, 3) for key, score in scores.items()}
    return {key: score for key, score in rounded.items() if score}


def find_entries(
    typed: str,
    entries: Sequence[PaletteEntry],
    titles: FoldedTitles | None = None,
    uses: Mapping[str, float] = MappingProxyType({}),
    note: str = "",
) -> list[PaletteEntry]:
    """Return the best rows of a palette, sorted by how well they match, then by use.

    If nothing is typed, return all entries except conversations, sorted by use.

    Args:
        entries: commands, prompts, presets, models, settings, collections.
        titles: of conversations.
        uses: the scores of earlier choices.
        note: shown beside conversations.
    """
    words = fold(typed.replace("…", " ")).split()  # as titles end that open a dialog
    if not words:
        return sorted(entries, key=lambda entry: -uses.get(entry.id, 0.0))
    letters = letters_in_order("".join(words))
    ranked: list[tuple[int, PaletteEntry]] = []
    for entry in entries:
        rank = entry.match_rank(words)
        if rank is None and letters.search(fold(entry.title)):
            rank = _LETTERS_RANK
        if rank is not None:
            ranked.append((rank, entry))
    used = (key.removeprefix(CONVERSATION) for key in uses if key.startswith(CONVERSATION))
    for id_, title, has_words in titles.find(words, letters, used) if titles else ():
        rank = match_rank(words, title, "") if has_words else None
        rank = _LETTERS_RANK if rank is None else rank
        ranked.append((rank, PaletteEntry(CONVERSATION + id_, title, note)))
    ranked.sort(key=lambda row: (row[0], -uses.get(row[1].id, 0.0)))
    return [entry for _, entry in ranked[:MAX_ROWS]]
