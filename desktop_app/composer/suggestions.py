"""Buttons for common questions about the attachments; the send key chooses the first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import SPRING, FlowLayout, row_of
from desktop_app.widgets.forms.tab_order import order_children
from desktop_app.widgets.look.icons import set_icon
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel, set_tooltip

# In pixels at the default text size (see `Theme.px`).
_GAP: Final = 6


class Suggestion(NamedTuple):
    """A question to offer, by the id of its prompt, with a label and the name of an icon."""

    id: str
    label: str
    icon: str


class SuggestionButton(PlainButton):
    """An icon, a label and, for the first suggestion, its `key`."""

    def __init__(self, label: str, icon: str) -> None:
        super().__init__(label, role="suggestion")
        self._icon = icon
        self.key = PlainLabel(role="key")
        row_of(SPRING, self.key, parent=self, margins=(0, 0, 11, 0))
        self.update_theme()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        if self.key.text():
            hint += QSize(self.key.sizeHint().width() + current_theme().px(_GAP), 0)
        return hint

    def update_theme(self) -> None:
        theme = current_theme()
        set_icon(self, self._icon, theme.accent, theme.px(15), disabled=theme.faint)


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

    @property
    def is_empty(self) -> bool:
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

    def set_state(self, *, first_key: str, refusal: str) -> None:
        """Show the key of the first suggestion, and disable all if there is a refusal."""
        self._first_key, self._refusal = first_key, refusal
        self._refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._refresh()

    def update_theme(self) -> None:
        self._refresh()

    def _refresh(self) -> None:
        """Show the state of all buttons; if there is little room, only the first row of them."""
        used_width = 0
        for index, button in enumerate(self._buttons):
            button.setEnabled(not self._refusal)
            set_tooltip(button, self._refusal)
            button.key.setText("" if index else self._first_key)
            button.key.setVisible(bool(button.key.text()))
            button.updateGeometry()
            used_width += button.sizeHint().width()
            fits = index == 0 or used_width <= self.width()
            button.setVisible(fits or not self._is_compact)
            used_width += self._layout.spacing()
