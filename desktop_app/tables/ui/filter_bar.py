"""The filters of a table: a chip for each, which removes it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_app.i18n.translation import N_, tr
from desktop_app.tables.table import CellState, Column, Filter, Table
from desktop_app.tables.ui.cell_texts import GridColumn
from desktop_app.widgets.boxes import FlowLayout
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.text.foreign_text import spoken_text

_FILTERS: Final = (
    (N_("Answered"), (CellState.DONE, CellState.CORRECTED), None),
    (N_("Failed"), (CellState.FAILED,), None),
    (N_("Empty"), (CellState.EMPTY,), None),
    (N_("Corrected"), (CellState.CORRECTED,), None),
    (N_("Passes its check"), (), True),
    (N_("Fails its check"), (), False),
)


def filters_of(column: GridColumn, searched: str) -> list[Filter]:
    """Return the filters that a column offers; `searched` is the text that is searched for."""
    if column.column is None:
        return []
    place = (column.column.id, column.part)
    found = [Filter(*place, text=searched)] if searched else []
    if column.is_question:
        found += [Filter(*place, states=states, passed=passed) for _, states, passed in _FILTERS]
    return found


def filter_text(each: Filter) -> str:
    if each.text:
        return tr("contains “{text}”", text=each.text)
    for label, states, passed in _FILTERS:
        if (states, passed) == (each.states, each.passed):
            return tr(label)
    return ""


class TableFilterBar(QWidget):
    """The filters that are set; hidden without any.

    Attributes:
        filters: all must be met.

    Signals:
        changed(): the user has added or removed a filter.
        removed(): the user has removed one, and its chip had the focus.
    """

    changed = Signal()
    removed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.filters: tuple[Filter, ...] = ()
        self._chips = FlowLayout(parent=self, spacing=6)
        self.hide()

    def add(self, added: Filter) -> None:
        self._set((*self.filters, added))

    def reset(self) -> None:
        """Forget the filters: another table is shown."""
        self.filters = ()

    def show_filters(self, table: Table) -> None:
        """Show the filters, without those of columns that are gone."""
        while (item := self._chips.takeAt(0)) is not None:
            chip = item.widget()
            if chip is not None:
                chip.hide()
                chip.deleteLater()
        self.filters = tuple(each for each in self.filters if table.column(each.column_id))
        for number, each in enumerate(self.filters):
            self._chips.addWidget(self._chip(number, each, table.column(each.column_id)))
        self.setVisible(bool(self.filters))

    def _chip(self, number: int, each: Filter, column: Column | None) -> QWidget:
        label = f"{column.title(each.part) if column else ''}: {filter_text(each)}"
        chip = compact_button(f"{label} ×", f"table-filter-{number}")
        chip.setAccessibleName(spoken_text(tr("Remove filter {name}", name=label)))
        chip.clicked.connect(partial(self._remove, each))
        return chip

    def _remove(self, removed: Filter, *_: object) -> None:
        self.removed.emit()
        self._set([each for each in self.filters if each is not removed])

    def _set(self, filters: Sequence[Filter]) -> None:
        self.filters = tuple(filters)
        self.changed.emit()
