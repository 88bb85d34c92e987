"""The grid of a table: a model that reads windows of rows, the view, and the row of totals.

The model knows the ids of all rows, and the cells of those that were shown lately. A row that is
not there yet is empty, and asked for in `rows_wanted`; nothing is read in the event loop.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QTextCursor,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from desktop_app.i18n.translation import tr
from desktop_app.tables.table import Cell, Column, Row, Window
from desktop_app.tables.ui.cell_texts import (
    EMPTY,
    NAME_KEY,
    GridColumn,
    ShownCell,
    Tone,
    shown_cell,
    shown_name,
)
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.direction import is_mirrored, is_right_to_left, mirrored
from desktop_app.widgets.look.theme import Theme, current_theme, set_role
from desktop_app.widgets.rows.row_view import CurrentWithFocus
from desktop_app.widgets.rows.rows_model import Index
from desktop_app.widgets.text.foreign_text import (
    PlainTextField,
    one_line,
    spoken_text,
    tooltip_text,
)

BLOCK: Final = 64
"""The rows that are read at once."""
MAX_CACHED: Final = 1536
READ_CHARS: Final = 300
"""The characters of a value that the grid reads: more than a cell shows."""
_REFRESH_MS: Final = 120  # between two readings of the cells that a run changes
_WIDTHS: Final = {NAME_KEY: 200, "": 180}  # in pixels at the default text size
_MAX_SPOKEN: Final = 200
_MANY_CELLS: Final = 1_000
_MAX_ELIDED: Final = 4096
_NO_PARENT: Final = QModelIndex()
_Role = Qt.ItemDataRole
_SELECTED: Final[int] = QStyle.StateFlag.State_Selected.value
_HOVERED: Final[int] = QStyle.StateFlag.State_MouseOver.value
_Modifiers = Qt.KeyboardModifier
_NO_TEXT: Final = _Modifiers.ControlModifier | _Modifiers.AltModifier | _Modifiers.MetaModifier
_FOCUSED: Final[int] = QStyle.StateFlag.State_HasFocus.value


class GridModel(QAbstractTableModel):
    """The rows of a table, in the order in which they are shown.

    Attributes:
        columns: those of the grid, first the rows' names.

    Signals:
        rows_wanted(list of ids): read these rows, and give them to `put`.
        sort_requested(str key, bool descending): the user has clicked a heading.
    """

    rows_wanted = Signal(list)
    sort_requested = Signal(str, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns: tuple[GridColumn, ...] = (GridColumn(None),)
        self.ids = array("q")
        self._rows: dict[int, Row] = {}
        self._cells: dict[int, Mapping[str, Cell]] = {}
        self._shown: dict[int, list[ShownCell]] = {}
        self._wanted: dict[int, None] = {}
        self._asked: set[int] = set()
        self._numbers: dict[int, int] | None = None  # of the rows by their ids, made when needed
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._later = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        for timer in (self._soon, self._later):
            timer.timeout.connect(self._request)

    # ------------------------------------------------------------ content

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Set the columns of the table."""
        found = [GridColumn(None)]
        found += [GridColumn(column, part) for column in columns for part in column.parts]
        if tuple(found) == self.columns:
            return
        keys = [each.key for each in self.columns]
        if [each.key for each in found] == keys:  # renamed, or asked otherwise
            self.columns = tuple(found)
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(found) - 1)
        else:
            self.beginResetModel()
            self.columns = tuple(found)
            self.endResetModel()
        self._shown.clear()

    def set_ids(self, ids: array[int]) -> None:
        """Set the rows that are shown, by their ids, in their order."""
        old = self.ids
        if ids == old:
            return
        self._numbers = None
        if len(ids) > len(old) and ids[: len(old)] == old:
            self.beginInsertRows(_NO_PARENT, len(old), len(ids) - 1)
            self.ids = ids
            self.endInsertRows()
            return
        self.beginResetModel()
        self.ids = ids
        self.endResetModel()

    def clear(self) -> None:
        """Forget all rows: another table is shown."""
        self.beginResetModel()
        self.ids, self.columns = array("q"), (GridColumn(None),)
        self._numbers = None
        for store in (self._rows, self._cells, self._shown, self._wanted, self._asked):
            store.clear()
        self.endResetModel()

    def put(self, ids: Sequence[int], window: Window) -> None:
        """Show rows that were read; those that are gone stay empty."""
        self._asked.difference_update(ids)
        for row in window.rows:
            self._rows.pop(row.id, None)  # so that the newest are last
            self._rows[row.id] = row
            self._cells[row.id] = window.cells[row.id]
            self._shown.pop(row.id, None)
        while len(self._rows) > MAX_CACHED:
            oldest = next(iter(self._rows))
            for store in (self._rows, self._cells, self._shown):
                store.pop(oldest, None)
        numbers = [number for row_id in ids if (number := self.number_of(row_id)) >= 0]
        if numbers:
            last = self.index(max(numbers), len(self.columns) - 1)
            self.dataChanged.emit(self.index(min(numbers), 0), last)

    def refresh(self, row_id: int | None = None) -> None:
        """Read a row again soon, or all that are known; until then, they are shown as they were."""
        for each in list(self._rows) if row_id is None else [row_id] * (row_id in self._rows):
            self._wanted[each] = None
        if self._wanted and not self._later.isActive():
            self._later.start()

    def _request(self) -> None:
        wanted = [row_id for row_id in self._wanted if row_id not in self._asked]
        self._wanted.clear()
        self._asked.update(wanted)
        for start in range(0, len(wanted), BLOCK):
            self.rows_wanted.emit(wanted[start : start + BLOCK])

    def _want_block(self, number: int) -> None:
        if self.ids[number] in self._wanted or self.ids[number] in self._asked:
            return
        first = number - number % BLOCK
        for row_id in self.ids[first : first + BLOCK]:
            if row_id not in self._rows and row_id not in self._asked:
                self._wanted[row_id] = None
        if self._wanted and not self._soon.isActive():
            self._soon.start()

    # ------------------------------------------------------------ places

    def knows(self, row_id: int) -> bool:
        """Return True if a row was read."""
        return row_id in self._rows

    def number_of(self, row_id: int) -> int:
        """Return the place of a row; -1 if it is not shown."""
        if self._numbers is None:
            self._numbers = {row_id: number for number, row_id in enumerate(self.ids)}
        return self._numbers.get(row_id, -1)

    def row_id_at(self, index: Index) -> int:
        """Return the id of a row; 0 for none."""
        return self.ids[index.row()] if index.isValid() else 0

    def column_at(self, index: Index) -> GridColumn | None:
        return self.columns[index.column()] if index.isValid() else None

    def row_at(self, index: Index) -> Row | None:
        """Return a row; None if it is not there, or was not read yet."""
        return self._rows.get(self.row_id_at(index))

    def cell_at(self, index: Index) -> Cell | None:
        """Return a cell with the beginnings of its values; None if it has nothing yet."""
        column = self.column_at(index)
        cells = self._cells.get(self.row_id_at(index), {})
        return None if column is None or column.column is None else cells.get(column.column.id)

    def place_of(self, row_id: int, key: str) -> QModelIndex:
        """Return the index of a cell; invalid if it is not shown."""
        number = self.number_of(row_id)
        column = next((n for n, each in enumerate(self.columns) if each.key == key), -1)
        return self.index(number, column) if number >= 0 and column >= 0 else QModelIndex()

    def shown_at(self, index: Index) -> ShownCell | None:
        """Return a cell as it is painted; None if its row was not read yet."""
        number = index.row()
        row_id = self.ids[number]
        shown = self._shown.get(row_id)
        if shown is None:
            row = self._rows.get(row_id)
            if row is None:
                self._want_block(number)
                return None
            cells = self._cells[row_id]
            shown = self._shown[row_id] = [
                shown_name(row) if c.column is None else shown_cell(c, cells.get(c.column.id))
                for c in self.columns
            ]
        return shown[index.column()]

    # ------------------------------------------------------------ Qt's model

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.ids)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:
        """Return a column's title, or a row's name, by which screen readers tell its cells."""
        if orientation is Qt.Orientation.Horizontal:
            if not 0 <= section < len(self.columns):
                return None
            if role == _Role.DisplayRole:
                return one_line(self.columns[section].heading)
            if role == _Role.ToolTipRole:
                return tooltip_text(self.columns[section].title)
            is_number = self.columns[section].is_number
            if role == _Role.TextAlignmentRole:
                return painting.RIGHT if is_number else painting.LEFT
            return None
        if role != _Role.DisplayRole or not 0 <= section < len(self.ids):
            return None
        row = self._rows.get(self.ids[section])
        return "" if row is None else one_line(row.name)

    def data(self, index: Index, role: int = _Role.DisplayRole) -> Any:
        """Return a cell's text, its whole beginning as a tooltip, or what a screen reader says."""
        if role == _Role.DisplayRole:
            shown = self.shown_at(index)
            return "" if shown is None else one_line(shown.text)
        if role == _Role.ToolTipRole:
            shown = self.shown_at(index)
            return None if shown is None else tooltip_text(shown.spoken or shown.text)
        if role == _Role.AccessibleTextRole:
            shown = self.shown_at(index)
            text = "" if shown is None else shown.spoken or shown.text
            return spoken_text(text or tr("Empty"))[:_MAX_SPOKEN]
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Ask for the rows in the order of a column."""
        key = self.columns[column].key if 0 <= column < len(self.columns) else ""
        self.sort_requested.emit(key, order is Qt.SortOrder.DescendingOrder)


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
        return QSize(current_theme().px(_WIDTHS[""]), current_theme().px(30))

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


class _CellTable(CurrentWithFocus, QTableView):
    """A table of cells of equal height, that scrolls by pixels; Tab leaves it."""

    def __init__(self) -> None:
        super().__init__()
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        for header in (self.verticalHeader(), self.horizontalHeader()):
            header.setHighlightSections(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        for set_mode in (self.setVerticalScrollMode, self.setHorizontalScrollMode):
            set_mode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        set_role(self, "figures")

    @property
    def chosen_index(self) -> QModelIndex:
        """Return the current cell, also while the focus is elsewhere; invalid for none."""
        current = self.currentIndex()
        remembered = self._remembered
        if current.isValid() or not remembered.isValid():
            return current
        return self.model().index(remembered.row(), remembered.column())

    def choose(self, index: QModelIndex) -> None:
        """Choose a cell; it becomes current once the view has the focus."""
        if self.hasFocus():
            self.setCurrentIndex(index)
        else:
            self._remembered = QPersistentModelIndex(index)
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.selectionModel().select(index, flags)
        self.scrollTo(index)


class _GridHeader(QHeaderView):
    """The titles of the columns; that of the rows' names stays in sight as they do."""

    def __init__(self, grid: GridView) -> None:
        super().__init__(Qt.Orientation.Horizontal, grid)
        self._grid_view = grid

    def column_at(self, point: QPoint) -> int:
        """Return the column whose title is at a point; -1 for none."""
        names = self._grid_view.names_rect
        return 0 if names.left() <= point.x() <= names.right() else self.logicalIndexAt(point)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        names = self._grid_view.names_rect
        if not names.isEmpty():
            rect = QRect(names.left(), 0, names.width(), self.viewport().height())
            with QPainter(self.viewport()) as painter:
                painter.fillRect(rect, current_theme().ground)
                self.paintSection(painter, rect, 0)

    def _is_on_names(self, event: QMouseEvent) -> bool:
        names = self._grid_view.names_rect
        return names.left() <= event.position().x() < names.right() + 1

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._is_on_names(event):
            super().mousePressEvent(event)
        elif event.button() is Qt.MouseButton.LeftButton:
            self.sectionClicked.emit(0)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if not self._is_on_names(event):
            super().mouseDoubleClickEvent(event)


class GridView(_CellTable):
    """The cells of a table. The rows' names stay in sight when it is scrolled sideways.

    Signals:
        opened(QModelIndex): Enter, or a double click on an answer.
        edit_requested(QModelIndex): F2, or a double click on data.
        clear_requested(), copy_requested(), paste_requested(): Del, Ctrl+C, Ctrl+V.
        menu_requested(QPoint global position): the menu of the current column.
        widths_changed(): the user has changed the width of a column.
    """

    opened = Signal(QModelIndex)
    edit_requested = Signal(QModelIndex)
    clear_requested = Signal()
    copy_requested = Signal()
    paste_requested = Signal()
    menu_requested = Signal(object)
    widths_changed = Signal()

    _selects_by_key = False

    def __init__(self, model: GridModel) -> None:
        super().__init__()
        self._grid = model
        self._place = (0, "")  # of the current cell, while the rows change
        self._edited = QPersistentModelIndex()
        self.setHorizontalHeader(_GridHeader(self))
        self.setModel(model)
        self.setObjectName("table-grid")
        self.delegate = CellDelegate(self)
        self.setItemDelegate(self.delegate)
        # Later: Qt still uses an editor when it has asked to close it.
        self.delegate.closeEditor.connect(self._close_editor, Qt.ConnectionType.QueuedConnection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        header = self.horizontalHeader()
        # Of the view's, it would ask each row whether the whole column is selected.
        header.setSelectionModel(QItemSelectionModel(model, header))
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setMinimumSectionSize(current_theme().px(60))
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._open_header_menu)
        header.sectionClicked.connect(self._sort_by)
        header.sectionResized.connect(lambda *_: self.widths_changed.emit())
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(
            lambda point: self.menu_requested.emit(self.viewport().mapToGlobal(point))
        )
        self.doubleClicked.connect(self._open_or_edit)
        model.modelAboutToBeReset.connect(self._remember_place)
        model.modelReset.connect(self._restore_place)
        model.rowsInserted.connect(self._choose_first)
        self.update_theme()

    def _open_header_menu(self, point: Any) -> None:
        header = self.horizontalHeader()
        assert isinstance(header, _GridHeader)
        column = header.column_at(point)
        row = max(0, self.chosen_index.row())
        self.choose(self._grid.index(row, max(0, column)))
        self.menu_requested.emit(self.horizontalHeader().mapToGlobal(point))

    def _sort_by(self, column: int) -> None:
        """Sort by a column: rising, then falling, then as the rows were added."""
        key = self._grid.columns[column].key
        if key == self._sorted[0]:
            key, is_descending = ("", False) if self._sorted[1] else (key, True)
        else:
            is_descending = False
        self._grid.sort_requested.emit(key, is_descending)

    _sorted: tuple[str, bool] = ("", False)

    def show_order(self, key: str, *, is_descending: bool) -> None:
        """Show by which column the rows are sorted; "" for none."""
        self._sorted = (key, is_descending)
        column = next((n for n, c in enumerate(self._grid.columns) if c.key == key), -1)
        order = Qt.SortOrder.DescendingOrder if is_descending else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(column, order)

    def set_widths(self, widths: Mapping[str, int]) -> None:
        """Set the widths of columns, by their keys, in pixels at the default text size."""
        px = current_theme().px
        self.horizontalHeader().blockSignals(True)
        for number, column in enumerate(self._grid.columns):
            default = _WIDTHS.get(column.key, _WIDTHS[""])
            self.setColumnWidth(number, px(widths.get(column.key, default)))
        self.horizontalHeader().blockSignals(False)

    def widths(self) -> dict[str, int]:
        """Return the widths of columns that differ from the default, as `set_widths` takes them."""
        scale = current_theme().px(1000) / 1000
        found = {}
        for number, column in enumerate(self._grid.columns):
            width = round(self.columnWidth(number) / scale)
            if abs(width - _WIDTHS.get(column.key, _WIDTHS[""])) > 1:
                found[column.key] = width
        return found

    @property
    def selected_columns(self) -> dict[int, tuple[int, ...]]:
        """Return the columns of the selected cells by their rows, or of the current cell."""
        selection: QItemSelection = self.selectionModel().selection()
        found: dict[int, tuple[int, ...]] = {}
        for part in (selection.at(n) for n in range(selection.count())):
            columns = tuple(range(part.left(), part.right() + 1))
            for row in range(part.top(), part.bottom() + 1):
                others = found.get(row)
                found[row] = columns if others is None else tuple(sorted({*others, *columns}))
        current = self.chosen_index
        if not found and current.isValid():
            return {current.row(): (current.column(),)}
        return dict(sorted(found.items()))

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        """Tell screen readers of a selection, unless it is a large one.

        Qt would list all its cells to name the first: 160 ms for 100,000.
        """
        parts = [each.at(n) for each in (selected, deselected) for n in range(each.count())]
        is_large = sum(part.height() * part.width() for part in parts) > _MANY_CELLS
        view = QAbstractItemView if is_large else QTableView
        view.selectionChanged(self, selected, deselected)

    # ------------------------------------------------------------ the rows' names

    def _keeps_names(self) -> bool:
        is_scrolled = self.horizontalScrollBar().value() > 0
        return is_scrolled and self.columnWidth(0) * 2 <= self.viewport().width()

    @property
    def names_rect(self) -> QRect:
        """Return where the names are painted over the scrolled columns; empty if they are not."""
        if self._selects_by_key or not self._keeps_names():
            return QRect()
        area = self.viewport().rect()
        return mirrored(QRect(0, 0, self.columnWidth(0), area.height()), area)

    def indexAt(self, point: QPoint) -> QModelIndex:
        if not self.names_rect.contains(point):
            return super().indexAt(point)
        return self._grid.index(self.rowAt(point.y()), 0)

    def visualRect(self, index: QModelIndex | QPersistentModelIndex) -> QRect:
        rect = super().visualRect(index)
        if index.column() == 0 and not rect.isEmpty() and not self.names_rect.isEmpty():
            rect.moveLeft(self.names_rect.left())
        return rect

    def scrollTo(
        self,
        index: QModelIndex | QPersistentModelIndex,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """Bring a cell on screen, not below the names."""
        bar = self.horizontalScrollBar()
        before, keeps_names = bar.value(), self._keeps_names()
        super().scrollTo(index, hint)
        if index.column() == 0 and keeps_names:
            bar.setValue(before)
        elif index.column() > 0 and self._keeps_names():
            start = self.horizontalHeader().sectionPosition(index.column()) - bar.value()
            bar.setValue(bar.value() - max(0, self.columnWidth(0) - start))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        if dx:  # the names do not move with the pixels that Qt moves
            self.viewport().update()
            self.horizontalHeader().viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        names = self.names_rect & event.rect()
        if names.isEmpty():
            return
        first, last = self.rowAt(names.top()), self.rowAt(names.bottom())
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        focused = self.currentIndex() if self.hasFocus() else QModelIndex()
        with QPainter(self.viewport()) as painter:
            painter.setClipRegion(event.region())
            painter.fillRect(names, current_theme().ground)
            rows = range(first, (last if last >= 0 else len(self._grid.ids) - 1) + 1)
            for index in (self._grid.index(row, 0) for row in rows if first >= 0):
                option.rect = self.visualRect(index)
                option.state = QStyle.StateFlag.State_Enabled
                if self.selectionModel().isSelected(index):
                    option.state |= QStyle.StateFlag.State_Selected
                if index == focused:
                    option.state |= QStyle.StateFlag.State_HasFocus
                self.delegate.paint(painter, option, index)

    # ------------------------------------------------------------ the editor

    @property
    def is_editing(self) -> bool:
        return self._edited.isValid()

    def open_editor(self, index: QModelIndex, text: str, *, is_typed: bool = False) -> None:
        """Let the user change the text of a cell.

        No cell is editable to Qt, which would ask that of each cell that is selected or painted.

        Args:
            is_typed: the user has typed it: it could not be stored, or is the beginning.
        """
        self.delegate.begin(text, is_typed=is_typed)
        self.setFocus()
        self.setCurrentIndex(index)
        self.openPersistentEditor(index)
        self._edited = QPersistentModelIndex(index)
        self.indexWidget(index).setFocus()

    def _close_editor(self, *_signal: object) -> None:
        edited, self._edited = self._edited, QPersistentModelIndex()
        if edited.isValid():
            index = self._grid.index(edited.row(), edited.column())
            editor = self.indexWidget(index)
            had_focus = editor.hasFocus()
            editor.clearFocus()  # which would go to the widget after it
            self.closePersistentEditor(index)
            if had_focus:
                self.setFocus()

    def _open_or_edit(self, index: QModelIndex) -> None:
        column = self._grid.columns[index.column()]
        is_data = column.column is not None and not column.is_question
        (self.edit_requested if is_data else self.opened).emit(index)

    def _remember_place(self) -> None:
        index = self.chosen_index
        if index.isValid() and index.row() < len(self._grid.ids):
            self._place = (self._grid.row_id_at(index), self._grid.columns[index.column()].key)

    def _choose_first(self) -> None:
        if not self.chosen_index.isValid():
            self._restore_place()

    def _restore_place(self) -> None:
        place = self._grid.place_of(*self._place)
        if not place.isValid() and self._grid.ids:
            place = self._grid.index(0, min(1, len(self._grid.columns) - 1))
        if place.isValid():
            self.choose(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open, correct, clear, copy or paste; a letter replaces data; arrows move."""
        key, index = event.key(), self.chosen_index
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self.opened.emit(index)
        elif key == Qt.Key.Key_F2 and index.isValid():
            self.edit_requested.emit(index)
        elif key == Qt.Key.Key_Delete:
            self.clear_requested.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
        elif event.matches(QKeySequence.StandardKey.Paste):
            self.paste_requested.emit()
        elif event.text().isprintable() and event.text() and not event.modifiers() & _NO_TEXT:
            column = self._grid.column_at(index)
            if column is not None and column.column is not None and not column.is_question:
                self.open_editor(index, event.text(), is_typed=True)
            else:
                event.ignore()  # Qt would search the column, which has no texts yet
        else:
            # Qt selects from where the first cell is to where the last is, below the names, too.
            self._selects_by_key = True
            super().keyPressEvent(event)
            self._selects_by_key = False

    def event(self, event: QEvent) -> bool:
        """Take the keys of the grid before the window's shortcuts, such as F2."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            is_own = event.key() in (Qt.Key.Key_F2, Qt.Key.Key_Delete) and not event.modifiers()
            if is_own or event.matches(QKeySequence.StandardKey.Copy):
                event.accept()
                return True
        return super().event(event)

    def update_theme(self) -> None:
        self.verticalHeader().setDefaultSectionSize(current_theme().px(30))


class FootModel(QAbstractTableModel):
    """The rows of totals: for each its label, and a text for each column of the grid."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._titles: list[str] = []
        self.lines: list[tuple[str, list[str]]] = []
        self._has_labels_within = False

    def write_labels_within(self, is_wanted: bool) -> None:
        """Write the label of each row before each of its texts, or no longer."""
        if is_wanted != self._has_labels_within and self.lines:
            self._has_labels_within = is_wanted
            last = self.index(len(self.lines) - 1, len(self._titles) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def set_lines(self, titles: Sequence[str], lines: Sequence[tuple[str, list[str]]]) -> None:
        """Set the totals; `titles` are those of the grid's columns."""
        if (list(titles), list(lines)) != (self._titles, self.lines):
            self.beginResetModel()
            self._titles, self.lines = list(titles), list(lines)
            self.endResetModel()

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._titles)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:
        if role != _Role.DisplayRole:
            return None
        if orientation is Qt.Orientation.Horizontal:
            return self._titles[section]
        return self.lines[section][0]

    def data(self, index: Index, role: int = _Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        label, texts = self.lines[index.row()]
        if role == _Role.DisplayRole and index.column() > 0:
            text = one_line(texts[index.column()])
            return f"{label}: {text}" if text and self._has_labels_within else text
        if role == _Role.DisplayRole:
            return label
        if role == _Role.ForegroundRole:
            return current_theme().dim if index.column() == 0 else current_theme().text
        return current_theme().note() if role == _Role.FontRole else None


class FootView(_CellTable):
    """The totals below the grid, whose columns are as wide and scroll with it."""

    def __init__(self, grid: GridView) -> None:
        super().__init__()
        self.model_of_lines = FootModel(self)
        self.setModel(self.model_of_lines)
        self.setObjectName("table-totals")
        self.setAccessibleName(spoken_text(tr("Totals")))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalHeader().hide()
        self._source = grid
        grid.horizontalHeader().sectionResized.connect(
            lambda column, _old, width: self.setColumnWidth(column, width)
        )
        bar, own = grid.horizontalScrollBar(), self.horizontalScrollBar()
        bar.valueChanged.connect(own.setValue)
        own.valueChanged.connect(bar.setValue)
        own.valueChanged.connect(self._show_labels)
        self.hide()

    def _show_labels(self, scrolled: int) -> None:
        """Write the labels beside the totals while their column is scrolled away."""
        self.model_of_lines.write_labels_within(scrolled > self.columnWidth(0) // 2)

    def set_lines(self, titles: Sequence[str], lines: Sequence[tuple[str, list[str]]]) -> None:
        """Show the totals; hidden without any."""
        self.model_of_lines.set_lines(titles, lines)
        self.setVisible(bool(lines))
        self.update_theme()

    def update_theme(self) -> None:
        """Fit the rows and columns to the grid."""
        height = current_theme().px(22)
        self.verticalHeader().setMinimumSectionSize(1)
        self.verticalHeader().setDefaultSectionSize(height)
        self.setFixedHeight(len(self.model_of_lines.lines) * height + 2 * self.frameWidth() + 4)
        for column in range(self.model_of_lines.columnCount()):
            self.setColumnWidth(column, self._source.columnWidth(column))
