"""Pages with texts of HTML below each other, each text a document of its own.

So laying out a text takes as long at the end of a long conversation as at its beginning, and no
document comes near 2²³ pixels, where Qt 6.11 crashes. A heading stays with the text below it, and
a short box or table on one page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QObject, QRectF, QSizeF, Qt, QUrl
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QFont,
    QFontMetricsF,
    QImage,
    QPagedPaintDevice,
    QPainter,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrame,
)

from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import N_
from desktop_app.markdown.block_model import formula_run
from desktop_app.transcript.segment_formulas import DRAWN, FormulaFinder, SegmentFormulas
from desktop_app.transcript.transcript_styles import DISPLAY_MATH, FORMULA, INLINE_MATH
from desktop_app.widgets.look.theme import Theme
from desktop_app.widgets.text.sealed_document import SealedDocument

# Sizes in points.
_TEXT_SIZE: Final = 10.0
_NOTE_SIZE: Final = 8.0
_CODE_SIZE: Final = 8.5
_INDENT: Final = 18.0
_CELL_PADDING: Final = 5.0
_FOOTER_HEIGHT: Final = 24.0
"""On very small paper, the footer is lower."""
_NUMBER_WIDTH: Final = 60.0
"""What is left to the page number beside the title; chosen by eye."""

# Of the sizes of headings, Qt knows only names: small is 8 points, large 12, x-large 15.
_STYLE: Final = """
h1, h2, h3, h4, h5, h6 { margin-top: 12pt; margin-bottom: 0; line-height: 120% }
h1 { font-size: x-large } h2, h3 { font-size: large } h4, h5, h6 { font-size: medium }
.title { font-size: xx-large; margin-top: 0 }
p { margin-top: 6pt; margin-bottom: 0; line-height: 135% }
ul, ol { margin: 0 } li { margin-top: 3pt; margin-bottom: 0; line-height: 135% }
.attached, .notice { font-size: 8pt; color: dim }
.who { font-size: small; font-weight: normal; color: dim; margin-top: 16pt }
.attached { margin-top: 4pt } .facts { font-size: 8pt; color: faint }
.box { margin-top: 6pt } .data { margin-top: 6pt; margin-bottom: 6pt }
.said, .code, .error { padding: 8pt } .said { background: tint }
.code { background: code_ground; font-size: 8.5pt; font-family: "mono" }
.error { background: error_ground } .error b { color: error }
.lines, .language, .error p { margin: 0; white-space: pre-wrap } .code .lines { line-height: 125% }
.language { font-size: 8pt; font-family: "base"; font-weight: bold; color: dim }
.quote { border-left: 2pt solid line; padding-left: 16pt; color: dim }
.quote-right { border-right: 2pt solid line; padding-right: 16pt; color: dim }
.data td, .data th { padding: 3pt 5pt; border-bottom: 0.5pt solid line }
th { color: dim; font-weight: bold }
code, kbd { font-family: "mono"; font-size: 8.5pt; background: code_ground }
a { color: accent } .mark { text-decoration: none } .hidden { font-size: 0.1pt; color: ground }
.keyword { color: keyword } .string { color: string } .function { color: function }
.comment { color: comment } .number { color: number }
"""
_POINTS: Final = re.compile(r"([\d.]+)pt\b")
_COLORED: Final = re.compile(r"(color|background|solid):? (\w+)")

_MAX_UNSPLIT_SHARE: Final = 0.4
"""Boxes and tables taller than this share of a page may be split."""
_MAX_SHARE_WITH_HEADINGS: Final = 0.5
"""Content is kept together with the headings above it up to this share of a page."""
_MAX_HEIGHT: Final = 4_000_000
"""Estimated pixels of a text, about 350 pages at 1200 per inch; a part of a table may be higher."""
_PREFERRED_WIDTH: Final = 9
"""The width of a column with wider text, in widths of "m", unless a word needs more."""


class _Text(NamedTuple):
    """A text that begins on page `first_page`, `top` pixels from its upper edge."""

    html: str
    first_page: int
    last_page: int
    top: float


class Pages:
    """Pages: add texts, then paint each page.

    Attributes:
        count: the number of pages.
    """

    def __init__(
        self, title: str, theme: Theme, device: QPagedPaintDevice, finder: FormulaFinder
    ) -> None:
        """Begin with no text.

        Args:
            title: for the footer.
            theme: the light theme.
            device: the pages have its paper and margins.
            finder: typesets formulas.
        """
        self._pixels_per_point = device.logicalDpiY() / 72
        rect = device.pageLayout().paintRectPixels(device.logicalDpiY())
        self._footer_height = min(self._pixels(_FOOTER_HEIGHT), rect.height() / 4)
        self._page = QSizeF(rect.width(), rect.height() - self._footer_height)
        self._title = " ".join(title.split())  # a footer has only one line
        self._theme = theme
        self._style = self._style_sheet()
        self._images: dict[str, QImage] = {}
        self._formulas: list[tuple[str, bool]] = []
        self._owner = QObject()
        self._drawer = SegmentFormulas(self._owner, finder, keeps_source=False)
        self._texts: list[_Text] = []
        # Those on the page that was painted last, by index: all documents would take 150 kB a text.
        self._open_texts: dict[int, QTextDocument] = {}
        self._end = 0.0  # pixels from the top of the first page
        self.count = 1

    def _pixels(self, points: float) -> float:
        return points * self._pixels_per_point

    def _style_sheet(self) -> str:
        """Return the style sheet with pixels of the device, and the colors of the theme."""
        sheet = _POINTS.sub(lambda size: f"{max(1, round(self._pixels(float(size[1]))))}px", _STYLE)
        sheet = _COLORED.sub(
            lambda use: use[0].replace(use[2], getattr(self._theme, use[2]).name()), sheet
        )
        mono, base = self._theme.code_font.family(), self._theme.base_font.family()
        return sheet.replace('"mono"', f'"{mono}"').replace('"base"', f'"{base}"')

    def _font(self, points: float, *, mono: bool = False) -> QFont:
        """Return a font whose size is in device pixels, because all lengths are."""
        font = QFont(self._theme.code_font if mono else self._theme.base_font)
        font.setPixelSize(max(1, round(self._pixels(points))))
        return font

    # ------------------------------------------------------------------ what texts name

    def add_image(self, image: QImage, width: float, max_share: float = 1.0) -> str:
        """Return the element of an image, `width` pixels of a web page wide.

        It is scaled down to a share of the width of the page, and nearly half its height.
        """
        name = f"image:{len(self._images)}"
        self._images[name] = image
        width *= self._pixels(0.75)  # points in a pixel of a web page
        height = width * image.height() / image.width()
        scale = min(
            1.0, max_share * self._page.width() / width, 0.45 * self._page.height() / height
        )
        return f'<img src="{name}" width="{round(width * scale)}" height="{round(height * scale)}">'

    def add_formula(self, tex: str, *, display: bool) -> str:
        """Return the element of a formula that can be typeset."""
        self._formulas.append((tex, display))
        return f'<img src="formula:{len(self._formulas) - 1}" width="1" height="1">'

    def column_groups(self, texts: Sequence[Sequence[str]], columns: int) -> list[list[int]]:
        """Return the columns of each part of a table: see `column_groups`."""
        font = self._font(_TEXT_SIZE)
        font.setBold(True)
        padding = 2 * self._pixels(_CELL_PADDING)
        metrics = QFontMetricsF(font)
        return column_groups(
            texts,
            columns,
            lambda text: metrics.horizontalAdvance(text) + padding,
            self._page.width(),
        )

    # ------------------------------------------------------------------ layout

    def add(self, html: str) -> None:
        """Append a text.

        Raises:
            UserFacingError: it is too long.
        """
        width_in_points = self._page.width() / self._pixels_per_point
        lines = len(html) * 0.6 * _TEXT_SIZE / width_in_points + html.count("<br>")
        if lines * self._pixels(1.35 * _TEXT_SIZE) > _MAX_HEIGHT:
            raise UserFacingError(
                N_("The conversation is too long to print."),
                hint=N_("Export it as Markdown or HTML."),
            )
        first_page, top = divmod(self._end, self._page.height())
        document = self._lay_out(html, top)
        bottom = _rect(document, document.lastBlock()).bottom()
        self._end = first_page * self._page.height() + bottom
        last_page = int(first_page) + max(1, document.pageCount()) - 1
        self._texts.append(_Text(html, int(first_page), last_page, top))
        self.count = max(self.count, last_page + 1)

    def _lay_out(self, html: str, top: float) -> QTextDocument:
        """Return a text that begins `top` pixels from the upper edge of its first page."""
        document = self._document(html)
        _set_height(document.begin(), max(1.0, top))
        if document.blockCount() > 1 and not document.lastBlock().text():  # Qt's, below a table
            _set_height(document.lastBlock(), 1.0)
        document.setLayoutEnabled(True)
        document.size()
        self._insert_page_breaks(document)
        return document

    def _document(self, html: str) -> QTextDocument:
        document = _PartDocument(self._images)
        document.setUndoRedoEnabled(False)
        # Qt lays out a text in steps, and a change between them leaves out paragraphs. So the text
        # is set and changed without a layout; then `size` takes all steps.
        document.setLayoutEnabled(False)
        self._drawer.register(document)
        document.setPageSize(self._page)
        document.setDocumentMargin(0)
        document.setIndentWidth(self._pixels(_INDENT))
        document.setDefaultFont(self._font(_TEXT_SIZE))
        option = document.defaultTextOption()
        # Four spaces: Qt's own distance is meant for screens.
        code_metrics = QFontMetricsF(self._font(_CODE_SIZE, mono=True))
        option.setTabStopDistance(code_metrics.horizontalAdvance(" " * 4))
        document.setDefaultTextOption(option)
        document.setDefaultStyleSheet(self._style)
        document.setHtml(f"<p>&nbsp;</p>{html}")
        self._place_images(document)
        return document

    def _place_images(self, document: QTextDocument) -> None:
        """Give images their lines, and replace those that stand for formulas."""
        cursor = document.find(DRAWN)
        while not cursor.isNull():
            image = cursor.charFormat().toImageFormat()
            kind, _, number = image.name().partition(":")
            if kind == "image":  # of a taller line, Qt would paint a third above the line
                single = QTextBlockFormat()
                single.setLineHeight(0, QTextBlockFormat.LineHeightTypes.SingleHeight.value)
                cursor.mergeBlockFormat(single)
            elif kind == "formula":
                tex, display = self._formulas[int(number)]
                char_format = QTextCharFormat()
                char_format.setFont(image.font())
                char_format.setForeground(self._theme.text)
                char_format.setProperty(FORMULA, DISPLAY_MATH if display else INLINE_MATH)
                width = self._column_width(cursor)
                cursor.removeSelectedText()
                self._drawer.insert(cursor, formula_run(tex), char_format, width)
                if display and cursor.block().length() == 2:
                    centered = QTextBlockFormat()
                    centered.setAlignment(Qt.AlignmentFlag.AlignHCenter)
                    cursor.mergeBlockFormat(centered)
            cursor = document.find(DRAWN, cursor.position())

    def _column_width(self, cursor: QTextCursor) -> float:
        table: Any = cursor.currentTable()  # None outside of tables, other than Qt's types say
        if table is not None:
            return self._page.width() / int(table.columns()) - 2 * self._pixels(_CELL_PADDING)
        return self._page.width() - cursor.blockFormat().indent() * self._pixels(_INDENT)

    def _insert_page_breaks(self, document: QTextDocument) -> None:
        """Keep headings with what is below them, and short boxes and tables on one page."""
        group: list[QTextBlock | QTextFrame] = []
        root: Any = document.rootFrame()  # iterable, other than Qt's types say
        for place in root:
            item = place.currentFrame() or place.currentBlock()
            group.append(item)
            if isinstance(item, QTextFrame) or not item.blockFormat().headingLevel():
                self._keep_on_one_page(document, group)
                group = []

    def _keep_on_one_page(
        self, document: QTextDocument, group: list[QTextBlock | QTextFrame]
    ) -> None:
        """Keep the last item on one page, with as many of the headings above it as fit."""
        height = self._page.height()
        last = _rect(document, group[-1])
        is_short = last.height() < _MAX_UNSPLIT_SHARE * height
        bottom = last.bottom()
        if not (isinstance(group[-1], QTextFrame) and is_short):
            if len(group) == 1:
                return
            bottom = min(bottom, last.top() + self._pixels(3.6 * _TEXT_SIZE))  # some lines
        for item in group:
            top = _rect(document, item).top()
            if bottom - top < _MAX_SHARE_WITH_HEADINGS * height:
                if top // height != (bottom - 1) // height:
                    _begin_page(item)
                    document.size()
                return

    # ------------------------------------------------------------------ painting

    def paint(self, painter: QPainter, number: int) -> None:
        """Paint page `number`, counted from 0, on the device's current sheet."""
        context = QAbstractTextDocumentLayout.PaintContext()
        context.palette.setColor(context.palette.ColorRole.Text, self._theme.text)
        # Qt paints the horizontal rules of the text in this color.
        context.palette.setColor(context.palette.ColorRole.WindowText, self._theme.line)
        open_texts, self._open_texts = self._open_texts, {}
        for index, text in enumerate(self._texts):
            if text.first_page <= number <= text.last_page:
                document = open_texts.get(index) or self._lay_out(text.html, text.top)
                self._open_texts[index] = document
                top = (number - text.first_page) * self._page.height()
                # Without the lowest pixels, which show the edge of the next page's first line.
                context.clip = QRectF(0, top, self._page.width(), self._page.height() - 2)
                painter.save()
                painter.translate(0, -top)
                painter.setClipRect(context.clip)
                document.documentLayout().draw(painter, context)
                painter.restore()
        self._paint_footer(painter, number)

    def _paint_footer(self, painter: QPainter, number: int) -> None:
        # The upper half of the footer is empty, as a distance from the text above it.
        half_height = self._footer_height / 2
        footer = QRectF(0, self._page.height() + half_height, self._page.width(), half_height)
        painter.setFont(self._font(_NOTE_SIZE))
        painter.setPen(self._theme.faint)
        align = Qt.AlignmentFlag
        label = f"{number + 1} / {self.count}"
        painter.drawText(footer, align.AlignRight | align.AlignVCenter, label)
        title_rect = footer.adjusted(0, 0, -self._pixels(_NUMBER_WIDTH), 0)
        title = painter.fontMetrics().elidedText(
            self._title, Qt.TextElideMode.ElideRight, int(title_rect.width())
        )
        painter.drawText(title_rect, align.AlignLeft | align.AlignVCenter, title)


class _PartDocument(SealedDocument):
    """A document with the images of the pages."""

    def __init__(self, images: dict[str, QImage]) -> None:
        super().__init__()
        self._images = images

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        image = self._images.get(name if isinstance(name, str) else name.toString())
        return super().loadResource(kind, name) if image is None else image


def _rect(document: QTextDocument, item: QTextBlock | QTextFrame) -> QRectF:
    layout = document.documentLayout()
    if isinstance(item, QTextFrame):
        return layout.frameBoundingRect(item)
    return layout.blockBoundingRect(item)


def _set_height(block: QTextBlock, pixels: float) -> None:
    block_format = QTextBlockFormat()
    block_format.setLineHeight(pixels, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
    QTextCursor(block).setBlockFormat(block_format)


def _begin_page(item: QTextBlock | QTextFrame) -> None:
    policy = QTextFormat.PageBreakFlag.PageBreak_AlwaysBefore
    if isinstance(item, QTextFrame):
        frame_format = item.frameFormat()
        frame_format.setPageBreakPolicy(policy)
        item.setFrameFormat(frame_format)
        return
    block_format = item.blockFormat()
    block_format.setPageBreakPolicy(policy)
    QTextCursor(item).setBlockFormat(block_format)


def column_groups(
    rows: Sequence[Sequence[str]],
    columns: int,
    measure: Callable[[str], float],
    available_width: float,
) -> list[list[int]]:
    """Split a table that is too wide for the page into parts, one below the other.

    Each part has as many columns as fit without breaking words, and repeats the first column, which
    usually names the row. Return the columns of each part; one part if no word must be broken.

    Args:
        measure: returns the width of a cell with a text.
        available_width: in the unit of `measure`.
    """
    texts = [[row[column] for row in rows if column < len(row)] for column in range(columns)]
    min_widths = [
        max((measure(word) for text in column_texts for word in text.split()), default=0.0)
        for column_texts in texts
    ]
    if sum(min_widths) <= available_width or columns < 2:
        return [list(range(columns))]
    preferred_width = measure("m" * _PREFERRED_WIDTH)
    widths = []
    for min_width, column_texts in zip(min_widths, texts, strict=True):
        full_width = max(map(measure, column_texts), default=0.0)
        widths.append(max(min_width, min(full_width, preferred_width)))
    groups = [[0]]
    width = widths[0]
    for column in range(1, columns):
        if width + widths[column] > available_width and len(groups[-1]) > 1:
            groups.append([0])
            width = widths[0]
        groups[-1].append(column)
        width += widths[column]
    return groups
