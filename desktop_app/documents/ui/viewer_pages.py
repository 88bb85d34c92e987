"""The pages of a document, one below the other; only visible pages are drawn.

Another process draws a page in strips (documents/pdf/pdf_view.py). This widget tells which strip is
needed next while it is scrolled and zoomed, and paints those that have arrived. Until then a page
is white, or scaled from strips of another size.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from PySide6.QtCore import QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea

from desktop_app.documents.worker.protocol import Strip
from desktop_app.i18n.translation import tr
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.wheel_steps import WheelSteps

# In percent. Their ends are the limits of the zoom.
_ZOOM_PRESETS: Final = (25, 33, 50, 67, 80, 100, 125, 150, 200, 300, 400)
_MAX_FIT_PERCENT: Final = 200
"""Maximum zoom of a page that is fitted to the width."""
_PIXELS_PER_POINT: Final = 96 / 72
"""Pixels per point at 100 %."""

_GAP: Final = 14
"""Pixels between pages, at the default text size."""
_EDGE: Final = 20
"""Pixels beside the widest page, at the default text size."""
_PAGE_OVERLAP: Final = 25
"""Pixels that stay in view when scrolling by a page, at the default text size."""
_PAUSE_MS: Final = 30
"""Time in which scroll steps are collected before strips are requested."""
_STRIP_PIXELS: Final = 1_000_000
"""Approximate number of pixels in a strip."""
_MIN_ROWS: Final = 32
"""Minimum rows of a strip, however wide the page."""
_MAX_CACHED_BYTES: Final = 64 << 20
"""Maximum bytes of drawn strips that are kept."""


class ViewerPages(QAbstractScrollArea):
    """A scrollable view of pages.

    Attributes:
        page: the current page, from 1: the page in the middle of the viewport, or the page of the
            last `go_to` until the view scrolls.
        percent: the zoom in percent.
        count: the number of pages.
        marks: the marked rectangles by page, in fractions of the page's width and height.
        images: the drawn strips, at most 64 MB, the least recently painted first.

    Signals:
        strips_wanted(): strips in view are not drawn; see `next_strip`.
        page_changed(int): another page is current.
        zoom_changed(int): percent.
    """

    strips_wanted = Signal()
    page_changed = Signal(int)
    zoom_changed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.accessible_role = "Graphic"
        self.setObjectName("viewer-pages")
        set_role(self, "ringed")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._points: list[tuple[float, float]] = []  # the sizes of the pages
        self._sizes: list[tuple[int, int]] = []  # in pixels
        self._tops = [0]  # of the pages in the scrolled content, and its height
        self._content_width = 1
        self.count = 0
        self.percent = 100
        self._fits_width = True
        self.page = 1
        self.marks: dict[int, list[QRectF]] = {}
        self.images: OrderedDict[Strip, QImage] = OrderedDict()
        self._failed: set[int] = set()  # the pages that cannot be drawn
        self._requested: set[Strip] = set()  # since the last movement
        self._wheel_steps = WheelSteps()
        self._request_timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._request_timer.timeout.connect(self._request_strips)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.horizontalScrollBar().valueChanged.connect(lambda _: self.viewport().update())
        self.update_theme()

    def update_theme(self) -> None:
        """Apply the theme; paper stays white."""
        theme = current_theme()
        palette = self.viewport().palette()
        palette.setColor(palette.ColorRole.Base, theme.side)
        self.viewport().setPalette(palette)
        self._lay_out()

    # ------------------------------------------------------------ content

    def set_pages(self, sizes: Sequence[tuple[float, float]]) -> None:
        """Show a document with pages of these sizes in points; [] shows nothing."""
        self._points = list(sizes)
        self.count = len(sizes)
        self.images.clear()
        self._failed.clear()
        self.marks = {}
        self.page = 1
        self._lay_out()
        self.verticalScrollBar().setValue(0)

    def set_marks(self, marks: dict[int, list[QRectF]]) -> None:
        """Mark these rectangles, given as in `marks`, and no others."""
        self.marks = marks
        self.viewport().update()

    def go_to(self, page: int) -> None:
        """Scroll the top of a page to the top, or the page's marks to the middle."""
        if not self.count:
            return
        page = max(1, min(self.count, page))
        area = self._area_of(page)
        edge = current_theme().px(_EDGE)
        target = page_top = area.top() - current_theme().px(_GAP)
        if marks := [_within(area, mark) for mark in self.marks.get(page, ())]:
            top, bottom = round(marks[0].top()), round(marks[-1].bottom())
            height = self.viewport().height()
            fits = bottom - top < height
            target = (top + bottom - height) // 2 if fits else top - edge
            # Sideways, too, if the page is wider than the viewport.
            left = min(mark.left() for mark in marks)
            self.horizontalScrollBar().setValue(round(left) - edge)
        self.verticalScrollBar().setValue(max(target, page_top))
        self._set_current_page(page)

    # ------------------------------------------------------------ zoom

    def fit_width(self) -> None:
        """Fit the widest page to the width, now and after each resize."""
        self._fits_width = True
        self._lay_out()

    def set_percent(self, percent: int) -> None:
        """Set the zoom, within the presets' range; the middle of the viewport stays in place."""
        self._fits_width = False
        self.percent = max(_ZOOM_PRESETS[0], min(_ZOOM_PRESETS[-1], percent))
        self._lay_out()

    def step_zoom(self, step: int) -> None:
        """Go to the next larger (1) or smaller (-1) zoom preset."""
        beyond = [each for each in _ZOOM_PRESETS if (each - self.percent) * step > 0]
        if beyond:
            self.set_percent(beyond[0 if step > 0 else -1])

    def _lay_out(self) -> None:
        """Lay out the pages, set the ranges of the scroll bars, and keep the middle in place."""
        theme = current_theme()
        viewport_size = self.viewport().size()
        middle = viewport_size.height() // 2
        vertical = self.verticalScrollBar()
        horizontal = self.horizontalScrollBar()
        page = max(1, self._page_at(vertical.value() + middle))
        fraction = 0.0
        if page <= len(self._sizes):
            above = vertical.value() + middle - self._tops[page - 1]
            fraction = max(0.0, min(1.0, above / self._sizes[page - 1][1]))
        pixels_per_point = _PIXELS_PER_POINT * theme.scale
        edges = 2 * theme.px(_EDGE)
        if self._fits_width and self.count:
            widest = max(width for width, _ in self._points) * pixels_per_point
            percent = round(100 * (viewport_size.width() - edges) / widest)
            self.percent = max(_ZOOM_PRESETS[0], min(_MAX_FIT_PERCENT, percent))
        scale = pixels_per_point * self.percent / 100
        self._sizes = [
            (max(1, round(width * scale)), max(1, round(height * scale)))
            for width, height in self._points
        ]
        gap = theme.px(_GAP)
        self._tops = list(accumulate((height + gap for _, height in self._sizes), initial=gap))
        self._content_width = max((width for width, _ in self._sizes), default=1)
        self._content_width += 0 if self._fits_width else edges
        vertical.setPageStep(max(1, viewport_size.height() - theme.px(_PAGE_OVERLAP)))
        vertical.setSingleStep(theme.px(40))
        vertical.setRange(0, max(0, self._tops[-1] - viewport_size.height()))
        horizontal.setPageStep(viewport_size.width())
        horizontal.setSingleStep(theme.px(40))
        horizontal.setRange(0, max(0, self._content_width - viewport_size.width()))
        if self.count:
            area = self._area_of(min(page, self.count))  # the new document may be shorter
            vertical.setValue(area.top() + round(fraction * area.height()) - middle)
        self.zoom_changed.emit(self.percent)
        self.viewport().update()
        self._request_timer.start()

    # ------------------------------------------------------------ layout

    def _area_of(self, page: int) -> QRect:
        width, height = self._sizes[page - 1]
        content_width = max(self.viewport().width(), self._content_width)
        return QRect((content_width - width) // 2, self._tops[page - 1], width, height)

    def _page_at(self, y: int) -> int:
        """Return the page at a y coordinate of the scrolled content; 0 without pages."""
        return min(len(self._sizes), max(1, bisect_right(self._tops, y)))

    def _visible_pages(self, margin: int = 0) -> Iterator[tuple[int, QRect]]:
        """Yield the visible pages and their rectangles in the viewport.

        `margin` extends the visible area by that number of pixels above and below.
        """
        offset = self.verticalScrollBar().value()
        bottom = offset + self.viewport().height() + margin
        left = self.horizontalScrollBar().value()
        for page in range(max(1, self._page_at(max(0, offset - margin))), self.count + 1):
            area = self._area_of(page)
            if area.top() >= bottom:
                return
            yield page, area.translated(-left, -offset)

    # ------------------------------------------------------------ strips

    def _strips_of(self, page: int, area: QRect) -> Iterator[tuple[Strip, QRectF]]:
        """Yield the strips of a page that is at `area`, and their rectangles in the viewport."""
        ratio = self.devicePixelRatioF()
        width = max(1, round(area.width() * ratio))
        height = max(1, round(area.height() * ratio))
        rows = max(_MIN_ROWS, _STRIP_PIXELS // width)
        for top in range(0, height, rows):
            strip = Strip(page, width, height, top, rows=min(rows, height - top))
            y = area.top() + top / ratio
            yield strip, QRectF(area.left(), y, width / ratio, strip.rows / ratio)

    def _request_strips(self) -> None:
        self._requested.clear()
        self.strips_wanted.emit()

    def next_strip(self) -> Strip | None:
        """Return the strip to draw next: in view, or else within half a viewport around it."""
        view = QRectF(self.viewport().rect())
        margin = view.height() / 2
        around = view.adjusted(0, -margin, 0, margin)
        missing = [
            (strip, place)
            for page, area in self._visible_pages(round(margin))
            if page not in self._failed
            for strip, place in self._strips_of(page, area)
            if strip not in self.images
            and strip not in self._requested  # more may be in view than are kept
            and place.intersects(around)
        ]
        in_view = (strip for strip, place in missing if place.intersects(view))
        strip = next(in_view, missing[0][0] if missing else None)
        if strip is not None:
            self._requested.add(strip)
        return strip

    def is_near(self, strip: Strip) -> bool:
        """Return True if the page of a strip is in view, or almost."""
        margin = self.viewport().height() // 2
        return any(page == strip.page for page, _ in self._visible_pages(margin))

    def add_strip(self, strip: Strip, pixels: bytes) -> None:
        """Show a drawn strip; each pixel is blue, green, red and an unused byte."""
        stride = len(pixels) // max(1, strip.rows)
        image = QImage(pixels, strip.width, strip.rows, stride, QImage.Format.Format_RGB32)
        self.images[strip] = image.copy()  # QImage does not own the bytes
        cached_bytes = sum(image.sizeInBytes() for image in self.images.values())
        while cached_bytes > _MAX_CACHED_BYTES and len(self.images) > 1:
            cached_bytes -= self.images.popitem(last=False)[1].sizeInBytes()
        self.viewport().update()

    def add_failed(self, page: int) -> None:
        """Show that a page cannot be drawn."""
        self._failed.add(page)
        self.viewport().update()

    def _on_scrolled(self, value: int) -> None:
        self._set_current_page(self._page_at(value + self.viewport().height() // 2))
        self.viewport().update()
        if not self._request_timer.isActive():
            self._request_timer.start()

    def _set_current_page(self, page: int) -> None:
        if page != self.page:
            self.page = page
            self.page_changed.emit(page)

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint white paper, the drawn strips, and the marks."""
        theme = current_theme()
        with QPainter(self.viewport()) as painter:
            painter.fillRect(event.rect(), theme.side)
            for page, area in self._visible_pages():
                painter.fillRect(area, Qt.GlobalColor.white)
                if page in self._failed:
                    painter.setFont(theme.note())
                    painter.setPen(QColor("#595853"))
                    message = tr("This page can’t be shown")
                    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, message)
                    continue
                self._paint_strips(painter, page, area)
                painter.save()
                # Multiply keeps dark text dark. Paper is white in either theme.
                painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Multiply)
                for mark in self.marks.get(page, ()):
                    painter.fillRect(_within(area, mark), QColor("#C9D6FF"))
                painter.restore()
                painting.draw_outline(painter, area.adjusted(-1, -1, 1, 1), theme.line, 0)

    def _paint_strips(self, painter: QPainter, page: int, area: QRect) -> None:
        """Paint the visible strips of a page; while some are missing, others of another size."""
        view = QRectF(self.viewport().rect())
        visible = [each for each in self._strips_of(page, area) if each[1].intersects(view)]
        if any(strip not in self.images for strip, _ in visible):
            width = area.width() * self.devicePixelRatioF()
            former = [s for s in self.images if s.page == page and s.width != width]
            for strip in former:
                top, height = strip.top / strip.height, strip.rows / strip.height
                place = _within(area, QRectF(0, top, 1, height))
                painter.drawImage(place, self.images[strip])
        for strip, place in visible:
            image = self.images.get(strip)
            if image is not None:
                self.images.move_to_end(strip)
                painter.drawImage(place, image)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Adjust the layout to the new width."""
        super().resizeEvent(event)
        self._lay_out()

    # ------------------------------------------------------------ keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Scroll to an end (Home, End) or by a screen (Space)."""
        keys = QKeySequence.StandardKey
        bar = self.verticalScrollBar()
        if event.key() == Qt.Key.Key_Home or event.matches(keys.MoveToStartOfDocument):
            bar.setValue(bar.minimum())
        elif event.key() == Qt.Key.Key_End or event.matches(keys.MoveToEndOfDocument):
            bar.setValue(bar.maximum())
        elif event.key() == Qt.Key.Key_Space:
            step = bar.pageStep()
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                step = -step
            bar.setValue(bar.value() + step)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            steps = self._wheel_steps.add(event.angleDelta().y())
            for _ in range(abs(steps)):
                self.step_zoom(1 if steps > 0 else -1)
            event.accept()
        else:
            self._wheel_steps.reset()
            super().wheelEvent(event)


def _within(area: QRect, part: QRectF) -> QRectF:
    """Return a part of an area that is given in fractions of its sides."""
    return QRectF(
        area.left() + part.left() * area.width(),
        area.top() + part.top() * area.height(),
        part.width() * area.width(),
        part.height() * area.height(),
    )
