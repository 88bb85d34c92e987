"""The columns of the table of models: texts, and sorting with unknown values last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QObject, QSortFilterProxyModel, Qt

from desktop_app.domain.models.model_entry import ModelRow
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_context, yes_no
from desktop_app.widgets.rows.rows_model import ROW, Index
from desktop_app.widgets.rows.table_model import TableModel
from desktop_app.widgets.text.foreign_text import one_line, tooltip_text

Value = str | int | Decimal | date | bool | None

FAVORITE_COLUMN = 0
NAME_COLUMN = 1
PROVIDER_COLUMN = 2
ENDS_COLUMN = 10


@dataclass(frozen=True)
class _Column:
    """A column of the table.

    Attributes:
        heading, hint: to be translated; the hint is the tooltip of the heading.
        value: returns the value of a row, which the table sorts by.
        text: formats a value.
    """

    heading: str
    value: Callable[[ModelRow], Value]
    text: Callable[[Any], str]
    is_figure: bool = False
    hint: str = ""


def _price_column(heading: str, name: str) -> _Column:
    def value(row: ModelRow) -> Decimal | None:
        return None if row.price is None else getattr(row.price, name)

    hint = N_("US dollars per million tokens")
    return _Column(heading, value, formatting.exact_money, is_figure=True, hint=hint)


_COLUMNS: Final = (
    _Column("★", lambda row: row.is_favorite, lambda is_set: "★" if is_set else "☆"),
    _Column(N_("Model"), lambda row: row.name, str),
    _Column(N_("Provider"), lambda row: row.provider_name, str),
    _Column(N_("Window"), lambda row: row.window, formatting.tokens, is_figure=True),
    _price_column(N_("Input"), "input"),
    _price_column(N_("Cached"), "cached_input"),
    _price_column(N_("Output"), "output"),
    _Column(N_("Images"), lambda row: row.images, yes_no),
    _Column(N_("Tools"), lambda row: row.tools, yes_no),
    _Column(N_("Reasoning"), lambda row: row.reasoning, yes_no),
    _Column(N_("Ends"), lambda row: row.end_date, formatting.short_date),
)


class _Filter(NamedTuple):
    key: str
    label: str
    """To be translated."""
    matches: Callable[[ModelRow], bool]


FILTERS: Final = (
    _Filter("all", N_("All models"), lambda _row: True),
    _Filter("favorites", N_("Favorites"), lambda row: row.is_favorite),
    _Filter("images", N_("With images"), lambda row: bool(row.images)),
    _Filter("tools", N_("With tools"), lambda row: bool(row.tools)),
    _Filter("reasoning", N_("With reasoning"), lambda row: bool(row.reasoning)),
    _Filter("priced", N_("With a known price"), lambda row: row.price is not None),
)


class ModelsTable(TableModel[ModelRow]):
    def __init__(self, parent: QObject | None = None) -> None:
        figures = [number for number, column in enumerate(_COLUMNS) if column.is_figure]
        super().__init__([column.heading for column in _COLUMNS], figures, parent)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.ToolTipRole and orientation is Qt.Orientation.Horizontal:
            hint = N_("Favorite") if section == FAVORITE_COLUMN else _COLUMNS[section].hint
            return tooltip_text(tr(hint)) if hint else None
        return super().headerData(section, orientation, role)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text, or the row itself for the role `ROW`."""
        row = self.row_at(index)
        if row is None or role == ROW:
            return row
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if index.column() == FAVORITE_COLUMN:
                return tr("Favorite") if row.is_favorite else tr("Not a favorite")
            heading = tr(_COLUMNS[index.column()].heading)
            value = self.cell_text(row, index.column())
            return one_line(tr("{heading}: {value}", heading=heading, value=value))
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == NAME_COLUMN:
            return tooltip_text(row.model)
        return super().data(index, role)

    def cell_text(self, row: ModelRow, column: int) -> str:
        value = _COLUMNS[column].value(row)
        return tr_context("value", "unknown") if value is None else _COLUMNS[column].text(value)

    def value(self, index: Index) -> Value:
        """Return the value that a cell is sorted by."""
        return _COLUMNS[index.column()].value(self.rows[index.row()])


class ModelFilter(QSortFilterProxyModel):
    """The models that match a text and a filter; older ones if they are shown, or searched for.

    Unknown values come last, whether sorted ascending or descending.
    """

    def __init__(self, source: ModelsTable) -> None:
        super().__init__(source)
        self._table = source
        self._text = ""
        self._filter = FILTERS[0]
        self.shows_older = False
        self.setSourceModel(source)
        self.setDynamicSortFilter(True)

    def set_filter(self, text: str, key: str) -> None:
        """Show the models of one of `FILTERS` with each word in their names or their id."""
        self._text = text
        self._filter = next(each for each in FILTERS if each.key == key)
        self.invalidate()

    def show_older(self, is_wanted: bool) -> None:
        self.shows_older = is_wanted
        self.invalidate()

    @property
    def older_count(self) -> int:
        """Return the number of older models that are folded, or could be; 0 during a search."""
        if self._text.strip():
            return 0
        return sum(row.is_older and self._filter.matches(row) for row in self._table.rows)

    def filterAcceptsRow(self, row: int, _parent: Index) -> bool:
        model: ModelRow = self._table.index(row, 0).data(ROW)
        if model.is_older and not (self.shows_older or self._text.strip()):
            return False
        return self._filter.matches(model) and model.matches(self._text)

    def lessThan(self, left: Index, right: Index) -> bool:
        left_value = self._table.value(left)
        right_value = self._table.value(right)
        if left_value is None or right_value is None:
            if left_value == right_value:
                return False
            is_descending = self.sortOrder() is Qt.SortOrder.DescendingOrder
            return (right_value is None) != is_descending
        if isinstance(left_value, str) and isinstance(right_value, str):
            return left_value.casefold() < right_value.casefold()
        if left.column() == FAVORITE_COLUMN:
            return bool(left_value) > bool(right_value)
        return bool(left_value < right_value)  # type: ignore[operator]  # of one column, so of one type
