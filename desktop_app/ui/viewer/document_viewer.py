"""A window that shows a document, as pages or as text, with a passage marked.

Its controller provides the content. This module has the toolbar, the keys, the note above the
document, and the message that replaces the document if there is nothing to show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QLocale, QSize, Qt, Signal
from PySide6.QtGui import QIntValidator, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QLineEdit, QStackedWidget, QToolButton, QWidget

from desktop_app.domain.places import LinkedText, plain_text
from desktop_app.i18n.formatting import percent
from desktop_app.i18n.translation import tr
from desktop_app.ui.look import icons
from desktop_app.ui.look.shortcut_text import shortcut_text
from desktop_app.ui.look.theme import Theme, limit_size, set_role
from desktop_app.ui.transcript.search.find_bar import FindBar
from desktop_app.ui.viewer.viewer_pages import ViewerPages
from desktop_app.ui.viewer.viewer_text import ViewerText
from desktop_app.ui.widgets.accessibility.announcements import announce
from desktop_app.ui.widgets.accessibility.role_names import DIALOG
from desktop_app.ui.widgets.boxes import column_of, row_of, scale_boxes
from desktop_app.ui.widgets.buttons.enter_key import press_focused
from desktop_app.ui.widgets.forms.tab_order import order_tabs
from desktop_app.ui.widgets.text.elided_label import ElidedLabel
from desktop_app.ui.widgets.text.foreign_text import (
    PlainLabel,
    PlainToolButton,
    one_line,
    set_tooltip,
    spoken_text,
    window_title,
)
from desktop_app.ui.widgets.text.linked_label import LinkedLabel

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent


_SIZE: Final = (860, 900)
_ICON: Final = 17
"""Pixels at the default text size."""
_MAX_PASSAGE_PLACE_CHARACTERS: Final = 60


class DocumentViewer(QWidget):
    """A window with the pages or the text of a document.

    Attributes:
        pages, text: the views for the two kinds of content.
        find_bar: the search bar.

    Signals:
        original_requested(): the user wants to open the file in the system's application.
        closed(): the window was closed.
        place_requested(Place): the user followed a link of the note.
    """

    original_requested = Signal()
    closed = Signal()
    place_requested = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.accessible_role = DIALOG
        self.setObjectName("document-viewer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self._title = ""
        self.pages, self.text = ViewerPages(theme), ViewerText(theme)
        self.find_bar = FindBar(theme, self, tr("Find in document"))
        middle = Qt.TextElideMode.ElideMiddle
        self._name = ElidedLabel(name="viewer-name", role="strong", elide_mode=middle)
        self._passage_place = PlainLabel(name="viewer-place", role="note")
        self._page_count = PlainLabel(role="note")
        self._field = QLineEdit()
        self._field.setObjectName("viewer-page")
        self._field.setAccessibleName(tr("Page"))
        self._field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._page_range = QIntValidator(self._field)
        self._field.setValidator(self._page_range)
        self._buttons = self._make_buttons()
        self._zoom = PlainLabel(name="viewer-zoom", role="note")
        self._lay_out()
        self._connect()
        self.set_theme(theme)
        room, edge = self.screen().availableSize(), theme.px(48)  # for the frame
        size = QSize(theme.px(_SIZE[0]), theme.px(_SIZE[1]))
        self.resize(size.boundedTo(room - QSize(edge, edge)))

    def _make_buttons(self) -> dict[str, QToolButton]:
        """Return the buttons of the toolbar by name."""
        pages = self.pages
        find = tr("Find in document ({keys})", keys=shortcut_text(QKeySequence.StandardKey.Find))
        original = tr("Open in default app")
        buttons = (
            ("viewer-previous", "chevron-up", tr("Previous page"), lambda: self._step_page(-1)),
            ("viewer-next", "chevron-down", tr("Next page"), lambda: self._step_page(+1)),
            ("viewer-smaller", "minus", tr("Zoom out"), lambda: pages.step_zoom(-1)),
            ("viewer-larger", "plus", tr("Zoom in"), lambda: pages.step_zoom(+1)),
            ("viewer-fit", "move-horizontal", tr("Fit width"), pages.fit_width),
            ("viewer-mark", "highlighter", tr("Back to passage"), self.go_to_mark),
            ("viewer-find", "search", find, self._begin_finding),
            ("viewer-original", "external-link", original, self.original_requested.emit),
        )
        return {name: self._button(name, icon, words, act) for name, icon, words, act in buttons}

    def _button(
        self, name: str, icon: str, words: str, on_clicked: Callable[[], object]
    ) -> QToolButton:
        button = PlainToolButton(name=name, role="quiet", label=words)
        button.setProperty("icon-name", icon)
        button.clicked.connect(lambda: on_clicked())
        return button

    def _lay_out(self) -> None:
        buttons = self._buttons
        self._page_tools = QWidget()
        row_of(
            buttons["viewer-previous"],
            self._field,
            self._page_count,
            buttons["viewer-next"],
            buttons["viewer-smaller"],
            self._zoom,
            buttons["viewer-larger"],
            buttons["viewer-fit"],
            parent=self._page_tools,
            margins=0,
            spacing=4,
        )
        row = row_of(
            (self._name, 1),
            self._passage_place,
            buttons["viewer-mark"],
            self._page_tools,
            buttons["viewer-find"],
            buttons["viewer-original"],
            margins=(14, 7, 10, 7),
            spacing=8,
        )
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
        self._message.setMargin(self._theme.px(40))
        self._stack = QStackedWidget()
        for shown in (self._message, self.pages, self.text):
            self._stack.addWidget(shown)
        finding = row_of(self.find_bar, margins=(10, 0, 10, 0))
        column_of(row, finding, self._note, (self._stack, 1), parent=self, margins=0)
        order_tabs(
            buttons["viewer-original"],
            (*self.find_bar.tab_stops, self._message, self.pages, self.text),
        )

    def _connect(self) -> None:
        pages = self.pages
        pages.page_changed.connect(lambda _: self._update_page_tools())
        pages.zoom_changed.connect(lambda _: self._update_zoom())
        self._field.returnPressed.connect(self._go_to_typed_page)
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
            (QKeySequence("Ctrl+G"), self._focus_field),
            (QKeySequence("Ctrl+M"), self.go_to_mark),
            (QKeySequence("Alt+Down"), lambda: self._step_page(+1)),
            (QKeySequence("Alt+Up"), lambda: self._step_page(-1)),
        ):
            QShortcut(QKeySequence(key), self).activated.connect(act)

    # ------------------------------------------------------------ content

    def begin_document(self, title: str, place: str) -> None:
        """Prepare for a document that is not loaded yet.

        Args:
            title: the name of the document.
            place: the place of the cited passage, such as its page; "" for no passage.
        """
        self._title = one_line(title)
        self.setWindowTitle(window_title(self._title))
        self._name.setText(title)
        self._passage_place.setText(one_line(place, _MAX_PASSAGE_PLACE_CHARACTERS))
        set_tooltip(self._passage_place, place)
        self._hide_for_narrow_window()
        self.set_note("")
        self.describe_mark("")
        self._buttons["viewer-mark"].setVisible(bool(place))
        self.find_bar.hide()
        self.pages.set_pages([])
        self.text.begin_text(0)
        self.show_message(tr("Opening…"))

    def show_message(self, words: str) -> None:
        """Show a message in place of the document."""
        self._message.setText(words)
        self._message.setAccessibleName(spoken_text(words))
        self._show_content(self._message)
        announce(self._message, words)

    def set_note(self, words: str) -> None:
        """Show a note above the document; "" hides it."""
        self._note_words.setText(words)
        self._note_words.setAccessibleName(spoken_text(words))
        self._note.setVisible(bool(words))
        announce(self._note, words)

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
        self._page_range.setRange(1, len(sizes))
        self._page_count.setText(tr("of {count}", count=len(sizes)))
        self._show_content(self.pages)
        self.pages.set_pages(sizes)
        self.pages.go_to(page)
        self._update_page_tools()
        self._update_zoom()

    def show_text(self, slices: int, at: int) -> None:
        """Show a text of `slices` slices, scrolled to the marks in slice `at`."""
        self.text.setAccessibleName(spoken_text(tr("Text of {name}", name=self._title)))
        self._show_content(self.text)
        self.text.begin_text(slices, at)

    def set_has_original(self, has_original: bool) -> None:
        """Set whether the file itself can be opened."""
        self._buttons["viewer-original"].setVisible(has_original)

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
        self._page_tools.setVisible(widget is self.pages)
        if had_focus:
            widget.setFocus(Qt.FocusReason.OtherFocusReason)

    # ------------------------------------------------------------ search

    def _begin_finding(self) -> None:
        if not self.message:
            self.find_bar.open()

    def _stop_finding(self) -> None:
        self.find_bar.hide()
        shown = self.pages if self._stack.currentWidget() is self.pages else self.text
        shown.setFocus(Qt.FocusReason.OtherFocusReason)

    def _close_find_bar_or_window(self) -> None:
        """Close the search bar, or the window if the bar is closed."""
        if self.find_bar.isVisible():
            self.find_bar.request_close()
        else:
            self.close()

    # ------------------------------------------------------------ toolbar

    def _step_page(self, step: int) -> None:
        if self._stack.currentWidget() is self.pages:
            self.pages.go_to(self.pages.page + step)

    def _go_to_typed_page(self) -> None:
        if self._field.hasAcceptableInput():
            # The validator accepts the separators of the locale, as in "1,200".
            self.pages.go_to(QLocale().toInt(self._field.text())[0])
        self._update_page_tools()
        self.pages.setFocus(Qt.FocusReason.OtherFocusReason)

    def _focus_field(self) -> None:
        if self._page_tools.isVisible():
            self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self._field.selectAll()

    def _update_page_tools(self) -> None:
        page, count = self.pages.page, self.pages.count
        self._field.setText(str(page))
        self._buttons["viewer-previous"].setEnabled(page > 1)
        self._buttons["viewer-next"].setEnabled(page < count)
        self.pages.setAccessibleName(
            spoken_text(
                tr("{name}, page {page} of {count}", name=self._title, page=page, count=count)
            )
        )

    def describe_mark(self, words: str) -> None:
        """Describe the marked passage to assistive technology; "" for none."""
        self.pages.setAccessibleDescription(spoken_text(words))
        self.text.setAccessibleDescription(spoken_text(words))

    def _update_zoom(self) -> None:
        shown = percent(self.pages.percent)
        self._zoom.setText(shown)
        self._zoom.setAccessibleName(spoken_text(tr("Zoom: {percent}", percent=shown)))

    # ------------------------------------------------------------ appearance

    def set_theme(self, theme: Theme) -> None:
        self._theme, px = theme, theme.px
        for button in self._buttons.values():
            name, size = button.property("icon-name"), px(_ICON)
            icons.set_icon(button, name, theme.dim, size, disabled=theme.line)
            limit_size(button, px(28), px(28))
        scale_boxes(self, theme)
        self._field.setFixedWidth(px(58))
        self._zoom.setFixedWidth(px(44))
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignCenter)
        palette = self.palette()
        palette.setColor(palette.ColorRole.Window, theme.ground)
        self.setPalette(palette)
        self.setAutoFillBackground(True)
        self.find_bar.set_theme(theme)
        self.pages.set_theme(theme)
        self.text.set_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._hide_for_narrow_window()

    def _hide_for_narrow_window(self) -> None:
        """Show the place from 700 pixels of width on, and the zoom and Fit width from 560 on."""
        is_narrow = self.width() < self._theme.px(560)
        self._zoom.setVisible(not is_narrow)
        self._buttons["viewer-fit"].setVisible(not is_narrow)
        self._passage_place.setVisible(
            bool(self._passage_place.text()) and self.width() >= self._theme.px(700)
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not press_focused(self, event):
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Emit `closed`. The window is kept for the next document."""
        super().closeEvent(event)
        self.closed.emit()
