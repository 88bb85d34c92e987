"""The table that is open: what its grid, its menus, its edits and its runs share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.app.session import Session
from desktop_app.domain.errors import UserFacingError
from desktop_app.tables.table import Filter, RowOrder, SortKey, Table
from desktop_app.tables.ui.cell_texts import NAME_KEY
from desktop_app.tables.ui.grid_model import BLOCK, READ_CHARS, GridModel
from desktop_app.tables.ui.grid_view import GridView
from desktop_app.tables.ui.table_runs import TableRuns

_RELOAD_MS: Final = 150
_TYPING_MS: Final = 250
_SETTINGS_MS: Final = 700
ShowStatus = Callable[[UserFacingError | str], object]


class OpenTable(QObject):
    """The open table, with the rows that are shown in the order that the user chose.

    Attributes:
        session, runs, service, store: of the window.
        table: None before the first is open.
        model, grid: its cells.
        search: a text that the shown rows contain; "" for any.
        filters: what they meet beside that.
        show_status: shows a message at the foot of the page; "" hides it.

    Signals:
        closed(): another table is about to be shown.
        changed(): the name, columns, order or filters may have changed.
        rows_changed(): other rows are shown.
        loaded(list of runs): all is shown as it is now, with the runs that are not over.
        filled(): the first rows are shown, too.
        gone(): the table was removed.
    """

    closed = Signal()
    changed = Signal()
    rows_changed = Signal()
    loaded = Signal(list)
    filled = Signal()
    gone = Signal()

    def __init__(self, session: Session, runs: TableRuns, show_status: ShowStatus) -> None:
        super().__init__(session.window)
        self.session, self.runs, self.show_status = session, runs, show_status
        self.service, self.store = runs.service, runs.service.store
        self.table: Table | None = None
        self.search, self.filters = "", ()
        self._requests: set[tuple[object, ...]] = set()
        self._load_number = 0
        self.model = GridModel(self)
        self.grid = GridView(self.model)
        start = session.tasks.start
        self._reload_timer = self._timer(_RELOAD_MS, lambda: start(self.load()))
        self._search_timer = self._timer(_TYPING_MS, lambda: start(self._load_rows()))
        self._settings_timer = self._timer(_SETTINGS_MS, self._save_widths)
        self.model.rows_wanted.connect(lambda ids: start(self._read_rows(ids)))
        self.model.sort_requested.connect(self.sort)
        self.grid.widths_changed.connect(self._settings_timer.start)

    search: str
    filters: tuple[Filter, ...]

    def _timer(self, interval: int, run: Callable[[], object]) -> QTimer:
        timer = QTimer(self, singleShot=True, interval=interval)
        timer.timeout.connect(run)
        return timer

    def request(self, work: Callable[..., Awaitable[None]], *arguments: object) -> None:
        """Do what the user asks for, once at a time; its errors are shown on the page."""
        key = (work, *map(repr, arguments))

        async def run() -> None:
            self.show_status("")
            try:
                await work(*arguments)
            except UserFacingError as error:
                self.show_status(error)
            finally:
                self._requests.discard(key)

        if key not in self._requests:
            self._requests.add(key)
            self.session.tasks.start(run())

    # ------------------------------------------------------------ the table

    @property
    def id(self) -> str:
        """Return its id; "" for none."""
        return "" if self.table is None else self.table.id

    def is_(self, table_id: str) -> bool:
        """Return True if this table is open."""
        return bool(table_id) and table_id == self.id

    async def open(self, table_id: str) -> None:
        """Show a table. Raises UserFacingError: it is gone, or cannot be read."""
        if table_id != self.id:
            table = await self.service.get(table_id)
            self.closed.emit()
            self.model.clear()
            self._search_timer.stop()
            self.search, self.filters = "", ()
            self.table = table
        await self.load()

    async def load(self) -> None:
        """Show the table as it is now: columns, rows, runs."""
        if self.table is None:
            return
        if self.grid.is_editing:  # what is typed stays in its cell
            self._reload_timer.start()
            return
        self._load_number += 1
        number, table_id = self._load_number, self.id
        table = await self.store.get(table_id)
        if table is None:
            self.gone.emit()
            return
        ids = await self.store.order(table_id, self._order_of(table))
        runs = await self.store.runs(table_id, is_open=True)
        if number != self._load_number or table_id != self.id:
            return
        had_columns = len(self.model.columns) > 1
        self.table = table
        self.filters = tuple(each for each in self.filters if table.column(each.column_id))
        self.model.set_columns(table.columns)
        self.model.set_ids(ids)
        self.model.refresh()
        if not had_columns or not self._settings_timer.isActive():
            self.grid.set_widths(_widths(table), self.hidden)
        self._show_order()
        self.loaded.emit(runs)
        first = list(ids[:BLOCK])
        if first and not self.model.knows(first[0]):  # before what takes longer to read
            await self._read_rows(first)
        self.filled.emit()

    async def _load_rows(self) -> None:
        """Show the rows that are searched for, in their order."""
        if self.table is None:
            return
        table, order = self.table, self.order
        ids = await self.store.order(table.id, order)
        if self.is_(table.id) and order == self.order:
            self.model.set_ids(ids)
            self.rows_changed.emit()

    async def _read_rows(self, ids: list[int]) -> None:
        table_id = self.id
        window = await self.store.window(ids, READ_CHARS)
        if self.is_(table_id):
            self.model.put(ids, window)

    def reload_soon(self) -> None:
        """Show the table again: it, or the store, has changed."""
        self._reload_timer.start()

    # ------------------------------------------------------------ order, search, filters, widths

    @property
    def order(self) -> RowOrder:
        """Return which rows are shown, and in which order."""
        return RowOrder() if self.table is None else self._order_of(self.table)

    def _order_of(self, table: Table) -> RowOrder:
        keys = []
        for key, is_descending in _sorting(table):
            column_id, _, part = key.partition("/")
            if key == NAME_KEY or table.column(column_id) is not None:
                keys.append(SortKey(column_id, part, is_descending))
        first, *others = keys or [SortKey("")]
        return RowOrder(*first, self.search, self.filters, tuple(others))

    @property
    def is_filtered(self) -> bool:
        """Return True if only some of the rows are shown."""
        return bool(self.filters or self.search.strip())

    def _show_order(self) -> None:
        self.grid.show_order([] if self.table is None else _sorting(self.table))
        self.changed.emit()

    @property
    def is_sorted(self) -> bool:
        return self.table is not None and bool(_sorting(self.table))

    def sort(self, keys: Sequence[tuple[str, bool]], *_: object) -> None:
        """Sort the rows by columns, by their keys; by none in the order in which they were added.

        Each has whether it is falling.
        """
        self.change_settings(order=[list(each) for each in keys])

    def sort_further(self, key: str, is_descending: bool, *_: object) -> None:
        """Sort rows that are equal by the columns before by one more."""
        if self.table is not None:
            others = [each for each in _sorting(self.table) if each[0] != key]
            self.sort([*others, (key, is_descending)])

    @property
    def hidden(self) -> list[str]:
        """Return the keys of the columns that are not shown."""
        stored = self.table.settings.get("hidden") if self.table is not None else None
        return [str(key) for key in stored] if isinstance(stored, list) else []

    def hide_columns(self, keys: Sequence[str], *_: object) -> None:
        """Show all columns but these."""
        self.change_settings(hidden=list(keys))
        self.grid.set_widths(self.grid.widths(), keys)

    def search_for(self, text: str) -> None:
        """Show only the rows that contain a text, once the user has typed it."""
        self.search = text
        self._search_timer.start()

    def add_filter(self, added: Filter, *_: object) -> None:
        """Show only the rows that meet a filter, too; one with a text takes the search's place."""
        if added.text:
            self.search = ""
        self.set_filters((*self.filters, added))

    def set_filters(self, filters: tuple[Filter, ...]) -> None:
        """Show only the rows that meet all filters."""
        self.filters = filters
        self.changed.emit()
        self.session.tasks.start(self._load_rows())

    def change_settings(self, **changes: object) -> None:
        """Change and save the settings of the page for this table."""
        if self.table is not None:
            self.table = replace(self.table, settings={**self.table.settings, **changes})
            self._show_order()
            self.session.tasks.start(self._save_settings(self.id, changes))
            self.session.tasks.start(self._load_rows())

    async def _save_settings(self, table_id: str, changes: dict[str, object]) -> None:
        def changed(table: Table) -> Table:
            return replace(table, settings={**table.settings, **changes})

        await self.service.change(table_id, changed)

    def _save_widths(self) -> None:
        if self.table is not None and (widths := self.grid.widths()) != _widths(self.table):
            self.table = replace(self.table, settings={**self.table.settings, "widths": widths})
            self.session.tasks.start(self._save_settings(self.id, {"widths": widths}))


def _widths(table: Table) -> dict[str, int]:
    stored = table.settings.get("widths")
    if not isinstance(stored, dict):
        return {}
    return {str(key): width for key, width in stored.items() if isinstance(width, int)}


def _sorting(table: Table) -> list[tuple[str, bool]]:
    stored = table.settings.get("order")
    if not isinstance(stored, list):
        return []
    if len(stored) == 2 and isinstance(stored[0], str):  # of an earlier version
        stored = [stored]
    keys = (each for each in stored if isinstance(each, list) and len(each) == 2 and each[0])
    return [(str(key), bool(is_descending)) for key, is_descending in keys]
