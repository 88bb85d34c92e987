"""The pages of a printed conversation on a printer or in a PDF: paper, margins, numbers."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QMarginsF, QRectF, QSizeF, Qt
from PySide6.QtGui import QAbstractTextDocumentLayout, QPageLayout, QPageSize, QPainter

from desktop_app.exchange.ui.printing.printed_conversation import PrintedConversation

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPagedPaintDevice

    from desktop_app.exchange.ui.printing.markdown_printer import ContentReaders
    from desktop_app.widgets.look.theme import Theme

MARGIN_MM: Final = 18.0
"""Margin on each side of the paper in millimeters."""
_FOOTER_HEIGHT: Final = 24.0
"""Height of the page footer in points; on very small paper it is lower."""
_NUMBER_WIDTH: Final = 60.0
"""Points to the right of the title that are left to the page number; chosen by eye."""


def set_paper(device: QPagedPaintDevice, paper: QPageSize.PageSizeId) -> None:
    """Set the paper size of the device, in portrait, with margins of `MARGIN_MM`."""
    margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
    orientation = QPageLayout.Orientation.Portrait
    layout = QPageLayout(QPageSize(paper), orientation, margins, QPageLayout.Unit.Millimeter)
    device.setPageLayout(layout)


class PrintedPages:
    """The pages of a conversation: add messages to `content`, then `paint` each page."""

    def __init__(
        self,
        title: str,
        theme: Theme,
        device: QPagedPaintDevice,
        name_of_model: Callable[[str], str],
        readers: ContentReaders,
    ) -> None:
        """Create the pages for the paper and margins of `device`."""
        self._theme = theme
        self._pixels_per_point = device.logicalDpiY() / 72
        paint_rect = device.pageLayout().paintRectPixels(device.logicalDpiY())
        self._footer_height = min(_FOOTER_HEIGHT * self._pixels_per_point, paint_rect.height() / 4)
        self._size = QSizeF(paint_rect.width(), paint_rect.height() - self._footer_height)
        self.content = PrintedConversation(
            title,
            theme,
            page=self._size,
            pixels_per_point=self._pixels_per_point,
            name_of_model=name_of_model,
            readers=readers,
        )
        # The footer shows the title as the first page does: control characters are visible. As a
        # footer has only one line, line breaks become spaces.
        self._title = " ".join(self.content.title.split())

    @cached_property
    def _quote_bars(self) -> list[QRectF]:
        return self.content.quote_bars()

    @property
    def count(self) -> int:
        """Return the number of pages."""
        return self.content.document.pageCount()

    @property
    def height(self) -> float:
        """Return the height of all pages in pixels."""
        return self.content.document.size().height()

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
        self.content.document.documentLayout().draw(painter, context)
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
        painter.setFont(self.content.footer_font)
        painter.setPen(self._theme.faint)
        align = Qt.AlignmentFlag
        label = f"{number + 1} / {self.count}"
        painter.drawText(footer, align.AlignRight | align.AlignVCenter, label)
        title_rect = footer.adjusted(0, 0, -_NUMBER_WIDTH * self._pixels_per_point, 0)
        title = painter.fontMetrics().elidedText(
            self._title, Qt.TextElideMode.ElideRight, int(title_rect.width())
        )
        painter.drawText(title_rect, align.AlignLeft | align.AlignVCenter, title)
