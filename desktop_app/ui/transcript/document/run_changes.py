"""Changes the words of a block from one sequence of runs to another, where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QTextCursor

from desktop_app.rendering.incremental.packed_runs import beyond_alike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtGui import QTextCharFormat

    from desktop_app.rendering.block_model import Run, Runs

_PIECES_COMPARED: Final = 4


def units(text: str) -> int:
    """Positions that a text takes in a document: UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "replace")) // 2


def length(runs: Runs) -> int:
    """Positions that runs take."""
    return sum(units(run.text) for run in runs)


def is_longer(runs: Iterable[Run], count: int) -> bool:
    """Whether runs take more than so many positions."""
    for run in runs:
        count -= units(run.text)
        if count < 0:
            return True
    return False


def alike(old: Runs, new: Runs) -> tuple[int, int]:
    """How many runs two texts begin with alike, and how many characters of the next one."""
    before, old, new = beyond_alike(old, new)
    same = max(0, min(len(old), len(new)) - _PIECES_COMPARED)
    if old[:same] != new[:same]:
        same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    grows = same < min(len(old), len(new)) and not new[same].math  # formulas change as a whole
    if grows and old[same][1:] == new[same][1:]:
        return before + same, _common_length(old[same].text, new[same].text)
    return before + same, 0


def changed_length(runs: Runs, found: tuple[int, int]) -> int:
    """Positions that runs take behind what was `found` alike."""
    same, kept = found
    if kept:
        return length(runs[same + 1 :]) + units(runs[same].text[kept:])
    return length(runs[same:])


def change_words(
    cursor: QTextCursor,
    end: int,
    old: Runs,
    new: Runs,
    found: tuple[int, int],
    format_of: Callable[[Run], QTextCharFormat],
    *,
    parts: int = 0,
) -> None:
    """Bring the text that ends at position `end` from `old` to `new`; what changes of it is parted
    into `parts` blocks more than one, which it is no more. The cursor is left at its end."""
    same, kept = found
    start = end - changed_length(old, found) - parts
    cursor.setPosition(start)
    if start < end:
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
    for number, run in enumerate(new[same:]):
        text = run.text[kept:] if number == 0 else run.text
        if text:
            cursor.insertText(text, format_of(run))


def _common_length(first: str, second: str) -> int:
    """How many characters two texts begin with alike: found by halves, since comparing slices takes
    a moment for a megabyte where comparing characters takes a tenth of a second."""
    if second.startswith(first):  # as where a text grows
        return len(first)
    alike, end = 0, min(len(first), len(second))
    while alike < end:
        middle = (alike + end + 1) // 2
        if first[alike:middle] == second[alike:middle]:
            alike = middle
        else:
            end = middle - 1
    return alike
