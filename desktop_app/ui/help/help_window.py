"""The window of the help: chapters at the left, text at the right, a search above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QByteArray, QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.ui.help.help_book import HelpBook, HelpChapter
from desktop_app.ui.help.help_lists import ChapterDelegate
from desktop_app.ui.help.help_place import HelpPlace
from desktop_app.ui.help.help_search import HelpSearch
from desktop_app.ui.help.help_text import HelpText
from desktop_app.ui.look.theme import Theme
from desktop_app.ui.widgets.accessibility.role_names import DIALOG
from desktop_app.ui.widgets.boxes import column_of, row_of, scale_boxes
from desktop_app.ui.widgets.buttons.icon_button import IconButton
from desktop_app.ui.widgets.rows.row_view import RowView
from desktop_app.ui.widgets.rows.rows_model import ROW, RowsModel
from desktop_app.ui.widgets.window_activation import bring_to_front

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent


# In pixels at the default text size (see `Theme.px`).
_SIZE: Final = (820, 620)
_LIST_WIDTH: Final = 210
_NARROW_WIDTH: Final = 640
"""Below this width, the list of chapters hides the text while the list is shown."""


class HelpWindow(QWidget):
    """The help window. `open_at` shows a place.

    Attributes:
        text: the text of a chapter.
        chapters: the list of chapters.
        search: the search field and its hits.

    Signals:
        place_requested(Place): a link to a place outside of the help was followed.
    """

    place_requested = Signal(object)

    def __init__(self, theme: Theme, book: HelpBook) -> None:
        super().__init__()
        self.accessible_role = DIALOG
        self.setObjectName("help")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(tr("Help"))
        self._theme = theme
        self._book = book
        self._history: list[HelpPlace] = []
        self._position = -1
        self._shows_list = False  # in a narrow window
        self.text = HelpText(theme)
        self._chapter_model: RowsModel[HelpChapter] = RowsModel(_title, _title, self)
        self._delegate = ChapterDelegate(theme, self)
        self.chapters = RowView("help-chapters", self._chapter_model, self._delegate)
        self.chapters.setAccessibleName(tr("Chapters"))
        self.search = HelpSearch(theme, book, self)
        self._contents_button = IconButton(
            "help-contents", "list", tr("Chapters"), self._toggle_list
        )
        self._back_button = IconButton(
            "help-back", "chevron-left", tr("Back"), lambda: self._step_history(-1)
        )
        self._forward_button = IconButton(
            "help-forward", "chevron-right", tr("Forward"), lambda: self._step_history(+1)
        )
        self._lay_out()
        self._connect()
        self.set_book(book)
        self.set_theme(theme)
        size = QSize(theme.px(_SIZE[0]), theme.px(_SIZE[1]))
        self.resize(size.boundedTo(self.screen().availableSize()))

    # ------------------------------------------------------------------ content

    @property
    def place(self) -> HelpPlace:
        """Return the place that is shown; before the first, a place in no chapter."""
        return self._history[self._position] if self._history else HelpPlace("")

    def set_book(self, book: HelpBook) -> None:
        """Replace all chapters, for example after a shortcut has changed; the place stays."""
        self._book = book
        self._chapter_model.set_rows(book.chapters)
        if self._history:
            place = self.place
            self._show_chapter(place.chapter)
            self.text.go_to(place.section)
        is_reading = self._stack.currentWidget() is self.text
        self.search.set_book(book)
        if is_reading:
            self.search.update_hits()
        else:
            self._show_search()

    def open_at(self, place: HelpPlace) -> None:
        """Show a place, end a search, and bring the window to the front."""
        self.search.end()
        self.go_to(place)
        bring_to_front(self)
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def go_to(self, place: HelpPlace) -> None:
        """Show a place and add it to the history; an unknown chapter is ignored."""
        if self._book.chapter(place.chapter) is None:
            return
        if place != self.place:
            del self._history[self._position + 1 :]
            self._history.append(place)
            self._position = len(self._history) - 1
        self._show_place()

    def _step_history(self, step: int) -> None:
        if 0 <= self._position + step < len(self._history):
            self._position += step
            self._show_place()

    def _show_place(self) -> None:
        self._shows_list = False
        self._show_chapter(self.place.chapter)
        self._stack.setCurrentWidget(self.text)
        self._arrange()
        self.text.go_to(self.place.section)
        self._back_button.setEnabled(self._position > 0)
        self._forward_button.setEnabled(self._position + 1 < len(self._history))

    def _show_chapter(self, chapter_id: str) -> None:
        chapter = self._book.chapter(chapter_id)
        if chapter is None:
            return
        self.text.set_chapter(chapter.title, chapter.html)
        row = self._book.chapters.index(chapter)
        index = self.chapters.row_of(self._chapter_model.index(row, 0))
        self.chapters.setCurrentIndex(index)
        self.chapters.select_only(index)

    # ------------------------------------------------------------------ search

    def _show_search(self) -> None:
        """List the hits for the typed words; without words, show the text again."""
        self.search.update_hits()
        self.text.highlight(self.search.words)
        self._shows_list = False
        self._stack.setCurrentWidget(self.search.page(self.text))
        self._arrange()

    def _on_escape(self) -> None:
        """End the search, or close the window if nothing is searched."""
        if self.search.field.text():
            self.search.end()
            self.text.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.close()

    # ------------------------------------------------------------------ geometry

    def geometry_text(self) -> str:
        """Return size and position as text, for `restore_geometry`."""
        return bytes(self.saveGeometry().toBase64().data()).decode()

    def restore_geometry(self, geometry: str) -> None:
        """Restore size and position; invalid text changes nothing."""
        self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        scale_boxes(self, theme)
        for button in (self._contents_button, self._back_button, self._forward_button):
            button.set_theme(theme, 16)
        self._delegate.set_theme(theme)
        self.chapters.relayout()
        self.search.set_theme(theme)
        self.text.set_theme(theme)
        self._arrange()

    # ------------------------------------------------------------------ events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Collapse the list of chapters in a narrow window."""
        super().resizeEvent(event)
        self._arrange()

    # ------------------------------------------------------------------ construction

    def _lay_out(self) -> None:
        buttons = (self._contents_button, self._back_button, self._forward_button)
        row = row_of(*buttons, (self.search.field, 1), spacing=4)
        self._stack = QStackedWidget()
        for page in (self.text, self.search.hits, self.search.no_results):
            self._stack.addWidget(page)
        body = row_of(self.chapters, (self._stack, 1), spacing=10)
        column_of(row, (body, 1), parent=self, margins=(12, 10, 12, 12), spacing=10)
        self._back_button.setEnabled(False)
        self._forward_button.setEnabled(False)

    def _connect(self) -> None:
        self.text.place_requested.connect(self._follow)
        self.text.window_place_requested.connect(self.place_requested)
        self.chapters.chosen.connect(lambda index: self._follow(HelpPlace(index.data(ROW).id)))
        self.search.place_chosen.connect(self._follow)
        self.search.field.textChanged.connect(lambda _: self._show_search())
        for keys, on_activated in (
            (QKeySequence(QKeySequence.StandardKey.Find), self.search.focus),
            (QKeySequence("Alt+Left"), lambda: self._step_history(-1)),
            (QKeySequence("Alt+Right"), lambda: self._step_history(+1)),
            (QKeySequence(QKeySequence.StandardKey.Cancel), self._on_escape),
            (QKeySequence(QKeySequence.StandardKey.Close), self.close),
        ):
            QShortcut(keys, self).activated.connect(on_activated)

    def _follow(self, place: HelpPlace) -> None:
        self.go_to(place)
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _toggle_list(self) -> None:
        self._shows_list = not self._shows_list
        self._arrange()
        shown_widget = self.chapters if self._shows_list else self._stack.currentWidget()
        if shown_widget is not None:
            shown_widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def _arrange(self) -> None:
        is_narrow = self.width() < self._theme.px(_NARROW_WIDTH)
        self._contents_button.setVisible(is_narrow)
        self.chapters.setVisible(not is_narrow or self._shows_list)
        self._stack.setVisible(not is_narrow or not self._shows_list)
        width = max(self._theme.px(_LIST_WIDTH), self.chapters.sizeHintForColumn(0))
        self.chapters.setMaximumWidth(self.maximumWidth() if is_narrow else width)


def _title(chapter: HelpChapter) -> str:
    return chapter.title
