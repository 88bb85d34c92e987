"""The view of a table's cells, in which the rows' names stay in sight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyleOptionViewItem,
    QTableView,
)

from desktop_app.tables.ui.cell_delegate import CELL_WIDTH, CellDelegate
from desktop_app.tables.ui.cell_texts import NAME_KEY
from desktop_app.tables.ui.grid_model import GridModel
from desktop_app.widgets.look.direction import mirrored
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.rows.row_view import CurrentWithFocus

_WIDTHS: Final = {NAME_KEY: 200, "": CELL_WIDTH}  # in pixels at the default text size
_MANY_CELLS: Final = 1_000
_Modifiers = Qt.KeyboardModifier
_NO_TEXT: Final = _Modifiers.ControlModifier | _Modifiers.AltModifier | _Modifiers.MetaModifier


class CellTable(CurrentWithFocus, QTableView):
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


class GridView(CellTable):
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
