"""Compares the runs of a block and edits only the text that differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QTextCursor

from desktop_app.widgets.text.utf16 import utf16_length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtGui import QTextCharFormat

    from desktop_app.markdown.block_model import Run, Runs

_LAST_RUNS: Final = 4
"""Runs at the end that are compared one by one.

The runs before them are compared as a slice, which is faster.
"""


def is_longer(runs: Iterable[Run], count: int) -> bool:
    """Return True if runs take more than `count` document positions."""
    for run in runs:
        count -= utf16_length(run.text)
        if count < 0:
            return True
    return False


def common_prefix(old: Runs, new: Runs) -> tuple[int, int]:
    """Return the number of equal leading runs, and of equal characters in the next run."""
    equal_runs = max(0, min(len(old), len(new)) - _LAST_RUNS)
    if old[:equal_runs] != new[:equal_runs]:
        equal_runs = 0
    while equal_runs < min(len(old), len(new)) and old[equal_runs] == new[equal_runs]:
        equal_runs += 1
    equal_characters = 0
    if equal_runs < min(len(old), len(new)):
        old_run = old[equal_runs]
        new_run = new[equal_runs]
        # A formula changes as a whole. Other fields than the text are the format.
        if old_run[1:] == new_run[1:] and not new_run.math:
            equal_characters = _common_length(old_run.text, new_run.text)
    return equal_runs, equal_characters


def length_after_prefix(runs: Runs, prefix: tuple[int, int]) -> int:
    """Return the length of runs after a `common_prefix`, in document positions."""
    equal_runs, equal_characters = prefix
    texts = [run.text for run in runs[equal_runs:]]
    if equal_characters:
        texts[0] = texts[0][equal_characters:]
    return sum(map(utf16_length, texts))


def replace_text(
    cursor: QTextCursor,
    end: int,
    old: Runs,
    new: Runs,
    prefix: tuple[int, int],
    format_of: Callable[[Run], QTextCharFormat],
    *,
    joined_blocks: int = 0,
) -> None:
    """Change the text that ends at position `end` from `old` to `new`.

    Move the cursor to the end of the new text.

    Args:
        cursor: the cursor of the current edit.
        end: the document position at which the text ends.
        old: the current runs.
        new: the new runs.
        prefix: the `common_prefix` of both.
        format_of: returns the format of a run.
        joined_blocks: the number of further blocks into which the changed text extends. They
            are joined to its first block.
    """
    equal_runs, equal_characters = prefix
    start = end - length_after_prefix(old, prefix) - joined_blocks
    cursor.setPosition(start)
    if start < end:
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
    for number, run in enumerate(new[equal_runs:]):
        text = run.text[equal_characters:] if number == 0 else run.text
        if text:
            cursor.insertText(text, format_of(run))


def _common_length(first: str, second: str) -> int:
    """Return the length of the common prefix.

    A binary search compares slices, because a loop over the characters of 1 MB takes 0.1 s.
    """
    if second.startswith(first):  # the text grows
        return len(first)
    common = 0
    end = min(len(first), len(second))
    while common < end:
        middle = (common + end + 1) // 2
        if first[common:middle] == second[common:middle]:
            common = middle
        else:
            end = middle - 1
    return common
