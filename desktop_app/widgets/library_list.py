"""A page with a searchable list of named rows under headings, and the editor of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QStyleOptionViewItem, QWidget

from desktop_app.domain.value import Value
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import ElidedButton
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import current_theme, semibold
from desktop_app.widgets.rows.row_delegate import RowDelegate
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW, Index, RowsModel
from desktop_app.widgets.text.foreign_text import set_tooltip, spoken_text
from desktop_app.widgets.text.name_field import NameField

# In pixels at the default text size (see `Theme.px`).
_MAX_WIDTH: Final = 280
_MIN_WIDTH: Final = 130
_INSET: Final = 10
_LIST_STRETCH: Final = 28
_EDITOR_STRETCH: Final = 72


class LibraryRow(Value, frozen=True):
    """A row of the list, or a heading, which has only a title.

    Attributes:
        id: the id of the entry; "" for a heading.
        title: the title of the entry, or the text of the heading.
        note: a note at the end of the row, such as "edited".
        is_faint: True if menus do not offer the entry.
        heading: the heading to show above the row; "" for none.
    """

    id: str
    title: str
    note: str = ""
    is_faint: bool = False
    heading: str = ""

    @property
    def accessible_text(self) -> str:
        return ", ".join(filter(None, (self.title, self.note, self.heading)))

    def matches(self, words: Sequence[str]) -> bool:
        """Return True if the title or heading contains every (casefolded) word."""
        text = f"{self.title} {self.heading}".casefold()
        return all(word in text for word in words)


class LibraryModel(RowsModel[LibraryRow]):
    """The list model of rows under their headings."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda row: row.title, lambda row: row.accessible_text, parent)

    def set_rows(self, rows: Sequence[LibraryRow]) -> None:
        """Set rows, and insert a heading above each group of rows with the same heading."""
        rows_and_headings = []
        heading = ""
        for row in rows:
            if row.heading != heading:
                heading = row.heading
                rows_and_headings.append(LibraryRow(id="", title=heading))
            rows_and_headings.append(row)
        super().set_rows(rows_and_headings)

    def index_of(self, row_id: str) -> QModelIndex:
        """Return the index of a row; invalid if it is not in the list."""
        if row_id:  # headings have the id ""
            for number, row in enumerate(self.rows):
                if row.id == row_id:
                    return self.index(number, 0)
        return QModelIndex()

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return a row's flags; headings are disabled."""
        if index.isValid() and not self.rows[index.row()].id:
            return Qt.ItemFlag.NoItemFlags
        return super().flags(index)


class LibraryDelegate(RowDelegate):
    """The painter of a row or a heading."""

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = current_theme()
        px = theme.px
        row: LibraryRow = index.data(ROW)
        rect = self.row_rect(option).adjusted(px(_INSET), 0, -px(_INSET), 0)
        if not row.id:
            font = theme.note()
            font.setWeight(semibold())
            painting.draw_text(painter, rect.adjusted(0, px(6), 0, 0), row.title, font, theme.dim)
        else:
            if row.note:
                width = painting.text_width(row.note, theme.note()) + 1
                note_rect = rect.adjusted(rect.width() - width, 0, 0, 0)
                painting.draw_text(painter, note_rect, row.note, theme.note(), theme.faint)
                rect.setRight(note_rect.left() - px(8))
            color = theme.faint if row.is_faint else theme.text
            painting.draw_text(painter, rect, row.title, theme.interface(), color)


class LibraryPage(QWidget):
    """A page with a list of rows, and beside it the editor of the selected row.

    Subclasses call `lay_out`, and say what happens to rows.

    Attributes:
        field: the search field above the list.
        list_part: the part of the page with the list.
        name: the field of the selected row's name.
        current_id: the id of the selected row; "" for none.
    """

    def __init__(self, name: str, label: str, find_label: str, new_label: str) -> None:
        """Create the list.

        Args:
            name: a part of the object names of the field, the list and the button.
            label: the accessible name of the list.
            find_label: the placeholder of the search field.
            new_label: the label of the button for a new row.
        """
        super().__init__()
        self._rows: Sequence[LibraryRow] = ()
        self.name: NameField
        self.current_id = ""
        self.field = line_field(find_label, f"find-{name}")
        set_tooltip(self.field, find_label)  # it may be elided
        self.field.installEventFilter(self)
        self._model = LibraryModel(self)
        self.view = RowView(f"{name}-list", self._model, LibraryDelegate(self))
        self.view.setAccessibleName(spoken_text(label))
        self._new_button = ElidedButton(new_label, name=f"new-{name}", role="plain")
        self._new_button.setAutoDefault(False)
        foot = row_of(self._new_button, STRETCH)
        self.list_part = QWidget()
        rows = (self.field, (self.view, 1), foot)
        column_of(*rows, parent=self.list_part, margins=0, spacing=8)

    def lay_out(self, editor: QWidget, placeholder: QWidget) -> QHBoxLayout:
        """Return the list with the editor, or with the placeholder if no row is selected."""
        self._editor = editor
        self._placeholder = placeholder
        self.field.textChanged.connect(lambda _text: self._filter())
        self._new_button.clicked.connect(lambda: self.act(self.begin_new))
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._report_current())
        self.view.delete_pressed.connect(lambda _row: self.act(self.delete))
        self.view.up_pressed_at_top.connect(self.field.setFocus)
        self.view.chosen.connect(lambda _row: self.focus_editor())
        self.name.editingFinished.connect(self.report_edits)
        self.update_theme()
        self.show_row("")
        parts = ((self.list_part, _LIST_STRETCH), (editor, _EDITOR_STRETCH))
        return row_of(*parts, (placeholder, _EDITOR_STRETCH), margins=0, spacing=16)

    # ------------------------------------------------------------ for subclasses

    def show_row(self, row_id: str) -> None:
        """Show the editor of a row, or the placeholder for ""."""
        self._editor.setVisible(bool(row_id))
        self._placeholder.setVisible(not row_id)

    def report_edits(self) -> None:
        """Report changes that were not reported yet."""
        raise NotImplementedError

    def begin_new(self, row_id: str) -> None:
        """Create a row, beside this one if it is not ""."""
        raise NotImplementedError

    def delete(self, row_id: str) -> None:
        """Delete a row, unless it is ""."""
        raise NotImplementedError

    def focus_editor(self) -> None:
        """Focus the first field of the editor, after the row was clicked or Enter was pressed."""
        self.name.setFocus()

    # ------------------------------------------------------------ rows

    def set_rows(self, rows: Sequence[LibraryRow]) -> None:
        """Set the rows. The selected one stays selected; if it is gone, its neighbor is."""
        ids, former = {row.id for row in rows}, [row.id for row in self._rows]
        self._rows = tuple(rows)
        neighbor = ""
        if self.current_id in former and not self.field.text():
            at = former.index(self.current_id)
            nearest = (*former[at:], *reversed(former[:at]))
            neighbor = next((row_id for row_id in nearest if row_id in ids), "")
        self._filter()
        if neighbor:
            self.select(neighbor)
        if not self.current_id and rows:
            self.select(rows[0].id)

    def select(self, row_id: str) -> None:
        """Select a row, clearing a search that hides it."""
        if not self._model.index_of(row_id).isValid():
            self.field.clear()
        index = self.view.row_of(self._model.index_of(row_id))
        if index.isValid():
            self.view.setCurrentIndex(index)

    def edit(self, row_id: str) -> None:
        """Show a row and select its name for typing."""
        self.select(row_id)
        self.name.setFocus(Qt.FocusReason.OtherFocusReason)
        self.name.selectAll()

    def act(self, action: Callable[[str], object]) -> None:
        """Call an action with the id of the selected row, once its changes are reported."""
        self.report_edits()
        action(self.current_id)

    def update_theme(self) -> None:
        px = current_theme().px
        part = self.list_part
        part.setMinimumWidth(max(px(_MIN_WIDTH), self._new_button.sizeHint().width()))
        part.setMaximumWidth(max(part.minimumWidth(), px(_MAX_WIDTH)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Pass arrow keys and Enter from the search field to the list."""
        if watched is self.field and event.type() == QEvent.Type.KeyPress:
            key = event.key()  # type: ignore[attr-defined]
            if key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.view.press(event)
                return True
        return super().eventFilter(watched, event)

    def _filter(self) -> None:
        words = self.field.text().casefold().split()
        previous_id = self.current_id
        self._model.set_rows([row for row in self._rows if row.matches(words)])
        self.view.update_focus_policy()
        index = self.view.row_of(self._model.index_of(previous_id))
        if index.isValid():
            self.view.setCurrentIndex(index)
        elif words or previous_id:  # otherwise `set_rows` chooses the first row
            self.view.ensure_current()
        self._report_current()

    def _report_current(self) -> None:
        selected = self.view.selectedIndexes()
        row_id = selected[0].data(ROW).id if selected else ""
        if row_id != self.current_id:
            self.current_id = row_id
            self.show_row(row_id)
