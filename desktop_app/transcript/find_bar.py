"""The find bar: a field, the number of matches, Next and Previous."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QToolButton, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import (
    PlainLabel,
    PlainToolButton,
    set_tooltip,
    spoken_text,
)

_TYPING_PAUSE_MS: Final = 120
"""Time without typing after which a search starts."""
_MAX_QUERY_CHARACTERS: Final = 200


class FindBar(QFrame):
    """The bar in which the user enters the text to find.

    Signals:
        changed(str): search for this text. Emitted by `open`, and after a pause in typing or by
            `step`.
        step_requested(int): go to the next (1) or the previous (-1) match.
        close_requested(): the user wants to close the bar.
    """

    changed = Signal(str)
    step_requested = Signal(int)
    close_requested = Signal()

    def __init__(self, parent: QWidget, label: str) -> None:
        super().__init__(parent)
        self.setObjectName("find-bar")
        set_role(self, "card")
        self.field = line_field(label, "find")
        self.field.setMaxLength(_MAX_QUERY_CHARACTERS)
        self.field.setFrame(False)
        self._count = PlainLabel(name="find-count", role="note")
        self._buttons = [
            self._button("find-previous", "chevron-up", tr("Previous match"), "Shift+Return"),
            self._button("find-next", "chevron-down", tr("Next match"), "Return"),
            self._button("find-close", "x", tr("Close"), "Esc"),
        ]
        parts = ((self.field, 1), self._count)
        row_of(*parts, *self._buttons, parent=self, margins=(12, 4, 6, 4), spacing=4)
        self._typing_timer = QTimer(self, singleShot=True, interval=_TYPING_PAUSE_MS)
        self._typing_timer.timeout.connect(self._emit_changed)
        self.field.textChanged.connect(lambda _: self._typing_timer.start())
        previous, following, close = self._buttons
        previous.clicked.connect(lambda: self.step(-1))
        following.clicked.connect(lambda: self.step(+1))
        close.clicked.connect(self.close_requested)
        self.update_theme()
        self.hide()

    def _button(self, name: str, icon: str, label: str, key: str) -> QToolButton:
        button = PlainToolButton(role="quiet", name=name)
        button.setProperty("icon-name", icon)
        set_tooltip(button, tr("{action} ({shortcut})", action=label, shortcut=shortcut_text(key)))
        button.setAccessibleName(spoken_text(label))
        button.setCursor(Qt.CursorShape.ArrowCursor)
        return button

    @property
    def tab_stops(self) -> list[QWidget]:
        """Return the widgets that Tab stops at, in order."""
        return [self.field, *self._buttons]

    def update_theme(self) -> None:
        theme = current_theme()
        size = theme.px(15)
        for button in self._buttons:
            icons.set_icon(button, button.property("icon-name"), theme.dim, size)

    def open(self, query: str = "") -> None:
        """Show the bar with `query`, or with the last query if it is ""."""
        if query:
            self.field.setText(query)
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()
        self._emit_changed()

    def show_count(self, number: int, total: int, is_final: bool) -> None:
        """Show the number of the current match, and the number of matches found so far.

        The number is counted from 1, and is 0 if there is no current match. `is_final` is False
        while the search continues. A hidden bar shows no number, because its search has ended.
        """
        if not self.field.text() or self.isHidden():
            count_text = ""
        elif not total:
            count_text = tr("No matches") if is_final else tr("Searching…")
        elif is_final:
            count_text = tr("{number} of {total}", number=number, total=total)
        else:
            count_text = tr("{number} of {total}…", number=number, total=total)
        if is_final and count_text and count_text != self._count.text():
            announce(self._count, count_text)
        self._count.setText(count_text)
        self._count.setAccessibleName(spoken_text(count_text))
        for button in self._buttons[:2]:
            button.setEnabled(total > 0)

    def _emit_changed(self) -> None:
        self._typing_timer.stop()
        self.changed.emit(self.field.text())

    def step(self, direction: int) -> None:
        """Request the next (1) or the previous (-1) match, or a search for text just typed."""
        if self._typing_timer.isActive():
            self._emit_changed()
        else:
            self.step_requested.emit(direction)

    def hideEvent(self, event: QHideEvent) -> None:
        """Cancel the search that waits for a pause in typing, because the bar is closed."""
        if not event.spontaneous():
            self._typing_timer.stop()
        super().hideEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle Enter and Esc, whichever widget of the bar has the focus."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            is_back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.step(-1 if is_back else +1)
        elif event.key() == Qt.Key.Key_Escape:
            self.close_requested.emit()
        else:
            super().keyPressEvent(event)
