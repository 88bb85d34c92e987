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
        (rank, command) for command in commands if (rank := _rank(words, command)) is not None
    ]
    return [command for _, command in sorted(ranked, key=lambda pair: pair[0])]


def _rank(words: Sequence[str], command: Command) -> int | None:
    title = command.title.casefold()
    text = f"{title} {command.category.value.casefold()}"
    if not all(word in text for word in words):
        return None
    if title.startswith(" ".join(words)):
        return 0
    beginnings = text.split()
    begins = all(any(b.startswith(word) for b in beginnings) for word in words)
    return 1 if begins else 2
