"""Buttons for common questions about the attachments; the send key chooses the first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from PySide6.QtCore import QRect, QSize, Signal
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import FlowLayout
from desktop_app.widgets.forms.tab_order import order_children
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import RADIUS, SEGMENT_HEIGHT, current_theme
from desktop_app.widgets.text.foreign_text import PlainButton, set_tooltip

# In pixels at the default text size (see `Theme.px`).
_PADDING: Final = 11
_ICON: Final = 15
_GAP: Final = 6
_SPACING: Final = 8


class Suggestion(NamedTuple):
    """A question to offer, by the id of its prompt, with a label and the name of an icon."""

    id: str
    label: str
    icon: str


class SuggestionButton(PlainButton):
    """An icon, a label and, for the first suggestion, its key."""

    def __init__(self, label: str, icon: str) -> None:
        super().__init__(label)
        self._icon = icon
        self._key = ""

    def set_key(self, key: str) -> None:
        """Show the key of this suggestion; "" for none."""
        if key != self._key:
            self._key = key
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        px = current_theme().px
        width = 2 * px(_PADDING) + px(_ICON + _GAP)
        width += painting.text_width(self.text(), current_theme().strong())
        if self._key:
            key_width, _ = painting.key_size(current_theme(), self._key)
            width += key_width + px(_GAP)
        return QSize(width, px(SEGMENT_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(current_theme().px(60), current_theme().px(SEGMENT_HEIGHT))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.painter_of(self)
        theme = current_theme()
        px = theme.px
        color = theme.accent if self.isEnabled() else theme.faint
        is_hovered = self.underMouse() and self.isEnabled()
        background = theme.selected if is_hovered else theme.tint
        painting.fill_background(painter, self.rect(), background, px(RADIUS))
        if self.hasFocus():
            painting.draw_outline(painter, self.rect(), theme.accent, px(RADIUS), width=2)
        icon_rect = QRect(px(_PADDING), 0, px(_ICON), self.height())
        painting.draw_icon(painter, icon_rect, self._icon, color, px(_ICON))
        right = self.width() - px(_PADDING)
        if self._key:
            width, height = painting.key_size(theme, self._key)
            key_rect = QRect(right - width, (self.height() - height) // 2, width, height)
            painting.draw_key(painter, theme, key_rect, self._key, theme.dim)
            right = key_rect.left() - px(_GAP)
        left = icon_rect.right() + 1 + px(_GAP)
        text_rect = QRect(left, 0, right - left + 1, self.height())
        painting.draw_text(painter, text_rect, self.text(), theme.strong(), color)


class Suggestions(QWidget):
    """The buttons of all suggestions, in rows.

    Signals:
        chosen(str): the user chose the suggestion with this id.
        changed(): other suggestions are shown.
    """

    chosen = Signal(str)
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._suggestions: tuple[Suggestion, ...] = ()
        self._buttons: list[SuggestionButton] = []
        self._is_compact = False
        self._first_key = self._refusal = ""
        self._layout = FlowLayout(parent=self)
        self.setAccessibleName(tr("Suggestions"))
        self.hide()
        self.update_theme()

    @property
    def is_empty(self) -> bool:
        """Return True if there is no suggestion."""
        return not self._suggestions

    def set_suggestions(self, suggestions: Sequence[Suggestion]) -> None:
        """Show these suggestions, in this order."""
        if tuple(suggestions) == self._suggestions:
            return
        self._suggestions = tuple(suggestions)
        for button in self._buttons:
            self._layout.removeWidget(button)
            button.hide()  # now, because deletion waits for the event loop
            button.deleteLater()
        self._buttons = []
        for suggestion in suggestions:
            button = SuggestionButton(suggestion.label, suggestion.icon)
            button.setObjectName(f"suggest-{suggestion.id}")
            button.clicked.connect(partial(self.chosen.emit, suggestion.id))
            self._layout.addWidget(button)
            self._buttons.append(button)
        order_children(self, self._buttons)
        self.setVisible(bool(suggestions))
        self._refresh()
        self.changed.emit()

    def choose_first(self) -> bool:
        """Choose the first suggestion, unless all are refused. Return False if there is none."""
        if not self._buttons or self._refusal:
            return False
        self._buttons[0].click()
        return True

    def set_compact(self, is_compact: bool) -> None:
        """Show one row of suggestions if there is little room; "/" offers all prompts."""
        self._is_compact = is_compact
        self._refresh()

    def set_first_key(self, key: str) -> None:
        """Show the key of the first suggestion; "" for none."""
        self._first_key = key
        self._refresh()

    def set_refusal(self, refusal: str) -> None:
        """Disable all suggestions with a reason as tooltip; "" enables them."""
        self._refusal = refusal
        self._refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._refresh()

    def update_theme(self) -> None:
        self._layout.setSpacing(current_theme().px(_SPACING))
        self._refresh()

    def _refresh(self) -> None:
        """Show the state of all buttons; if there is little room, only the first row of them."""
        used_width = 0
        for index, button in enumerate(self._buttons):
            button.setEnabled(not self._refusal)
            set_tooltip(button, self._refusal)
            button.set_key("" if index else self._first_key)
            used_width += button.sizeHint().width()
            fits = index == 0 or used_width <= self.width()
            button.setVisible(fits or not self._is_compact)
            used_width += current_theme().px(_SPACING)
