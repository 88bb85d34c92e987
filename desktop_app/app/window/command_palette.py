"""The command palette: a search field above a list of commands with their shortcuts.

It covers its window, with a card near the top. Esc, a click outside the card or choosing a
command closes it and restores the keyboard focus, before the command runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from PySide6.QtCore import QEvent, QModelIndex, QObject, QRect, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QFrame, QStyleOptionViewItem, QWidget
from shiboken6 import isValid

from desktop_app.shortcuts.command_search import PaletteEntry, find_entries
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.menu_icons import icon_of
from desktop_app.widgets.look.motion import fade_in
from desktop_app.widgets.look.theme import POPUP_SHADOW, RADIUS_CHIP, current_theme
from desktop_app.widgets.rows.row_delegate import RowDelegate
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW, Index, RowsModel
from desktop_app.widgets.text.foreign_text import PlainLabel, spoken_text

# Pixels at the default text size, except `_MAX_ROWS`.
_WIDTH: Final = 560
_MAX_ROWS: Final = 10
_CARD_TOP: Final = 56
"""The distance of the card from the top of the window."""
_FIELD_HEIGHT: Final = 64
"""The height of the card without its list: the search field, with its margins."""
_INSET: Final = 12
_ICON: Final = 16


class PaletteRow(Protocol):
    """A row: an entry of the palette, or what a search has found."""

    @property
    def title(self) -> str:
        """Return the text of the row."""

    @property
    def accessible_text(self) -> str:
        """Return the text for screen readers."""


class CommandDelegate(RowDelegate):
    """The painter of an entry: its title, its note and, at the end, its shortcut."""

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = current_theme()
        px = theme.px
        entry: PaletteEntry = index.data(ROW)
        keys = entry.keys
        rect = self.row_rect(option).adjusted(px(_INSET), 0, -px(_INSET), 0)
        if keys:
            width, height = painting.key_size(theme, keys)
            key_rect = QRect(rect.right() - width, rect.center().y() - height // 2, width, height)
            painting.draw_key(painter, theme, key_rect, keys, theme.dim)
            rect.setRight(key_rect.left() - px(8))
        if name := icon_of(entry.id):
            icon_rect = QRect(rect.left(), rect.top(), px(_ICON), rect.height())
            painting.draw_icon(painter, icon_rect, name, theme.dim, px(_ICON))
        rect.setLeft(rect.left() + px(_ICON + _INSET))
        painting.draw_text(painter, rect, entry.title, theme.interface(), theme.text)
        title_width = painting.text_width(entry.title, theme.interface())
        rect.setLeft(rect.left() + title_width + px(_INSET))
        painting.draw_text(painter, rect, entry.note, theme.note(), theme.dim)


class CommandPalette(QWidget):
    """A search field over a list of entries, of which the user chooses one. See the module.

    Args:
        name: the stable object name.
        label: the accessible name and placeholder.
        empty_text: the text shown if nothing matches.
        delegate: the painter of the rows, None for one of entries alone.

    Attributes:
        entries: the rows that are searched.
    """

    def __init__(
        self,
        window: QWidget,
        name: str,
        label: str,
        empty_text: str,
        delegate: CommandDelegate | None = None,
    ) -> None:
        super().__init__(window)
        self.accessible_role = "Dialog"
        self.setObjectName(name)
        self.setAccessibleName(spoken_text(label))
        self.entries: Sequence[PaletteEntry] = ()
        self._filters: QWidget | None = None
        self._previous_focus: QWidget | None = None
        self._announced_text = ""
        self._card = QFrame(self)
        self._card.setProperty("role", "palette")
        self.field = line_field(label, "command")
        self._tab_stops: list[QWidget] = [self.field]
        self.model: RowsModel[PaletteRow] = RowsModel(
            lambda row: row.title, lambda row: row.accessible_text, self
        )
        self._delegate = delegate or CommandDelegate(self)
        self.view = RowView("commands", self.model, self._delegate)
        self.view.setAccessibleName(spoken_text(label))
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.setUniformItemSizes(False)
        self.empty_label = PlainLabel(empty_text, role="note")
        parts = (self.field, self.view, self.empty_label)
        self._column = column_of(*parts, parent=self._card, margins=10, spacing=8)
        self.field.textChanged.connect(self._show_matches)
        self.field.installEventFilter(self)
        self.view.chosen.connect(self._choose)
        self.hide()

    def update_theme(self) -> None:
        if self.isVisible():
            self._fit()

    def add_filters(self, filters: QWidget, buttons: Sequence[QWidget]) -> None:
        """Add filters below the field, with the buttons that Tab goes to."""
        self._filters = filters
        self._column.insertWidget(1, filters)
        self._tab_stops += buttons

    def open_with(self, entries: Sequence[PaletteEntry]) -> None:
        """Open the palette with these entries and an empty search field, and focus the field."""
        if not self.isVisible():  # otherwise the focus is in the palette itself
            self._previous_focus = QApplication.focusWidget()
        self._announced_text = ""
        self.entries = entries
        self.field.clear()
        self._show_matches("")
        self.window().installEventFilter(self)
        self._fit()
        fade_in(self._card)
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def dismiss(self) -> None:
        """Close the palette and restore the keyboard focus."""
        previous = self._previous_focus
        self._previous_focus = None
        self.window().removeEventFilter(self)
        if previous is not None and isValid(previous):
            # Before hiding, because Qt would focus the next widget, which would be announced.
            # As after a menu, a widget that showed its focus shows it again.
            previous.setFocus(Qt.FocusReason.PopupFocusReason)
        self.hide()
        self.model.set_rows([])  # otherwise Qt reports the hidden rows as shown and focused

    def find_rows(self, typed: str) -> Sequence[PaletteRow]:
        """Return the rows for the typed text, which may be empty."""
        return find_entries(typed, self.entries)

    def run_row(self, row: PaletteRow) -> None:
        """Run what a chosen row does, after the palette has closed."""
        if isinstance(row, PaletteEntry) and row.run is not None:
            row.run()

    def search_again(self) -> None:
        """Search again after rows were added; a row that the user has moved to stays selected."""
        chosen_row = None
        former_index = self.view.currentIndex()
        if former_index.row() > 0:  # the first row is current without a choice of the user
            chosen_row = former_index.data(ROW)
        self._show_matches(self.field.text())
        if chosen_row in self.model.rows:
            position = self.model.rows.index(chosen_row)
            self.view.setCurrentIndex(self.view.model().index(position, 0))
            self._announce_current()

    def _show_matches(self, typed: str) -> None:
        matches = self.find_rows(typed)
        self.model.set_rows(matches)
        self.view.setVisible(bool(matches))
        self.empty_label.setVisible(not matches)
        self.view.setCurrentIndex(self.view.model().index(0, 0))
        self._announce_current()
        if self.isVisible():
            self._fit()

    def _announce_current(self) -> None:
        """Announce the row that Enter runs, because the focus stays in the field."""
        text = self.view.currentIndex().data(Qt.ItemDataRole.AccessibleTextRole)
        if not text:  # nothing matches
            text = self.empty_label.text()
        if text != self._announced_text:  # otherwise every key press would repeat it
            self._announced_text = text
            announce(self.field, text)

    def _choose(self, index: QModelIndex) -> None:
        row: PaletteRow | None = index.data(ROW)
        if row is not None:
            if not (isinstance(row, PaletteEntry) and row.stays):
                self.dismiss()
            self.run_row(row)

    def _fit(self) -> None:
        """Cover the window, with the card below its top edge."""
        px = current_theme().px
        window = self.window()
        self.setGeometry(window.rect())
        width = min(px(_WIDTH), window.width() - 2 * px(_INSET))
        available_height = window.height() - px(_CARD_TOP) - 2 * px(_INSET) - px(_FIELD_HEIGHT)
        if self._filters is not None and not self._filters.isHidden():
            available_height -= self._filters.heightForWidth(width - 2 * px(10)) + px(8)
        row_height = px(self._delegate.height)
        needed_height = sum(
            self.view.sizeHintForIndex(self.view.model().index(row, 0)).height()
            for row in range(self.model.rowCount())
        )
        max_height = min(_MAX_ROWS * row_height, max(row_height, available_height))
        list_height = min(needed_height, max_height)
        self.view.setFixedHeight(list_height)
        self._column.activate()
        self._card.setFixedWidth(width)
        # `adjustSize` would ask for the height at the width that the filters need at least.
        wraps = self._column.hasHeightForWidth()
        height = (
            self._column.totalHeightForWidth(width) if wraps else self._column.sizeHint().height()
        )
        self._card.resize(width, height)
        self._card.move((window.width() - width) // 2, px(_CARD_TOP))
        self.update()

    # ------------------------------------------------------------ events

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Forward keys from the field to the list; close on lost focus; follow resizing."""
        if watched is self.field and event.type() == QEvent.Type.KeyPress:
            return self._handle_key(event)  # type: ignore[arg-type]
        if watched is self.field and event.type() == QEvent.Type.FocusOut:
            # The focus returns from another window or a menu.
            temporary = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
            is_inside = self.isAncestorOf(QApplication.focusWidget() or self.window())
            is_left = not is_inside and event.reason() not in temporary  # type: ignore[attr-defined]
            if self.isVisible() and is_left:
                self._previous_focus = None  # another widget has taken the focus, and keeps it
                self.dismiss()
        if watched is self.window() and event.type() == QEvent.Type.Resize:
            self._fit()
        return super().eventFilter(watched, event)

    def _handle_key(self, event: QKeyEvent) -> bool:
        moves = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
        if event.key() in moves:
            QApplication.sendEvent(self.view, event)
            self._announce_current()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.view.currentIndex())
        else:
            return False
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, is_next: bool) -> bool:
        """Keep Tab within the field and the filters that are shown.

        Qt also calls this if the part with the focus is disabled or hidden. With PySide 6.11, an
        exception here would end the program with a segmentation fault.
        """
        stops = self._tab_stops if is_next else self._tab_stops[::-1]
        focused = self.window().focusWidget()
        position = stops.index(focused) + 1 if focused in stops else 0
        for stop in (*stops[position:], *stops[:position]):
            if stop.isVisible() and stop.isEnabled():
                stop.setFocus(Qt.FocusReason.TabFocusReason)
                return True
        return super().focusNextPrevChild(is_next)  # the palette itself is hidden

    def paintEvent(self, _event: QPaintEvent) -> None:
        px = current_theme().px
        shadow = px(POPUP_SHADOW)
        painting.draw_shadow(QPainter(self), self._card.geometry(), px(RADIUS_CHIP), shadow)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Close the palette on a click outside the card."""
        if not self._card.geometry().contains(event.position().toPoint()):
            self.dismiss()
