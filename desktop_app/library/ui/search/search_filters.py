"""The filters and the order of a search: small buttons below the search field.

All but "With attachments" open a menu and show the chosen value; active filters are highlighted.
Tab moves from the search field to the buttons. The end of a search resets filters and order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import partial
from typing import Final

from PySide6.QtCore import QDate, Qt, Signal
from PySide6.QtWidgets import (
    QDateEdit,
    QDialog,
    QFormLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from desktop_app.domain.conversations.conversation import Folder, SearchFilter, SearchOrder
from desktop_app.domain.models.variants import Variant
from desktop_app.i18n.formatting import short_date
from desktop_app.i18n.translation import N_, tr, tr_context
from desktop_app.library.ui.rows.date_groups import midnight, today
from desktop_app.widgets.boxes import STRETCH, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.theme import current_theme, set_style_property
from desktop_app.widgets.program_menu import ProgramMenu, add_choice
from desktop_app.widgets.text.foreign_text import PlainButton, set_tooltip, spoken_text

ANYWHERE = N_("Anywhere")
ANY_TIME = N_("Any time")
ANY_VARIANT = N_("Any model")
# Each period with its number of days, today included.
TIMES: Final = (
    (N_("Today"), 1),
    (N_("Past 7 days"), 7),
    (N_("Past 30 days"), 30),
    (N_("Past year"), 365),
)
ORDERS: Final = {SearchOrder.NEWEST: N_("Newest first"), SearchOrder.BEST: N_("Most relevant")}
_MAX_FOLDER_CHARACTERS: Final = 22  # characters of a folder's name


class SearchFilters(QWidget):
    """The filters of a search.

    Signals:
        changed(): repeat the search.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._folders: tuple[Folder, ...] = ()
        self._folder_id: str | None = None
        self._last_days: int | None = None  # including today
        self._day_range: tuple[date, date] | None = None
        self._variant: Variant | None = None
        self.order = SearchOrder.NEWEST
        self.folder_button = self._button("filter-folder", self._fill_folders)
        self.time_button = self._button("filter-time", self._fill_times)
        self.variant_button = self._button("filter-variant", self._fill_variants)
        self.attachment_button = self._button("filter-attachment", None)
        self.attachment_button.setCheckable(True)
        self.order_button = self._button("search-order", self._fill_orders)
        self.attachment_button.toggled.connect(self._apply_change)
        self.buttons = (
            self.folder_button,
            self.time_button,
            self.variant_button,
            self.attachment_button,
            self.order_button,
        )
        FlowLayout(*self.buttons, parent=self, spacing=4)
        self.update_theme()
        self._update_buttons()

    @property
    def current(self) -> SearchFilter:
        """Return the current filters. A period such as "Past 7 days" has no end."""
        since = until = None
        if self._last_days is not None:
            since = midnight(today() - timedelta(days=self._last_days - 1))
        elif self._day_range is not None:
            first, last = self._day_range
            since = midnight(first)
            until = midnight(last + timedelta(days=1))
        return SearchFilter(
            folder_id=self._folder_id,
            variant=self._variant,
            since=since,
            until=until,
            has_attachment=self.attachment_button.isChecked(),
        )

    @property
    def is_active(self) -> bool:
        """Return True if any filter is active."""
        return self.current != SearchFilter()

    def set_folders(self, folders: Iterable[Folder]) -> None:
        """Set the folders to choose from. If the chosen one was removed, search everywhere."""
        self._folders = tuple(folders)
        if self._folder_id not in {None, *(folder.id for folder in self._folders)}:
            self._set_folder(None)
        else:
            self._update_buttons()

    def clear(self) -> None:
        """Reset all filters and the order without emitting `changed`."""
        self._folder_id = None
        self._last_days = None
        self._day_range = None
        self._variant = None
        self.order = SearchOrder.NEWEST
        self.attachment_button.blockSignals(True)
        self.attachment_button.setChecked(False)
        self.attachment_button.blockSignals(False)
        self._update_buttons()

    def update_theme(self) -> None:
        theme = current_theme()
        for button in self.buttons:
            if button.menu() is not None:
                icons.set_icon(button, "chevron-down", theme.dim, theme.px(12))
                # Places the menu icon after the label.
                button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)

    def search_between(self, first: date, last: date) -> None:
        """Search between two days, both included."""
        self._last_days = None
        self._day_range = (min(first, last), max(first, last))
        self._apply_change()

    # ------------------------------------------------------------ menus

    def _button(self, name: str, fill: Callable[[QMenu], None] | None) -> QPushButton:
        button = PlainButton(role="filter", name=name)
        button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        if fill is not None:
            menu = ProgramMenu(button)
            menu.fill_with(fill)
            button.setMenu(menu)
        return button

    def _fill_folders(self, menu: QMenu) -> None:
        add_choice(menu, tr(ANYWHERE), self._folder_id is None, lambda: self._set_folder(None))
        for folder in self._folders:
            add_choice(
                menu,
                folder.name,
                folder.id == self._folder_id,
                partial(self._set_folder, folder.id),
            )

    def _fill_times(self, menu: QMenu) -> None:
        is_any_time = self._last_days is None and self._day_range is None
        add_choice(menu, tr(ANY_TIME), is_any_time, lambda: self._set_days(None))
        for label, days in TIMES:
            add_choice(menu, tr(label), days == self._last_days, partial(self._set_days, days))
        add_choice(menu, tr("Custom range…"), self._day_range is not None, self._ask_days)

    def _fill_variants(self, menu: QMenu) -> None:
        add_choice(menu, tr(ANY_VARIANT), self._variant is None, lambda: self._set_variant(None))
        for variant in Variant:
            add_choice(
                menu, variant.label, variant is self._variant, partial(self._set_variant, variant)
            )

    def _fill_orders(self, menu: QMenu) -> None:
        for order, label in ORDERS.items():
            add_choice(menu, tr(label), order is self.order, partial(self._set_order, order))

    def _set_folder(self, folder_id: str | None) -> None:
        self._folder_id = folder_id
        self._apply_change()

    def _set_days(self, days: int | None) -> None:
        self._last_days = days
        self._day_range = None
        self._apply_change()

    def _set_variant(self, variant: Variant | None) -> None:
        self._variant = variant
        self._apply_change()

    def _set_order(self, order: SearchOrder) -> None:
        self.order = order
        self._apply_change()

    def _ask_days(self) -> None:
        dialog = DaysDialog(self._day_range or (today() - timedelta(days=30), today()), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.search_between(*dialog.days))
        dialog.open()

    # ------------------------------------------------------------ labels

    def _apply_change(self, *_: object) -> None:
        self._update_buttons()
        self.changed.emit()

    def _update_buttons(self) -> None:
        folder = next((f.name for f in self._folders if f.id == self._folder_id), "")
        if len(folder) > _MAX_FOLDER_CHARACTERS:
            folder = f"{folder[: _MAX_FOLDER_CHARACTERS - 1]}…"
        _set_label(self.folder_button, folder, tr(ANYWHERE), tr("Search in"))
        self.folder_button.setVisible(bool(self._folders))
        _set_label(self.time_button, self._time_label(), tr(ANY_TIME), tr("Date"))
        variant = self._variant.label if self._variant else ""
        _set_label(self.variant_button, variant, tr(ANY_VARIANT), tr("Filter by model"))
        label = tr("With attachments")
        value = label if self.attachment_button.isChecked() else ""
        _set_label(self.attachment_button, value, label, tr("Only conversations with attachments"))
        order = "" if self.order is SearchOrder.NEWEST else tr(ORDERS[self.order])
        _set_label(self.order_button, order, tr(ORDERS[SearchOrder.NEWEST]), tr("Sort order"))

    def _time_label(self) -> str:
        if self._day_range is not None:
            first, last = self._day_range
            return tr("{first} – {last}", first=short_date(first), last=short_date(last))
        return next((tr(label) for label, days in TIMES if days == self._last_days), "")


class DaysDialog(QDialog):
    """A dialog that asks for a first and a last day."""

    def __init__(self, days: tuple[date, date], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("search-days")
        self.setWindowTitle(tr("Custom date range"))
        self._fields = tuple(QDateEdit(QDate(day.year, day.month, day.day)) for day in days)
        form = QFormLayout()
        for label, field in zip(
            (tr_context("date", "From"), tr_context("date", "To")), self._fields, strict=True
        ):
            field.setCalendarPopup(True)
            field.setMaximumDate(QDate.currentDate())
            field.setAccessibleName(spoken_text(label))
            form.addRow(label, field)
        accept = PlainButton(tr("Search"), role="primary")
        cancel = cancel_button()
        accept.setDefault(True)
        accept.clicked.connect(self.accept)
        cancel.clicked.connect(self.reject)
        column_of(form, row_of(STRETCH, cancel, accept), parent=self)

    @property
    def days(self) -> tuple[date, date]:
        """Return the first and the last chosen day."""
        first, last = (date(*field.date().getDate()) for field in self._fields)
        return first, last


def _set_label(button: QPushButton, value: str, default_label: str, description: str) -> None:
    """Show a button's value, or its default label if there is none."""
    button.setText(value or default_label)
    button.setAccessibleName(
        spoken_text(tr("{label}: {value}", label=description, value=value or default_label))
    )
    set_tooltip(button, description)
    set_style_property(button, "set", "true" if value else "false")
