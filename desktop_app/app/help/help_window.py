"""The window of the help: a filter above the chapters at the left, text at the right.

A place of the help is written "chapter#section", or "chapter" for its start. In the text, its
address is "help:chapter#section".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QModelIndex, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QTextDocument
from PySide6.QtWidgets import QWidget

from desktop_app.app.help.help_chapters import HelpChapter, placeholder_values, render_chapters
from desktop_app.app.help.help_places import PLACES, START
from desktop_app.app.window.command_palette import CommandDelegate
from desktop_app.domain.documents.letter_folding import fold
from desktop_app.domain.places import Place
from desktop_app.i18n.translation import language, tr
from desktop_app.paths import resource_path
from desktop_app.settings.schema import KEYS_PREFIX
from desktop_app.shortcuts.command_search import PaletteEntry, match_rank
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import IconButton
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.look.theme import current_theme, semibold, set_role
from desktop_app.widgets.rows.row_view import RowView
from desktop_app.widgets.rows.rows_model import ROW, RowsModel
from desktop_app.widgets.text.foreign_text import spoken_text
from desktop_app.widgets.text.linked_label import PLACE_SCHEME
from desktop_app.widgets.text.sealed_document import SealedBrowser, empty_resource
from desktop_app.widgets.windows import bring_to_front

if TYPE_CHECKING:
    from desktop_app.app.session import Session

_SCHEME: Final = "help"
# In pixels at the default text size (see `Theme.px`).
_SIZE: Final = (820, 620)
_LIST_WIDTH: Final = 240


class HelpWindow(QWidget):
    """The help window. `open_at` shows a place.

    Args:
        make_chapters: renders the chapters, first and after a shortcut has changed.

    Attributes:
        text: the text of a chapter.
        filter: the field with the words that the listed sections contain.
        rows: the list of chapters, or of the sections that the filter found.

    Signals:
        place_requested(Place): a link to a place outside of the help was followed.
    """

    place_requested = Signal(object)

    def __init__(self, make_chapters: Callable[[], Sequence[HelpChapter]]) -> None:
        theme = current_theme()
        super().__init__()
        self.accessible_role = "Dialog"
        self.setObjectName("help")
        self._make_chapters = make_chapters
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(tr("Help"))
        self.setAccessibleName(spoken_text(tr("Help")))
        self.text = _HelpText()
        self.filter = line_field(tr("Search help"), "help-search")
        self._model: RowsModel[PaletteEntry] = RowsModel(_title, _title, self, tooltip=_title)
        self._delegate = CommandDelegate(self)
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
        self._show_chapters()
        self.update_theme()
        size = QSize(theme.px(_SIZE[0]), theme.px(_SIZE[1]))
        self.resize(size.boundedTo(self.screen().availableSize()))

    @property
    def place(self) -> str:
        """Return the place that is shown, "" before the first."""
        return _place_of(self.text.source())

    def on_value_changed(self, key: str) -> None:
        """Render the chapters again after a shortcut has changed; the place stays."""
        if key.startswith(KEYS_PREFIX):
            self._show_chapters()

    def open_part(self, name: str) -> None:
        """Open the section for a part of a window, by its name in `PLACES`."""
        self.open_at(PLACES.get(name, START))

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

    def end(self) -> None:
        """Close and delete the window at the end of its session."""
        self.close()
        self.deleteLater()

    def update_theme(self) -> None:
        self._fit_rows()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_rows()

    def _fit_rows(self) -> None:
        """Leave most of the window to the text, also if it is large."""
        self.rows.setFixedWidth(min(current_theme().px(_LIST_WIDTH), self.width() * 2 // 5))

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

    def _show_chapters(self) -> None:
        self._chapters = self._make_chapters()
        self.text.pages = {chapter.id: chapter.html for chapter in self._chapters}
        self.text.show_again()
        self._list_rows()

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
        rows = [PaletteEntry(chapter.id, chapter.title) for chapter in self._chapters]
        if words := fold(self.filter.text()).split():
            sections = [section for chapter in self._chapters for section in chapter.sections]
            ranked = [
                (rank, PaletteEntry(section.place, section.title))
                for section in sections
                if (rank := match_rank(words, section.title, section.text)) is not None
            ]
            rows = [entry for _, entry in sorted(ranked, key=lambda pair: pair[0])]
        self._model.set_rows(rows)
        if self.filter.text():
            self.rows.setCurrentIndex(self.rows.row_of(self._model.index(0, 0)))
        else:
            self._select_row(self.place)

    def _select_row(self, place: str) -> None:
        """Select the row of a section or of its chapter, if it is listed."""
        places = [row.id for row in self._model.rows]
        wanted = (place, place.partition("#")[0])
        number = next((places.index(each) for each in wanted if each in places), -1)
        self.rows.setCurrentIndex(self.rows.row_of(self._model.index(number, 0)))

    def _open_row(self, index: QModelIndex) -> None:
        if index.isValid():
            self.go_to(index.data(ROW).id)

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
            f"h1, h2 {{ font-weight: {semibold().value}; }}"
            "h1 { font-size: x-large; }"
            "h2 { font-size: large; margin-top: 18px; }"
            "th { text-align: left; }"
            f"td, th {{ padding: 3px {theme.px(14)}px 3px 0; }}"
            f"th {{ padding-top: {theme.px(16)}px; }}"
            f"a {{ color: {theme.accent.name()}; text-decoration: none; }}"
            f"code {{ background: {theme.hover.name()}; }}"
        )
        self.show_again()


def _title(row: PaletteEntry) -> str:
    return row.title


def _place_of(url: QUrl) -> str:
    return url.toString().removeprefix(f"{_SCHEME}:")


def help_of(session: Session) -> HelpWindow:
    """Return the help of a session, which shows the user's shortcuts; made on first use."""
    if (made := session.made(HelpWindow)) is not None:
        return made

    def chapters() -> tuple[HelpChapter, ...]:
        values = placeholder_values(Keymap.from_settings(session.values.all))
        values = defaultdict(lambda: "–", values)  # of features that the program lacks
        return render_chapters(resource_path("help"), language(), values)

    window = HelpWindow(chapters)
    window.place_requested.connect(session.window.request_place)
    session.values.changed.connect(window.on_value_changed)
    session.put(window)
    session.end_steps.append(window.end)
    return window
