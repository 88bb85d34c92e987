"""The rows of a command palette, found by a few typed letters, best matches first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from desktop_app.commands.command import Command
from desktop_app.commands.keymap import Keymap
from desktop_app.domain.documents.letter_folding import fold
from desktop_app.i18n.translation import tr


class PaletteEntry(NamedTuple):
    """A row of a palette, in the language in use: a command, a conversation, a setting.

    Attributes:
        note: shown beside the title and searched too, such as a command's category.
        keys: the shortcut, "" for none.
        keywords: more words that find the row; not shown.
    """

    id: str
    title: str
    note: str = ""
    keys: str = ""
    keywords: str = ""

    @property
    def other_text(self) -> str:
        """Return the text that is searched in addition to the title."""
        return f"{self.note} {self.keywords}"


def command_entries(commands: Iterable[Command], keymap: Keymap) -> list[PaletteEntry]:
    """Return the rows of commands, in the language in use."""
    return [
        PaletteEntry(
            c.id,
            tr(c.title),
            note=tr(c.category.value),
            keys=keymap.shortcut_of(c.id),
            keywords=tr(c.keywords) if c.keywords else "",
        )
        for c in commands
    ]


def matching_entries(typed: str, entries: Iterable[PaletteEntry]) -> Sequence[PaletteEntry]:
    """Return the entries that contain every typed word in title, note or keywords.

    They are sorted by `match_rank`; entries of the same rank keep their order. An empty text finds
    all entries.
    """
    words = fold(typed).split()
    ranked = [
        (rank, entry)
        for entry in entries
        if (rank := match_rank(words, entry.title, entry.other_text)) is not None
    ]
    return [entry for _, entry in sorted(ranked, key=lambda pair: pair[0])]


def match_rank(words: Sequence[str], title: str, other_text: str) -> int | None:
    """Return how well an entry matches the folded words: 0 is best, None is no match.

    Titles that have all words as whole words are best, then titles that begin with the words, then
    entries in which each word begins a word, then entries that contain the words.
    """
    title = fold(title)
    text = f"{title} {fold(other_text)}"
    if not all(word in text for word in words):
        return None
    starts = title.startswith(" ".join(words))
    if set(words) <= set(title.split()):
        return 0 if starts else 1
    if starts:
        return 2
    text_words = text.split()
    begins = all(any(each.startswith(word) for each in text_words) for word in words)
    return 3 if begins else 4
