"""The filters and the order of a search: small buttons below the search field.

All but "With attachments" open a menu and show the chosen value; active filters are highlighted.
Tab moves from the search field to the buttons. The end of a search resets filters and order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from PySide6.QtCore import QDate, QLocale, Qt, Signal
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
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.models.variants import Variant
from desktop_app.i18n.formatting import short_date
from desktop_app.i18n.translation import N_, tr, tr_context
from desktop_app.library.ui.rows.days import midnight, today
from desktop_app.widgets.boxes import STRETCH, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.direction import set_date_format
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
_MAX_FOLDER_CHARACTERS: Final = 22  # of the name of a folder


class SearchFilters(QWidget):
    """The filters of a search.

    Attributes:
        buttons: the buttons from left to right.

    Signals:
        changed(): repeat the search.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        days = ((value, tr(label)) for label, value in TIMES)
        variants = ((variant, variant.label) for variant in Variant)
        orders = [(order, tr(label)) for order, label in ORDERS.items()]
        self.folder_button = _ChoiceButton("filter-folder", tr("Search in"), self)
        self.time_button = _TimeButton("filter-time", tr("Date"), self)
        self.variant_button = _ChoiceButton("filter-variant", tr("Filter by model"), self)
        self.attachment_button = PlainButton(role="filter", name="filter-attachment")
        self.order_button = _ChoiceButton("search-order", tr("Sort order"), self)
        self.time_button.set_options([(None, tr(ANY_TIME)), *days])
        self.variant_button.set_options([(None, tr(ANY_VARIANT)), *variants])
        self.order_button.set_options(orders)
        self.attachment_button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.attachment_button.setCheckable(True)
        self.attachment_button.clicked.connect(self._change_attachment)
        self.buttons = (
            self.folder_button,
            self.time_button,
            self.variant_button,
            self.attachment_button,
            self.order_button,
        )
        FlowLayout(*self.buttons, parent=self, spacing=4)
        self.set_folders(())
        self.clear()
        self.update_theme()

    @property
    def order(self) -> SearchOrder:
        """Return the order of the hits."""
        return SearchOrder(self.order_button.value)

    @property
    def current(self) -> SearchFilter:
        """Return the current filters. A period such as "Past 7 days" has no end."""
        since = until = None
        match self.time_button.value:
            case (first, last):
                since = midnight(first)
                until = midnight(last + timedelta(days=1))
            case int(days):
                since = midnight(today() - timedelta(days=days - 1))
        return SearchFilter(
            folder_id=self.folder_button.value,
            variant=self.variant_button.value,
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
        names = [(folder.id, folder.name) for folder in folders]
        self.folder_button.set_options([(None, tr(ANYWHERE)), *names])
        self.folder_button.setVisible(bool(names))

    def clear(self) -> None:
        """Reset all filters and the order without emitting `changed`."""
        for button in self.findChildren(_ChoiceButton):
            button.set_value(button.options[0][0])
        self.attachment_button.setChecked(False)
        self._show_attachment()

    def update_theme(self) -> None:
        theme = current_theme()
        for button in self.findChildren(_ChoiceButton):
            icons.set_icon(button, "chevron-down", theme.dim, theme.px(12))

    def search_between(self, first: date, last: date) -> None:
        """Search between two days, both included."""
        self.time_button.choose((min(first, last), max(first, last)))

    def _change_attachment(self) -> None:
        self._show_attachment()
        self.changed.emit()

    def _show_attachment(self) -> None:
        is_set = self.attachment_button.isChecked()
        description = tr("Only conversations with attachments")
        _show_value(self.attachment_button, tr("With attachments"), description, is_set=is_set)


class _ChoiceButton(PlainButton):
    """A button with a menu of values. It shows the chosen value.

    Attributes:
        options: the values with their labels, first the default.
        value: the chosen value.
    """

    def __init__(self, name: str, description: str, filters: SearchFilters) -> None:
        super().__init__(role="filter", name=name)
        self._description = description
        self._filters = filters
        self.options: Sequence[tuple[Any, str]] = ()
        self.value: Any = None
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        # Places the menu icon after the label.
        directions = Qt.LayoutDirection
        is_mirrored = self.isRightToLeft()
        self.setLayoutDirection(directions.LeftToRight if is_mirrored else directions.RightToLeft)
        menu = ProgramMenu(self)
        menu.fill_with(self.fill_menu)
        self.setMenu(menu)

    def set_options(self, options: Sequence[tuple[Any, str]]) -> None:
        """Replace the options; a value that is no longer offered becomes the default."""
        former = self.value
        self.options = options
        self.set_value(former if former in dict(options) else options[0][0])
        if self.value != former:
            self._filters.changed.emit()

    def fill_menu(self, menu: QMenu) -> None:
        for value, label in self.options:
            add_choice(menu, label, value == self.value, partial(self.choose, value))

    def choose(self, value: Any) -> None:
        """Choose a value, and repeat the search."""
        self.set_value(value)
        self._filters.changed.emit()

    def set_value(self, value: Any) -> None:
        """Show a value as the chosen one."""
        self.value = value
        label = self.label_of(value)
        if self is self._filters.folder_button:
            label = shorten(label, _MAX_FOLDER_CHARACTERS)
        _show_value(self, label, self._description, is_set=value != self.options[0][0])

    def label_of(self, value: Any) -> str:
        return next(label for option, label in self.options if option == value)


class _TimeButton(_ChoiceButton):
    """The button of a period: a number of days, today included, or a first and a last day."""

    def fill_menu(self, menu: QMenu) -> None:
        super().fill_menu(menu)
        add_choice(menu, tr("Custom range…"), isinstance(self.value, tuple), self._ask_days)

    def label_of(self, value: Any) -> str:
        match value:
            case (first, last):
                return tr("{first} – {last}", first=short_date(first), last=short_date(last))
        return super().label_of(value)

    def _ask_days(self) -> None:
        is_range = isinstance(self.value, tuple)
        days = self.value if is_range else (today() - timedelta(days=30), today())
        dialog = DaysDialog(days, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._filters.search_between(*dialog.days))
        dialog.open()


def _show_value(button: QPushButton, label: str, description: str, *, is_set: bool) -> None:
    button.setText(label)
    button.setAccessibleName(spoken_text(tr("{label}: {value}", label=description, value=label)))
    set_tooltip(button, description)
    set_style_property(button, "set", "true" if is_set else "false")


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
            set_date_format(field, QLocale().dateFormat(QLocale.FormatType.ShortFormat))
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
