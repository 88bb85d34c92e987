"""The view of a table's cells, in which the rows' names stay in sight."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyleOptionHeader,
    QStyleOptionViewItem,
    QTableView,
)

from desktop_app.tables.table import WHOLE
from desktop_app.tables.ui.cell_delegate import CELL_WIDTH, CellDelegate
from desktop_app.tables.ui.cell_texts import NAME_KEY, GridColumn
from desktop_app.tables.ui.grid_model import GridModel
from desktop_app.widgets.look.direction import mirrored
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.rows.row_view import CurrentWithFocus
from desktop_app.widgets.text.foreign_text import one_line

_WIDTHS: Final = {NAME_KEY: 200, "": CELL_WIDTH}  # in pixels at the default text size
_MANY_CELLS: Final = 1_000
_Modifiers = Qt.KeyboardModifier
_NO_TEXT: Final = _Modifiers.ControlModifier | _Modifiers.AltModifier | _Modifiers.MetaModifier


class CellTable(CurrentWithFocus, QTableView):
    """A table of cells of equal height, that scrolls by pixels; Tab leaves it.

    The first column stays in sight when the others are scrolled sideways.
    """

    _selects_by_key = False

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

    # ------------------------------------------------------------ the rows' names

    @property
    def _names_width(self) -> int:
        return min(self.columnWidth(0), self.viewport().width() // 2)

    @property
    def names_rect(self) -> QRect:
        """Return where the names are painted over the scrolled columns; empty if they are not."""
        if self._selects_by_key or not self.horizontalScrollBar().value():
            return QRect()
        area = self.viewport().rect()
        return mirrored(QRect(0, 0, self._names_width, area.height()), area)

    def indexAt(self, point: QPoint) -> QModelIndex:
        if not self.names_rect.contains(point):
            return super().indexAt(point)
        return self.model().index(self.rowAt(point.y()), 0)

    def visualRect(self, index: QModelIndex | QPersistentModelIndex) -> QRect:
        rect = super().visualRect(index)
        if index.column() == 0 and not rect.isEmpty() and not self.names_rect.isEmpty():
            rect.setLeft(self.names_rect.left())
            rect.setWidth(self.names_rect.width())
        return rect

    def scrollTo(
        self,
        index: QModelIndex | QPersistentModelIndex,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """Bring a cell on screen, not below the names."""
        bar = self.horizontalScrollBar()
        before = bar.value()
        super().scrollTo(index, hint)
        if index.column() == 0 and before:
            bar.setValue(before)
        elif index.column() > 0 and bar.value():
            start = self.horizontalHeader().sectionPosition(index.column()) - bar.value()
            bar.setValue(bar.value() - max(0, self._names_width - start))

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
            rows = range(first, (last if last >= 0 else self.model().rowCount() - 1) + 1)
            for index in (self.model().index(row, 0) for row in rows if first >= 0):
                option.rect = self.visualRect(index)
                option.state = QStyle.StateFlag.State_Enabled
                if self.selectionModel().isSelected(index):
                    option.state |= QStyle.StateFlag.State_Selected
                if index == focused:
                    option.state |= QStyle.StateFlag.State_HasFocus
                self.itemDelegate().paint(painter, option, index)


class _GridHeader(QHeaderView):
    """The titles of the columns; that of the rows' names stays in sight as they do.

    Above the fields of a question stands its name, once.
    """

    def __init__(self, grid: GridView) -> None:
        super().__init__(Qt.Orientation.Horizontal, grid)
        self._grid_view = grid
        self.marks: dict[int, str] = {}
        """Of columns that the rows are sorted by after the first."""

    @property
    def _columns(self) -> Sequence[GridColumn]:
        model = self.model()
        return model.columns if isinstance(model, GridModel) else ()

    @property
    def _line(self) -> int:
        """Return the height of the line with the names of questions; 0 without fields."""
        has_fields = any(each.part != WHOLE for each in self._columns)
        return current_theme().px(16) if has_fields else 0

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width(), current_theme().px(30) + self._line)

    def initStyleOptionForIndex(self, option: QStyleOptionHeader, section: int) -> None:
        super().initStyleOptionForIndex(option, section)
        column = self._columns[section]
        name = one_line(column.title if column.part == WHOLE else column.part)
        option.text = f"{name} {self.marks[section]}" if section in self.marks else name

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        painter.fillRect(rect, current_theme().ground)
        super().paintSection(painter, rect.adjusted(0, self._line, 0, 0), section)

    def _paint_questions(self, painter: QPainter) -> None:
        theme, line, columns = current_theme(), self._line, self._columns
        painter.setFont(theme.note())
        painter.setPen(theme.dim)
        first = 0
        while first < len(columns):
            column, last = columns[first].column, first
            while last + 1 < len(columns) and columns[last + 1].column is column:
                last += 1
            if column is not None and columns[first].part != WHOLE:
                edges = [
                    self.sectionViewportPosition(n) + side * self.sectionSize(n)
                    for n in (first, last)
                    for side in (0, 1)
                ]
                left = max(min(edges), 0)
                area = QRect(left, 0, max(edges) - left, line)
                inner = area.adjusted(theme.px(6), theme.px(2), -theme.px(6), 0)
                metrics = painter.fontMetrics()
                mode = Qt.TextElideMode.ElideRight
                text = metrics.elidedText(one_line(column.name), mode, inner.width())
                painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, text)
                painter.fillRect(inner.left(), line, inner.width(), 1, theme.line)
            first = last + 1

    def column_at(self, point: QPoint) -> int:
        """Return the column whose title is at a point; -1 for none."""
        names = self._grid_view.names_rect
        return 0 if names.left() <= point.x() <= names.right() else self.logicalIndexAt(point)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        names = self._grid_view.names_rect
        with QPainter(self.viewport()) as painter:
            if self._line:
                self._paint_questions(painter)
            if not names.isEmpty():
                rect = QRect(names.left(), 0, names.width(), self.viewport().height())
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
        header.sectionResized.connect(self._on_resized)
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
        """Sort by a column: rising, then falling, then as added; with Shift after the others."""
        key = self._grid.columns[column].key
        is_further = bool(QGuiApplication.keyboardModifiers() & _Modifiers.ShiftModifier)
        was = dict(self._sorted)
        kept = [each for each in self._sorted if is_further and each[0] != key]
        added = [] if was.get(key) else [(key, key in was)]
        self._grid.sort_requested.emit([*kept, *added])

    _sorted: Sequence[tuple[str, bool]] = ()

    def show_order(self, keys: Sequence[tuple[str, bool]]) -> None:
        """Show by which columns the rows are sorted, and whether each is falling."""
        self._sorted = keys
        header = self.horizontalHeader()
        assert isinstance(header, _GridHeader)
        places = {each.key: number for number, each in enumerate(self._grid.columns)}
        first, *others = keys or [("", False)]
        order = Qt.SortOrder.DescendingOrder if first[1] else Qt.SortOrder.AscendingOrder
        header.setSortIndicator(places.get(first[0], -1), order)
        header.marks = {
            places[key]: f"{'▾' if is_descending else '▴'}{number}"
            for number, (key, is_descending) in enumerate(others, 2)
            if key in places
        }
        header.viewport().update()

    # ------------------------------------------------------------ widths

    _own_widths: Mapping[str, int] = {}
    _is_fitting = False

    def set_widths(self, widths: Mapping[str, int], hidden: Collection[str] = ()) -> None:
        """Set the widths of columns that the user chose, by their keys, and those not to show.

        They are in pixels at the default text size. Other columns share the room that is left.
        """
        keys = [each.key for each in self._grid.columns]
        self._own_widths = {key: width for key, width in widths.items() if key in keys}
        for number, key in enumerate(keys):
            self.setColumnHidden(number, number > 0 and key in hidden)
        self._fit_widths()

    def widths(self) -> dict[str, int]:
        """Return the widths of columns that the user chose, as `set_widths` takes them."""
        return dict(self._own_widths)

    def _fit_widths(self) -> None:
        px = current_theme().px
        shown = [n for n in range(len(self._grid.columns)) if not self.isColumnHidden(n)]
        keys = {n: self._grid.columns[n].key for n in shown}
        widths = {
            n: px(self._own_widths.get(key, _WIDTHS.get(key, _WIDTHS[""])))
            for n, key in keys.items()
        }
        # The values need the room more than the names do.
        shares = {n: 3 for n in shown[1:] if keys[n] not in self._own_widths}
        if shares and NAME_KEY not in self._own_widths:
            shares[0] = 1
        room = max(0, self.viewport().width() - sum(widths.values()))
        for n, share in shares.items():
            widths[n] += room * share // sum(shares.values())
        self._is_fitting = True
        for n, width in widths.items():
            self.setColumnWidth(n, width)
        self._is_fitting = False

    def _on_resized(self, section: int, _old: int, width: int) -> None:
        if not self._is_fitting and width and section < len(self._grid.columns):
            scale = current_theme().px(1000) / 1000
            key = self._grid.columns[section].key
            self._own_widths = {**self._own_widths, key: round(width / scale)}
            self.widths_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_widths()

    @property
    def selected_columns(self) -> dict[int, tuple[int, ...]]:
        """Return the columns of the selected cells by their rows, or of the current cell."""
        selection: QItemSelection = self.selectionModel().selection()
        found: dict[int, tuple[int, ...]] = {}
        for part in (selection.at(n) for n in range(selection.count())):
            inside = range(part.left(), part.right() + 1)
            columns = tuple(n for n in inside if not self.isColumnHidden(n))
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
