"""Marks the words in which compared answers differ."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.rendering.search.word_differences import differing_words

if TYPE_CHECKING:
    from desktop_app.app.tasks import Tasks
    from desktop_app.ui.comparison.comparison_window import ComparisonWindow
    from desktop_app.ui.look.theme import ThemeWatcher


class ComparisonMarks(QObject):
    """The marks in the columns of a window, which its user turns on and off."""

    def __init__(self, window: ComparisonWindow, theme: ThemeWatcher, tasks: Tasks) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self._tasks = tasks
        self._is_closed = False
        window.marks_toggled.connect(self._show_marks)
        window.finished.connect(self._on_finished)
        theme.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Mark the differences of newer answers, or in the colors of another theme."""
        if not self._is_closed and self._window.marks_differences:
            self._show_marks(True)

    def clear(self) -> None:
        """Remove the marks, because an answer is replaced."""
        self._show_marks(False)

    def _on_finished(self) -> None:
        self._is_closed = True

    def _show_marks(self, is_marked: bool) -> None:
        for column in self._window.columns:
            column.mark_differences((), self._theme.current)
        if is_marked:
            self._tasks.start(self._mark_differences())

    async def _mark_differences(self) -> None:
        columns = self._window.columns
        column_words = [column.transcript.differences.words() for column in columns]
        differences = await asyncio.to_thread(differing_words, column_words)
        if not self._is_closed and self._window.marks_differences:
            for column, differs in zip(columns, differences, strict=True):
                column.mark_differences(differs, self._theme.current)
