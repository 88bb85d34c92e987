"""The rows of a palette, found by a few typed letters: commands, conversations, settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from desktop_app.domain.documents.letter_folding import fold

CONVERSATION: Final = "conversation:"
"""Prefix of the ids of conversations' rows."""
MAX_ROWS: Final = 60
"""The most rows that are found. The palette shows 10 at a time; the number was chosen by eye."""
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


class FoldedTitle(NamedTuple):
    """The title of a conversation, as it is shown and as it is searched."""

    id: str
    title: str
    folded: str


def fold_titles(rows: Iterable[tuple[str, str]]) -> list[FoldedTitle]:
    """Return the titles of conversations by their ids; call it in a thread for thousands."""
    return [FoldedTitle(id_, title, " ".join(fold(title).split())) for id_, title in rows]


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
    titles: Iterable[FoldedTitle] = (),
    uses: Mapping[str, float] = MappingProxyType({}),
    note: str = "",
) -> list[PaletteEntry]:
    """Return the best rows of a palette, sorted by how well they match, then by use.

    If nothing is typed, return all entries except conversations, sorted by use.

    Args:
        entries: commands, prompts, presets, models, settings, collections.
        titles: of conversations, newest first.
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
    for title in titles:
        rank = None
        if all(word in title.folded for word in words):
            rank = match_rank(words, title.title, "")
        if rank is None and letters.search(title.folded):
            rank = _LETTERS_RANK
        if rank is not None:
            ranked.append((rank, PaletteEntry(CONVERSATION + title.id, title.title, note)))
    ranked.sort(key=lambda row: (row[0], -uses.get(row[1].id, 0.0)))
    return [entry for _, entry in ranked[:MAX_ROWS]]
