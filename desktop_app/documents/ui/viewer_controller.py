"""Connects stored documents with the window that shows and searches them.

A PDF whose file is stored is shown as pages, any other document as its extracted text. A separate
process (`documents.worker.page_worker`) renders the visible pages, strip by strip, and finds
passages on them.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import QObject, QRectF, Signal

from desktop_app.app.session import Session
from desktop_app.app.window.main_window import MainWindow
from desktop_app.documents.ui.text_search import PAGE_MARK, Span, TextSearch
from desktop_app.domain import hints
from desktop_app.domain.conversations.message_parts import Attachment, DocumentPart
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.collections import Passage
from desktop_app.domain.error_text import WINDOW, error_segments, hint_segments
from desktop_app.domain.errors import (
    AttachmentMissingError,
    DocumentError,
    IllegalChoiceError,
    UserFacingError,
)
from desktop_app.domain.places import LinkSegment
from desktop_app.i18n.translation import N_, tr
from desktop_app.storage.temporary_files import TemporaryCopies
from desktop_app.widgets.external_open import open_path
from desktop_app.widgets.window_activation import bring_to_front

if TYPE_CHECKING:
    from desktop_app.documents.ui.document_viewer import DocumentViewer
    from desktop_app.documents.worker.page_worker import PageWorker, Strip, ViewedDocument

_NOT_LOCATED: Final = N_("Couldn’t locate this passage on the page:")
_SLOW_STRIP_S: Final = 1.0  # a strip out of view that takes longer is canceled
_MAX_PASSAGE_CHARACTERS: Final = 600  # an arbitrary number: some lines of a note
# The suffix decides which program opens a file, and may name a script. A file with any other
# suffix is opened as text.
_OPENABLE_SUFFIXES: Final = frozenset(
    (
        *(known.suffix for known in document_types.DOCUMENT_FORMATS.values()),
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
    """

    sha256: str
    name: str
    page: int | None = None
    position: str = ""
    span: tuple[int, int] | None = None
    passage: str = ""


class ViewerController(QObject):
    """Connection of stored documents with their window.

    Attributes:
        window: None until the first document is opened.

    Signals:
        place_requested(Place): a link of the note above the document was followed.
    """

    place_requested = Signal(object)

    def __init__(self, window: MainWindow, state: Session, copies: TemporaryCopies) -> None:
        super().__init__(window.pane)
        self._current = state.current
        self._draft = state.current.draft
        self._tasks = state.tasks
        self._attachment_store = state.backend.attachments
        # By SHA-256; shared with the readers, which add passwords.
        self._passwords = state.backend.documents.passwords
        self.window: DocumentViewer | None = None
        self._worker: PageWorker | None = None
        self._target: ViewerTarget | None = None
        self._open_task: asyncio.Future[Any] | None = None
        self._paged_document: ViewedDocument | None = None
        self._search: TextSearch | None = None
        self._marks: dict[int, list[QRectF]] = {}  # boxes of the passage, by page
        self._document_text = ""
        self._shown_match: Span | None = None
        self._shows_text = False
        self._draw_task: asyncio.Future[Any] | None = None
        self._drawn_strip: tuple[Strip, float] | None = None  # and the time of its start
        self._copies = copies

    def open_document(self, sha256: str, name: str) -> None:
        """Show a document from its beginning."""
        self.open(ViewerTarget(sha256, name))

    def open_sent(self, sha256: str) -> None:
        """Show a document that was sent with a question of the open conversation."""
        parts = (part for m in self._current.path for part in m.attachments)
        self.open_document(sha256, next((p.name for p in parts if p.sha256 == sha256), ""))

    def open_attached(self, sha256: str) -> None:
        """Show a document that is attached to the prompt."""
        parts = self._draft.value.attachments
        names = [p.name for p in parts if isinstance(p, DocumentPart) and p.sha256 == sha256]
        self.open_document(sha256, next(iter(names), ""))

    def open_passage(self, passage: Passage) -> None:
        """Show a cited passage in its document."""
        self.open(
            ViewerTarget(
                passage.sha256,
                passage.name,
                page=passage.page,
                position=passage.localized_place,
                span=(passage.start, passage.end),
                passage=passage.text,
            )
        )

    # -------------------------------------------------------------- opening

    def open(self, target: ViewerTarget) -> None:
        """Show a document, with its passage marked."""
        viewer = self._get_window()
        self._stop()
        self._target = target
        self._paged_document = None
        self._shows_text = False
        position_text = target.position
        if target.page and not position_text:
            position_text = tr("page {number}", number=target.page)
        viewer.begin_document(target.name, position_text)
        bring_to_front(viewer)
        self._open_task = self._tasks.start(self._open(target))

    def _get_window(self) -> DocumentViewer:
        if self.window is None:
            # Imported here, because the start does not need it.
            from desktop_app.documents.ui.document_viewer import DocumentViewer

            viewer = DocumentViewer()
            self.window = viewer
            viewer.pages.strips_wanted.connect(self._on_strips_wanted)
            viewer.original_requested.connect(self._on_original_requested)
            viewer.closed.connect(self._release)
            viewer.place_requested.connect(self.place_requested)
            viewer.find_bar.close_requested.connect(
                lambda: self._tasks.start(self._show_match(None))
            )
            self._search = TextSearch(
                viewer.find_bar, self._tasks, self._show_match, skips_marks=True
            )
        return self.window

    def _stop(self) -> None:
        if self._open_task is not None:
            self._open_task.cancel()
        if self._draw_task is not None:
            self._draw_task.cancel()
        self._open_task = self._draw_task = None

    def _release(self) -> None:
        """Free the document when its window is closed."""
        self._stop()
        self._target = None
        self._paged_document = None
        self._shows_text = False
        self._begin_search("")
        if self.window is not None:
            self.window.pages.set_pages([])
            self.window.text.show_document(None)

    async def _open(self, target: ViewerTarget) -> None:
        """Load a document, and show it as pages or as text, or show why that fails."""
        viewer = self._get_window()
        attachments = self._attachment_store
        try:
            file = await attachments.metadata(target.sha256)
            source = await attachments.source(target.sha256)
            viewer.toolbar.original_button.setVisible(source is not None)
            text = await attachments.text(target.sha256)
            target = await asyncio.to_thread(_locate_passage, text, target)
            self._target = target
            self._begin_search(text)
            is_pdf = file.media_type == document_types.PDF
            if is_pdf and source is not None:
                await self._show_pages(target, file, text, source)
                return
            await self._show_text(target, file, text)
            if is_pdf:
                viewer.set_note(
                    tr("The file no longer exists. This is the text extracted from it.")
                )
        except UserFacingError as error:
            message = error.sentences
            if isinstance(error, AttachmentMissingError) and target.passage:
                missing_note = tr("This document isn’t on this computer. The cited passage:")
                message = f"{missing_note}\n\n{_shorten(target.passage)}"
            viewer.show_message(message)

    async def _show_pages(
        self, target: ViewerTarget, file: Attachment, text: str, source: Path | bytes
    ) -> None:
        """Show a PDF as pages, with the passage marked; as text if it cannot be opened."""
        from desktop_app.documents.worker.page_worker import PageWorker, ViewedDocument

        viewer = self._get_window()
        document = ViewedDocument(target.sha256, target.name or file.name, source)
        self._worker = self._worker or PageWorker(passwords=self._passwords)
        try:
            sizes = await self._worker.open_document(document)
        except DocumentError as error:
            await self._show_text(target, file, text)
            extracted_note = tr("This is the text extracted from it.")
            sentences = (error.what_happened, " ", extracted_note, " ")
            note = (*map(LinkSegment, sentences), *hint_segments(error, WINDOW))
            viewer.set_linked_note(note)
            return
        pieces: list[TextPiece] = []
        if target.span is not None:
            pieces = await asyncio.to_thread(split_by_page, text, target.span)
        elif target.page and target.passage:  # not in the stored text, but perhaps on its page
            pieces = [TextPiece(target.page, target.passage, before="")]
        first_page = pieces[0].page if pieces else target.page or 1
        self._paged_document = document
        viewer.show_pages(sizes, first_page)
        if target.passage:
            await self._mark_passage(target, document, pieces)

    def _on_strips_wanted(self) -> None:
        """Draw the strips in view; cancel a slow strip that is out of view."""
        if self._draw_task is not None and self._drawn_strip is not None:
            strip, started_at = self._drawn_strip
            is_slow = time.monotonic() - started_at > _SLOW_STRIP_S
            if is_slow and not self._get_window().pages.is_near(strip):
                self._draw_task.cancel()
                self._draw_task = None
        if self._draw_task is None and self._worker is not None and self._paged_document:
            self._draw_task = self._tasks.start(self._draw(self._worker, self._paged_document))

    async def _draw(self, worker: PageWorker, document: ViewedDocument) -> None:
        """Draw strips until none is missing in view, or another document is shown."""
        pages = self._get_window().pages
        try:
            while document is self._paged_document and (strip := pages.next_strip()) is not None:
                self._drawn_strip = (strip, time.monotonic())
                try:
                    pixels = await worker.render_strip(document, strip)
                except DocumentError:
                    pages.add_failed(strip.page)
                    continue
                if document is self._paged_document:
                    pages.add_strip(strip, pixels)
        finally:
            if self._draw_task is asyncio.current_task():
                self._draw_task = self._drawn_strip = None

    async def _mark_passage(
        self, target: ViewerTarget, document: ViewedDocument, pieces: list[TextPiece]
    ) -> None:
        """Find the passage on its pages and mark it; otherwise show its words."""
        viewer = self._get_window()
        marks = await self._find_boxes(document, pieces)
        self._marks = marks  # shown again when a search ends
        if marks:
            viewer.pages.set_marks(marks)
            viewer.pages.go_to(min(marks))
            viewer.describe_mark(tr("Highlighted: {text}", text=_shorten(target.passage)))
        else:
            viewer.set_note(f"{tr(_NOT_LOCATED)}\n{_shorten(target.passage)}")

    async def _find_boxes(
        self, document: ViewedDocument, pieces: list[TextPiece]
    ) -> dict[int, list[QRectF]]:
        """Return the boxes of these pieces on their pages, as far as they are found."""
        assert self._worker is not None
        marks: dict[int, list[QRectF]] = {}
        for piece in pieces:
            with suppress(DocumentError):  # the document is shown all the same
                boxes = await self._worker.find_boxes(
                    document, piece.page, piece.text, piece.before
                )
                if boxes:
                    marks[piece.page] = [
                        QRectF(box.left, box.top, box.right - box.left, box.bottom - box.top)
                        for box in boxes
                    ]
        return marks

    # -------------------------------------------------------------- search

    def _begin_search(self, text: str) -> None:
        self._document_text = text
        self._marks = {}
        self._shown_match = None
        if self._search is not None:
            span = None if self._target is None else self._target.span
            self._search.begin(text, 0 if span is None else span[0])

    async def _show_match(self, match: Span | None) -> None:
        """Show a match; None marks the document's passage again."""
        viewer = self._get_window()
        document = self._paged_document
        if document is not None:
            self._shown_match = match
            if match is None:
                viewer.pages.set_marks(self._marks)
                return
            pieces = await asyncio.to_thread(split_by_page, self._document_text, match)
            marks = await self._find_boxes(document, pieces)
            # Another document or match may have been chosen while the boxes were searched.
            if document is self._paged_document and match == self._shown_match and pieces:
                viewer.pages.set_marks(marks)
                viewer.pages.go_to(pieces[0].page)
        # Without a match before or now, the passage is still marked.
        elif self._shows_text and (match or self._shown_match):
            self._shown_match = match
            viewer.text.mark(match or (self._target.span if self._target else None))

    # -------------------------------------------------------------- text

    async def _show_text(self, target: ViewerTarget, file: Attachment, text: str) -> None:
        """Show a document's text, beginning with the slice that has the passage."""
        from desktop_app.markdown.document_text import DocumentText, text_form_of

        viewer = self._get_window()
        if not text.strip():
            viewer.show_message(tr("This document contains no text."))
            return
        form = text_form_of(file.media_type)
        viewer.show_text(await asyncio.to_thread(DocumentText, text, form), target.span)
        self._shows_text = True
        mark_text = tr("Highlighted: {text}", text=_shorten(target.passage))
        viewer.describe_mark(mark_text if target.span else "")
        if target.passage and not target.span:  # `_locate_passage` did not find it
            viewer.set_note(f"{tr(_NOT_LOCATED)}\n{_shorten(target.passage)}")

    # -------------------------------------------------------------- the original

    def _on_original_requested(self) -> None:
        if self._target is not None:
            self._tasks.start(self._open_original(self._target))

    async def _open_original(self, target: ViewerTarget) -> None:
        """Open a read-only copy of the original with the system's program."""
        try:
            attachments = self._attachment_store
            file = await attachments.metadata(target.sha256)
            source = await attachments.source(target.sha256)
            if isinstance(source, bytes):  # only in memory: a copy would write it to the disk
                raise IllegalChoiceError(
                    N_(
                        "Other apps can’t open documents of temporary conversations, "
                        "since that saves them."
                    ),
                    hint=hints.USE_REGULAR,
                )
            if source is None:
                await attachments.bytes(target.sha256)  # raises the error for a missing file
                return
            # The copy does not get the document's own name, which may contain anything.
            suffix = PurePath(file.name).suffix.lower()
            if suffix not in _OPENABLE_SUFFIXES:
                suffix = ".txt"
            name = f"{file.sha256[:16]}{suffix}"
            copy = await asyncio.to_thread(self._copies.make, source, file.sha256, name)
            open_path(copy)
        except UserFacingError as error:
            self._get_window().set_linked_note(error_segments(error, WINDOW))

    async def close(self) -> None:
        """Stop at the program's end."""
        self._release()
        if self.window is not None:
            self.window.close()
            self.window.deleteLater()
        if self._worker is not None:
            await self._worker.aclose()


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
    passage = " ".join(passage.split())
    if len(passage) <= _MAX_PASSAGE_CHARACTERS:
        return passage
    return f"{passage[:_MAX_PASSAGE_CHARACTERS]}…"


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
