"""The view of a chapter of the help."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QPoint, QTimer, QUrl, Signal
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit

from desktop_app.domain.places import Place
from desktop_app.i18n.translation import tr
from desktop_app.ui.help.help_book import match_ranges
from desktop_app.ui.help.help_place import HelpPlace
from desktop_app.ui.look.theme import Theme, set_role
from desktop_app.ui.widgets.accessibility.announcements import announce
from desktop_app.ui.widgets.text.foreign_text import spoken_text
from desktop_app.ui.widgets.text.linked_label import PLACE_SCHEME
from desktop_app.ui.widgets.text.sealed_document import SealedBrowser

_HELP_SCHEME: Final = "help"


class HelpText(SealedBrowser):
    """A view of our own HTML, which loads nothing. Links lead to other places of the program.

    Signals:
        place_requested(HelpPlace): a link to another place of the help was followed.
        window_place_requested(Place): a link to a place outside of the help was followed.
    """

    place_requested = Signal(object)
    window_place_requested = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("help-text")
        set_role(self, "field")
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setAccessibleName(spoken_text(tr("Help")))
        self._theme = theme
        self._html = ""
        self._anchor = ""
        self._words: list[str] = []
        self.anchorClicked.connect(self._follow)
        self.set_theme(theme)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Announce the link that Tab focuses, because Qt reports only the whole text."""
        has_moved = super().focusNextPrevChild(forward)
        if self.hasFocus():
            announce(self, self.textCursor().selectedText())
        return has_moved

    def set_chapter(self, title: str, html: str) -> None:
        """Show a chapter from its beginning."""
        self.setAccessibleName(spoken_text(title))
        self._html = html
        self.setHtml(html)
        self.highlight(self._words)

    def go_to(self, section: str) -> None:
        """Scroll to a section; "" scrolls to the beginning."""
        self._anchor = section
        self._scroll()
        QTimer.singleShot(0, self, self._scroll)  # again, after a pending layout

    def highlight(self, words: list[str]) -> None:
        """Highlight the matches of folded words."""
        self._words = words
        match_format = QTextCharFormat()
        match_format.setBackground(self._theme.selected)
        selections = []
        for start, end in match_ranges(self.toPlainText(), words):
            selection = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self.document())
            cursor.setPosition(start)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            selection.cursor = cursor
            selection.format = match_format
            selections.append(selection)
        self.setExtraSelections(selections)

    def set_theme(self, theme: Theme) -> None:
        """Apply the theme; the line at the top stays there."""
        top_cursor = self.cursorForPosition(QPoint())
        restore_scroll = partial(
            self._scroll_to, top_cursor.position(), self.cursorRect(top_cursor).top()
        )
        self._theme = theme
        font = theme.interface()
        self.document().setDefaultFont(font)
        self.document().setDocumentMargin(theme.px(16))
        self.document().setIndentWidth(theme.px(18))
        # Headings are sized here: Qt would add its own size of headings to a size set elsewhere.
        self.document().setDefaultStyleSheet(
            "h1 { font-size: x-large; font-weight: 600; }"
            "h2 { font-size: large; font-weight: 600; margin-top: 18px; }"
            "th { text-align: left; }"
            f"td, th {{ padding: 3px {theme.px(14)}px 3px 0; }}"
            f"th {{ padding-top: {theme.px(16)}px; }}"
            f"a {{ color: {theme.accent.name()}; text-decoration: none; }}"
            f"code {{ background: {theme.hover.name()}; }}"
        )
        self.setHtml(self._html)
        self.highlight(self._words)
        restore_scroll()
        QTimer.singleShot(0, self, restore_scroll)  # again, after a pending layout

    def _scroll_to(self, position: int, y: int) -> None:
        """Scroll so that a position of the text is `y` pixels below the top."""
        cursor = QTextCursor(self.document())
        cursor.setPosition(min(position, self.document().characterCount() - 1))
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + self.cursorRect(cursor).top() - y)

    def _scroll(self) -> None:
        if self._anchor:
            self.scrollToAnchor(self._anchor)
        else:
            self.verticalScrollBar().setValue(0)

    def _follow(self, url: QUrl) -> None:
        if url.scheme() == _HELP_SCHEME:
            self.place_requested.emit(HelpPlace(url.path(), url.fragment()))
        elif url.scheme() == PLACE_SCHEME.rstrip(":"):
            self.window_place_requested.emit(Place(url.path()))
