"""A window that shows a document, as pages or as text, with a passage marked.

Its controller provides the content. This module has the keys, the note above the document, and
the message that replaces the document if there is nothing to show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QStackedWidget, QWidget

from desktop_app.documents.ui.viewer_pages import ViewerPages
from desktop_app.documents.ui.viewer_text import ViewerText
from desktop_app.documents.ui.viewer_toolbar import ViewerToolbar
from desktop_app.domain.places import LinkedText, plain_text
from desktop_app.i18n.translation import tr
from desktop_app.transcript.find_bar import FindBar
from desktop_app.widgets.accessibility.announcements import announce
from desktop_app.widgets.accessibility.role_names import DIALOG
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import press_focused
from desktop_app.widgets.forms.tab_order import order_tabs
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import PlainLabel, one_line, spoken_text, window_title
from desktop_app.widgets.text.linked_label import LinkedLabel

if TYPE_CHECKING:
    from desktop_app.markdown.document_text import DocumentText

_SIZE: Final = (860, 900)


class DocumentViewer(QWidget):
    """A window with the pages or the text of a document.

    Attributes:
        pages, text: the views for the two kinds of content.
        find_bar: the search bar.
        toolbar: the toolbar.

    Signals:
        original_requested(): the user wants to open the file in the system's application.
        closed(): the window was closed.
        place_requested(Place): the user followed a link of the note.
    """

    original_requested = Signal()
    closed = Signal()
    place_requested = Signal(object)

    def __init__(self) -> None:
        theme = current_theme()
        super().__init__()
        self.accessible_role = DIALOG
        self.setObjectName("document-viewer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._title = ""
        self.pages = ViewerPages()
        self.text = ViewerText()
        self.find_bar = FindBar(self, tr("Find in document"))
        self.toolbar = ViewerToolbar(self.pages)
        self._lay_out()
        self._connect()
        self.update_theme()
        frame = QSize(theme.px(48), theme.px(48))
        size = QSize(theme.px(_SIZE[0]), theme.px(_SIZE[1]))
        self.resize(size.boundedTo(self.screen().availableSize() - frame))

    def _lay_out(self) -> None:
        theme = current_theme()
        self._note = QFrame()
        set_role(self._note, "note-card")
        self._note_words = LinkedLabel(keeps_lines=True)
        self._note_words.place_requested.connect(self.place_requested)
        self._note_words.setObjectName("viewer-note")
        self._note_words.setWordWrap(True)
        set_role(self._note_words, "note")
        column_of(self._note_words, parent=self._note, margins=(14, 8, 14, 8))
        self._message = PlainLabel(name="viewer-message", role="dim", wraps=True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._message.setMargin(theme.px(40))
        self._stack = QStackedWidget()
        for content in (self._message, self.pages, self.text):
            self._stack.addWidget(content)
        finding = row_of(self.find_bar, margins=(10, 0, 10, 0))
        column_of(self.toolbar, finding, self._note, (self._stack, 1), parent=self, margins=0)
        order_tabs(
            self.toolbar.original_button,
            (*self.find_bar.tab_stops, self._message, self.pages, self.text),
        )

    def _connect(self) -> None:
        pages = self.pages
        pages.page_changed.connect(lambda _: self._name_pages())
        self.toolbar.mark_requested.connect(self.go_to_mark)
        self.toolbar.find_requested.connect(self._begin_finding)
        self.toolbar.original_requested.connect(self.original_requested)
        self.find_bar.close_requested.connect(self._stop_finding)
        keys = QKeySequence.StandardKey
        for key, act in (
            (keys.Cancel, self._close_find_bar_or_window),
            (keys.Find, self._begin_finding),
            (keys.FindNext, lambda: self.find_bar.step(+1)),
            (keys.FindPrevious, lambda: self.find_bar.step(-1)),
            (keys.Close, self.close),
            (keys.ZoomIn, lambda: pages.step_zoom(+1)),
            (QKeySequence("Ctrl+="), lambda: pages.step_zoom(+1)),
            (keys.ZoomOut, lambda: pages.step_zoom(-1)),
            (QKeySequence("Ctrl+0"), pages.fit_width),
            (QKeySequence("Ctrl+1"), lambda: pages.set_percent(100)),
            (QKeySequence("Ctrl+G"), self.toolbar.focus_page_field),
            (QKeySequence("Ctrl+M"), self.go_to_mark),
            (QKeySequence("Alt+Down"), lambda: self.toolbar.step_page(+1)),
            (QKeySequence("Alt+Up"), lambda: self.toolbar.step_page(-1)),
        ):
            QShortcut(QKeySequence(key), self).activated.connect(act)

    # ------------------------------------------------------------ content

    def begin_document(self, title: str, passage_place: str) -> None:
        """Prepare for a document that is not loaded yet.

        Args:
            title: the name of the document.
            passage_place: the place of the cited passage, such as its page; "" for no passage.
        """
        self._title = one_line(title)
        self.setWindowTitle(window_title(self._title))
        self.toolbar.set_document(title, passage_place)
        self.set_note("")
        self.describe_mark("")
        self.find_bar.hide()
        self.pages.set_pages([])
        self.text.show_document(None)
        self.show_message(tr("Opening…"))

    def show_message(self, message: str) -> None:
        """Show a message in place of the document."""
        self._message.setText(message)
        self._message.setAccessibleName(spoken_text(message))
        self._show_content(self._message)
        announce(self._message, message)

    def set_note(self, note: str) -> None:
        """Show a note above the document; "" hides it."""
        self._note_words.setText(note)
        self._note_words.setAccessibleName(spoken_text(note))
        self._note.setVisible(bool(note))
        announce(self._note, note)

    def set_linked_note(self, text: LinkedText) -> None:
        """Show a note with links above the document."""
        self.set_note(plain_text(text))
        self._note_words.set_linked_text(text)

    @property
    def message(self) -> str:
        """Return the message in place of the document; "" if a document is shown."""
        return self._message.text() if self._stack.currentWidget() is self._message else ""

    def show_pages(self, sizes: list[tuple[float, float]], page: int) -> None:
        """Show pages of these sizes in points, scrolled to `page`, counted from 1."""
        self._show_content(self.pages)
        self.pages.set_pages(sizes)
        self.pages.go_to(page)
        self.toolbar.update_pages()
        self._name_pages()

    def show_text(self, document: DocumentText, span: tuple[int, int] | None) -> None:
        """Show a text, scrolled to a range of characters that is marked; None for no mark."""
        self.text.setAccessibleName(spoken_text(tr("Text of {name}", name=self._title)))
        self._show_content(self.text)
        self.text.show_document(document, span)

    def go_to_mark(self) -> None:
        """Scroll to the marked passage."""
        marked = self.pages.marks
        if self._stack.currentWidget() is self.text:
            self.text.go_to_mark()
        elif marked:
            self.pages.go_to(min(marked))

    def _show_content(self, widget: QWidget) -> None:
        had_focus = self.focusWidget() in (None, self._message, self.pages, self.text)
        self._stack.setCurrentWidget(widget)
        self.toolbar.set_pages_shown(widget is self.pages)
        if had_focus:
            widget.setFocus(Qt.FocusReason.OtherFocusReason)

    # ------------------------------------------------------------ search

    def _begin_finding(self) -> None:
        if not self.message:
            self.find_bar.open()

    def _stop_finding(self) -> None:
        self.find_bar.hide()
        content = self.pages if self._stack.currentWidget() is self.pages else self.text
        content.setFocus(Qt.FocusReason.OtherFocusReason)

    def _close_find_bar_or_window(self) -> None:
        """Close the search bar, or the window if the bar is closed."""
        if self.find_bar.isVisible():
            self.find_bar.request_close()
        else:
            self.close()

    # ------------------------------------------------------------ assistive technology

    def _name_pages(self) -> None:
        page, count = self.pages.page, self.pages.count
        self.pages.setAccessibleName(
            spoken_text(
                tr("{name}, page {page} of {count}", name=self._title, page=page, count=count)
            )
        )

    def describe_mark(self, description: str) -> None:
        """Describe the marked passage to assistive technology; "" for none."""
        self.pages.setAccessibleDescription(spoken_text(description))
        self.text.setAccessibleDescription(spoken_text(description))

    # ------------------------------------------------------------ appearance

    def update_theme(self) -> None:
        theme = current_theme()
        palette = self.palette()
        palette.setColor(palette.ColorRole.Window, theme.ground)
        self.setPalette(palette)
        self.setAutoFillBackground(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not press_focused(self, event):
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Emit `closed`. The window is kept for the next document."""
        super().closeEvent(event)
        self.closed.emit()
