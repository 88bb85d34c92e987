"""A conversation as a paged document, built message by message.

It is separate from the transcript's document, which holds only the messages near the viewport, uses
the window's theme, and is painted by its view. This document respects page breaks. A heading stays
with the text below it, and a short code block stays on one page. Table headers repeat on each page.
Each message is laid out when it is added, so the caller can do other work between messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from desktop_app.exchange.ui.printing.print_styles import INDENT, NOTE_SIZE, TITLE_SIZE, PrintStyles
from desktop_app.markdown.block_model import Block, Kind
from desktop_app.markdown.parsing.block_builder import code_line
from desktop_app.markdown.structured_answer import with_rendered_form
from desktop_app.transcript.segment_formulas import SegmentFormulas
from desktop_app.widgets.text.sealed_document import SealedDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtCore import QRectF, QSizeF
    from PySide6.QtGui import QFont, QImage

    from desktop_app.widgets.look.theme import Theme


class PrintedConversation:
    """The document of a conversation, laid out for pages of `page` device pixels.

    Attributes:
        document: the text document.
        title: the title as shown, with control characters made visible.
    """

    def __init__(
        self,
        title: str,
        theme: Theme,
        page: QSizeF,
        pixels_per_point: float,
        name_of_model: Callable[[str], str],
        readers: ContentReaders,
    ) -> None:
        """Create the document.

        Args:
            title: the title of the conversation.
            theme: the light theme.
            page: the size of a page in device pixels.
            pixels_per_point: the resolution of the device.
            name_of_model: returns a model's display name for its id.
            readers: typeset formulas, lex code and decode images.
        """
        self.document = SealedDocument()
        self._styles = PrintStyles(theme, pixels_per_point)
        self._theme = theme
        self._name_of_model = name_of_model
        self.document.setUndoRedoEnabled(False)
        self.document.setDocumentMargin(0)
        self.document.setIndentWidth(INDENT * pixels_per_point)
        self.document.setDefaultFont(self._styles.font(NOTE_SIZE))
        option = self.document.defaultTextOption()
        option.setTabStopDistance(self._styles.tab_distance())
        self.document.setDefaultTextOption(option)
        self.document.setPageSize(page)
        self._writer = PageWriter(self.document, page, theme, self._styles)
        formulas = SegmentFormulas(self.document, readers, keeps_source=False)
        formulas.register(self.document)
        self._markdown = MarkdownPrinter(self._writer, readers, formulas)
        self.title = display_text(title)
        self._writer.insert_text(
            self.title, self._styles.paragraph_format(0), TITLE_SIZE, bold=True
        )

    @property
    def footer_font(self) -> QFont:
        """Return the font of page footers."""
        return self._styles.font(NOTE_SIZE)

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

    def quote_bars(self) -> list[QRectF]:
        """Return the places of the bars beside quotes, in pixels from the top of the first page."""
        return self._markdown.quote_bars()

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
