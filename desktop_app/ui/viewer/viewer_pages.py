"""The pages of a document, one below the other; only visible pages are drawn.

Another process draws pages in strips (documents/pdf/pdf_view.py). This widget requests the strips
that it needs while it is scrolled and zoomed, and paints those that have arrived. Until then a page
is white, or scaled from strips of another size. The cache of strips is limited to 64 MB,
however many pages there are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QKeySequence, QPainter
from PySide6.QtWidgets import QAbstractScrollArea

from desktop_app.i18n.translation import tr
from desktop_app.ui.look import painting
from desktop_app.ui.look.theme import Theme, set_role
from desktop_app.ui.widgets.accessibility.role_names import GRAPHIC
from desktop_app.ui.widgets.wheel_steps import WheelSteps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QKeyEvent, QPaintEvent, QResizeEvent, QWheelEvent


_ZOOM_PRESETS: Final = (25, 33, 50, 67, 80, 100, 125, 150, 200, 300, 400)
_MAX_FIT_PERCENT: Final = 200
"""Maximum zoom of a page that is fitted to the width."""
_PIXELS_PER_POINT: Final = 96 / 72
"""Pixels per point at 100 %."""

_GAP: Final = 14
"""Pixels between pages, at the default text size."""
_EDGE: Final = 20
"""Pixels beside the widest page, at the default text size."""
_STRIP_PIXELS: Final = 1_000_000
"""Approximate number of pixels in a strip."""
_MAX_CACHED_BYTES: Final = 64 << 20
"""Maximum bytes of drawn strips in the cache."""
_PAGE_OVERLAP: Final = 25
"""Pixels that stay in view when scrolling by a page, at the default text size."""
_PAUSE_MS: Final = 30
"""Time in which scroll steps are collected before strips are requested."""


class PageStrip(NamedTuple):
    """Rows [top, top + rows) of page `page` (from 1), which takes `width` × `height` pixels."""

    page: int
    width: int
    height: int
    top: int
    rows: int


class ViewerPages(QAbstractScrollArea):
    """A scrollable view of pages.

    Attributes:
        page: the current page, from 1: the page in the middle of the viewport, or the page of the
            last `go_to` until the view scrolls.
        percent: the zoom in percent.

    Signals:
        strips_requested(list[PageStrip]): strips to draw, the most urgent first. They replace all
            strips requested before.
        page_changed(int): another page is current.
        zoom_changed(int): percent.
    """

    strips_requested = Signal(list)
    page_changed = Signal(int)
    zoom_changed = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.accessible_role = GRAPHIC
        self.setObjectName("viewer-pages")
        set_role(self, "ringed")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._theme = theme
        self._sizes: list[tuple[float, float]] = []
        self._tops: list[int] = []
        self._widest = 1.0
        self.percent, self._fits_width = 100, True
        self.page = 1
        self._marks: dict[int, list[QRectF]] = {}
        self._strips: OrderedDict[PageStrip, QImage] = OrderedDict()
        self._failed: set[int] = set()
        self._wheel_steps = WheelSteps()
        self._request_timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._request_timer.timeout.connect(self._request_strips)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.horizontalScrollBar().valueChanged.connect(lambda _: self.viewport().update())
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Apply the theme; paper stays white."""
        self._theme = theme
        palette = self.viewport().palette()
        palette.setColor(palette.ColorRole.Base, theme.side)
        self.viewport().setPalette(palette)
        self._lay_out()

    # ------------------------------------------------------------ content

    def set_pages(self, sizes: Sequence[tuple[float, float]]) -> None:
        """Show a document with pages of these sizes in points; [] shows nothing."""
        self._sizes = list(sizes)
        self._widest = max((width for width, _ in sizes), default=1.0)
        self._strips.clear()
        self._failed.clear()
        self._marks = {}
        self.page = 1
        self._lay_out()
        self.verticalScrollBar().setValue(0)

    @property
    def count(self) -> int:
        """Return the number of pages."""
        return len(self._sizes)

    def set_marks(self, marks: dict[int, list[QRectF]]) -> None:
        """Mark these rectangles, and no others.

        They are given by page, in fractions of the page's width and height.
        """
        self._marks = marks
        self.viewport().update()

    def marks(self) -> dict[int, list[QRectF]]:
        """Return the marked rectangles by page."""
        return dict(self._marks)

    def go_to(self, page: int) -> None:
        """Scroll the top of a page to the top, or the page's marks to the middle."""
        if not self._sizes:
            return
        page = max(1, min(len(self._sizes), page))
        area, bar = self._page_rect(page), self.verticalScrollBar()
        marks = self._marks.get(page)
        if marks:
            top = area.top() + round(marks[0].top() * area.height())
            bottom = area.top() + round(marks[-1].bottom() * area.height())
            room = self.viewport().height()
            aim = (top + bottom - room) // 2 if bottom - top < room else top - self._theme.px(_EDGE)
            bar.setValue(max(aim, area.top() - self._theme.px(_GAP)))
            self._scroll_sideways(marks, area)
        else:
            bar.setValue(area.top() - self._theme.px(_GAP))
        self._set_current_page(page)

    def _scroll_sideways(self, marks: Sequence[QRectF], area: QRect) -> None:
        """Scroll sideways to the marks if the page is wider than the viewport."""
        left = area.left() + min(mark.left() for mark in marks) * area.width()
        self.horizontalScrollBar().setValue(round(left) - self._theme.px(_EDGE))

    def show_strip(self, strip: PageStrip, pixels: bytes) -> None:
        """Add a drawn strip; each pixel is blue, green, red and an unused byte."""
        stride = len(pixels) // max(1, strip.rows)
        image = QImage(pixels, strip.width, strip.rows, stride, QImage.Format.Format_RGB32)
        self._strips[strip] = image.copy()  # QImage does not own the bytes
        cached_bytes = sum(image.sizeInBytes() for image in self._strips.values())
        while cached_bytes > _MAX_CACHED_BYTES and len(self._strips) > 1:
            cached_bytes -= self._strips.popitem(last=False)[1].sizeInBytes()
        self.viewport().update()

    def strips(self) -> dict[PageStrip, QImage]:
        """Return the drawn strips in the cache."""
        return dict(self._strips)

    def show_failed(self, page: int) -> None:
        """Show that a page cannot be drawn."""
        self._failed.add(page)
        self.viewport().update()

    # ------------------------------------------------------------ zoom

    def fit_width(self) -> None:
        """Fit the widest page to the width, now and after each resize."""
        self._fits_width = True
        self._lay_out()

    def set_percent(self, percent: int) -> None:
        """Set the zoom, within the presets' range; the middle of the viewport stays in place."""
        self._fits_width = False
        self._zoom_to(max(_ZOOM_PRESETS[0], min(_ZOOM_PRESETS[-1], percent)))

    def step_zoom(self, step: int) -> None:
        """Go to the next larger (1) or smaller (-1) zoom preset."""
        others = [z for z in _ZOOM_PRESETS if (z > self.percent if step > 0 else z < self.percent)]
        if others:
            self.set_percent(others[0] if step > 0 else others[-1])

    def _zoom_to(self, percent: int) -> None:
        middle = self.viewport().height() // 2
        page, share = self._place_at(self.verticalScrollBar().value() + middle)
        self.percent = percent
        self._update_scroll_ranges()
        area = self._page_rect(page) if self._sizes else QRect()
        self.verticalScrollBar().setValue(area.top() + round(share * area.height()) - middle)
        self.zoom_changed.emit(percent)
        self.viewport().update()
        self._request_timer.start()

    # ------------------------------------------------------------ layout

    def _lay_out(self) -> None:
        """Update the layout, and the zoom if it follows the width."""
        percent = self.percent
        if self._fits_width and self._sizes:
            room = self.viewport().width() - 2 * self._theme.px(_EDGE)
            percent = round(100 * room / (self._widest * self._pixels_per_point()))
            percent = max(_ZOOM_PRESETS[0], min(_MAX_FIT_PERCENT, percent))
        self._zoom_to(percent)

    def _pixels_per_point(self) -> float:
        return _PIXELS_PER_POINT * self._theme.scale

    def _update_scroll_ranges(self) -> None:
        gap = self._theme.px(_GAP)
        heights = (self._to_pixels(height) + gap for _, height in self._sizes)
        self._tops = list(accumulate(heights, initial=gap))
        vertical, horizontal = self.verticalScrollBar(), self.horizontalScrollBar()
        room = self.viewport().size()
        vertical.setPageStep(max(1, room.height() - self._theme.px(_PAGE_OVERLAP)))
        vertical.setSingleStep(self._theme.px(40))
        vertical.setRange(0, max(0, self._tops[-1] - room.height()))
        edge = 2 * self._theme.px(_EDGE) if not self._fits_width else 0
        widest = self._to_pixels(self._widest) + edge
        horizontal.setPageStep(room.width())
        horizontal.setSingleStep(self._theme.px(40))
        horizontal.setRange(0, max(0, widest - room.width()))

    def _to_pixels(self, points: float) -> int:
        return max(1, round(points * self._pixels_per_point() * self.percent / 100))

    def _page_rect(self, page: int) -> QRect:
        """Return a page's rectangle in pixels of the scrolled content."""
        width, height = (self._to_pixels(points) for points in self._sizes[page - 1])
        room = max(
            self.viewport().width(), self._to_pixels(self._widest) + 2 * self._theme.px(_EDGE)
        )
        left = (room - width) // 2
        return QRect(left, self._tops[page - 1], width, height)

    def _place_at(self, y: int) -> tuple[int, float]:
        """Return the page at a y coordinate, and the fraction of the page above it."""
        if not self._sizes:
            return 1, 0.0
        page = max(1, min(len(self._sizes), bisect_right(self._tops, y)))
        area = self._page_rect(page)
        return page, max(0.0, min(1.0, (y - area.top()) / area.height()))

    def _visible_pages(self, margin: int = 0) -> Iterator[tuple[int, QRect]]:
        """Yield the visible pages and their rectangles in the viewport.

        `margin` extends the visible area by that number of pixels above and below.
        """
        if not self._sizes:
            return
        offset, height = self.verticalScrollBar().value(), self.viewport().height()
        left = self.horizontalScrollBar().value()
        page = self._place_at(max(0, offset - margin))[0]
        while page <= len(self._sizes) and self._tops[page - 1] < offset + height + margin:
            yield page, self._page_rect(page).translated(-left, -offset)
            page += 1

    # ------------------------------------------------------------ strips

    def _strips_of(self, page: int, area: QRect) -> Iterator[tuple[PageStrip, QRectF]]:
        """Yield the strips of a page and their rectangles in the viewport."""
        ratio = self.devicePixelRatioF()
        width, height = max(1, round(area.width() * ratio)), max(1, round(area.height() * ratio))
        rows = max(32, _STRIP_PIXELS // width)
        for top in range(0, height, rows):
            strip = PageStrip(page, width, height, top, min(rows, height - top))
            place = QRectF(area.left(), area.top() + top / ratio, width / ratio, strip.rows / ratio)
            yield strip, place

    def _request_strips(self) -> None:
        """Request the visible strips, then those within half a viewport around them."""
        view = QRectF(self.viewport().rect())
        margin = view.height() / 2
        around = view.adjusted(0, -margin, 0, margin)
        near: list[PageStrip] = []
        far: list[PageStrip] = []
        for page, area in self._visible_pages(round(margin)):
            for strip, place in self._strips_of(page, area):
                if strip in self._strips or page in self._failed:
                    continue
                if place.intersects(view):
                    near.append(strip)
                elif place.intersects(around):
                    far.append(strip)
        self.strips_requested.emit(near + far)

    def _on_scrolled(self, value: int) -> None:
        self._set_current_page(self._place_at(value + self.viewport().height() // 2)[0])
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
        with QPainter(self.viewport()) as painter:
            painter.fillRect(event.rect(), self._theme.side)
            for page, area in self._visible_pages():
                painter.fillRect(area, Qt.GlobalColor.white)
                if page in self._failed:
                    self._paint_failed(painter, area)
                    continue
                self._paint_strips(painter, page, area)
                self._paint_marks(painter, page, area)
                painting.draw_outline(painter, area.adjusted(-1, -1, 1, 1), self._theme.line, 0)

    def _paint_strips(self, painter: QPainter, page: int, area: QRect) -> None:
        view = QRectF(self.viewport().rect())
        wanted = [(s, at) for s, at in self._strips_of(page, area) if at.intersects(view)]
        if any(strip not in self._strips for strip, _ in wanted):
            self._paint_scaled_strips(painter, page, area)
        for strip, place in wanted:
            image = self._strips.get(strip)
            if image is not None:
                self._strips.move_to_end(strip)
                painter.drawImage(place, image)

    def _paint_scaled_strips(self, painter: QPainter, page: int, area: QRect) -> None:
        """Paint strips of another size, scaled, until the right ones arrive."""
        size = area.size() * self.devicePixelRatioF()
        former = [s for s in self._strips if s.page == page and s.width != size.width()]
        for strip in former:
            scale = area.height() / strip.height
            place = (area.left(), area.top() + strip.top * scale, area.width(), strip.rows * scale)
            painter.drawImage(QRectF(*place), self._strips[strip])

    def _paint_marks(self, painter: QPainter, page: int, area: QRect) -> None:
        marks = self._marks.get(page)
        if not marks:
            return
        painter.save()
        # Multiply keeps dark text dark. Paper is white in either theme.
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Multiply)
        for mark in marks:
            painter.fillRect(_mark_rect(area, mark), QColor("#C9D6FF"))
        painter.restore()

    def _paint_failed(self, painter: QPainter, area: QRect) -> None:
        painter.setFont(self._theme.note())
        painter.setPen(QColor("#595853"))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, tr("This page can’t be shown"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Adjust the layout to the new width."""
        super().resizeEvent(event)
        self._lay_out()

    # ------------------------------------------------------------ keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Scroll to an end (Home, End), by a screen (Space), or a page (Ctrl+Page Up or Down)."""
        keys = QKeySequence.StandardKey
        has_control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        bar = self.verticalScrollBar()
        if event.key() == Qt.Key.Key_Home or event.matches(keys.MoveToStartOfDocument):
            bar.setValue(bar.minimum())
        elif event.key() == Qt.Key.Key_End or event.matches(keys.MoveToEndOfDocument):
            bar.setValue(bar.maximum())
        elif has_control and event.key() in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self.go_to(self.page + (1 if event.key() == Qt.Key.Key_PageDown else -1))
        elif event.key() == Qt.Key.Key_Space:
            is_back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            bar.setValue(bar.value() + (-1 if is_back else 1) * bar.pageStep())
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


def _mark_rect(area: QRect, mark: QRectF) -> QRectF:
    return QRectF(
        area.left() + mark.left() * area.width(),
        area.top() + mark.top() * area.height(),
        mark.width() * area.width(),
        mark.height() * area.height(),
    )
