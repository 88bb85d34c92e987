"""Which commands a few typed letters mean, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from desktop_app.commands.command import Command


def matching(typed: str, commands: Iterable[Command]) -> Sequence[Command]:
    """The commands in whose title or category every typed word occurs.

    A title that begins with what was typed comes first, then those in which each word begins a
    word, then the rest; otherwise their order stays. Nothing typed finds all.
    """
    words = typed.casefold().split()
    ranked = [
        (place, command)
        for command in commands
        if (place := rank(words, command.title, command.category.value)) is not None
    ]
    return [command for _, command in sorted(ranked, key=lambda pair: pair[0])]


def rank(words: Sequence[str], title: str, beside: str) -> int | None:
    """How well something is meant by these words (casefolded): 0 is best, None not at all.

    Args:
        title, beside: its name, and what else it may be found by.
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
