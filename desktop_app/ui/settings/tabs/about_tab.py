"""The About page: help, facts for bug reports, and the licenses of bundled software.

Nothing here opens or loads anything external: links lead only to places in the same text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.look.theme import set_role
from desktop_app.ui.settings.form_widgets import Note
from desktop_app.ui.viewer.paged_text import PagedText
from desktop_app.ui.widgets.foreign_text import PlainButton, PlainTextField, one_line, spoken_text
from desktop_app.ui.widgets.sealed_document import SealedBrowser
from desktop_app.ui.widgets.segmented_control import SegmentedControl

if TYPE_CHECKING:
    from desktop_app.ui.look.theme import Theme

_PAGES: Final = (
    ("help", N_("Help")),
    ("program", N_("System info")),
    ("licences", N_("Licenses")),
)


class QuietBrowser(SealedBrowser):
    """A view of our own HTML that follows only internal links and loads nothing.

    Signals (inherited): anchorClicked is used only for jumps within the text.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        set_role(self, "field")
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setAccessibleName(spoken_text(tr("Help")))
        self._html = ""
        self.anchorClicked.connect(self._jump)
        self.set_theme(theme)

    def set_html(self, html: str) -> None:
        """Show `html` from its beginning."""
        self._html = html
        self.setHtml(html)

    def set_theme(self, theme: Theme) -> None:
        font = theme.note()
        font.setPointSizeF(theme.points(12.5))
        self.document().setDefaultFont(font)
        self.document().setDocumentMargin(theme.px(8))
        self.document().setIndentWidth(theme.px(18))
        # Only this style sheet sizes headings: Qt keeps their own size beside any other.
        self.document().setDefaultStyleSheet(
            "h1 { font-size: large; } h2, h3 { font-size: medium; font-weight: 600; }"
            f"a {{ color: {theme.accent.name()}; text-decoration: none; }}"
            f"code {{ background: {theme.hover.name()}; }}"
        )
        self.setHtml(self._html)

    def _jump(self, url: QUrl) -> None:
        if not url.scheme() and not url.path():
            self.scrollToAnchor(url.fragment())


class AboutTab(QWidget):
    """The page; it fills the available height.

    Signals:
        opened(): the page is about to be shown and needs its content.
    """

    opened = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        pages = [(page, tr(title)) for page, title in _PAGES]
        self._choice = SegmentedControl(pages, theme, name=tr("About"), padding=8)
        self._choice.stretch()
        self._choice.set_current("help")
        self._pages = QStackedWidget()
        self._help = QuietBrowser(theme)
        self._help.setObjectName("help")
        self._program = _read_only("about-text", tr("System info"))
        # A megabyte of text, which would block the window for 100 ms if inserted at once.
        self._licenses = PagedText(theme, "licences", tr("Licenses"))
        self._copy = PlainButton(tr("Copy"))
        self._copy.setObjectName("copy-about")
        self._copy.setAccessibleName(spoken_text(tr("Copy system info")))
        set_role(self._copy, "plain")
        self._copied = Note(theme)
        self._lay_out()
        self._choice.chosen.connect(self.show_page)
        self._copy.clicked.connect(self._copy_text)
        self.set_theme(theme)

    def _lay_out(self) -> None:
        program = QWidget()
        column = QVBoxLayout(program)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._program, 1)
        row = QHBoxLayout()
        row.addWidget(self._copy)
        row.addWidget(self._copied, 1)
        column.addLayout(row)
        for page in (self._help, program, self._licenses):
            self._pages.addWidget(page)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._choice)
        self._column.addWidget(self._pages, 1)

    def show_page(self, key: str) -> None:
        """Show "help", "program" or "licences"."""
        self._choice.set_current(key)
        self._pages.setCurrentIndex([name for name, _ in _PAGES].index(key))

    def set_about(self, text: str, licenses: str, ends: list[int]) -> None:
        """Show the facts about the program, and the licenses with the ends of their pages."""
        # Provider names and paths may contain line separators: keep each line a single line.
        self._program.setPlainText("\n".join(map(one_line, text.split("\n"))))
        self._licenses.set_text(licenses, ends)
        self._copied.set_text(tr("Contains no API keys or conversations."))

    def set_help(self, html: str) -> None:
        """Show the help, made from our own Markdown."""
        self._help.set_html(html)

    def set_theme(self, theme: Theme) -> None:
        self._column.setSpacing(theme.px(10))
        font = theme.code()
        font.setPointSizeF(theme.points(11))
        for text in (self._program, self._licenses.view):
            text.setFont(font)
            text.document().setDocumentMargin(theme.px(6))

    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setText(self._program.toPlainText())
        self._copied.set_text(tr("Copied"))


def _read_only(name: str, spoken: str) -> PlainTextField:
    made = PlainTextField()
    made.setObjectName(name)
    made.setAccessibleName(spoken_text(spoken))
    made.setReadOnly(True)
    made.setTabChangesFocus(True)
    set_role(made, "field")
    return made
