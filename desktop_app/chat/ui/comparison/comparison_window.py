"""A window with answers side by side; a narrow window shows them in tabs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from desktop_app.chat.ui.comparison.answer_column import AnswerColumn
from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import HelpButton, dialog_button
from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import (
    ElidedLabel,
    PlainLabel,
    announce,
    one_line,
    set_tooltip,
)
from desktop_app.widgets.windows import fitting_size

_SIZE: Final = (1240, 760)
_MIN_COLUMN_WIDTH: Final = 300
"""The least width of a column, in pixels at the default text size; narrower ones become tabs."""
_MAX_COMPACT_HEIGHT: Final = 320
"""The height of a narrow window below which only the tabs name the models.

It is in pixels at the default text size.
"""
_MAX_TAB_CHARACTERS: Final = 18


class ComparisonWindow(QDialog):
    """Columns with the answers to one question.

    Attributes:
        columns: the columns, in order.
        marks_button: the switch for marked differences.
        stop_all_button: the button that stops all answers.
        tabs: the tabs that replace the columns in a narrow window.

    Signals:
        marks_toggled(bool): mark the differences, or remove the marks.
        theme_changed(): the colors of marks may have changed.
        stop_all_requested(): stop all answers.
    """

    marks_toggled = Signal(bool)
    theme_changed = Signal()
    stop_all_requested = Signal()

    def __init__(self, question: str, columns: Sequence[AnswerColumn], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("comparison")
        self.setWindowTitle(tr("Compare responses"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.columns = list(columns)
        self._current_index = 0
        self._question = ElidedLabel(question, role="strong")
        self.marks_button = dialog_button(tr("Mark differences"), "comparison-marks")
        self.marks_button.setCheckable(True)
        set_tooltip(self.marks_button, tr("Underline words that only one response has"))
        self.stop_all_button = dialog_button(tr("Stop all"), "comparison-stop")
        self._problem = PlainLabel(name="comparison-problem", role="error", wraps=True)
        self._problem.hide()
        names = [one_line(column.name, _MAX_TAB_CHARACTERS) for column in columns]
        self.tabs = SegmentedControl(
            [(str(index), f"{index + 1} · {name}") for index, name in enumerate(names)],
            name=tr("Responses"),
            padding=6,
            is_small=True,
        )
        self._lay_out()
        self._connect()
        self.update_theme()
        self.resize(fitting_size(_SIZE, parent))
        self.update_buttons()
        self.focus_column(0)

    def _lay_out(self) -> None:
        column_of(
            row_of(
                (self._question, 1),
                self.marks_button,
                self.stop_all_button,
                HelpButton(),
                spacing=8,
            ),
            self._problem,
            (self.tabs, Qt.AlignmentFlag.AlignHCenter),
            (row_of(*((column, 1) for column in self.columns), spacing=10), 1),
            parent=self,
            margins=(16, 12, 16, 12),
            spacing=10,
        )

    def _connect(self) -> None:
        self.marks_button.toggled.connect(self.marks_toggled)
        self.stop_all_button.clicked.connect(self.stop_all_requested)
        self.tabs.chosen.connect(lambda key: self.focus_column(int(key)))
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._on_focus_changed)

    def bind(self, keymap: Keymap) -> None:
        """Bind the shortcuts to the next and the previous column and to Keep."""
        for command_id, action in (
            ("region.next", lambda: self.step_column(+1)),
            ("region.previous", lambda: self.step_column(-1)),
            ("answer.keep", lambda: self.current.keep_button.click()),
        ):
            keys = keymap.shortcut_of(command_id)
            if keys:
                QShortcut(QKeySequence(keys), self).activated.connect(action)

    # ------------------------------------------------------------------ state

    @property
    def current(self) -> AnswerColumn:
        """Return the column with the focus, or the last that had it."""
        return self.columns[self._current_index]

    @property
    def marks_differences(self) -> bool:
        """Return True if the differences are to be marked now: not while an answer streams."""
        return self.marks_button.isChecked() and self.marks_button.isEnabled()

    def update_buttons(self) -> None:
        """Enable the buttons that apply to streaming answers, or those for finished answers."""
        is_streaming = any(column.is_streaming for column in self.columns)
        self.stop_all_button.setEnabled(is_streaming)
        self.marks_button.setEnabled(not is_streaming)

    def set_problem(self, text: str) -> None:
        """Show why an action failed; "" hides the line."""
        self._problem.setText(text)
        self._problem.setVisible(bool(text))
        announce(self._problem, text)

    # ------------------------------------------------------------------ columns and tabs

    def step_column(self, step: int) -> None:
        """Focus the next (+1) or the previous (-1) column."""
        self.focus_column((self._current_index + step) % len(self.columns))

    def focus_column(self, index: int) -> None:
        """Focus a column, and show its tab."""
        self._set_current(index)
        self.columns[index].transcript.setFocus(Qt.FocusReason.TabFocusReason)

    def _set_current(self, index: int) -> None:
        self._current_index = index
        self._show_columns()
        for column in self.columns:
            column.set_current(column is self.current)

    def _on_focus_changed(self, _old: QWidget | None, focused: QWidget | None) -> None:
        if focused is None:
            return
        for index, column in enumerate(self.columns):
            if index != self._current_index and column.isAncestorOf(focused):
                self._set_current(index)

    def _show_columns(self) -> None:
        needed_width = current_theme().px(_MIN_COLUMN_WIDTH) * len(self.columns)
        is_narrow = self.width() < needed_width
        is_compact = is_narrow and self.height() < current_theme().px(_MAX_COMPACT_HEIGHT)
        self.tabs.setVisible(is_narrow)
        self.tabs.set_current(str(self._current_index))
        for index, column in enumerate(self.columns):
            column.setVisible(not is_narrow or index == self._current_index)
            column.set_compact(is_compact)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_columns()

    def update_theme(self) -> None:
        self._show_columns()
        self.theme_changed.emit()
