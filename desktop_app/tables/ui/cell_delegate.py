"""The painter and the editor of a table's cells."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QTextCursor
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop_app.tables.ui.cell_texts import EMPTY, Tone
from desktop_app.tables.ui.grid_model import GridModel
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.direction import is_mirrored, is_right_to_left, mirrored
from desktop_app.widgets.look.theme import Theme, current_theme, set_role
from desktop_app.widgets.rows.rows_model import Index
from desktop_app.widgets.text.foreign_text import PlainTextField, one_line, spoken_text

CELL_WIDTH: Final = 180
"""The width of a column, in pixels at the default text size."""
_MAX_ELIDED: Final = 4096
_SELECTED: Final[int] = QStyle.StateFlag.State_Selected.value
_HOVERED: Final[int] = QStyle.StateFlag.State_MouseOver.value
_FOCUSED: Final[int] = QStyle.StateFlag.State_HasFocus.value


class _Look:
    """What cells are painted with: made once for a theme, because a frame has some 200 cells."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.inset, self.mark = theme.px(6), theme.px(12)
        self.is_mirrored = is_mirrored()
        self.colors = {
            Tone.VALUE: theme.text,
            Tone.FAINT: theme.faint,
            Tone.ERROR: theme.error,
            Tone.WARNING: theme.warning,
        }
        self._fonts = (theme.interface(), theme.note())
        self._metrics = tuple(map(QFontMetrics, self._fonts))
        self._elided = lru_cache(_MAX_ELIDED)(self._elide)
        # Not the method itself: to wrap one, its documentation is made, which takes 90 ms.
        self._width = lru_cache(_MAX_ELIDED)(lambda text: self._metrics[1].horizontalAdvance(text))

    def draw(
        self,
        painter: QPainter,
        rect: QRect,
        text: str,
        color: QColor,
        *,
        is_note: bool = False,
        at_end: bool = False,
    ) -> None:
        """Paint a line, elided, at the beginning or the end of a rectangle."""
        elided, from_right = self._elided(text, rect.width(), is_note)
        painter.setFont(self._fonts[is_note])
        painter.setPen(color)
        painter.drawText(rect, _FLAGS[at_end is not self.is_mirrored, from_right], elided)

    def pages_rect(self, rect: QRect, pages: str) -> QRect:
        """Return the place of the pages in a cell: at its end."""
        inner = rect.adjusted(self.inset, 0, -self.inset, 0)
        width = min(self._width(pages) + 1, inner.width() // 2)
        return mirrored(QRect(inner.right() + 1 - width, inner.top(), width, inner.height()), inner)

    def _elide(self, text: str, width: int, is_note: bool) -> tuple[str, bool]:
        mode = Qt.TextElideMode.ElideRight
        elided = self._metrics[is_note].elidedText(one_line(text), mode, width)
        return elided, is_right_to_left(elided)


def _flags(*, is_at_right: bool, from_right: bool) -> int:
    side = Qt.AlignmentFlag.AlignRight if is_at_right else Qt.AlignmentFlag.AlignLeft
    flags = side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
    direction = Qt.TextFlag.TextForceRightToLeft if from_right else Qt.TextFlag.TextForceLeftToRight
    return int(flags) | int(direction) | int(Qt.TextFlag.TextSingleLine)


_FLAGS: Final = {
    (right, from_right): _flags(is_at_right=right, from_right=from_right)
    for right in (False, True)
    for from_right in (False, True)
}
"""The flags of a line, by its side and its direction."""


class CellDelegate(QStyledItemDelegate):
    """The painter of cells: one line of the value, and the pages that it was taken from.

    Signals:
        text_committed(QModelIndex, str): the user has changed the text of a cell.
        pages_clicked(QModelIndex): the user has clicked the pages of a cell.
    """

    text_committed = Signal(QModelIndex, str)
    pages_clicked = Signal(QModelIndex)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._edited_text = ""
        self._is_typed = False
        self._look: _Look | None = None

    def begin(self, text: str, *, is_typed: bool = False) -> None:
        """Set the whole text of the cell that is edited next.

        Args:
            is_typed: the user has typed it: it could not be stored, or is the beginning.
        """
        self._edited_text, self._is_typed = text, is_typed

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look = self._look
        if look is None or look.theme is not current_theme():
            look = self._look = _Look(current_theme())
        rect: QRect = option.rect
        state: int = option.state.value  # operators of Qt's flags take longer than the painting
        theme = look.theme
        if state & _SELECTED:
            painter.fillRect(rect, theme.selected)
        elif state & _HOVERED:
            painter.fillRect(rect, theme.hover)
        x, y, width, height = rect.x(), rect.y(), rect.width(), rect.height()
        painter.fillRect(x, y + height - 1, width, 1, theme.line)
        painter.fillRect(x if look.is_mirrored else x + width - 1, y, 1, height, theme.line)
        if state & _FOCUSED:
            painter.setPen(theme.accent)
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        model = index.model()
        assert isinstance(model, GridModel)
        shown = model.shown_at(index)
        if shown is None or shown is EMPTY:
            return
        inner = rect.adjusted(look.inset, 0, -look.inset, 0)
        if shown.pages:
            pages = look.pages_rect(rect, shown.pages)
            color = theme.warning if shown.is_unproven else theme.accent
            look.draw(painter, pages, shown.pages, color, is_note=True, at_end=True)
            inner = _before(inner, pages.width() + look.inset)
        if shown.is_corrected:
            size = look.mark
            mark = mirrored(QRect(inner.left(), inner.top(), size, inner.height()), inner)
            painting.draw_icon(painter, mark, "pencil", theme.accent, size)
            inner = _after(inner, size + look.inset)
        is_number = model.columns[index.column()].is_number and shown.tone is not Tone.ERROR
        look.draw(painter, inner, shown.text, look.colors[shown.tone], at_end=is_number)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(current_theme().px(CELL_WIDTH), current_theme().px(30))

    def editorEvent(
        self, event: QEvent, _model: Any, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """Report a click on the pages of a cell."""
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonRelease:
            model = index.model()
            assert isinstance(model, GridModel)
            shown = model.shown_at(index)
            rect: QRect = option.rect
            is_left = event.button() is Qt.MouseButton.LeftButton
            if is_left and shown is not None and shown.pages:
                pages = _Look(current_theme()).pages_rect(rect, shown.pages)
                if pages.contains(event.position().toPoint()):
                    self.pages_clicked.emit(model.index(index.row(), index.column()))
                    return True
        return False

    # ------------------------------------------------------------ the editor

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = PlainTextField(parent)
        editor.setObjectName("table-cell-editor")
        set_role(editor, "field")
        title = index.model().headerData(index.column(), Qt.Orientation.Horizontal)
        editor.setAccessibleName(spoken_text(str(title)))
        editor.setTabChangesFocus(True)
        return editor

    def setEditorData(self, editor: QWidget, _index: Index) -> None:
        assert isinstance(editor, PlainTextField)
        if editor.property("is-filled"):
            return  # the model changes while the user types
        editor.setProperty("is-filled", True)
        editor.setPlainText(self._edited_text)
        editor.document().setModified(self._is_typed)
        if self._is_typed:
            editor.moveCursor(QTextCursor.MoveOperation.End)
        else:
            editor.selectAll()

    def setModelData(self, editor: QWidget, _model: Any, index: Index) -> None:
        assert isinstance(editor, PlainTextField)
        # The field converts some characters; that is no change of the user's.
        if editor.document().isModified():
            model = index.model()
            editor.document().setModified(False)  # it is asked once more as it loses the focus
            self.text_committed.emit(model.index(index.row(), index.column()), editor.toPlainText())

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, _index: Index
    ) -> None:
        """Give the editor room for some lines, within the view."""
        theme = current_theme()
        parent = editor.parentWidget()
        assert parent is not None
        area = parent.rect()
        rect = QRect(option.rect)
        rect.setWidth(min(max(rect.width(), theme.px(260)), area.width()))
        rect.setHeight(min(theme.px(96), area.height()))
        rect.moveLeft(max(0, min(rect.left(), area.right() - rect.width())))
        rect.moveTop(max(0, min(rect.top(), area.bottom() - rect.height())))
        editor.setGeometry(rect)

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """Commit on Enter; Shift+Enter begins a line. Discard on Esc."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            assert isinstance(editor, PlainTextField)
            is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if event.key() == Qt.Key.Key_Escape:
                editor.document().setModified(False)
            elif is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.commitData.emit(editor)
                self.closeEditor.emit(editor)
                return True
        return super().eventFilter(editor, event)


def _before(rect: QRect, width: int) -> QRect:
    """Return a rectangle without the end of its line."""
    return mirrored(rect.adjusted(0, 0, -width, 0), rect)


def _after(rect: QRect, width: int) -> QRect:
    """Return a rectangle without the beginning of its line."""
    return mirrored(rect.adjusted(width, 0, 0, 0), rect)
