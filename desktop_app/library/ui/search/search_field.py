"""The two controls above the conversation list: the search field and "New conversation"."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QLineEdit

from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.look import icons
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.mirroring import is_mirrored, margins, mirrored_rect
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.elided_label import ElidedLabel
from desktop_app.widgets.text.foreign_text import (
    PlainButton,
    PlainLabel,
    PlainToolButton,
    set_tooltip,
)


class SearchField(QLineEdit):
    """The search field, with its icon and either its shortcut or a button to clear it.

    Signals:
        down_pressed(): the down arrow was pressed.
    """

    down_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("search")
        self.setAccessibleName(tr("Search conversations"))
        self.setPlaceholderText(tr("Search"))
        self.hint = PlainLabel(parent=self, role="key")
        self.clear_button = PlainToolButton(self, role="quiet")
        self.clear_button.setAccessibleName(tr("Clear search"))
        self.clear_button.setCursor(Qt.CursorShape.ArrowCursor)
        self.clear_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.clear_button.clicked.connect(self.clear)
        self.textChanged.connect(self._place)
        self.update_theme()

    def set_keys(self, keys: str) -> None:
        """Show the field's shortcut; "" for none."""
        self.hint.setText(shortcut_text(keys))
        self._place()

    def update_theme(self) -> None:
        theme = current_theme()
        self.setTextMargins(*margins(theme.px(23), 0, theme.px(22), 0))
        # Qt would align an empty field by the direction of the keyboard's language.
        if is_mirrored():
            self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute)
        else:
            self.setAlignment(Qt.AlignmentFlag.AlignLeading)
        self.clear_button.setIcon(icons.icon("x", theme.dim, theme.px(14)))
        themes.limit_size(self.clear_button, theme.px(26), theme.px(26))
        self._place()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the field on the down arrow; clear it on Esc, unless it is already empty."""
        has_shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.key() == Qt.Key.Key_Down and not has_shift:
            self.down_pressed.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        size = current_theme().px(15)
        with QPainter(self) as painter:
            icon_pixmap = icons.pixmap("search", current_theme().dim, size)
            rect = QRect(current_theme().px(11), (self.height() - size) // 2, size, size)
            painter.drawPixmap(mirrored_rect(rect, self.rect()).topLeft(), icon_pixmap)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the hint and the button at the end."""
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        self.hint.setVisible(not self.text() and bool(self.hint.text()))
        self.clear_button.setVisible(bool(self.text()))
        for widget, gap in ((self.hint, 9), (self.clear_button, 4)):
            widget.adjustSize()
            x = self.width() - widget.width() - current_theme().px(gap)
            y = (self.height() - widget.height()) // 2
            rect = QRect(QPoint(x, y), widget.size())
            widget.move(mirrored_rect(rect, self.rect()).topLeft())


class NewConversationButton(PlainButton):
    """A button that looks like a row and starts a conversation, with its shortcut at the end."""

    def __init__(self) -> None:
        super().__init__(name="new-conversation", role="row")
        self.setAccessibleName(tr("New conversation"))
        self._icon = PlainLabel()
        self.hint = PlainLabel(role="key")
        self._label = ElidedLabel(tr("New conversation"))
        parts = (self._icon, (self._label, 1), (self.hint, Qt.AlignmentFlag.AlignVCenter))
        self._line = row_of(*parts, parent=self, margins=(10, 0, 8, 0), spacing=8)
        self.set_keys("")
        for label in self.findChildren(QLabel):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.update_theme()

    def set_keys(self, keys: str) -> None:
        """Show the button's shortcut (portable text); "" for none."""
        self.hint.setText(shortcut_text(keys))
        self._update_hint()

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        self.setFixedHeight(px(themes.ROW_HEIGHT))
        self._icon.setPixmap(icons.pixmap("square-pen", theme.text, px(16)))
        self._update_hint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the shortcut if there is room for it."""
        super().resizeEvent(event)
        self._update_hint()

    def _update_hint(self) -> None:
        edges = self._line.contentsMargins()
        spacing = self._line.spacing()
        available_width = self.width() - edges.left() - edges.right()
        available_width -= self._icon.sizeHint().width() + spacing
        needed_width = self._label.fontMetrics().horizontalAdvance(self._label.text())
        width_with_hint = needed_width + spacing + self.hint.sizeHint().width()
        self.hint.setVisible(bool(self.hint.text()) and width_with_hint <= available_width)
        # The label lets the mouse through, so the button has the tooltip of an elided label.
        set_tooltip(self, self._label.text() if needed_width > available_width else "")
