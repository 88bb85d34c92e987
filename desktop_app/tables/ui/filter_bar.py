"""The filters of a table: a chip for each, which removes it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_app.i18n.translation import N_, tr
from desktop_app.tables.table import WHOLE, CellState, Column, Filter
from desktop_app.tables.ui.cell_texts import GridColumn
from desktop_app.tables.ui.open_table import OpenTable
from desktop_app.tables.values import read_date, read_number
from desktop_app.widgets.boxes import FlowLayout
from desktop_app.widgets.buttons.dialog_button import compact_button
from desktop_app.widgets.text.foreign_text import spoken_text

_FILTERS: Final = (
    (N_("Answered"), Filter("", states=(CellState.DONE, CellState.CORRECTED))),
    (N_("Failed"), Filter("", states=(CellState.FAILED,))),
    (N_("Empty"), Filter("", states=(CellState.EMPTY,))),
    (N_("Corrected"), Filter("", states=(CellState.CORRECTED,))),
    (N_("Out of date"), Filter("", states=(CellState.OUTDATED,))),
    (N_("Passes its check"), Filter("", passed=True)),
    (N_("Fails its check"), Filter("", passed=False)),
    (N_("Words not found"), Filter("", is_unproven=True)),
)


def filters_of(column: GridColumn, searched: str) -> list[Filter]:
    """Return the filters that a column offers; `searched` is the text that is searched for."""
    if column.column is None:
        return []
    found = [Filter("", text=searched)] if searched else []
    found += [each for _, each in _FILTERS if column.is_question]
    return [replace(each, column_id=column.column.id, part=column.part) for each in found]


def filter_text(each: Filter) -> str:
    """Return what the shown rows meet."""
    if each.text:
        return tr("contains “{text}”", text=each.text)
    if each.bounds:
        least, _, most = each.bounds.partition("\n")
        return tr("{least} to {most}", least=least or "…", most=most or "…")
    general = replace(each, column_id="", part=WHOLE)
    return next((tr(label) for label, meant in _FILTERS if meant == general), "")


def range_of(column: GridColumn, least: str, most: str) -> Filter | None:
    """Return the filter of numbers or dates between two typed ones; None if one is neither.

    An empty one is no bound.
    """
    bounds = []
    for text in (least.strip(), most.strip()):
        found = (read_number(text) or read_date(text)) if text else None
        if text and found is None:
            return None
        bounds.append(found.number if found is not None else None)
    if column.column is None or bounds == [None, None]:
        return None
    shown = f"{least.strip()}\n{most.strip()}"
    return Filter(column.column.id, column.part, least=bounds[0], most=bounds[1], bounds=shown)


class TableFilterBar(QWidget):
    """The filters that are set; hidden without any.

    Signals:
        removed(): the user has removed one, and its chip had the focus.
    """

    removed = Signal()

    def __init__(self, open_table: OpenTable) -> None:
        super().__init__()
        self._open = open_table
        self._shown: tuple[str, ...] = ()
        self._chips = FlowLayout(parent=self, spacing=6)
        open_table.changed.connect(self._show)
        self.hide()

    def _show(self) -> None:
        table, filters = self._open.table, self._open.filters
        columns = [table.column(each.column_id) if table else None for each in filters]
        labels = tuple(map(_label, filters, columns))
        if labels == self._shown:
            return
        self._shown = labels
        while (item := self._chips.takeAt(0)) is not None:
            chip = item.widget()
            if chip is not None:
                chip.hide()
                chip.deleteLater()
        for number, (each, label) in enumerate(zip(filters, labels, strict=True)):
            self._chips.addWidget(self._chip(number, each, label))
        self.setVisible(bool(filters))

    def _chip(self, number: int, each: Filter, label: str) -> QWidget:
        chip = compact_button(f"{label} ×", f"table-filter-{number}")
        chip.setAccessibleName(spoken_text(tr("Remove filter {name}", name=label)))
        chip.clicked.connect(partial(self._remove, each))
        return chip

    def _remove(self, removed: Filter, *_: object) -> None:
        self.removed.emit()
        self._open.set_filters(tuple(f for f in self._open.filters if f is not removed))


def _label(each: Filter, column: Column | None) -> str:
    return f"{column.title(each.part) if column else ''}: {filter_text(each)}"
