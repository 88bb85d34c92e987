"""The editor of a prompt or a preset, beside the list of the library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_app.widgets.library_list import LibraryRow
from desktop_app.widgets.text.name_field import NameField


class EntryEditor(QWidget):
    """The fields of one of the entries of a kind.

    Attributes:
        prefix: what precedes the ids of its entries in the list, which has other ids, too.
        name: the field of the entry's name.
        rows: the rows of all its entries.
        current_id: the id of the shown entry; "" for none.

    Signals:
        rows_changed(): there are other rows.
        select_requested(str row id, bool): show this row; if True, let its name be typed.
    """

    rows_changed = Signal()
    select_requested = Signal(str, bool)

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix
        self.name: NameField
        self.rows: Sequence[LibraryRow] = ()
        self.current_id = ""

    def set_rows(self, rows: Sequence[LibraryRow]) -> None:
        self.rows = [replace(row, id=self.prefix + row.id) for row in rows]
        self.rows_changed.emit()

    def select(self, entry_id: str) -> None:
        """Show an entry of this kind."""
        self.select_requested.emit(self.prefix + entry_id, False)

    def edit(self, entry_id: str) -> None:
        """Show an entry and select its name for typing."""
        self.select_requested.emit(self.prefix + entry_id, True)

    def act(self, action: Callable[[str], object]) -> None:
        """Call an action with the id of the shown entry, once its changes are reported."""
        self.report_edits()
        action(self.current_id)

    def show_entry(self, entry_id: str) -> None:
        """Show the fields of an entry; "" for none."""
        raise NotImplementedError

    def report_edits(self) -> None:
        """Report changes that were not reported yet."""
        raise NotImplementedError

    def begin_new(self) -> None:
        """Create an entry."""
        raise NotImplementedError

    def delete(self, entry_id: str) -> None:
        """Delete an entry, if it can be."""
        raise NotImplementedError

    def focus(self) -> None:
        """Focus the first field, after the row was clicked or Enter was pressed."""
        self.name.setFocus()
