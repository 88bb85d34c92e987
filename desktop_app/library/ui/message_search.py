"""The search in messages: its filters and order below the field, and what it found.

All but "With attachments" open a menu and show the chosen value; active filters are highlighted.
Tab moves from the search field to the buttons. The end of a search resets filters and order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QDate, QLocale, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QTextCharFormat, QTextLayout
from PySide6.QtWidgets import (
    QDateEdit,
    QFormLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QStyleOptionViewItem,
    QWidget,
)

from desktop_app.app.window.command_palette import CommandDelegate
from desktop_app.domain.conversations.conversation import (
    Folder,
    SearchFilter,
    SearchHit,
    SearchOrder,
)
from desktop_app.domain.graphemes import cut, shorten
from desktop_app.domain.models.variants import Variant
from desktop_app.i18n.formatting import short_date
from desktop_app.i18n.translation import N_, tr, tr_context, tr_plural
from desktop_app.library.ui.rows.days import midnight, short_day_text, today
from desktop_app.widgets.boxes import STRETCH, FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button
from desktop_app.widgets.look import icons, painting
from desktop_app.widgets.look.direction import set_date_format
from desktop_app.widgets.look.theme import current_theme, set_style_property
from desktop_app.widgets.program_menu import ProgramMenu, add_choice
from desktop_app.widgets.rows.rows_model import ROW, Index
from desktop_app.widgets.sheet import Sheet
from desktop_app.widgets.text.foreign_text import PlainButton, one_line, set_tooltip, spoken_text
from desktop_app.widgets.text.utf16 import utf16_length, utf16_slice

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
        own = self.layoutDirection()
        opposite = directions.LeftToRight if self.isRightToLeft() else directions.RightToLeft
        self.setLayoutDirection(opposite)
        menu = ProgramMenu(self)
        menu.setLayoutDirection(own)
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
        self.set_value(value)
        self._filters.changed.emit()

    def set_value(self, value: Any) -> None:
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


class DaysDialog(Sheet):
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
        first, last = (date(*field.date().getDate()) for field in self._fields)
        return first, last


# In pixels at the default text size (see `Theme.px`).
_INSET: Final = 12
_GAP: Final = 8
_HIT_HEIGHT: Final = 74

_SNIPPET_LINES: Final = 2


class ConversationHits(NamedTuple):
    """A row of a search: the first hit in a conversation, and the number of further hits."""

    hit: SearchHit
    more: int = 0

    @property
    def title(self) -> str:
        return self.hit.title

    @property
    def accessible_text(self) -> str:
        text = plain_snippet(hit_text(self.hit))[0]
        title = self.title
        if self.hit.archived:
            title = tr("{title}, archived", title=title)
        text = tr("{title}: {text}", title=title, text=text)
        if self.more:
            more = tr_plural("{count} more result", "{count} more results", self.more)
            text = f"{text}, {more}"
        return text


def group_hits(hits: Iterable[SearchHit]) -> list[ConversationHits]:
    """Return a row for each conversation, in the order of their first hits.

    A passage is shown rather than a title, which each row has anyway.
    """
    rows: dict[str, ConversationHits] = {}
    for hit in hits:
        row = rows.get(hit.conversation_id)
        if row is None:
            rows[hit.conversation_id] = ConversationHits(hit)
        else:
            best = hit if row.hit.is_title else row.hit
            rows[hit.conversation_id] = ConversationHits(best, row.more + 1)
    return list(rows.values())


class SearchDelegate(CommandDelegate):
    """The painter of entries, and of hits: title, date, and two lines with bold matches."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        is_hit = isinstance(index.data(ROW), ConversationHits)
        return QSize(0, current_theme().px(_HIT_HEIGHT if is_hit else self.height))

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW)
        if not isinstance(row, ConversationHits):
            super().paint_content(painter, option, index)
            return
        hit = row.hit
        px = current_theme().px
        rect = self.row_rect(option).adjusted(px(_INSET), px(8), -px(_INSET), -px(8))
        line = QRect(rect.left(), rect.top(), rect.width(), px(20))
        date = short_day_text(hit.date)
        if hit.archived:
            date = tr("Archived · {date}", date=date)
        if row.more:
            date = tr("{date} · +{count}", date=date, count=row.more)
        width = QFontMetrics(current_theme().note()).horizontalAdvance(date)
        theme = current_theme()
        painting.draw_text(painter, line, date, theme.note(), theme.dim, alignment=painting.RIGHT)
        line.setRight(line.right() - width - px(_GAP))
        painting.draw_text(painter, line, hit.title, theme.strong(), theme.text)
        self._paint_snippet(painter, rect.adjusted(0, px(22), 0, 0), hit_text(hit))

    def _paint_snippet(self, painter: QPainter, rect: QRect, snippet: str) -> None:
        text, spans = plain_snippet(snippet)
        layout = self._lay_out(text, spans, rect.width())
        shown_units = 0
        if layout.lineCount() > 0:
            last_line = layout.lineAt(layout.lineCount() - 1)
            shown_units = last_line.textStart() + last_line.textLength()
        if shown_units < utf16_length(text):
            # Two units less make room for "…". The cut may leave half of a surrogate pair.
            beginning = utf16_slice(text, 0, shown_units - 2).rstrip("\ufffd ")
            shown = cut(text, len(beginning)) + "…"
            layout = self._lay_out(shown, spans, rect.width())
        painter.setPen(current_theme().dim)
        with painting.upright(painter, rect):
            layout.draw(painter, QPointF(rect.topLeft()))

    def _lay_out(self, text: str, spans: list[tuple[int, int]], width: int) -> QTextLayout:
        """Lay out at most two lines, with the spans (start, length) in bold."""
        strong = QTextCharFormat()
        strong.setForeground(current_theme().text)
        strong.setFontWeight(QFont.Weight.Bold)  # Qt makes it if the font lacks it
        layout = QTextLayout(text, current_theme().note())
        layout.setFormats([_format_range(text, start, length, strong) for start, length in spans])
        layout.beginLayout()
        for row in range(_SNIPPET_LINES):
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(width)
            line.setPosition(QPointF(0, row * line.height()))
        layout.endLayout()
        return layout


def _format_range(
    text: str, start: int, length: int, strong: QTextCharFormat
) -> QTextLayout.FormatRange:
    result = QTextLayout.FormatRange()
    result.start = utf16_length(text[:start])
    result.length = utf16_length(text[start : start + length])
    result.format = strong
    return result


# A match in a snippet, between its marks (see SearchHit).
_MARKS: Final = re.compile("\x02([^\x02\x03]*)\x03?")
_MAX_SNIPPET_CHARACTERS: Final = 2_000  # two lines are shown


def hit_text(hit: SearchHit) -> str:
    """Return the snippet of a hit, after the name of the document if it is in one."""
    return f"{one_line(hit.document)}: {hit.snippet}" if hit.document else hit.snippet


def plain_snippet(snippet: str) -> tuple[str, list[tuple[int, int]]]:
    """Return a snippet in one line without its marks, and the (start, length) of each match."""
    text = ""
    spans: list[tuple[int, int]] = []
    end = 0  # of the last match in `snippet`
    snippet = re.sub(r"[ \t\r\n]+", " ", snippet[:_MAX_SNIPPET_CHARACTERS])
    for match in _MARKS.finditer(snippet):
        text += one_line(snippet[end : match.start()], _MAX_SNIPPET_CHARACTERS)
        match_text = one_line(match[1], _MAX_SNIPPET_CHARACTERS)
        spans.append((len(text), len(match_text)))
        text += match_text
        end = match.end()
    return text + one_line(snippet[end:], _MAX_SNIPPET_CHARACTERS), spans
