"""A conversation as a paged document, built message by message.

It is separate from the transcript's document, which holds only the messages near the viewport, uses
the window's theme, and is painted by its view. This document respects page breaks. A heading stays
with the text below it, and a short code block stays on one page. Table headers repeat on each page.
Each message is laid out when it is added, so the caller can do other work between messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Final

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QFontMetricsF,
    QImage,
    QPagedPaintDevice,
    QPainter,
)

from desktop_app.domain.conversations.answer_sources import sources_markdown
from desktop_app.domain.conversations.conversation import Message, Role
from desktop_app.domain.conversations.message_facts import (
    answer_facts,
    argument_lines,
    attachment_line,
    call_caption,
    export_ending,
    heading_of,
    reasoning_title,
    sent_passages,
)
from desktop_app.domain.conversations.message_parts import ReasoningPart, ToolCallPart
from desktop_app.domain.error_text import NOT_CONTINUABLE
from desktop_app.exchange.ui.printing.markdown_printer import ContentReaders, MarkdownPrinter
from desktop_app.exchange.ui.printing.page_writer import PageWriter, display_text
from desktop_app.exchange.ui.printing.print_styles import (
    CODE_SIZE,
    INDENT,
    NOTE_SIZE,
    TITLE_SIZE,
    PrintStyles,
)
from desktop_app.markdown.block_model import Block, Kind
from desktop_app.markdown.parsing.block_builder import code_line
from desktop_app.markdown.structured_answer import with_rendered_form
from desktop_app.transcript.segment_formulas import SegmentFormulas
from desktop_app.widgets.look.theme import Theme
from desktop_app.widgets.text.sealed_document import SealedDocument

_FOOTER_HEIGHT: Final = 24.0
"""Height of the page footer in points; on very small paper it is lower."""
_NUMBER_WIDTH: Final = 60.0
"""Points to the right of the title that are left to the page number; chosen by eye."""


class PrintedConversation:
    """A conversation on pages: add messages, then `paint` each page.

    Attributes:
        document: the text document.
    """

    def __init__(
        self,
        title: str,
        theme: Theme,
        device: QPagedPaintDevice,
        name_of_model: Callable[[str], str],
        readers: ContentReaders,
    ) -> None:
        """Create the document.

        Args:
            title: the title of the conversation.
            theme: the light theme.
            device: the pages have its paper and margins.
            name_of_model: returns a model's display name for its id.
            readers: typeset formulas, lex code and decode images.
        """
        pixels_per_point = self._pixels_per_point = device.logicalDpiY() / 72
        paint_rect = device.pageLayout().paintRectPixels(device.logicalDpiY())
        self._footer_height = min(_FOOTER_HEIGHT * pixels_per_point, paint_rect.height() / 4)
        page = self._size = QSizeF(paint_rect.width(), paint_rect.height() - self._footer_height)
        self.document = SealedDocument()
        self._styles = PrintStyles(theme, pixels_per_point)
        self._theme = theme
        self._name_of_model = name_of_model
        self.document.setUndoRedoEnabled(False)
        self.document.setDocumentMargin(0)
        self.document.setIndentWidth(INDENT * pixels_per_point)
        self.document.setDefaultFont(self._styles.font(NOTE_SIZE))
        option = self.document.defaultTextOption()
        # Four spaces: Qt's own distance is meant for screens.
        code_metrics = QFontMetricsF(self._styles.font(CODE_SIZE, mono=True))
        option.setTabStopDistance(code_metrics.horizontalAdvance(" " * 4))
        self.document.setDefaultTextOption(option)
        self.document.setPageSize(page)
        self._writer = PageWriter(self.document, page, theme, self._styles)
        formulas = SegmentFormulas(self.document, readers, keeps_source=False)
        formulas.register(self.document)
        self._markdown = MarkdownPrinter(self._writer, readers, formulas)
        title = display_text(title)
        self._writer.insert_text(title, self._styles.paragraph_format(0), TITLE_SIZE, bold=True)
        self._footer_title = " ".join(title.split())  # a footer has only one line

    def add_message(self, message: Message, images: Mapping[str, QImage]) -> None:
        """Append a message; `images` has the images of its attachments by their hashes."""
        self._writer.cursor.beginEditBlock()
        self._writer.insert_note(heading_of(message, self._name_of_model), 16)
        if message.role is Role.USER:
            self._insert_question(message.text)
        self._insert_attachments(message, images)
        if message.role is Role.ASSISTANT:
            self._insert_answer(message)
        self._writer.cursor.endEditBlock()
        self._writer.breaks.insert()

    # ------------------------------------------------------------------ parts of a message

    def _insert_question(self, text: str) -> None:
        if not text:
            return
        self._writer.begin_frame(self._styles.frame_format(self._theme.tint, 3))
        for line in text.split("\n"):
            self._writer.insert_text(display_text(line), self._styles.paragraph_format(0))
        self._writer.end_frame()

    def _insert_attachments(self, message: Message, images: Mapping[str, QImage]) -> None:
        for part in message.attachments:
            image = images.get(part.sha256)
            if image is not None and not image.isNull():  # null if it cannot be decoded
                self._writer.insert_block(self._styles.paragraph_format(6, line_height=1.0))
                self._writer.insert_image(
                    f"picture:{part.sha256}", image, self._writer.page.width()
                )
            self._writer.insert_note(attachment_line(part), 4)
        for passage in sent_passages(message):
            self._writer.insert_note(f"[{passage.number}] {passage.source}", 2)

    def _insert_answer(self, message: Message) -> None:
        for part in message.parts:
            if isinstance(part, ReasoningPart) and part.text.strip():
                self._writer.insert_note(reasoning_title(part.text, part.seconds), 6)
                self._markdown.insert(part.text, is_quoted=True)
            elif isinstance(part, ToolCallPart):
                self._writer.insert_note(call_caption(part), 6)
                lines = [code_line(line, "json") for line in argument_lines(part.run_arguments)]
                self._markdown.insert_code([Block(Kind.CODE_HEAD, language="json"), *lines])
                if part.result:
                    lines = [code_line(line, "") for line in part.result.split("\n")]
                    self._markdown.insert_code([Block(Kind.CODE_HEAD, language=""), *lines])
        rendered = with_rendered_form(message, as_text=False)
        if rendered.text:
            self._markdown.insert(rendered.text)
        if listed := sources_markdown(message):
            self._markdown.insert(listed)
        self._insert_ending(message)

    def _insert_ending(self, message: Message) -> None:
        for notice in (*message.notices, export_ending(message)):
            if notice:
                self._writer.insert_note(str(notice), 6)
        error = message.error
        if error is not None:
            self._writer.begin_frame(self._styles.frame_format(self._theme.error_ground, 6))
            what_happened = display_text(error.what_happened)
            self._writer.insert_text(
                what_happened, self._styles.paragraph_format(0), color=self._theme.error, bold=True
            )
            if remedy := error.hint_on(NOT_CONTINUABLE):
                self._writer.insert_text(display_text(remedy), self._styles.paragraph_format(2))
            self._writer.end_frame()
        if facts := " · ".join(answer_facts(message, self._name_of_model)):
            self._writer.insert_note(facts, 6, self._theme.faint)

    # ------------------------------------------------------------------ painting

    @cached_property
    def _quote_bars(self) -> list[QRectF]:
        return self._markdown.quote_bars()

    @property
    def count(self) -> int:
        """Return the number of pages."""
        return self.document.pageCount()

    @property
    def height(self) -> float:
        """Return the height of all pages in pixels."""
        return self.document.size().height()

    def paint(self, painter: QPainter, number: int) -> None:
        """Paint page `number`, counted from 0, on the device's current sheet."""
        page_rect = QRectF(0, number * self._size.height(), self._size.width(), self._size.height())
        painter.save()
        painter.translate(0, -page_rect.top())
        painter.setClipRect(page_rect)
        context = QAbstractTextDocumentLayout.PaintContext()
        context.clip = page_rect
        context.palette.setColor(context.palette.ColorRole.Text, self._theme.text)
        # Qt paints the horizontal rules of the text in this color.
        context.palette.setColor(context.palette.ColorRole.WindowText, self._theme.line)
        self.document.documentLayout().draw(painter, context)
        for bar in self._quote_bars:
            if bar.intersects(page_rect):
                painter.fillRect(bar, self._theme.line)
        painter.restore()
        self._paint_footer(painter, number)

    def _paint_footer(self, painter: QPainter, number: int) -> None:
        # The upper half of the footer is empty, as a distance from the text above it.
        half_height = self._footer_height / 2
        top = self._size.height() + half_height
        footer = QRectF(0, top, self._size.width(), half_height)
        painter.setFont(self._styles.font(NOTE_SIZE))
        painter.setPen(self._theme.faint)
        align = Qt.AlignmentFlag
        label = f"{number + 1} / {self.count}"
        painter.drawText(footer, align.AlignRight | align.AlignVCenter, label)
        title_rect = footer.adjusted(0, 0, -_NUMBER_WIDTH * self._pixels_per_point, 0)
        title = painter.fontMetrics().elidedText(
            self._footer_title, Qt.TextElideMode.ElideRight, int(title_rect.width())
        )
        painter.drawText(title_rect, align.AlignLeft | align.AlignVCenter, title)
