"""Dialogs of the main window as sheets: a card over the dimmed window, no window of their own.

A dialog stays a window where there is no main window to show it in, as before the library is open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast
from weakref import ref

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QDialog, QFrame, QMainWindow, QMessageBox, QWidget
from shiboken6 import isValid

from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.forms.tab_order import focusable_parts
from desktop_app.widgets.look.theme import current_theme, set_role

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARGIN: Final = 16  # between the card and the window's edge, in pixels at the default text size


class SheetMixin:
    """Opens a dialog as a sheet."""

    _home: ref[QWidget] | None = None  # the parent that it was made with

    def open(self) -> None:
        """Show the dialog over its parent's main window, which takes no keys meanwhile."""
        dialog = cast(QDialog, self)
        if self._home is None and (parent := dialog.parentWidget()) is not None:
            self._home = ref(parent)
        home = None if self._home is None else self._home()
        window = None if home is None else home.window()
        if home is not None and isinstance(window, QMainWindow) and window.isVisible():
            _Shade(window, dialog, home)
        else:
            QDialog.open(dialog)

    def focusNextPrevChild(self, is_forward: bool) -> bool:
        """Keep Tab within the sheet."""
        dialog = cast(QDialog, self)
        has_moved = cast(bool, super().focusNextPrevChild(is_forward))  # type: ignore[misc]
        focused: QWidget | None = dialog.window().focusWidget()  # PySide's types forget None
        if dialog.isWindow() or (focused is not None and dialog.isAncestorOf(focused)):
            return has_moved
        parts = [each for each in focusable_parts(dialog) if _takes_tab(each)]
        if parts:
            reasons = Qt.FocusReason
            parts[0 if is_forward else -1].setFocus(
                reasons.TabFocusReason if is_forward else reasons.BacktabFocusReason
            )
        return True


class Sheet(SheetMixin, QDialog):
    """A dialog that opens as a sheet."""


def _takes_tab(widget: QWidget) -> bool:
    has_policy = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return has_policy and widget.isEnabled() and widget.isVisible()


def open_dialogs() -> Iterator[QDialog]:
    """Yield the visible dialogs: windows, and sheets, the topmost last."""
    for window in QApplication.topLevelWidgets():
        if isinstance(window, QDialog) and window.isVisible():
            yield window
        elif isinstance(window, QMainWindow):
            yield from (shade.dialog for shade in _shades_of(window))


def _shades_of(window: QMainWindow) -> list[_Shade]:
    found = [each for each in window.children() if isinstance(each, _Shade)]
    return [each for each in found if not each.isHidden()]


def _set_contexts(window: QMainWindow, context: Qt.ShortcutContext) -> None:
    """Set where the keys of the window's commands work: in it, or nowhere below a sheet."""
    for action in window.actions():
        action.setShortcutContext(context)


class _Shade(QWidget):
    """Dims the window behind a sheet, and keeps its clicks, keys and focus from it.

    A dialog whose parent has gone is deleted with this.
    """

    def __init__(self, window: QMainWindow, dialog: QDialog, home: QWidget) -> None:
        # Which has questions, that are sheets.
        from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text

        super().__init__(window)
        self.setObjectName("sheet-shade")
        self._window = window
        self.dialog = dialog
        self._home = ref(home)
        self._focused_before: QWidget | None = window.focusWidget()  # PySide's types forget None
        self._card = QFrame(self)
        set_role(self._card, "sheet")
        title = PlainLabel(dialog.windowTitle(), role="title")
        title.setVisible(bool(dialog.windowTitle()) and not isinstance(dialog, QMessageBox))
        if not dialog.accessibleName():
            words = dialog.text() if isinstance(dialog, QMessageBox) else dialog.windowTitle()
            dialog.setAccessibleName(spoken_text(words))
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
        _set_contexts(window, Qt.ShortcutContext.WidgetShortcut)
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.OtherFocusReason)  # Qt tells what has it that it gets it
        dialog.show()
        self._place()
        self._focus_first()

    def _focus_first(self) -> None:
        focused: QWidget | None = self.dialog.focusWidget()  # PySide's types forget None
        if focused is not None and focused is not self.dialog and _takes_tab(focused):
            focused.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            parts = [each for each in focusable_parts(self.dialog) if _takes_tab(each)]
            (parts[0] if parts else self.dialog).setFocus(Qt.FocusReason.OtherFocusReason)

    def _place(self) -> None:
        """Center the card, no larger than the window."""
        margin = current_theme().px(_MARGIN) if self._window.height() > 500 else 0
        self.setGeometry(self._window.rect())
        room = self.size() - QSize(2 * margin, 2 * margin)
        wanted = self._card.sizeHint()
        if self.dialog.minimumSize() != self.dialog.maximumSize():  # as of questions
            wanted = wanted.expandedTo(self._wanted)
        place = QRect(self.rect().topLeft(), wanted.boundedTo(room))
        place.moveCenter(self.rect().center())
        self._card.setGeometry(place)

    def _close(self) -> None:
        if not isValid(self) or self.isHidden():
            return
        self._window.removeEventFilter(self)
        if isValid(self.dialog):
            self.dialog.removeEventFilter(self)
        self.hide()
        if not _shades_of(self._window):
            _set_contexts(self._window, Qt.ShortcutContext.WindowShortcut)
        QTimer.singleShot(0, self, self._release)  # not while the dialog hides
        before = self._focused_before
        if before is not None and isValid(before) and before.isVisible():
            before.setFocus(Qt.FocusReason.OtherFocusReason)

    def _release(self) -> None:
        """Give the dialog back to its parent, for its next opening."""
        is_here = isValid(self.dialog) and self.dialog.parentWidget() is self._card
        home = self._home()
        if is_here and home is not None and isValid(home):
            self.dialog.setParent(home, Qt.WindowType.Dialog)
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() == QEvent.Type.Resize:
            self._place()
        elif watched is self.dialog and event.type() == QEvent.Type.Hide:
            if self.dialog.isHidden():  # not only with the window
                self._close()
        elif watched is self.dialog and event.type() == QEvent.Type.LayoutRequest:
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
