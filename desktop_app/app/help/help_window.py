"""The window of the help: a filter above the chapters at the left, text at the right.

A place of the help is written "chapter#section", or "chapter" for its start. In the text, its
address is "help:chapter#section".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QByteArray, QModelIndex, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QKeySequence, QPainter, QShortcut, QTextDocument
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

from desktop_app.domain.places import Place
from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import IconButton
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.rows.row_delegate import RowDelegate
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW, Index, RowsModel
from desktop_app.widgets.text.foreign_text import announce, one_line, spoken_text
from desktop_app.widgets.text.linked_label import PLACE_SCHEME
from desktop_app.widgets.text.sealed_document import SealedBrowser, empty_resource
from desktop_app.widgets.windows import bring_to_front

_SCHEME: Final = "help"
# In pixels at the default text size (see `Theme.px`).
_SIZE: Final = (820, 620)
_LIST_WIDTH: Final = 210
_INSET: Final = 10


class HelpSection(NamedTuple):
    """A section of a chapter: its id, its title and its plain text."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class HelpChapter:
    """A chapter: its id, its title, its HTML and its sections."""

    id: str
    title: str
    html: str
    sections: tuple[HelpSection, ...]

    @cached_property
    def searched_sections(self) -> list[tuple[str, str, HelpSection]]:
        """Return each section behind its folded title and its folded title and text."""
        return [(_fold(s.title), _fold(f"{s.title} {s.text}"), s) for s in self.sections]


class HelpRow(NamedTuple):
    """A row of the list: a chapter, or a section that the filter found."""

    place: str
    title: str


def filtered_rows(chapters: Sequence[HelpChapter], query: str) -> list[HelpRow]:
    """Return the sections with every word of `query`, matches in titles first.

    Without words, return the chapters.
    """
    words = _fold(query).split()
    if not words:
        return [HelpRow(chapter.id, chapter.title) for chapter in chapters]
    in_titles, in_texts = [], []
    for chapter in chapters:
        for title, text, section in chapter.searched_sections:
            row = HelpRow(f"{chapter.id}#{section.id}", section.title)
            if all(word in title for word in words):
                in_titles.append(row)
            elif all(word in text for word in words):
                in_texts.append(row)
    return in_titles + in_texts


def _fold(text: str) -> str:
    """Return text without case and accents."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in folded if not unicodedata.combining(character))


class HelpWindow(QWidget):
    """The help window. `open_at` shows a place.

    Attributes:
        text: the text of a chapter.
        filter: the field with the words that the listed sections contain.
        rows: the list of chapters, or of the sections that the filter found.

    Signals:
        place_requested(Place): a link to a place outside of the help was followed.
    """

    place_requested = Signal(object)

    def __init__(self, chapters: Sequence[HelpChapter]) -> None:
        theme = current_theme()
        super().__init__()
        self.accessible_role = "Dialog"
        self.setObjectName("help")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(tr("Help"))
        self.text = _HelpText()
        self.filter = line_field(tr("Search help"), "help-search")
        self._model: RowsModel[HelpRow] = RowsModel(_title, _title, self, tooltip=_title)
        self._delegate = _RowDelegate(self)
        self.rows = RowView("help-rows", self._model, self._delegate)
        self.rows.setAccessibleName(tr("Chapters"))
        self._back = IconButton("help-back", "chevron-left", tr("Back"), self.text.backward)
        self._forward = IconButton(
            "help-forward", "chevron-right", tr("Forward"), self.text.forward
        )
        for button, available in (
            (self._back, self.text.backwardAvailable),
            (self._forward, self.text.forwardAvailable),
        ):
            button.setEnabled(False)
            available.connect(button.setEnabled)
        top = row_of(self._back, self._forward, (self.filter, 1), spacing=4)
        body = row_of(self.rows, (self.text, 1), spacing=10)
        column_of(top, (body, 1), parent=self, margins=(12, 10, 12, 12), spacing=10)
        self._connect()
        self.set_chapters(chapters)
        self.update_theme()
        size = QSize(theme.px(_SIZE[0]), theme.px(_SIZE[1]))
        self.resize(size.boundedTo(self.screen().availableSize()))

    @property
    def place(self) -> str:
        """Return the place that is shown, "" before the first."""
        return _place_of(self.text.source())

    def set_chapters(self, chapters: Sequence[HelpChapter]) -> None:
        """Replace all chapters, for example after a shortcut has changed; the place stays."""
        self._chapters = chapters
        self.text.pages = {chapter.id: chapter.html for chapter in chapters}
        self.text.show_again()
        self._list_rows()

    def open_at(self, place: str) -> None:
        """Show a place, clear the filter, and bring the window to the front."""
        self.filter.clear()
        bring_to_front(self)
        self.go_to(place)

    def go_to(self, place: str) -> None:
        """Show a place and add it to the history; an unknown chapter is ignored."""
        if place.partition("#")[0] in self.text.pages:
            self.text.setSource(QUrl(f"{_SCHEME}:{place}"), QTextDocument.ResourceType.HtmlResource)
            self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def geometry_text(self) -> str:
        """Return size and position as text, for `restore_geometry`."""
        return bytes(self.saveGeometry().toBase64().data()).decode()

    def restore_geometry(self, geometry: str) -> None:
        """Restore size and position; invalid text changes nothing."""
        self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))

    def update_theme(self) -> None:
        theme = current_theme()
        self.rows.setFixedWidth(theme.px(_LIST_WIDTH))

    def _connect(self) -> None:
        self.text.anchorClicked.connect(self._follow)
        self.text.sourceChanged.connect(lambda url: self._select_row(_place_of(url)))
        self.filter.textChanged.connect(self._list_rows)
        self.filter.returnPressed.connect(lambda: self._open_row(self.rows.current_row))
        self.rows.chosen.connect(self._open_row)
        for keys, on_activated in (
            (QKeySequence(QKeySequence.StandardKey.Find), self._focus_filter),
            (QKeySequence(QKeySequence.StandardKey.Cancel), self._on_escape),
            (QKeySequence(QKeySequence.StandardKey.Close), self.close),
        ):
            QShortcut(keys, self).activated.connect(on_activated)

    def _focus_filter(self) -> None:
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def _on_escape(self) -> None:
        """Clear the filter, or close the window if it is empty."""
        if self.filter.text():
            self.filter.clear()
            self.text.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.close()

    def _list_rows(self) -> None:
        self._model.set_rows(filtered_rows(self._chapters, self.filter.text()))
        if self.filter.text():
            self.rows.setCurrentIndex(self.rows.row_of(self._model.index(0, 0)))
        else:
            self._select_row(self.place)

    def _select_row(self, place: str) -> None:
        """Select the row of a section or of its chapter, if it is listed."""
        places = [row.place for row in self._model.rows]
        wanted = (place, place.partition("#")[0])
        number = next((places.index(each) for each in wanted if each in places), -1)
        self.rows.setCurrentIndex(self.rows.row_of(self._model.index(number, 0)))

    def _open_row(self, index: QModelIndex) -> None:
        if index.isValid():
            self.go_to(index.data(ROW).place)

    def _follow(self, url: QUrl) -> None:
        if url.scheme() == _SCHEME:
            self.go_to(_place_of(url))
        elif url.scheme() == PLACE_SCHEME.rstrip(":"):
            self.place_requested.emit(Place(url.path()))


class _HelpText(SealedBrowser):
    """The text of a chapter. It loads nothing but the chapters in `pages`, by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, str] = {}
        self.setObjectName("help-text")
        set_role(self, "field")
        self.setOpenLinks(False)
        self.setAccessibleName(spoken_text(tr("Help")))
        self.update_theme()

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        url = QUrl(name)
        if url.scheme() == _SCHEME and kind == QTextDocument.ResourceType.HtmlResource.value:
            return self.pages.get(url.path(), "")
        return empty_resource(kind)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Announce the link that Tab focuses, because Qt reports only the whole text."""
        has_moved = super().focusNextPrevChild(forward)
        if self.hasFocus():
            announce(self, self.textCursor().selectedText())
        return has_moved

    def show_again(self) -> None:
        """Show the page as it is in `pages` now, and scroll to where it was."""
        position = self.verticalScrollBar().value()
        if self.source().isValid():
            self.reload()
        self.verticalScrollBar().setValue(position)

    def update_theme(self) -> None:
        theme = current_theme()
        document = self.document()
        document.setDefaultFont(theme.interface())
        document.setDocumentMargin(theme.px(16))
        document.setIndentWidth(theme.px(18))
        # Headings are sized here: Qt would add its own size of headings to a size set elsewhere.
        document.setDefaultStyleSheet(
            "h1 { font-size: x-large; font-weight: 600; }"
            "h2 { font-size: large; font-weight: 600; margin-top: 18px; }"
            "th { text-align: left; }"
            f"td, th {{ padding: 3px {theme.px(14)}px 3px 0; }}"
            f"th {{ padding-top: {theme.px(16)}px; }}"
            f"a {{ color: {theme.accent.name()}; text-decoration: none; }}"
            f"code {{ background: {theme.hover.name()}; }}"
        )
        self.show_again()


class _RowDelegate(RowDelegate):
    """The painter of a row's title."""

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = current_theme()
        rect = self.row_rect(option).adjusted(theme.px(_INSET), 0, -theme.px(_INSET), 0)
        painting.draw_text(
            painter, rect, one_line(index.data(ROW).title), theme.interface(), theme.text
        )


def _place_of(url: QUrl) -> str:
    return url.toString().removeprefix(f"{_SCHEME}:")


def _title(row: HelpRow) -> str:
    return row.title
