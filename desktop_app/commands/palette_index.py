"""Finds the rows of the palette: commands, conversations, prompts and settings in one field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from desktop_app.commands.command_search import PaletteEntry, match_rank
from desktop_app.domain.documents.letter_folding import fold

CONVERSATION: Final = "conversation:"
"""Prefix of the ids of conversations' rows."""
MAX_ROWS: Final = 60
"""The most rows that are found. The palette shows 10 at a time; the number was chosen by eye."""
# The ranks that follow those of `match_rank`, which are 0 to 4: rows with the typed words once two
# letters are swapped, and rows with only the typed letters in order.
_SWAPPED_RANK: Final = 5
_FUZZY_RANK: Final = 6
_MAX_FUZZY_TITLES: Final = 1_000
"""The number of newest conversations that are searched for letters in order or swapped letters."""
_MIN_SWAPPED_LETTERS: Final = 4
"""The fewest letters of a word in which two may be swapped; chosen by eye.

Shorter words often become other words: "on" becomes "no".
"""


class TitleIndex:
    """The titles of all conversations, newest first.

    Args:
        rows: pairs of id and title.
    """

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        self._rows = list(rows)
        self._folded_titles = [" ".join(fold(title).split()) for _, title in self._rows]

    def find(
        self, words: Sequence[str], limit: int = MAX_ROWS, *, within: int | None = None
    ) -> list[tuple[str, str]]:
        """Return the ids and titles of the newest conversations whose titles contain all words.

        Args:
            words: folded by `fold`; if there are none, all titles match.
            limit: the largest number of conversations.
            within: the number of newest conversations to search; None for all.
        """
        rows = zip(self._rows, self._folded_titles[:within], strict=False)
        matches = (row for row, title in rows if all(word in title for word in words))
        return list(islice(matches, limit))

    def find_letters(self, letters: re.Pattern[str], limit: int) -> list[tuple[str, str]]:
        """Return the ids and titles of the newest conversations whose titles match a pattern.

        Args:
            letters: the pattern, from `letters_in_order`.
        """
        rows = zip(self._rows, self._folded_titles[:_MAX_FUZZY_TITLES], strict=False)
        return list(islice((row for row, title in rows if letters.search(title)), limit))


def letters_in_order(text: str) -> re.Pattern[str]:
    """Return a pattern that finds a line that contains these letters in order.

    Between two letters, it skips only characters other than the second. So there is only one way to
    match from a given start, and the search never goes back to try another.
    """
    first_letter, *other_letters = map(re.escape, text)
    return re.compile(
        first_letter + "".join(f"[^{letter}\\n]*{letter}" for letter in other_letters)
    )


def transpositions(words: Sequence[str]) -> Iterator[list[str]]:
    """Yield the words with two neighboring letters of one of them swapped."""
    for number, word in enumerate(words):
        if len(word) >= _MIN_SWAPPED_LETTERS:
            for index in range(len(word) - 1):
                if word[index] != word[index + 1]:
                    swapped = word[:index] + word[index + 1] + word[index] + word[index + 2 :]
                    yield [*words[:number], swapped, *words[number + 1 :]]


class UseCounts:
    """Counts of the choices of each row; older choices count less.

    Args:
        stored: a value of the property `stored`, as read from the settings.
    """

    # Each choice of any row multiplies the other scores by this number, which was chosen by eye.
    _DECAY: Final = 0.9
    # The settings store three decimals. The score of a single choice is 0.000 after 73 choices of
    # other rows, so this limit removes only rows without weight. It was chosen by eye.
    _MAX_SCORES: Final = 200
    # Scores stay below 1 / (1 - 0.9) = 10. Settings with scores far above that are damaged.
    _MAX_STORED_SCORE: Final = 1_000

    def __init__(self, stored: object) -> None:
        rows = stored.items() if isinstance(stored, Mapping) else ()
        self._scores = {
            str(key): float(score)
            for key, score in rows
            if isinstance(score, int | float) and 0 < score < self._MAX_STORED_SCORE
        }

    def score(self, entry_id: str) -> float:
        """Return the score of a row, higher for frequent and recent choices; 0 for none."""
        return self._scores.get(entry_id, 0.0)

    def count_choice(self, entry_id: str) -> None:
        """Count a choice."""
        scores = {key: score * self._DECAY for key, score in self._scores.items()}
        scores[entry_id] = scores.get(entry_id, 0.0) + 1
        best = sorted(scores, key=lambda key: -scores[key])[: self._MAX_SCORES]
        self._scores = {key: scores[key] for key in best}

    @property
    def stored(self) -> dict[str, float]:
        """Return the counts as the settings store them."""
        return {key: round(score, 3) for key, score in self._scores.items()}


class PaletteIndex:
    """All rows of a palette.

    Args:
        entries: commands, prompts, presets, models, settings, collections.
        titles: the titles of conversations.
        uses: orders rows that match equally well.
    """

    def __init__(
        self, entries: Sequence[PaletteEntry], titles: TitleIndex, uses: UseCounts
    ) -> None:
        self._entries = entries
        self._titles = titles
        self._uses = uses

    def find(self, typed: str, note: str = "") -> list[PaletteEntry]:
        """Return the best rows, sorted by how well they match, then by use.

        If nothing is typed, return all rows except conversations, sorted by use.

        Args:
            note: shown beside conversations.
        """
        words = fold(typed).split()
        if not words:
            return sorted(self._entries, key=lambda entry: -self._uses.score(entry.id))
        rows = self._find_ranked(words, note)
        if all(rank == _FUZZY_RANK for rank, _ in rows):
            # No row contains the words as typed. Two of the letters were probably swapped, so rows
            # with the corrected words come before those with only the same letters in order.
            swapped = {entry.id: entry for entry in self._find_swapped(words, note)}
            other_rows = [(rank, entry) for rank, entry in rows if entry.id not in swapped]
            swapped_rows = [(_SWAPPED_RANK, entry) for entry in swapped.values()]
            rows = other_rows + swapped_rows
        rows.sort(key=lambda row: (row[0], -self._uses.score(row[1].id)))
        return [entry for _, entry in rows[:MAX_ROWS]]

    def _find_ranked(self, words: Sequence[str], note: str) -> list[tuple[int, PaletteEntry]]:
        """Return the rows with all words or with their letters in order, each after its rank."""
        fuzzy = letters_in_order("".join(words))
        rows: list[tuple[int, PaletteEntry]] = []
        for entry in self._entries:
            rank = match_rank(words, entry.title, entry.other_text)
            if rank is None and fuzzy.search(fold(entry.title)):
                rank = _FUZZY_RANK
            if rank is not None:
                rows.append((rank, entry))
        titles = self._titles.find(words)
        if len(titles) < MAX_ROWS:
            fuzzy_titles = self._titles.find_letters(fuzzy, MAX_ROWS)
            titles += [row for row in fuzzy_titles if row not in titles]
        for id_, title in titles:
            rank = match_rank(words, title, "")
            if rank is None:
                rank = _FUZZY_RANK
            rows.append((rank, PaletteEntry(CONVERSATION + id_, title, note)))
        return rows

    def _find_swapped(self, words: Sequence[str], note: str) -> Iterator[PaletteEntry]:
        """Yield the rows that contain the words once two neighboring letters are swapped."""
        texts = [(entry, fold(f"{entry.title} {entry.other_text}")) for entry in self._entries]
        for swapped_words in transpositions(words):
            for entry, text in texts:
                if all(word in text for word in swapped_words):
                    yield entry
            for id_, title in self._titles.find(swapped_words, within=_MAX_FUZZY_TITLES):
                yield PaletteEntry(CONVERSATION + id_, title, note)
