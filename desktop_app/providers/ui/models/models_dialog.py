"""The table of models to choose from: search, filter, sort, favorites, facts to enter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QMenu, QWidget

from desktop_app.app.session import Session
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.models.model_entry import ModelRow
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.network.origin import canonical_base_url
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.providers.models.model_menu import FAVORITES, favorites_in, model_rows
from desktop_app.providers.ui.models.model_columns import (
    ENDS_COLUMN,
    FAVORITE_COLUMN,
    FILTERS,
    NAME_COLUMN,
    PROVIDER_COLUMN,
    ModelFilter,
    ModelsTable,
)
from desktop_app.widgets.accessible_roles import install_roles
from desktop_app.widgets.boxes import DIALOG_MARGINS, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button, press_focused
from desktop_app.widgets.forms.form_widgets import Combo, line_field
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.rows.rows_model import ROW
from desktop_app.widgets.rows.table_model import RowTable
from desktop_app.widgets.text.foreign_text import PlainLabel, menu_text, set_tooltip

# In pixels at the default text size (see `Theme.px`).
_LEAST_NAME: Final = {NAME_COLUMN: 180, PROVIDER_COLUMN: 90}
_MOST_NAME: Final = 320
_CELL_MARGINS: Final = 14
_MEASURED: Final = 300  # rows, which takes 10 ms


class ModelsPage(QWidget):
    """The page with the table of models."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._session = session
        self._tasks = session.tasks
        self._providers = session.providers
        self._settings_store = session.backend.settings
        self._save_lock = asyncio.Lock()
        self._fill_lock = asyncio.Lock()
        self.setObjectName("models-dialog")
        self.setWindowTitle(tr("Models"))
        self.search = line_field(tr("Find a model"), "models-search")
        self.search.setClearButtonEnabled(True)
        self.filter = Combo(tr("Show"), object_name="models-filter")
        self.filter.fill([(tr(each.label), each.key) for each in FILTERS])
        # The table has its new size only after the page has.
        self._resized = QTimer(self, singleShot=True, interval=0)
        self._resized.timeout.connect(self._fit_columns)
        self._has_chosen_widths = False
        self._model = ModelsTable(self)
        self._filter_model = ModelFilter(self._model)
        self.table = RowTable(self._filter_model)
        self.table.setObjectName("models-table")
        self._count_label = PlainLabel(name="models-count", role="note", wraps=True)
        self._older_button = dialog_button("", "older-models")
        self._older_button.setCheckable(True)
        self._use_button = dialog_button(tr("Use"), "use-model")
        set_tooltip(self._use_button, tr("Use in the current conversation"))
        self._favorite_button = dialog_button(tr("Favorite"), "favorite-model")
        self._favorite_button.setCheckable(True)
        self._edit_button = dialog_button(tr("Edit…"), "edit-model")
        self._refusal_label = PlainLabel(name="edit-refusal", role="note", wraps=True)
        self._build()
        self._connect()
        self.update_theme()
        install_roles(self)

    def _build(self) -> None:
        table = self.table
        table.setAccessibleName(tr("Models"))
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setSortingEnabled(True)
        header = table.horizontalHeader()
        # Measures only the visible rows, because a gateway lists hundreds.
        header.setResizeContentsPrecision(0)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorClearable(True)
        head = row_of((self.search, 1), self.filter, spacing=8)
        buttons = (self._favorite_button, self._edit_button, self._older_button)
        foot = column_of(self._count_label, FlowLayout(self._use_button, *buttons), spacing=8)
        rows = (head, (table, 1), self._refusal_label, foot)
        column_of(*rows, parent=self, margins=DIALOG_MARGINS, spacing=12)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._filter)
        self.filter.currentIndexChanged.connect(lambda _index: self._filter(self.search.text()))
        self.table.horizontalHeader().sectionResized.connect(self._on_resized)
        self.table.horizontalHeader().sortIndicatorChanged.connect(lambda *_: self._fit_columns())
        self.table.doubleClicked.connect(
            lambda index: self._do(self._use) if index.column() != FAVORITE_COLUMN else None
        )
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(
            lambda position: self.sort_menu().popup(self.table.viewport().mapToGlobal(position))
        )
        self.table.clicked.connect(
            lambda index: (
                self._do(self._toggle_favorite) if index.column() == FAVORITE_COLUMN else None
            )
        )
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_buttons())
        self._older_button.toggled.connect(self._show_older)
        self._use_button.clicked.connect(lambda: self._do(self._use))
        self._favorite_button.clicked.connect(lambda: self._do(self._toggle_favorite))
        self._edit_button.clicked.connect(lambda: self._do(self._edit))
        for signal in (self._providers.changed, self._providers.listings_changed):
            signal.connect(self._refresh)

    def open(self) -> None:
        """Show the table, with the model of the open conversation selected."""
        resolved = self._session.setup.resolved
        self._tasks.start(self._open(resolved.profile.id, resolved.model.id))

    def edit(self, provider_id: str, model: str) -> None:
        """Show the form for a model."""
        self._tasks.start(self._open(provider_id, model, with_editor=True))

    async def _open(self, provider_id: str, model: str, *, with_editor: bool = False) -> None:
        rows = await self._fill()
        self.select(provider_id, model)
        self._session.window.show_page(self)
        row = next((row for row in rows if row.key == (provider_id, model)), None)
        if with_editor and row is not None:
            self._edit(row)
        for profile in self._providers.all:
            await self._providers.refresh_listing(profile)

    # ------------------------------------------------------------------ state

    def _refresh(self) -> None:
        if self.isVisible():
            self._tasks.start(self._fill())

    async def _fill(self) -> list[ModelRow]:
        async with self._fill_lock:  # an older run must not overwrite the rows of a newer one
            rows = await self._read_rows()
            self.set_rows(rows)
        return rows

    async def _read_rows(self) -> list[ModelRow]:
        """Return the models of the providers that have a key or need none."""
        rows: list[ModelRow] = []
        favorites = favorites_in(await self._settings_store.all())
        for profile in await self._providers.usable():
            provider_rows = model_rows(
                self._providers.models_of(profile),
                date.today(),  # noqa: DTZ011 — the user's day
                on_device_model=self._providers.on_device_model,
                favorites=favorites,
            )
            is_stored = self._stored_profile(profile) is not None
            rows += [
                replace(
                    row,
                    user_entries=row.user_entries if is_stored else None,
                    is_from_environment=profile.from_environment,
                )
                for row in provider_rows
            ]
        return sorted(rows, key=lambda row: not row.is_favorite)

    def _stored_profile(self, profile: ProviderProfile) -> ProviderProfile | None:
        """Return the profile that stores the user's entries for a provider; None if none can."""
        if not profile.from_environment:
            return None if profile.kind is ProviderKind.ON_DEVICE else profile
        address = canonical_base_url(profile.base_url)
        same_server = (p for p in self._providers.all if canonical_base_url(p.base_url) == address)
        return next((p for p in same_server if not p.from_environment), None)

    def set_rows(self, rows: Sequence[ModelRow]) -> None:
        """Set the models; the current one stays current if it is still shown.

        The table does not scroll, because a provider's list may arrive while the user reads it.
        """
        current = self.current
        bar = self.table.verticalScrollBar()
        scroll_position = bar.value()
        self._model.update_rows(rows, lambda row: row.key)
        self.table.setColumnHidden(ENDS_COLUMN, all(row.end_date is None for row in rows))
        if current is not None:
            self.select(*current.key)
        self._show_count()
        self._show_buttons()
        self._fit_columns()
        bar.setValue(scroll_position)

    def select(self, provider_id: str, model: str) -> None:
        """Make a model current, if the filter shows it; an older one shows all older ones."""
        key = (provider_id, model)
        if any(row.is_older and row.key == key for row in self._model.rows):
            self._older_button.setChecked(True)
        for row in range(self._filter_model.rowCount()):
            index = self._filter_model.index(row, NAME_COLUMN)
            if index.data(ROW).key == key:
                self.table.choose(index)
                self.table.scrollTo(index)
                return

    @property
    def current(self) -> ModelRow | None:
        """Return the model that the buttons apply to; None if no row is current."""
        index = self.table.chosen_index
        row: ModelRow | None = index.data(ROW) if index.isValid() else None
        return row

    @property
    def rows(self) -> list[ModelRow]:
        return [
            self._filter_model.index(row, 0).data(ROW)
            for row in range(self._filter_model.rowCount())
        ]

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        self.table.verticalHeader().setDefaultSectionSize(px(30))
        self.filter.setMinimumWidth(px(150))
        self._has_chosen_widths = False
        self._fit_columns()

    # ------------------------------------------------------------------ events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._resized.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._resized.start()
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        self.search.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Use the model on Enter, or press a focused button; go from search to table on Down."""
        if press_focused(self, event):
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._ensure_current()
            self._do(self._use)
        elif event.key() == Qt.Key.Key_Down and self.search.hasFocus():
            self.table.setFocus(Qt.FocusReason.TabFocusReason)
            self._ensure_current()
        else:
            super().keyPressEvent(event)

    def _ensure_current(self) -> None:
        if self.current is None:
            self.table.choose(self._filter_model.index(0, NAME_COLUMN))

    def sort_menu(self) -> QMenu:
        """Return a menu that sorts the table by a column; descending if it is ascending now."""
        header = self.table.horizontalHeader()
        orders = Qt.SortOrder
        menu = ProgramMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        for column in range(NAME_COLUMN, self._filter_model.columnCount()):
            if self.table.isColumnHidden(column):
                continue
            is_ascending = header.sortIndicatorOrder() is orders.AscendingOrder
            was_sorted = header.sortIndicatorSection() == column and is_ascending
            order = orders.DescendingOrder if was_sorted else orders.AscendingOrder
            heading = str(self._filter_model.headerData(column, Qt.Orientation.Horizontal))
            text = tr("Sort by {column}", column=heading)
            menu.addAction(menu_text(text), partial(self.table.sortByColumn, column, order))
        return menu

    # ------------------------------------------------------------------ actions of the user

    def _use(self, row: ModelRow) -> None:
        """Answer with a model in the open conversation."""
        self._session.events.model_chosen.emit(row)
        self._session.window.pane.close_page()

    def _toggle_favorite(self, row: ModelRow) -> None:
        self._tasks.start(self._store_favorite(row))

    async def _store_favorite(self, row: ModelRow) -> None:
        async with self._save_lock:
            favorites = favorites_in(await self._settings_store.all())
            favorites ^= {row.key}
            await self._settings_store.set(FAVORITES, sorted(map(list, favorites)))
        self._refresh()

    def _edit(self, row: ModelRow) -> None:
        from desktop_app.providers.ui.models.model_editor import ModelEditor

        save = partial(self._save, row.provider_id)
        ModelEditor(row, self._tasks.slot(save), self._session.window).open()

    async def _save(self, provider_id: str, own_model: ModelFacts) -> None:
        async with self._save_lock:
            profile = self._providers.get(provider_id)
            stored_profile = None if profile is None else self._stored_profile(profile)
            if stored_profile is not None:
                await self._providers.save(stored_profile.with_own_model(own_model))

    # ------------------------------------------------------------------ private

    def _filter(self, text: str) -> None:
        self._filter_model.set_filter(text, self.filter.currentData())
        self._show_count()
        self._show_buttons()

    def _show_older(self, is_wanted: bool) -> None:
        self._filter_model.show_older(is_wanted)
        self._show_count()
        self._show_buttons()

    def _do(self, action: Callable[[ModelRow], None]) -> None:
        row = self.current
        if row is not None:
            action(row)

    def _show_count(self) -> None:
        count = self._filter_model.rowCount()
        models = tr_plural("{count} model", "{count} models", count)
        unit = tr("prices in US dollars per million tokens")
        self._count_label.setText(f"{models} · {unit}")
        older = self._filter_model.older_count
        self._older_button.setVisible(bool(older))
        self._older_button.setText(
            tr_plural("Older models ({count})", "Older models ({count})", older)
        )

    def _show_buttons(self) -> None:
        row = self.current
        self._use_button.setEnabled(row is not None)
        self._favorite_button.setEnabled(row is not None)
        self._favorite_button.setChecked(row is not None and row.is_favorite)
        self._edit_button.setEnabled(row is not None and row.user_entries is not None)
        refusal = "" if row is None or row.user_entries is not None else _edit_refusal(row)
        self._refusal_label.setText(refusal)
        self._refusal_label.setVisible(bool(refusal))
        set_tooltip(self._edit_button, refusal or tr("Enter prices, limits, and abilities"))

    def _on_resized(self) -> None:
        if QApplication.mouseButtons():  # the program resizes columns without the mouse
            self._has_chosen_widths = True

    def _fit_columns(self) -> None:
        """Fit the columns to their content, unless the user has chosen a width.

        If the table is too narrow, the names give way: they are whole in the tooltip.
        """
        if self._has_chosen_widths:
            return
        header = self.table.horizontalHeader()
        # With an arrow of the sorting, every heading keeps room for one: 25 pixels.
        header.setSortIndicatorShown(header.sortIndicatorSection() >= 0)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.resizeColumnsToContents()
        px = current_theme().px
        names = (PROVIDER_COLUMN, NAME_COLUMN)
        for column in range(self._model.columnCount()):
            texts = {self._model.cell_text(row, column) for row in self._model.rows[:_MEASURED]}
            widest = max(map(self.table.fontMetrics().horizontalAdvance, texts), default=0)
            width = max(widest + px(_CELL_MARGINS), header.sectionSizeHint(column))
            header.resizeSection(column, min(width, px(_MOST_NAME)))
        excess = header.length() - self.table.viewport().width()
        for column in names:
            width = header.sectionSize(column)
            least = max(px(_LEAST_NAME[column]), header.sectionSizeHint(column))
            header.resizeSection(column, max(min(width, least), width - max(excess, 0)))
            excess -= width - header.sectionSize(column)
        if excess <= 0:
            header.setSectionResizeMode(NAME_COLUMN, QHeaderView.ResizeMode.Stretch)


def _edit_refusal(row: ModelRow) -> str:
    if not row.is_from_environment:
        return tr("Repartee runs this model itself, so there is nothing to edit.")
    return tr(
        "“{provider}” comes from environment variables. Add it in Settings to edit its models.",
        provider=row.provider_name,
    )
