"""Dialogs of the main window as sheets: a card over the dimmed window, no window of their own.

A dialog stays a window where there is no main window to show it in, as before the library is open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QDialog, QFrame, QMainWindow, QMessageBox, QWidget
from shiboken6 import isValid

from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import PlainLabel

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARGIN: Final = 16  # between the card and the window's edge, in pixels at the default text size


class _SheetMixin:
    """Opens a dialog as a sheet."""

    def open(self) -> None:
        """Show the dialog over its parent's main window, which takes no keys meanwhile."""
        dialog = cast(QDialog, self)
        parent: QWidget | None = dialog.parentWidget()
        window = None if parent is None else parent.window()
        if isinstance(window, QMainWindow) and window.isVisible():
            _Shade(window, dialog)
        else:
            QDialog.open(dialog)

    def focusNextPrevChild(self, is_forward: bool) -> bool:
        """Keep Tab within the sheet."""
        dialog = cast(QDialog, self)
        if dialog.isWindow():
            return cast(bool, super().focusNextPrevChild(is_forward))  # type: ignore[misc]
        start = QApplication.focusWidget() or dialog
        widget: QWidget | None = start
        while True:
            assert widget is not None
            widget = widget.nextInFocusChain() if is_forward else widget.previousInFocusChain()
            if widget is None or widget is start:
                return True
            if dialog.isAncestorOf(widget) and _takes_tab(widget):
                reasons = Qt.FocusReason
                widget.setFocus(
                    reasons.TabFocusReason if is_forward else reasons.BacktabFocusReason
                )
                return True


class Sheet(_SheetMixin, QDialog):
    """A dialog that opens as a sheet."""


class QuestionSheet(_SheetMixin, QMessageBox):  # type: ignore[misc]  # Qt’s other `open`
    """A question that opens as a sheet."""


def _takes_tab(widget: QWidget) -> bool:
    has_policy = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    proxy: QWidget | None = widget.focusProxy()  # PySide's types forget None
    return has_policy and proxy is None and widget.isEnabled() and widget.isVisible()


def open_dialogs() -> Iterator[QDialog]:
    """Yield the visible dialogs, sheets or windows."""
    for widget in QApplication.allWidgets():
        if isinstance(widget, QDialog) and widget.isVisible():
            yield widget


class _Shade(QWidget):
    """Dims the window behind a sheet, and keeps its clicks, keys and focus from it."""

    def __init__(self, window: QMainWindow, dialog: QDialog) -> None:
        super().__init__(window)
        self.setObjectName("sheet-shade")
        self._window = window
        self._dialog = dialog
        self._parent: QWidget | None = dialog.parentWidget()
        self._focused_before: QWidget | None = window.focusWidget()  # PySide's types forget None
        # The window keeps the keys of its commands to itself, which has the focus never.
        self._contexts = [(action, action.shortcutContext()) for action in window.actions()]
        for action, _ in self._contexts:
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._card = QFrame(self)
        set_role(self._card, "sheet")
        title = PlainLabel(dialog.windowTitle(), role="title")
        title.setVisible(dialog.windowTitle() not in ("", QApplication.applicationDisplayName()))
        size = dialog.size()
        dialog.setParent(self._card, Qt.WindowType.Widget)
        dialog.move(0, 0)  # else Qt would place it as a window
        column_of(
            (title, Qt.AlignmentFlag.AlignHCenter),
            (dialog, 1),
            parent=self._card,
            margins=(0, 12 if not title.isHidden() else 2, 0, 2),
            spacing=0,
        )
        self._wanted = size
        window.installEventFilter(self)
        dialog.installEventFilter(self)
        dialog.destroyed.connect(self._close)
        assert self._parent is not None
        self._parent.destroyed.connect(dialog.deleteLater)
        self.show()
        self.raise_()
        dialog.show()
        self._place()
        self._focus_first()

    def _focus_first(self) -> None:
        focused: QWidget | None = self._dialog.focusWidget()  # PySide's types forget None
        if focused is not None and focused is not self._dialog and _takes_tab(focused):
            focused.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._dialog.setFocus(Qt.FocusReason.OtherFocusReason)
            self._dialog.focusNextPrevChild(True)

    def _place(self) -> None:
        """Center the card, no larger than the window."""
        margin = current_theme().px(_MARGIN) if self._window.height() > 500 else 0
        self.setGeometry(self._window.rect())
        room = self.size() - QSize(2 * margin, 2 * margin)
        wanted = self._card.sizeHint()
        if self._dialog.minimumSize() != self._dialog.maximumSize():  # as of questions
            wanted = wanted.expandedTo(self._wanted)
        place = QRect(self.rect().topLeft(), wanted.boundedTo(room))
        place.moveCenter(self.rect().center())
        self._card.setGeometry(place)

    def _close(self) -> None:
        if not isValid(self):
            return
        for action, context in self._contexts:
            if isValid(action):
                action.setShortcutContext(context)
        self._window.removeEventFilter(self)
        self.hide()
        if isValid(self._dialog):
            self._dialog.removeEventFilter(self)
            parent = self._parent if self._parent is not None and isValid(self._parent) else None
            self._dialog.setParent(parent, Qt.WindowType.Dialog)
        before = self._focused_before
        if before is not None and isValid(before) and before.isVisible():
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() == QEvent.Type.Resize:
            self._place()
        elif watched is self._dialog and event.type() == QEvent.Type.Hide:
            if self._dialog.isHidden():  # not only with the window
                self._close()
        elif watched is self._dialog and event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keep the keys that the dialog did not take from the window."""
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(0, 0, 0, 72))
