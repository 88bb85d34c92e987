"""The list of library prompts that match the text typed after `/`.

It never takes the focus, which stays in the text. `PromptCompleter` forwards keys to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QPainter
from PySide6.QtWidgets import QApplication, QFrame, QStyleOptionViewItem

from desktop_app.domain.documents.letter_folding import fold
from desktop_app.i18n.translation import tr
from desktop_app.prompts.prompt import Prompt, preview
from desktop_app.shortcuts.command_search import match_rank
from desktop_app.widgets.accessibility.announcements import announce
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.rows.row_delegate import RowDelegate
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW, Index, RowsModel

_MAX_ROWS: Final = 9
_MAX_PREVIEW_CHARACTERS: Final = 160
# In pixels at the default text size (see `Theme.px`).
_INSET: Final = 12
_EDGE: Final = 6
_CHOOSE_KEYS: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)
_MOVE_KEYS: Final = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


def matching_prompts(typed: str, prompts: Sequence[Prompt]) -> list[Prompt]:
    """Return the prompts with each typed word in their title or folder, best first."""
    words = fold(typed).split()
    ranked = [
        (score, prompt)
        for prompt in prompts
        if (score := match_rank(words, prompt.title, prompt.folder)) is not None
    ]
    return [prompt for _, prompt in sorted(ranked, key=lambda pair: pair[0])]


def _accessible_text(prompt: Prompt) -> str:
    return ", ".join(word for word in (prompt.title, prompt.folder) if word)


class _PromptDelegate(RowDelegate):
    """Delegate that paints the title, the folder and as much of the text as fits."""

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, px = current_theme(), current_theme().px
        prompt: Prompt = index.data(ROW)
        rect = self.row_rect(option).adjusted(px(_INSET), 0, -px(_INSET), 0)
        for text, font, color in (
            (prompt.title, theme.interface(), theme.text),
            (prompt.folder, theme.note(), theme.dim),
            (preview(prompt.text, _MAX_PREVIEW_CHARACTERS), theme.note(), theme.faint),
        ):
            if text and rect.width() > px(24):
                painting.draw_text(painter, rect, text, font, color)
                rect.setLeft(rect.left() + painting.text_width(text, font) + px(_INSET))


class PromptMenu(QFrame):
    """The list of matching prompts. See the module.

    Signals:
        chosen(Prompt): the user chose a prompt by key or click.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("prompt-menu")
        self.setAccessibleName(tr("Prompts"))
        set_role(self, "card")
        self._prompts: Sequence[Prompt] = ()
        self._announced_text = ""
        self.model: RowsModel[Prompt] = RowsModel(
            lambda prompt: prompt.title,
            _accessible_text,
            self,
            tooltip=lambda prompt: prompt.text[:600],
        )
        self._delegate = _PromptDelegate(self)
        self.view = RowView("prompts", self.model, self._delegate)
        self.view.setAccessibleName(tr("Prompts"))
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.chosen.connect(self._choose)
        column_of(self.view, parent=self, margins=_EDGE)
        self.update_theme()

    def set_prompts(self, prompts: Sequence[Prompt]) -> None:
        """Set the prompts to choose from."""
        self._prompts = prompts

    def show_matches(self, typed: str) -> bool:
        """Show the prompts that match; return False if there are none."""
        matches = matching_prompts(typed, self._prompts)
        self.model.set_rows(matches)
        self.view.ensure_current()
        self._select_current()
        self.updateGeometry()
        return bool(matches)

    def handle_key(self, event: QKeyEvent) -> bool:
        """Handle a key while the list is open; return False for keys of the text."""
        if not self.is_list_key(event):
            return False
        if event.key() in _CHOOSE_KEYS:
            self._choose(self.view.currentIndex())
            return True
        if not self._wrap_around(event.key()):
            QApplication.sendEvent(self.view, event)
        self._select_current()
        return True

    @staticmethod
    def is_list_key(event: QKeyEvent) -> bool:
        """Return True if the open list handles the key."""
        is_plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return is_plain and event.key() in (*_CHOOSE_KEYS, *_MOVE_KEYS)

    def _wrap_around(self, key: int) -> bool:
        """Move from the first row up to the last, or back. Return False for any other move."""
        row = self.view.currentIndex().row()
        last_row = self.model.rowCount() - 1
        if key == Qt.Key.Key_Up and row == 0:
            target_row = last_row
        elif key == Qt.Key.Key_Down and row == last_row:
            target_row = 0
        else:
            return False
        self.view.setCurrentIndex(self.view.model().index(target_row, 0))
        return True

    def update_theme(self) -> None:
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        px = current_theme().px
        rows = min(max(1, self.model.rowCount()), _MAX_ROWS)
        return QSize(px(320), rows * px(self._delegate.height) + 2 * px(_EDGE) + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, min(self.sizeHint().height(), current_theme().px(90)))

    def _select_current(self) -> None:
        """Select and announce the row that Enter chooses, because the focus stays in the text."""
        self.view.select_only(self.view.currentIndex())
        text = self.view.currentIndex().data(Qt.ItemDataRole.AccessibleTextRole) or ""
        if text != self._announced_text:  # not again after a key that changed nothing
            self._announced_text = text
            announce(self.view, text)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._announced_text = ""

    def _choose(self, index: QModelIndex) -> None:
        prompt = index.data(ROW)
        if prompt is not None:
            self.chosen.emit(prompt)
