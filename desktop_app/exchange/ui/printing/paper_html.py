"""The HTML of a conversation for Qt's rich text: the web page with tables for its boxes.

A message becomes parts of a few thousand characters, each complete, because Qt lays out an HTML
text in one piece while the window waits for Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Final, Protocol

from PySide6.QtGui import QImage

from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_facts import (
    argument_lines,
    call_caption,
    reasoning_title,
)
from desktop_app.domain.conversations.message_parts import ImagePart, ReasoningPart, ToolCallPart
from desktop_app.exchange.ui.printing.pages import Pages
from desktop_app.markdown.block_model import Block, Kind, Run
from desktop_app.markdown.export.html_writer import (
    HtmlWriter,
    group_blocks,
    right_to_left_attributes,
)
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.markdown.parsing.own_links import link_to_mark
from desktop_app.markdown.processes.diagram_drawing import draw_nothing, is_diagram
from desktop_app.markdown.processes.highlight import ColoredSpan
from desktop_app.transcript.segment_formulas import FormulaFinder
from desktop_app.writers.html_page import (
    EmbeddedImage,
    HtmlPage,
    PageWriter,
    colored_lines,
    to_plain_html,
    visible_text,
)

_PART_LENGTH: Final = 6_000
"""Characters after which the next part begins, if it can: Qt takes about 5 ms."""
_MAX_LINES: Final = 100
"""Lines of code in one box; longer code is in several, each with the name of its language."""
_MAX_WORD: Final = 2_000
"""Characters of a word: the time that Qt needs grows with the square of its length."""
_LONG_WORD: Final = re.compile(rf"\S{{{_MAX_WORD}}}(?=\S)")
_QUOTE: Final = re.compile(r"<(/?)blockquote[^>]*>")
_BEGINS_HEADING: Final = re.compile(r"<h[1-6]")


class PaperReaders(FormulaFinder, Protocol):
    """Readers of what Qt and Pygments should not read in this process."""

    def spans(self, code: str, language: str) -> list[ColoredSpan]:
        """Return the colored spans of code."""

    def diagram(self, language: str, source: str) -> tuple[QImage, int] | None:
        """Return the picture of a diagram, and its width in pixels; None for other code."""

    def picture(self, part: ImagePart) -> QImage:
        """Return an attached picture; a null image if it cannot be decoded."""

    def inline_image(self, address: str) -> QImage:
        """Return the image in an address; a null image if it cannot be decoded."""


class PaperHtml(HtmlPage):
    """The elements of messages for paper."""

    def __init__(
        self, name_of_model: Callable[[str], str], readers: PaperReaders, pages: Pages
    ) -> None:
        super().__init__(name_of_model, readers.find)
        self._readers = readers
        self._pages = pages

    def parts(self, message: Message) -> Iterator[str]:
        """Yield the message in parts; none ends with a heading."""
        part = last_piece = ""
        for piece in self.pieces(message, {}):
            if len(part) + len(piece) > _PART_LENGTH and not _BEGINS_HEADING.match(last_piece):
                yield part
                part = ""
            part, last_piece = part + piece, piece
        yield part

    def render_note(self, kind: str, html: str) -> str:
        """Return a small line; that with the author is a heading."""
        tag = "h6" if kind == "who" else "p"
        return f'<{tag} class="{kind}">{html}</{tag}>'

    def render_picture(
        self, part: ImagePart, _images: Mapping[str, EmbeddedImage]
    ) -> Iterator[str]:
        image = self._readers.picture(part)
        if not image.isNull():
            yield f"<p>{self._pages.add_image(image, image.width())}</p>"

    def render_said(self, text: str) -> Iterator[str]:
        lines = _LONG_WORD.sub(r"\g<0>\n", text).split("\n")
        for first in range(0, len(lines), _MAX_LINES):
            some = "\n".join(lines[first : first + _MAX_LINES])
            direction = right_to_left_attributes(some)
            html = f'<p class="lines"{direction}>{to_plain_html(some)}</p>'
            yield box("said", quoted_tags(html))

    def render_passage(self, source: str, _text: str) -> Iterator[str]:
        yield self.render_note("attached", source)

    def render_reasoning(self, part: ReasoningPart) -> Iterator[str]:
        title = reasoning_title(part.text, part.seconds)
        yield self.render_note("attached", to_plain_html(title))
        for piece in self.render_markdown(part.text):
            yield quoted(piece)

    def render_call(self, part: ToolCallPart) -> Iterator[str]:
        yield self.render_note("attached", to_plain_html(call_caption(part)))
        arguments = "\n".join(argument_lines(part.run_arguments))
        yield from self._code_boxes("json", visible_text(arguments))
        if part.result:
            yield from self._code_boxes("", visible_text(part.result))

    def render_error(self, what: str, remedy: str) -> str:
        return box("error", f"<p><b>{what}</b></p><p>{remedy}</p>")

    def render_markdown(self, markdown: str) -> Iterator[str]:
        self._text_count += 1
        writer = _PaperWriter(self._readers, self._pages, self._text_count)
        for blocks in _slices(render(markdown)):
            yield writer.write(blocks)

    def _code_boxes(self, language: str, text: str) -> Iterator[str]:
        writer = _PaperWriter(self._readers, self._pages, self._text_count)
        lines = text.split("\n")
        for first in range(0, len(lines), _MAX_LINES):
            yield writer.render_code(language, "\n".join(lines[first : first + _MAX_LINES]))
            language = ""


class _PaperWriter(PageWriter):
    """A writer of Markdown whose quotes and code are tables, and whose images are resources."""

    table_attributes = ' class="data" border="0" cellspacing="0"'

    def __init__(self, readers: PaperReaders, pages: Pages, number: int) -> None:
        super().__init__(readers.find, draw_nothing, number)
        self._readers = readers
        self._pages = pages

    def pieces(self, blocks: Iterable[Block]) -> Iterator[str]:
        return map(quoted_tags, super().pieces(blocks))

    def direction_attribute(self, block: Block, *, of_container: bool) -> str:
        return HtmlWriter.direction_attribute(self, block, of_container=of_container)

    def render_mark(self, run: Run, text: str) -> str:
        return f'<a class="mark" href="#{self._note_name(run.link)}">{text}</a>'

    def render_label(self, marker: str) -> str:
        """Return the name of a footnote, without a link to its mark: paper has no way back."""
        return f'<a name="{self._note_name(link_to_mark(marker))}">{escape(marker)}</a>'

    def _note_name(self, link: str) -> str:
        return f"note-{self._number}-{link.rpartition('/')[2]}"

    def render_code(self, language: str, text: str) -> str:
        drawn = self._readers.diagram(language, text)
        if drawn is not None:
            image, width = drawn
            return f"<p>{self._pages.add_image(image, width)}</p>"
        name = f'<p class="language">{to_plain_html(language)}</p>' if language else ""
        code = "\n".join(colored_lines(text, self._readers.spans(text, language)))
        return box("code", f'{name}<p class="lines" dir="ltr">{code}</p>')

    def render_image(self, run: Run) -> str:
        """Return an image, and its name for searches; the name alone if it cannot be decoded."""
        name = to_plain_html(run.text)
        image = self._readers.inline_image(run.link)
        if image.isNull():
            return name
        element = self._pages.add_image(image, image.width(), max_share=0.5)
        return f'{element}<span class="hidden">{name}</span>'

    def render_formula(self, tex: str, *, display: bool) -> str:
        source = tex.replace("\u2028", "\n")
        if self._readers.find(source, display=display) is None:
            return super().render_formula(tex, display=display)
        return self._pages.add_formula(source, display=display)

    def render_table(self, blocks: list[Block]) -> str:
        """Return a table whose header repeats on every page; the columns that fit, then others."""
        first = blocks[0]
        texts = [
            ["".join(run.text for run in cell) for cell in row]
            for block in blocks
            for row in block.rows
        ]
        tables = []
        for columns in self._pages.column_groups(texts, len(first.aligns)):
            if first.from_right:  # Qt places the first column at the left
                columns = columns[::-1]
            some = [
                block._replace(
                    rows=tuple(tuple(row[n] for n in columns) for row in block.rows),
                    aligns=tuple(block.aligns[n] for n in columns),
                )
                for block in blocks
            ]
            html = HtmlWriter.render_table(self, some)
            if first.from_right:
                html = html.replace("<table", '<table align="right"', 1)
            if first.head:
                html = html.replace("<tr>", "<thead><tr>", 1).replace("</tr>", "</tr></thead>", 1)
            tables.append(html)
        return "".join(tables)


def _slices(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Divide a text between paragraphs, items, and lines of code, but not in quotes."""
    some: list[Block] = []
    length = 0
    for group in group_blocks(blocks, (Kind.CODE, Kind.TABLE)):
        step = len(group) if is_diagram(group[0].language) else _MAX_LINES
        if group[0].kind is Kind.TABLE:
            step = max(1, _MAX_LINES // len(group[0].rows))
        for first in range(0, len(group), step):
            block = group[first]
            can_begin = not block.quote and (
                not block.depth or (block.depth == 1 and bool(block.marker))
            )
            is_below_heading = bool(some) and some[-1].kind is Kind.HEADING
            if can_begin and not is_below_heading and (first or length > _PART_LENGTH):
                yield some
                some, length = [], 0
            lines = group[first : first + step]
            if first and group[0].head:  # the header of the table, again
                rows = (group[0].rows[0], *block.rows)
                lines[0] = block._replace(rows=rows, head=True)
            some += lines
            length += sum(len(run.text) for each in lines for run in each.runs)
            length += sum(each.source_chars for each in lines)
    yield some


def box(kind: str, html: str) -> str:
    """Return a box with a colored ground."""
    return (
        f'<table class="box" width="100%" border="0" cellspacing="0"><tr><td class="{kind}">{html}'
        "</td></tr></table>"
    )


def quoted(html: str) -> str:
    """Return a quote with a bar beside it."""
    return quoted_tags(f"<blockquote>{html}</blockquote>")


def quoted_tags(html: str) -> str:
    """Return HTML with its quotes as tables; in text, no "<" is left.

    Qt mirrors the alignment of a text from the right, too.
    """
    return _QUOTE.sub(_quote_tag, html).replace(' style="text-align:right"', "")


def _quote_tag(tag: re.Match[str]) -> str:
    if tag[1]:
        return "</td></tr></table>"
    kind = "quote-right" if 'dir="rtl"' in tag[0] else "quote"
    return f'<table class="box" width="100%" border="0" cellspacing="0"><tr><td class="{kind}">'
