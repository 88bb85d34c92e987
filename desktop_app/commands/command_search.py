"""Finds commands by a few typed letters, best matches first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from desktop_app.commands.command import Command


def matching(typed: str, commands: Iterable[Command]) -> Sequence[Command]:
    """Return the commands whose title or category contains every typed word.

    Titles that begin with the typed text come first, then those with a word beginning for each
    typed word, then the rest; otherwise their order stays. An empty text finds all.
    """
    words = typed.casefold().split()
    ranked = [
        (place, command)
        for command in commands
        if (place := rank(words, command.title, command.category.value)) is not None
    ]
    return [command for _, command in sorted(ranked, key=lambda pair: pair[0])]


def rank(words: Sequence[str], title: str, beside: str) -> int | None:
    """Return how well the words (casefolded) match: 0 is best, None is no match.

    Args:
        title, beside: the command's title, and other text to match.
    """
    title = title.casefold()
    text = f"{title} {beside.casefold()}"
    if not all(word in text for word in words):
        return None
    if title.startswith(" ".join(words)):
        return 0
    beginnings = text.split()
    begins = all(any(b.startswith(word) for b in beginnings) for word in words)
    return 1 if begins else 2
