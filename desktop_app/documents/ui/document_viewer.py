"""A pane beside the conversation: a stored document as pages or text, with a passage marked.

A PDF whose file is stored is shown as pages, any other document as its extracted text. A separate
process (`documents.worker.page_worker`) renders the visible pages, strip by strip, and finds
passages on them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import PurePath
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QEvent, QObject, QRectF, QSignalBlocker, Qt
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QApplication, QFrame, QSpinBox, QStackedWidget, QWidget
from shiboken6 import isValid

from desktop_app.app.session import Session
from desktop_app.documents.ui.viewer_pages import ViewerPages
from desktop_app.documents.ui.viewer_text import PAGE_MARK, Span, TextSearch, ViewerText
from desktop_app.documents.worker.page_worker import PageWorker, Strip, ViewedDocument
from desktop_app.domain import errors, hints
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.collections import Passage
from desktop_app.domain.error_text import WINDOW, error_segments, hint_segments
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.places import LinkedText, LinkSegment, plain_text
from desktop_app.i18n.formatting import percent
from desktop_app.i18n.translation import N_, gap_after, paragraph, tr
from desktop_app.markdown.document_text import DocumentText, text_form_of
from desktop_app.transcript.find_bar import FindBar
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import IconButton, press_focused
from desktop_app.widgets.external_open import open_path
from desktop_app.widgets.forms.tab_order import order_tabs
from desktop_app.widgets.look.direction import is_mirrored
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import (
    ElidedLabel,
    PlainLabel,
    one_line,
    set_tooltip,
    spoken_text,
)
from desktop_app.widgets.text.linked_label import LinkedLabel

_MAX_PASSAGE_PLACE_CHARACTERS: Final = 60
_NOT_LOCATED: Final = N_("Couldn’t locate this passage on the page:")
_SLOW_STRIP_S: Final = 1.0  # a strip out of view that takes longer is canceled
_MAX_PASSAGE_CHARACTERS: Final = 600  # an arbitrary number: some lines of a note
# The suffix decides which program opens a file, and may name a script. A file with any other
# suffix is opened as text.
_OPENABLE_SUFFIXES: Final = frozenset(
    (
        *(known.suffix for known in document_types.DOCUMENT_FORMATS.values()),
        *document_types.RECORDINGS,
        *(".html", ".htm", ".eml", ".md", ".csv", ".tsv", ".json", ".xml", ".yaml"),
    )
)


class ViewerTarget(NamedTuple):
    """The document, page and passage to show.

    Attributes:
        page: the page number from 1; None if it is unknown.
        position: the position of the passage as a text, such as "page 3"; "" without a passage.
        span: the start and end of the passage in the document's text; None if it has none there.
        passage: the text of the passage; "" without a passage.
        text_key: of the text that was sent; "" for the text without hidden parts.
    """

    sha256: str
    name: str
    page: int | None = None
    position: str = ""
    span: Span | None = None
    passage: str = ""
    text_key: str = ""


class DocumentViewer(QWidget):
    """The pane; it is kept for the next document when it is closed.

    Attributes:
        pages, text: the views for the two kinds of content.
        find_bar: the search bar.
    """

    def __init__(self, session: Session) -> None:
        theme = current_theme()
        super().__init__()
        session.end_steps.append(self.end)
        self.accessible_role = "Grouping"
        self.setObjectName("document-viewer")
        self.setProperty("edge", "right" if is_mirrored() else "left")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAutoFillBackground(True)
        self._session = session
        self._tasks = session.tasks
        self._attachments = session.backend.attachments
        # The passwords are by SHA-256, and shared with the readers, which add some.
        self._worker = PageWorker(passwords=session.backend.documents.passwords)
        self._target: ViewerTarget | None = None
        self._title = ""
        self._open_task: asyncio.Future[Any] | None = None
        self._paged_document: ViewedDocument | None = None
        self._marks: dict[int, list[QRectF]] = {}  # boxes of the passage, by page
        self._document_text = ""
        self._shown_match: Span | None = None
        self._draw_task: asyncio.Future[Any] | None = None
        self._drawn_strip: tuple[Strip, float] | None = None  # and the time of its start
        self.pages = ViewerPages()
        self.text = ViewerText()
        self.find_bar = FindBar(self, tr("Find in document"))
        self._search = TextSearch(self.find_bar, self._tasks, self._show_match, skips_marks=True)
        self._build_toolbar()
        self._note = QFrame()
        set_role(self._note, "note-card")
        self._note_words = LinkedLabel(keeps_lines=True)
        self._note_words.place_requested.connect(session.window.request_place)
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
        column_of(self._toolbar, finding, self._note, (self._stack, 1), parent=self, margins=0)
        order_tabs(
            self._close_button, (*self.find_bar.tab_stops, self._message, self.pages, self.text)
        )
        self._focused_before: QWidget | None = None
        self._connect()
        self.update_theme()

    def _build_toolbar(self) -> None:
        pages = self.pages
        middle = Qt.TextElideMode.ElideMiddle
        self._name = ElidedLabel(name="viewer-name", role="strong", elide_mode=middle)
        self._passage_place = PlainLabel(name="viewer-place", role="note")
        self._page = QSpinBox(minimum=1)
        self._page.setKeyboardTracking(False)
        self._page.setGroupSeparatorShown(True)
        self._page.setObjectName("viewer-page")
        self._page.setAccessibleName(tr("Page"))
        self._page.valueChanged.connect(pages.go_to)
        self._page.lineEdit().returnPressed.connect(
            lambda: pages.setFocus(Qt.FocusReason.OtherFocusReason)
        )
        self._zoom = PlainLabel(name="viewer-zoom", role="note")
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._fit_button = IconButton(
            "viewer-fit", "move-horizontal", tr("Fit width"), pages.fit_width
        )
        self._mark_button = IconButton(
            "viewer-mark", "highlighter", tr("Back to passage"), self._go_to_mark
        )
        self._original_button = IconButton(
            "viewer-original", "external-link", tr("Open in default app"), self._request_original
        )
        self._text_button = IconButton(
            "viewer-as-text", "pencil", tr("Open as text"), self._open_as_text
        )
        find = tr("Find in document ({keys})", keys=shortcut_text(QKeySequence.StandardKey.Find))
        self._close_button = IconButton("viewer-close", "x", tr("Close"), self.close)
        self._page_tools = QWidget()
        row_of(
            self._page,
            IconButton("viewer-smaller", "minus", tr("Zoom out"), lambda: pages.step_zoom(-1)),
            self._zoom,
            IconButton("viewer-larger", "plus", tr("Zoom in"), lambda: pages.step_zoom(+1)),
            self._fit_button,
            parent=self._page_tools,
            margins=0,
            spacing=4,
        )
        self._toolbar = row_of(
            (self._name, 1),
            self._passage_place,
            self._mark_button,
            self._page_tools,
            IconButton("viewer-find", "search", find, self._begin_finding),
            self._text_button,
            self._original_button,
            self._close_button,
            margins=(14, 7, 10, 7),
            spacing=8,
        )

    def _connect(self) -> None:
        pages = self.pages
        pages.strips_wanted.connect(self._on_strips_wanted)
        pages.page_changed.connect(lambda _: self._show_page())
        pages.zoom_changed.connect(self._show_zoom)
        self.find_bar.close_requested.connect(self._stop_finding)

        def step_page(step: int) -> None:
            if not self._page_tools.isHidden():
                self._page.stepBy(step)

        def focus_page_field() -> None:
            if self._page_tools.isVisible():
                self._page.setFocus(Qt.FocusReason.ShortcutFocusReason)
                self._page.selectAll()

        def close_find_bar_or_pane() -> None:
            if self.find_bar.isVisible():
                self.find_bar.close_requested.emit()
            else:
                self.close()

        keys = QKeySequence.StandardKey
        self._acts: dict[QKeySequence, Callable[[], object]] = {
            QKeySequence(key): act
            for key, act in (
                (keys.Cancel, close_find_bar_or_pane),
                (keys.Find, self._begin_finding),
                (keys.FindNext, lambda: self.find_bar.step(+1)),
                (keys.FindPrevious, lambda: self.find_bar.step(-1)),
                (keys.Close, self.close),
                (keys.ZoomIn, lambda: pages.step_zoom(+1)),
                (QKeySequence("Ctrl+="), lambda: pages.step_zoom(+1)),
                (keys.ZoomOut, lambda: pages.step_zoom(-1)),
                (QKeySequence("Ctrl+0"), pages.fit_width),
                (QKeySequence("Ctrl+1"), lambda: pages.set_percent(100)),
                (QKeySequence("Ctrl+G"), focus_page_field),
                (QKeySequence("Ctrl+M"), self._go_to_mark),
                (QKeySequence("Alt+Down"), lambda: step_page(+1)),
                (QKeySequence("Ctrl+PgDown"), lambda: step_page(+1)),
                (QKeySequence("Alt+Up"), lambda: step_page(-1)),
                (QKeySequence("Ctrl+PgUp"), lambda: step_page(-1)),
            )
        }
        for part in (pages, self.text, self._page):  # whose keys scroll, or change the number
            part.installEventFilter(self)
        self._session.current.opened.connect(self.close)

    # -------------------------------------------------------------- opening

    def open_document(self, sha256: str, name: str, text_key: str = "") -> None:
        """Show a document from its beginning; `text_key` is as in `ViewerTarget`."""
        self.open(ViewerTarget(sha256, name, text_key=text_key))

    def open_attachment(self, sha256: str) -> None:
        """Show a document of the open conversation: one that was sent, or is at the prompt."""
        current = self._session.current
        parts = [part for message in current.path for part in message.attachments]
        attached = current.draft.value.attachments
        documents = {p.sha256: p for p in (*parts, *attached) if isinstance(p, DocumentPart)}
        part = documents.get(sha256)
        self.open_document(sha256, part.name if part else "", part.text_key if part else "")

    def open_passage(self, passage: Passage) -> None:
        """Show a cited passage in its document."""
        span = (passage.start, passage.end)
        position = passage.localized_place
        self.open(
            ViewerTarget(passage.sha256, passage.name, passage.page, position, span, passage.text)
        )

    def open(self, target: ViewerTarget) -> None:
        """Show a document, with its passage marked."""
        self._release()
        self._target = target
        position_text = target.position
        if target.page and not position_text:
            position_text = tr("page {number}", number=target.page)
        self._title = one_line(target.name)
        self.setAccessibleName(spoken_text(self._title))
        self._name.setText(target.name)
        self._passage_place.setText(one_line(position_text, _MAX_PASSAGE_PLACE_CHARACTERS))
        set_tooltip(self._passage_place, position_text)
        self._mark_button.setVisible(bool(position_text))
        self._fit_width()
        self._set_note(())
        self._describe_mark("")
        self.find_bar.hide()
        self._show_message(tr("Opening…"))
        panes, focused = self._session.window.outer_panes, QApplication.focusWidget()
        if panes.side is not self:
            self._focused_before = focused
            panes.show_over(self)
        self._session.raise_window()
        self._message.setFocus(Qt.FocusReason.OtherFocusReason)
        self._open_task = self._tasks.start(self._open(target))

    def _open_as_text(self) -> None:
        if (target := self._target) is not None:
            self.close()
            requested = self._session.events.text_requested
            requested.emit(target.sha256, target.name, target.text_key)

    def _release(self) -> None:
        for task in (self._open_task, self._draw_task):
            if task is not None:
                task.cancel()
        self._open_task = self._draw_task = None
        self._target = None
        self._paged_document = None
        self._begin_search("")
        self.pages.set_pages([])
        self.text.show_document(None)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Give the focus back to what had it, such as the passage's link, and free the document."""
        super().closeEvent(event)
        had_focus = self._has_focus
        self._session.window.outer_panes.show_over(None)
        if had_focus and self._focused_before is not None and isValid(self._focused_before):
            self._focused_before.setFocus(Qt.FocusReason.OtherFocusReason)
        self._focused_before = None
        self._release()

    @property
    def _has_focus(self) -> bool:
        focused: QWidget | None = self._session.window.focusWidget()  # PySide's types forget None
        return focused is not None and self.isAncestorOf(focused)

    async def end(self) -> None:
        """Stop at the program's end."""
        self.close()
        self.deleteLater()
        await self._worker.aclose()

    async def _open(self, target: ViewerTarget) -> None:
        """Load a document, and show it as pages or as text, or show why that fails."""
        try:
            file = await self._attachments.metadata(target.sha256)
            source = await self._attachments.source(target.sha256)
            self._original_button.setVisible(source is not None)
            self._text_button.setVisible(file.media_type in document_types.EDITABLE_TYPES)
            text = await self._attachments.text(target.text_key or target.sha256)
            target = self._target = await asyncio.to_thread(_locate_passage, text, target)
            self._begin_search(text)
            note: LinkedText = ()
            is_pdf = file.media_type == document_types.PDF
            if is_pdf and source is None:
                sentence = tr("The file no longer exists. This is the text extracted from it.")
                note = (LinkSegment(sentence),)
            elif is_pdf and source is not None:
                document = ViewedDocument(target.sha256, target.name or file.name, source)
                try:
                    await self._show_pages(target, document, text)
                    return
                except errors.DocumentError as error:
                    extracted_note = tr("This is the text extracted from it.")
                    words = paragraph(error.what_happened, extracted_note)
                    note = (LinkSegment(words + gap_after(words)), *hint_segments(error, WINDOW))
            await self._show_text(target, file.media_type, text)
            if note:
                self._set_note(note)
        except errors.UserFacingError as error:
            message = error.sentences
            if isinstance(error, errors.AttachmentMissingError) and target.passage:
                missing_note = tr("This document isn’t on this computer. The cited passage:")
                message = f"{missing_note}\n\n{_shorten(target.passage)}"
            self._show_message(message)

    async def _show_text(self, target: ViewerTarget, media_type: str, text: str) -> None:
        """Show a document's text, beginning with the slice that has the passage."""
        if not text.strip():
            self._show_message(tr("This document contains no text."))
            return
        document = await asyncio.to_thread(DocumentText, text, text_form_of(media_type))
        self.text.setAccessibleName(spoken_text(tr("Text of {name}", name=self._title)))
        self._show_content(self.text)
        self.text.show_document(document, target.span)
        if target.span:
            self._describe_mark(tr("Highlighted: {text}", text=_shorten(target.passage)))
        elif target.passage:  # `_locate_passage` did not find it
            self._set_not_located(target.passage)

    # -------------------------------------------------------------- pages

    async def _show_pages(self, target: ViewerTarget, document: ViewedDocument, text: str) -> None:
        """Show a PDF as pages, with the passage marked, or else its words in the note.

        Raises:
            DocumentError: it cannot be opened.
        """
        sizes = await self._worker.open_document(document)
        pieces: list[TextPiece] = []
        if target.span is not None:
            pieces = await asyncio.to_thread(split_by_page, text, target.span)
        elif target.page and target.passage:  # not in the stored text, but perhaps on its page
            pieces = [TextPiece(target.page, target.passage, before="")]
        self._paged_document = document
        self._show_content(self.pages)
        self.pages.set_pages(sizes)
        self.pages.go_to(pieces[0].page if pieces else target.page or 1)
        with QSignalBlocker(self._page):
            self._page.setMaximum(len(sizes))
            self._page.setSuffix(" " + tr("of {count}", count=len(sizes)))
        self._show_page()
        if not target.passage:
            return
        self._marks = await self._find_boxes(document, pieces)  # shown again when a search ends
        if self._marks:
            self.pages.set_marks(self._marks)
            self._go_to_mark()
            self._describe_mark(tr("Highlighted: {text}", text=_shorten(target.passage)))
        else:
            self._set_not_located(target.passage)

    def _on_strips_wanted(self) -> None:
        """Draw the strips in view; cancel a slow strip that is out of view."""
        if self._draw_task is not None and self._drawn_strip is not None:
            strip, started_at = self._drawn_strip
            is_slow = time.monotonic() - started_at > _SLOW_STRIP_S
            if is_slow and not self.pages.is_near(strip):
                self._draw_task.cancel()
                self._draw_task = None
        if self._draw_task is None and self._paged_document is not None:
            self._draw_task = self._tasks.start(self._draw(self._paged_document))

    async def _draw(self, document: ViewedDocument) -> None:
        """Draw strips until none is missing in view, or another document is shown."""
        pages = self.pages
        try:
            while document is self._paged_document and (strip := pages.next_strip()) is not None:
                self._drawn_strip = (strip, time.monotonic())
                try:
                    pixels = await self._worker.render_strip(document, strip)
                except errors.DocumentError:
                    pages.add_failed(strip.page)
                    continue
                if document is self._paged_document:
                    pages.add_strip(strip, pixels)
        finally:
            if self._draw_task is asyncio.current_task():
                self._draw_task = self._drawn_strip = None

    async def _find_boxes(
        self, document: ViewedDocument, pieces: list[TextPiece]
    ) -> dict[int, list[QRectF]]:
        """Return the boxes of these pieces on their pages, as far as they are found."""
        marks: dict[int, list[QRectF]] = {}
        for piece in pieces:
            with suppress(errors.DocumentError):  # the document is shown all the same
                boxes = await self._worker.find_boxes(
                    document, piece.page, piece.text, piece.before
                )
                if boxes:
                    marks[piece.page] = [
                        QRectF(box.left, box.top, box.right - box.left, box.bottom - box.top)
                        for box in boxes
                    ]
        return marks

    def _show_page(self) -> None:
        with QSignalBlocker(self._page):
            self._page.setValue(self.pages.page)
        page, count = self.pages.page, self.pages.count
        name = tr("{name}, page {page} of {count}", name=self._title, page=page, count=count)
        self.pages.setAccessibleName(spoken_text(name))

    def _show_zoom(self, zoom: int) -> None:
        zoom_text = percent(zoom)
        self._zoom.setText(zoom_text)
        self._zoom.setAccessibleName(spoken_text(tr("Zoom: {percent}", percent=zoom_text)))

    # -------------------------------------------------------------- search

    def _begin_search(self, text: str) -> None:
        self._document_text = text
        self._marks = {}
        self._shown_match = None
        span = None if self._target is None else self._target.span
        self._search.begin(text, 0 if span is None else span[0])

    async def _show_match(self, match: Span | None) -> None:
        """Show a match; None marks the document's passage again."""
        document = self._paged_document
        if document is not None:
            self._shown_match = match
            if match is None:
                self.pages.set_marks(self._marks)
                return
            pieces = await asyncio.to_thread(split_by_page, self._document_text, match)
            marks = await self._find_boxes(document, pieces)
            # Another document or match may have been chosen while the boxes were searched.
            if document is self._paged_document and match == self._shown_match and pieces:
                self.pages.set_marks(marks)
                self.pages.go_to(pieces[0].page)
        # Without a match before or now, the passage is still marked.
        elif self._is_shown(self.text) and (match or self._shown_match):
            self._shown_match = match
            self.text.mark(match or (self._target.span if self._target else None))

    def _begin_finding(self) -> None:
        if not self.message:
            self.find_bar.open()

    def _stop_finding(self) -> None:
        self.find_bar.hide()
        content = self.pages if self._is_shown(self.pages) else self.text
        content.setFocus(Qt.FocusReason.OtherFocusReason)
        self._tasks.start(self._show_match(None))

    # -------------------------------------------------------------- the original

    def _request_original(self) -> None:
        if self._target is not None:
            self._tasks.start(self._open_original(self._target.sha256))

    async def _open_original(self, sha256: str) -> None:
        """Open a read-only copy of the original with the system's program."""
        try:
            file = await self._attachments.metadata(sha256)
            source = await self._attachments.source(sha256)
            if isinstance(source, bytes):  # only in memory: a copy would write it to the disk
                raise errors.IllegalChoiceError(
                    N_(
                        "Other apps can’t open documents of temporary conversations, "
                        "since that saves them."
                    ),
                    hint=hints.USE_REGULAR,
                )
            if source is None:
                await self._attachments.bytes(sha256)  # raises the error for a missing file
                return
            # The copy does not get the document's own name, which may contain anything.
            suffix = PurePath(file.name).suffix.lower()
            if suffix not in _OPENABLE_SUFFIXES:
                suffix = ".txt"
            name = f"{file.sha256[:16]}{suffix}"
            copy = await asyncio.to_thread(self._session.copies.make, source, file.sha256, name)
            open_path(copy)
        except errors.UserFacingError as error:
            self._set_note(error_segments(error, WINDOW))

    # -------------------------------------------------------------- content

    @property
    def message(self) -> str:
        """Return the message in place of the document; "" if a document is shown."""
        return self._message.text() if self._is_shown(self._message) else ""

    def _is_shown(self, content: QWidget) -> bool:
        return self._stack.currentWidget() is content

    def _show_message(self, message: str) -> None:
        self._message.setText(message)
        self._message.setAccessibleName(spoken_text(message))
        self._show_content(self._message)
        announce(self._message, message)

    def _show_content(self, widget: QWidget) -> None:
        had_focus = self.focusWidget() in (None, self._message, self.pages, self.text)
        self._stack.setCurrentWidget(widget)
        self._page_tools.setVisible(widget is self.pages)
        if had_focus:
            widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def _set_not_located(self, passage: str) -> None:
        self._set_note((LinkSegment(f"{tr(_NOT_LOCATED)}\n{_shorten(passage)}"),))

    def _set_note(self, text: LinkedText) -> None:
        """Show a note with links above the document; () hides it."""
        note = plain_text(text)
        self._note_words.set_linked_text(text)
        self._note_words.setAccessibleName(spoken_text(note))
        self._note.setVisible(bool(note))
        announce(self._note, note)

    def _describe_mark(self, description: str) -> None:
        """Describe the marked passage to assistive technology; "" for none."""
        self.pages.setAccessibleDescription(spoken_text(description))
        self.text.setAccessibleDescription(spoken_text(description))

    def _go_to_mark(self) -> None:
        if self._is_shown(self.text):
            self.text.go_to_mark()
        elif self.pages.marks:
            self.pages.go_to(min(self.pages.marks))

    # -------------------------------------------------------------- appearance

    def update_theme(self) -> None:
        theme = current_theme()
        palette = self.palette()
        palette.setColor(palette.ColorRole.Window, theme.ground)
        self.setPalette(palette)
        self._zoom.setFixedWidth(theme.px(44))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_width()

    def _fit_width(self) -> None:
        """Show the place from 700 pixels of width on, and the zoom and Fit width from 560 on."""
        px = current_theme().px
        self._zoom.setVisible(self.width() >= px(560))
        self._fit_button.setVisible(self.width() >= px(560))
        self._passage_place.setVisible(bool(self._passage_place.text()) and self.width() >= px(700))

    def event(self, event: QEvent) -> bool:
        """Take the keys of the pane before the window's shortcuts."""
        is_early = event.type() == QEvent.Type.ShortcutOverride
        if is_early and isinstance(event, QKeyEvent) and _keys_of(event) in self._acts:
            event.accept()
            return True
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_press = event.type() == QEvent.Type.KeyPress
        if is_press and isinstance(event, QKeyEvent) and self._run_key(event):
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._run_key(event) and not press_focused(self, event):
            super().keyPressEvent(event)

    def _run_key(self, event: QKeyEvent) -> bool:
        act = self._acts.get(_keys_of(event))
        if act is not None:
            act()
        return act is not None


def _keys_of(event: QKeyEvent) -> QKeySequence:
    return QKeySequence(event.keyCombination())


def _locate_passage(text: str, target: ViewerTarget) -> ViewerTarget:
    """Return the target with its passage's span in the stored text; None as span if not found.

    The given span may belong to an earlier extraction of the document.
    """
    if target.span is None or not target.passage:
        return target
    start, end = target.span
    if text[start:end] == target.passage:
        return target
    found_start = text.find(target.passage)
    if found_start < 0:
        return target._replace(span=None)
    return target._replace(span=(found_start, found_start + len(target.passage)))


def _shorten(passage: str) -> str:
    return shorten(" ".join(passage.split()), _MAX_PASSAGE_CHARACTERS)


class TextPiece(NamedTuple):
    """The part of a passage on a page, and the text that precedes it on that page."""

    page: int
    text: str
    before: str


def split_by_page(text: str, span: Span) -> list[TextPiece]:
    """Return a passage of a PDF's text, split by page."""
    marks = list(PAGE_MARK.finditer(text))
    page_ends = [*(mark.start() for mark in marks[1:]), len(text)]
    pieces = []
    for mark, page_end in zip(marks, page_ends, strict=False):
        start = max(mark.end(), span[0])
        end = min(page_end, span[1])
        if text[start:end].strip():
            pieces.append(
                TextPiece(page=int(mark[1]), text=text[start:end], before=text[mark.end() : start])
            )
    return pieces
