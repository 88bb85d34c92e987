"""A conversation as a paged document, built message by message.

It is separate from the transcript's document, which holds only the messages near the viewport, uses
the window's theme, and is painted by its view. This document respects page breaks. A heading stays
with the text below it, and a short code block stays on one page. Table headers repeat on each page.
Each message is laid out when it is added, so the caller can do other work between messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QRectF, QSizeF, Qt, QUrl
from PySide6.QtGui import (
    QImage,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextImageFormat,
)

from desktop_app.domain.conversations.conversation import Message, Role
from desktop_app.domain.conversations.message_facts import (
    answer_facts,
    attachment_line,
    call_caption,
    export_ending,
    heading_of,
    indented_json,
    reasoning_title,
    sources_of,
)
from desktop_app.domain.conversations.message_parts import ReasoningPart, ToolCallPart
from desktop_app.domain.error_text import NOT_CONTINUABLE
from desktop_app.rendering.block_model import (
    ADDED_MARK,
    Block,
    Kind,
    Run,
    Runs,
    clean_text,
    is_in_other_quote,
    quote_block,
    shared_quotes,
    show_invisible,
)
from desktop_app.rendering.export.html_writer import group_blocks
from desktop_app.rendering.incremental.block_stream import render
from desktop_app.rendering.markdown.block_builder import code_line
from desktop_app.rendering.markdown.footnote_links import link_to_mark
from desktop_app.rendering.markdown.inline_images import (
    image_bytes_of,
    is_drawn_image,
    is_image_name,
)
from desktop_app.rendering.markdown.links import is_opened
from desktop_app.rendering.processes import highlight
from desktop_app.rendering.structured_answer import with_rendered_form
from desktop_app.ui.printing.print_styles import (
    CODE_SIZE,
    FRAME_PADDING,
    INDENT,
    NOTE_SIZE,
    QUOTE_BAR,
    QUOTE_GAP,
    TEXT_SIZE,
    TITLE_SIZE,
    PrintStyles,
    begins_at_right,
)
from desktop_app.ui.printing.wide_tables import column_groups
from desktop_app.ui.transcript.layout.long_text import (
    MAX_BLOCK_UNITS,
    LongTextSplitter,
    RunIndex,
    TextFormats,
)
from desktop_app.ui.transcript.media.drawn_formulas import FormulaFinder, Formulas
from desktop_app.ui.transcript.transcript_styles import ALIGNMENTS
from desktop_app.ui.widgets.text.sealed_document import SealedDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from PySide6.QtGui import QColor, QFont, QTextBlock, QTextFrame, QTextFrameFormat

    from desktop_app.ui.look.theme import Theme

_MAX_UNSPLIT_SHARE: Final = 0.4
"""Frames taller than this share of a page may be split."""

_MAX_SHARE_WITH_HEADINGS: Final = 0.5
"""Content is kept together with the headings above it up to this share of a page."""


class _UnbrokenContent(NamedTuple):
    """Content to keep on one page: a frame, or a block with the line after it."""

    block: QTextBlock
    frame: QTextFrame | None


@dataclass
class _QuoteBar:
    """The bar beside a quote, from its first to its last block.

    Attributes:
        inset: the distance in pixels from the edge of the page where the quote begins.
    """

    first: QTextBlock
    last: QTextBlock
    inset: float
    is_at_right: bool

    def extend(self, last: QTextBlock) -> None:
        """Let the bar end beside a later block."""
        self.last = last


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
        unit: float,
        name_of_model: Callable[[str], str],
        formulas: FormulaFinder,
    ) -> None:
        """Create the document.

        Args:
            title: the title of the conversation.
            theme: the light theme.
            page: the size of a page in device pixels.
            unit: device pixels per point.
            name_of_model: returns a model's display name for its id.
            formulas: typesets formulas.
        """
        self.document = SealedDocument()
        self._page = page
        self._styles = PrintStyles(theme, unit)
        self._theme, self._name_of_model = theme, name_of_model
        self._formulas = Formulas(self.document, keeps_source=False)
        self._formulas.set_typesetter(formulas)
        self.document.setUndoRedoEnabled(False)
        self.document.setDocumentMargin(0)
        self.document.setIndentWidth(INDENT * unit)
        self.document.setDefaultFont(self._styles.font(NOTE_SIZE))
        option = self.document.defaultTextOption()
        option.setTabStopDistance(self._styles.tab_distance())
        self.document.setDefaultTextOption(option)
        self.document.setPageSize(page)
        self._cursor = QTextCursor(self.document)
        self._is_block_empty = True
        self._text_count = 0
        self._unbroken: list[_UnbrokenContent] = []
        self._quote_bars: list[_QuoteBar] = []
        self.title = _display_text(title)
        self._insert_text(self.title, self._styles.paragraph_format(0), TITLE_SIZE, bold=True)

    @property
    def note_font(self) -> QFont:
        """Return the font of page footers."""
        return self._styles.font(NOTE_SIZE)

    def add_message(self, message: Message, pictures: Mapping[str, QImage]) -> None:
        """Append a message; `pictures` maps the hashes of its attachments to their images."""
        self._cursor.beginEditBlock()
        self._insert_note(heading_of(message, self._name_of_model), 16)
        if message.role is Role.USER:
            self._insert_question(message.text)
        self._insert_attachments(message, pictures)
        if message.role is Role.ASSISTANT:
            self._insert_answer(message)
        self._cursor.endEditBlock()
        self._keep_together()

    def quote_bars(self) -> list[QRectF]:
        """Return the places of the bars beside quotes, in pixels from the top of the first page."""
        return list(map(self._place_of_bar, self._quote_bars))

    def _place_of_bar(self, bar: _QuoteBar) -> QRectF:
        layout, width = self.document.documentLayout(), QUOTE_BAR * self._styles.unit
        left = self._page.width() - bar.inset - width if bar.is_at_right else bar.inset
        padding = QTextCursor(bar.last).currentFrame().frameFormat().padding()
        bottom = layout.blockBoundingRect(bar.last).bottom() + padding
        top = layout.blockBoundingRect(bar.first).top()
        return QRectF(left, top, width, bottom - top)

    # ------------------------------------------------------------------ parts of a message

    def _insert_question(self, text: str) -> None:
        if not text:
            return
        self._begin_frame(self._styles.frame_format(self._theme.tint, 3))
        for line in text.split("\n"):
            self._insert_text(_display_text(line), self._styles.paragraph_format(0))
        self._end_frame()

    def _insert_attachments(self, message: Message, pictures: Mapping[str, QImage]) -> None:
        for part in message.attachments:
            image = pictures.get(part.sha256)
            if image is not None and not image.isNull():  # null if it cannot be decoded
                self._insert_attached_image(part.sha256, image)
            self._insert_note(attachment_line(part), 4)
        for number, source, _ in sources_of(message):
            self._insert_note(f"[{number}] {source}", 2)

    def _insert_attached_image(self, sha256: str, image: QImage) -> None:
        name = f"picture:{sha256}"
        self._insert_block(self._styles.paragraph_format(6, line_height=1.0))
        self._insert_image(name, image, self._page.width())

    def _insert_answer(self, message: Message) -> None:
        for part in message.parts:
            if isinstance(part, ReasoningPart) and part.text.strip():
                self._insert_note(reasoning_title(part.text, part.seconds), 6)
                self._insert_markdown(part.text, is_quoted=True)
            elif isinstance(part, ToolCallPart):
                self._insert_note(call_caption(part), 6)
                lines = [code_line(line, "json") for line in indented_json(part.run_arguments)]
                self._insert_code([Block(Kind.CODE_HEAD, language="json"), *lines])
                if part.result:
                    lines = [code_line(line, "") for line in part.result.split("\n")]
                    self._insert_code([Block(Kind.CODE_HEAD, language=""), *lines])
        shown = with_rendered_form(message, as_text=False)
        if shown.text:
            self._insert_markdown(shown.text)
        self._insert_ending(message)

    def _insert_ending(self, message: Message) -> None:
        error = message.error
        for notice in (*message.notices, export_ending(message)):
            if notice:
                self._insert_note(str(notice), 6)
        if error is not None:
            self._begin_frame(self._styles.frame_format(self._theme.error_ground, 6))
            happened = _display_text(error.what_happened)
            self._insert_text(
                happened, self._styles.paragraph_format(0), color=self._theme.error, bold=True
            )
            if remedy := error.remedy_on(NOT_CONTINUABLE):
                self._insert_text(_display_text(remedy), self._styles.paragraph_format(2))
            self._end_frame()
        if facts := " · ".join(answer_facts(message, self._name_of_model)):
            self._insert_note(facts, 6, self._theme.faint)

    # ------------------------------------------------------------------ Markdown

    def _insert_markdown(self, markdown: str, *, is_quoted: bool = False) -> None:
        """Insert Markdown; with `is_quoted`, within a quote."""
        above: Block | None = None
        open_bars: list[_QuoteBar] = []
        self._text_count += 1
        for members in group_blocks(render(markdown), (Kind.CODE, Kind.TABLE)):
            if is_quoted:
                members = [quote_block(block) for block in members]
            first = members[0]
            if above is not None and is_in_other_quote(above, first):
                # Two blocks, because Qt gives an empty block below a table no height.
                self._insert_block(self._styles.empty_block_format())
                self._insert_block(self._styles.spacer_format(QUOTE_GAP * self._styles.unit))
            begin = self._cursor.position() + (0 if self._is_block_empty else 1)
            if first.kind in (Kind.CODE, Kind.CODE_HEAD):
                self._insert_code(members)
            elif first.kind is Kind.TABLE:
                self._insert_table(members)
            elif first.kind is Kind.RULE:
                self._insert_rule(first, above)
            else:
                self._insert_paragraph(first, above)
            del open_bars[shared_quotes(above, first) if above is not None else 0 :]
            self._add_quote_bars(first, open_bars, self.document.findBlock(begin))
            above = members[-1]

    def _add_quote_bars(
        self, block: Block, open_bars: list[_QuoteBar], inserted: QTextBlock
    ) -> None:
        """Extend the bars of open quotes down to the inserted blocks, and add those that begin."""
        at_end = self._cursor.block()
        last = at_end.previous() if self._is_block_empty else at_end
        for bar in open_bars:
            bar.extend(last)
        is_at_right = begins_at_right(block)
        begun = [
            _QuoteBar(inserted, last, inset, is_at_right)
            for inset in self._styles.quote_insets(block)[len(open_bars) :]
        ]
        open_bars += begun
        self._quote_bars += begun

    def _insert_paragraph(self, block: Block, above: Block | None) -> None:
        block_format = self._styles.block_format(block, above)
        if block.kind is Kind.MATH and not block.marker:
            block_format.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._insert_block(block_format, keeps_next=block.kind is Kind.HEADING)
        if block.marker:
            marker_format = self._styles.run_format(Run(""), Kind.PARAGRAPH)
            if block.note:
                name = self._name_of_note(link_to_mark(block.marker))
                marker_format = self._styles.footnote_anchor_format(marker_format, name)
            self._cursor.insertText(f"{block.marker}\t", marker_format)
        self._insert_runs(block.runs, block.kind, block.level, is_quiet=block.quote > 0)

    def _insert_runs(
        self,
        runs: Runs,
        kind: Kind,
        level: int = 0,
        *,
        is_head: bool = False,
        is_quiet: bool = False,
    ) -> None:
        for run in runs:
            if is_drawn_image(run):
                self._insert_embedded_image(run.link)
                continue
            if is_image_name(run):
                hidden = self._styles.hidden_text_format()
                self._cursor.insertText(_display_text(run.text), hidden)
                continue
            char_format = self._styles.run_format(
                run, kind, level, is_head=is_head, is_quiet=is_quiet
            )
            if is_opened(run.link):
                char_format = self._styles.link_format(char_format, run.link)
            elif run.note:
                target = f"#{self._name_of_note(run.link)}"
                char_format = self._styles.link_format(char_format, target, is_underlined=False)
            self._cursor.insertText(run.text.replace(ADDED_MARK, ""), char_format)

    def _name_of_note(self, target: str) -> str:
        """Return a footnote's anchor, unique in a document of several texts."""
        return f"note-{self._text_count}-{target.rpartition('/')[2]}"

    def _insert_embedded_image(self, target: str) -> None:
        """Insert a small image that is embedded in the answer."""
        image = QImage.fromData(image_bytes_of(target) or b"")
        if image.isNull():
            return
        name = f"raster:{sha256(target.encode()).hexdigest()}"
        self._insert_image(name, image, self._page.width() / 2)

    def _insert_image(self, name: str, image: QImage, max_width: float) -> None:
        """Insert an image, scaled down to the maximum width and nearly half a page."""
        self.document.addResource(QTextDocument.ResourceType.ImageResource.value, QUrl(name), image)
        unit = 0.75 * self._styles.unit  # a CSS pixel is 0.75 points
        width, height = image.width() * unit, image.height() * unit
        scale = min(1.0, max_width / width, 0.45 * self._page.height() / height)
        image_format = QTextImageFormat()
        image_format.setName(name)
        image_format.setWidth(width * scale)
        image_format.setHeight(height * scale)
        self._cursor.insertImage(image_format)

    def _insert_rule(self, block: Block, above: Block | None) -> None:
        if block.marker:
            self._insert_paragraph(block, above)  # only the marker, because a rule has no text
        if self._is_block_empty:  # below a table, where Qt gives an empty block no height
            self._insert_block(self._styles.empty_block_format())
        block_format = self._styles.paragraph_format(8)
        block_format.setLeftMargin(self._styles.inset(block))
        block_format.setProperty(QTextFormat.Property.BlockTrailingHorizontalRulerWidth, 1)
        self._insert_block(block_format)

    def _insert_code(self, members: list[Block]) -> None:
        styles, first = self._styles, members[0]
        lines = [_code_text(block) for block in members if block.kind is Kind.CODE]
        self._begin_frame(styles.frame_format(self._theme.code_ground, 6, styles.inset(first)))
        if first.language:
            name = _display_text(first.language)
            self._insert_text(
                name, styles.paragraph_format(0), NOTE_SIZE, color=self._theme.dim, bold=True
            )
        block_format = styles.paragraph_format(0, line_height=1.25)
        plain = styles.plain_format(CODE_SIZE, self._theme.text, mono=True)
        for line, spans in zip(lines, _spans_by_line(lines, first.language), strict=True):
            self._insert_block(block_format)
            at = 0
            for span in spans:
                color = getattr(self._theme, span.color.value)
                self._cursor.insertText(line[at : span.start], plain)
                end = span.start + span.length
                style = styles.plain_format(CODE_SIZE, color, mono=True)
                self._cursor.insertText(line[span.start : end], style)
                at = end
            self._cursor.insertText(line[at:], plain)
        self._end_frame()

    def _insert_table(self, parts: list[Block]) -> None:
        rows = [(row, p.head and n == 0) for p in parts for n, row in enumerate(p.rows)]
        columns = max((len(row) for row, _ in rows), default=0)
        if not columns:
            return
        styles, texts = self._styles, [[_cell_text(cell) for cell in row] for row, _ in rows]
        room = self._page.width() - styles.inset(parts[0])
        for group in column_groups(texts, columns, styles.cell_width, room):
            self._insert_columns(parts[0], rows, group)

    def _insert_columns(
        self, first: Block, rows: list[tuple[tuple[Runs, ...], bool]], columns: list[int]
    ) -> None:
        """Insert some columns of a table; Qt always places the first column at the left."""
        if first.from_right:
            columns = columns[::-1]
        default_align = "right" if first.from_right else "left"
        self._insert_block(self._styles.empty_block_format())
        table_format = self._styles.table_format(first)
        table = self._cursor.insertTable(len(rows), len(columns), table_format)
        self._unbroken.append(_UnbrokenContent(self._cursor.block(), table))
        cell_format = self._styles.cell_format()
        for number, (row, is_head) in enumerate(rows):
            for position, column in enumerate(columns):
                runs = row[column] if column < len(row) else ()
                cell = table.cellAt(number, position)
                cell.setFormat(cell_format)
                self._cursor = cell.firstCursorPosition()
                aligned = QTextBlockFormat()
                aligned.setAlignment(ALIGNMENTS[first.aligns[column] or default_align])
                self._cursor.setBlockFormat(aligned)
                self._insert_runs(runs, Kind.TABLE, is_head=is_head)
        self._end_frame()

    # ------------------------------------------------------------------ writing

    def _insert_note(self, text: str, top: float, color: QColor | None = None) -> None:
        """Insert small text, dim unless `color` is set, `top` points below the last block."""
        block_format = self._styles.paragraph_format(top)
        color = color or self._theme.dim
        self._insert_text(_display_text(text), block_format, NOTE_SIZE, color=color)

    def _insert_text(
        self,
        text: str,
        block_format: QTextBlockFormat,
        points: float = TEXT_SIZE,
        *,
        color: QColor | None = None,
        bold: bool = False,
    ) -> None:
        style = self._styles.plain_format(points, color or self._theme.text, bold=bold)
        for part in self._split_line(text, block_format, style):
            self._insert_block(block_format)
            self._cursor.setBlockCharFormat(style)
            self._cursor.insertText(part, style)
            block_format.setTopMargin(0)

    def _split_line(
        self, text: str, block_format: QTextBlockFormat, style: QTextCharFormat
    ) -> Iterator[str]:
        """Split a very long text where the page wraps it, and yield the parts.

        The time that Qt needs for a block grows with the square of its length.
        """
        if len(text) <= MAX_BLOCK_UNITS:
            yield text
            return
        frame = self._cursor.currentFrame().frameFormat()
        lines = LongTextSplitter(self._page.width() - 2 * (frame.padding() + frame.border()), 0)
        formats = TextFormats(block_format, block_format, lambda _: style)
        words, at = RunIndex((Run(text),)), 0
        while words.end - at > MAX_BLOCK_UNITS:
            end = lines.part_end(words, at, formats)
            yield "".join(run.text for run in words.runs_between(at, end))
            at = end
        yield "".join(run.text for run in words.runs_between(at, words.end))

    def _insert_block(self, block_format: QTextBlockFormat, *, keeps_next: bool = False) -> None:
        """Append a block; `keeps_next` keeps it on one page with the line after it."""
        if self._is_block_empty:
            self._cursor.setBlockFormat(block_format)
            self._cursor.setBlockCharFormat(QTextCharFormat())
        else:
            self._cursor.insertBlock(block_format, QTextCharFormat())
        self._is_block_empty = False
        if keeps_next:
            self._unbroken.append(_UnbrokenContent(self._cursor.block(), None))

    def _begin_frame(self, frame_format: QTextFrameFormat) -> None:
        """Begin a frame, kept on one page if it is short; later content goes into the frame."""
        self._insert_block(self._styles.empty_block_format())
        frame = self._cursor.insertFrame(frame_format)
        self._is_block_empty = True
        self._unbroken.append(_UnbrokenContent(self._cursor.block(), frame))

    def _end_frame(self) -> None:
        """Leave all frames and tables; later content goes below them."""
        self._cursor.movePosition(QTextCursor.MoveOperation.End)
        self._is_block_empty = True

    # ------------------------------------------------------------------ pages

    def _keep_together(self) -> None:
        """Insert page breaks so that content to keep together is not split."""
        contents, self._unbroken = self._unbroken, []
        group: list[_UnbrokenContent] = []
        for content, below in zip_longest(contents, contents[1:]):
            group.append(content)
            if below is None or not _is_directly_above(content, below):
                self._keep_on_one_page(group)
                group = []

    def _keep_on_one_page(self, group: list[_UnbrokenContent]) -> None:
        """Keep the last content on one page, with as many of the headings above it as fit."""
        height, bottom = self._page.height(), self._extent(group[-1])[1]
        for content in group:
            top = self._extent(content)[0]
            if bottom - top < _MAX_SHARE_WITH_HEADINGS * height:
                if int(top // height) != int((bottom - 1) // height):
                    self._begin_page(*content)
                return

    def _extent(self, content: _UnbrokenContent) -> tuple[float, float]:
        """Return the top and bottom of content, in pixels from the top of the first page.

        For a tall frame, which may be split, return the bottom of its first lines.
        """
        layout, block = self.document.documentLayout(), content.block
        line = 2 * (TEXT_SIZE + FRAME_PADDING) * self._styles.unit
        if content.frame is not None:
            area = layout.frameBoundingRect(content.frame)
            is_tall = area.height() >= _MAX_UNSPLIT_SHARE * self._page.height()
            return area.top(), area.top() + line if is_tall else area.bottom()
        following, area = block.next(), layout.blockBoundingRect(block)
        if following.isValid():
            below = layout.blockBoundingRect(following)
            return area.top(), max(area.bottom(), below.top() + min(line, below.height()))
        return area.top(), area.bottom()

    def _begin_page(self, block: QTextBlock, frame: QTextFrame | None) -> None:
        policy = QTextFormat.PageBreakFlag.PageBreak_AlwaysBefore
        if frame is not None:
            frame_format = frame.frameFormat()
            frame_format.setPageBreakPolicy(policy)
            frame.setFrameFormat(frame_format)
            return
        cursor = QTextCursor(block)
        block_format = block.blockFormat()
        block_format.setPageBreakPolicy(policy)
        cursor.setBlockFormat(block_format)


def _is_directly_above(content: _UnbrokenContent, below: _UnbrokenContent) -> bool:
    """Return True if `content` is directly above `below`.

    Above each frame there is an empty block, which is one pixel high.
    """
    if content.frame is not None:
        return False
    if below.frame is None:
        return content.block.next() == below.block
    return content.block.next().position() == below.frame.firstPosition() - 1


def _spans_by_line(lines: list[str], language: str) -> list[list[highlight.ColoredSpan]]:
    found: list[list[highlight.ColoredSpan]] = [[] for _ in lines]
    for span in highlight.file_spans("\n".join(lines), language):
        if span.line < len(found):
            found[span.line].append(span)
    return found


def _code_text(block: Block) -> str:
    return "".join(run.text for run in block.runs).replace(ADDED_MARK, "")


def _cell_text(cell: Runs) -> str:
    return "".join(run.text for run in cell)


def _display_text(text: str) -> str:
    """Return the text for one block, with control characters made visible."""
    return show_invisible(clean_text(text)).replace(ADDED_MARK, "")
