"""Where a search looks and in which order: small buttons below the search field, while one searches.

Each opens a menu and names what it is set to; what is set stands out. Everything is reached with Tab
from the search field, and goes back to "anywhere, newest first" with the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QDate, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDateEdit,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.conversations.conversation import Folder, SearchFilter, SearchOrder
from desktop_app.domain.models.model_catalog import Variant
from desktop_app.ui.look import icons
from desktop_app.ui.look.theme import set_role, set_style_property
from desktop_app.ui.widgets.flow_layout import FlowLayout
from desktop_app.ui.widgets.foreign_text import PlainButton, menu_text, set_tooltip, spoken_text

if TYPE_CHECKING:
    from desktop_app.ui.look.theme import Theme

ANYWHERE, ANY_TIME, ANY_VARIANT = "Anywhere", "Any time", "Any variant"
# How many days back, today included.
TIMES: Final = (("Today", 1), ("Past 7 days", 7), ("Past 30 days", 30), ("Past year", 365))
ORDERS: Final = {SearchOrder.NEWEST: "Newest first", SearchOrder.BEST: "Best first"}
_LONGEST: Final = 22  # letters of a folder's name


class SearchFilters(QWidget):
    """See the module.

    Signals:
        changed(): the search is to be made again.
    """

    changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folders: tuple[Folder, ...] = ()
        self._folder_id: str | None = None
        self._days: int | None = None
        self._between: tuple[date, date] | None = None
        self._variant: Variant | None = None
        self.order = SearchOrder.NEWEST
        self.folder_button = self._button("filter-folder", self._fill_folders)
        self.time_button = self._button("filter-time", self._fill_times)
        self.variant_button = self._button("filter-variant", self._fill_variants)
        self.attachment_button = self._button("filter-attachment", None)
        self.attachment_button.setCheckable(True)
        self.order_button = self._button("search-order", self._fill_orders)
        self.attachment_button.toggled.connect(self._tell)
        self._flow = FlowLayout()
        for button in self.buttons:
            self._flow.addWidget(button)
        self.setLayout(self._flow)
        self.set_theme(theme)
        self._show()

    @property
    def buttons(self) -> tuple[QPushButton, ...]:
        """All of them, in the order of the keyboard."""
        return (
            self.folder_button,
            self.time_button,
            self.variant_button,
            self.attachment_button,
            self.order_button,
        )

    @property
    def within(self) -> SearchFilter:
        """Where to look, by the clock as it is now."""
        since, until = None, None
        if self._days is not None:
            since = _midnight(_today() - timedelta(days=self._days - 1))
        elif self._between is not None:
            since = _midnight(self._between[0])
            until = _midnight(self._between[1] + timedelta(days=1))
        return SearchFilter(
            self._folder_id, self._variant, since, until, self.attachment_button.isChecked()
        )

    @property
    def is_set(self) -> bool:
        """Whether anything is left out."""
        return self.within != SearchFilter()

    def set_folders(self, folders: Iterable[Folder]) -> None:
        """The folders to choose from. One that is gone is not looked in any more."""
        self._folders = tuple(folders)
        if self._folder_id not in {folder.id for folder in self._folders}:
            self._folder_id = None
        self._show()

    def clear(self) -> None:
        """Anywhere, newest first; tells nobody."""
        self._folder_id, self._days, self._between, self._variant = None, None, None, None
        self.order = SearchOrder.NEWEST
        self.attachment_button.blockSignals(True)
        self.attachment_button.setChecked(False)
        self.attachment_button.blockSignals(False)
        self._show()

    def set_theme(self, theme: Theme) -> None:
        """Draw with this theme from now on."""
        self._theme = theme
        self._flow.set_gap(theme.px(4))
        for button in self.buttons:
            if button.menu() is not None:
                button.setIcon(icons.icon("chevron-down", theme.dim, theme.px(12)))
                button.setIconSize(QSize(theme.px(12), theme.px(12)))
                # The sign that a menu opens stands behind the words.
                button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)

    def between(self, first: date, last: date) -> None:
        """Look from one day to another, both included."""
        self._days, self._between = None, (min(first, last), max(first, last))
        self._tell()

    # ------------------------------------------------------------ menus

    def _button(self, name: str, fill: Callable[[QMenu], None] | None) -> QPushButton:
        made = PlainButton()
        made.setObjectName(name)
        made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        set_role(made, "filter")
        if fill is not None:
            menu = QMenu(made)

            def refill() -> None:
                menu.clear()
                fill(menu)

            menu.aboutToShow.connect(refill)
            made.setMenu(menu)
        return made

    def _fill_folders(self, menu: QMenu) -> None:
        self._offer(menu, ANYWHERE, self._folder_id is None, lambda: self._set_folder(None))
        for folder in self._folders:
            self._offer(
                menu,
                folder.name,
                folder.id == self._folder_id,
                partial(self._set_folder, folder.id),
            )

    def _fill_times(self, menu: QMenu) -> None:
        is_any = self._days is None and self._between is None
        self._offer(menu, ANY_TIME, is_any, lambda: self._set_days(None))
        for words, days in TIMES:
            self._offer(menu, words, days == self._days, partial(self._set_days, days))
        self._offer(menu, "Between two days…", self._between is not None, self._ask_days)

    def _fill_variants(self, menu: QMenu) -> None:
        self._offer(menu, ANY_VARIANT, self._variant is None, lambda: self._set_variant(None))
        for variant in Variant:
            self._offer(
                menu,
                variant.value.capitalize(),
                variant is self._variant,
                partial(self._set_variant, variant),
            )

    def _fill_orders(self, menu: QMenu) -> None:
        for order, words in ORDERS.items():
            self._offer(menu, words, order is self.order, partial(self._set_order, order))

    @staticmethod
    def _offer(menu: QMenu, words: str, is_set: bool, action: Callable[[], None]) -> None:
        made = menu.addAction(menu_text(words))
        made.setCheckable(True)
        made.setChecked(is_set)
        made.triggered.connect(lambda *_: action())

    def _set_folder(self, folder_id: str | None) -> None:
        self._folder_id = folder_id
        self._tell()

    def _set_days(self, days: int | None) -> None:
        self._days, self._between = days, None
        self._tell()

    def _set_variant(self, variant: Variant | None) -> None:
        self._variant = variant
        self._tell()

    def _set_order(self, order: SearchOrder) -> None:
        self.order = order
        self._tell()

    def _ask_days(self) -> None:
        dialog = DaysDialog(self._between or (_today() - timedelta(days=30), _today()), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.between(*dialog.days))
        dialog.open()

    # ------------------------------------------------------------ what is shown

    def _tell(self, *_: object) -> None:
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        folder = next((f.name for f in self._folders if f.id == self._folder_id), "")
        cut = folder if len(folder) <= _LONGEST else f"{folder[: _LONGEST - 1]}…"
        self._name(self.folder_button, cut, ANYWHERE, "Where to search")
        self.folder_button.setVisible(bool(self._folders))
        self._name(self.time_button, self._time_words(), ANY_TIME, "From when")
        variant = self._variant.value.capitalize() if self._variant else ""
        self._name(self.variant_button, variant, ANY_VARIANT, "Answered by which variant")
        has = "With attachment" if self.attachment_button.isChecked() else ""
        self._name(self.attachment_button, has, "With attachment", "Conversations with attachments")
        order = "" if self.order is SearchOrder.NEWEST else ORDERS[self.order]
        self._name(self.order_button, order, ORDERS[SearchOrder.NEWEST], "Order")

    def _time_words(self) -> str:
        if self._between is not None:
            first, last = self._between
            return f"{_short(first)} – {_short(last)}"
        return next((words for words, days in TIMES if days == self._days), "")

    @staticmethod
    def _name(button: QPushButton, value: str, unset: str, what: str) -> None:
        """Show a value, or what it is called where there is none."""
        button.setText(value or unset)
        button.setAccessibleName(spoken_text(f"{what}: {value or unset}"))
        set_tooltip(button, what)
        set_style_property(button, "set", "true" if value else "false")


class DaysDialog(QDialog):
    """Asks for a first and a last day."""

    def __init__(self, days: tuple[date, date], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Search between two days")
        self._fields = tuple(QDateEdit(QDate(day.year, day.month, day.day)) for day in days)
        form = QFormLayout()
        for words, field in zip(("From", "To"), self._fields, strict=True):
            field.setCalendarPopup(True)
            field.setAccessibleName(spoken_text(words))
            form.addRow(words, field)
        accept, leave = PlainButton("Search"), PlainButton("Cancel")
        set_role(accept, "primary")
        set_role(leave, "plain")
        accept.setDefault(True)
        accept.clicked.connect(self.accept)
        leave.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(leave)
        row.addWidget(accept)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addLayout(row)

    @property
    def days(self) -> tuple[date, date]:
        """What was chosen."""
        first, last = (field.date() for field in self._fields)
        return (
            date(first.year(), first.month(), first.day()),
            date(last.year(), last.month(), last.day()),
        )


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


def _midnight(day: date) -> datetime:
    """The beginning of a day, by the clock of this computer."""
    return datetime.combine(day, time()).astimezone()


def _short(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
