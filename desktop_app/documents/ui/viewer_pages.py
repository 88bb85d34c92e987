"""The pages of a document, one below the other; only visible pages are drawn.

This widget requests the strips that it needs (page_strips.py) while it is scrolled and zoomed, and
paints those that have arrived. Until then a page is white, or scaled from strips of another size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from PySide6.QtCore import QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea

from desktop_app.documents.ui.page_strips import PageLayout, PageStrip, StripCache, strips_of
from desktop_app.i18n.translation import tr
from desktop_app.widgets.accessibility.role_names import GRAPHIC
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


class ViewerPages(QAbstractScrollArea):
    """A scrollable view of pages.

    Attributes:
        page: the current page, from 1: the page in the middle of the viewport, or the page of the
            last `go_to` until the view scrolls.
        percent: the zoom in percent.
        count: the number of pages.
        marks: the marked rectangles by page, in fractions of the page's width and height.
        strips: the drawn strips.

    Signals:
        strips_requested(list[PageStrip]): strips to draw, the most urgent first. They replace all
            strips requested before.
        page_changed(int): another page is current.
        zoom_changed(int): percent.
    """

    strips_requested = Signal(list)
    page_changed = Signal(int)
    zoom_changed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.accessible_role = GRAPHIC
        self.setObjectName("viewer-pages")
        set_role(self, "ringed")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._sizes: list[tuple[float, float]] = []
        self._widest = 1.0  # in points
        self.count = 0
        self.percent = 100
        self._fits_width = True
        self.page = 1
        self.marks: dict[int, list[QRectF]] = {}
        self.strips = StripCache(self)
        self.strips.changed.connect(self.viewport().update)
        self._layout = PageLayout([], scale=1.0, gap=0, edge=0, viewport_width=0)
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
        self._sizes = list(sizes)
        self.count = len(sizes)
        self._widest = max((width for width, _ in sizes), default=1.0)
        self.strips.clear()
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
        area = self._layout.rect_of(page)
        bar = self.verticalScrollBar()
        marks = self.marks.get(page)
        if marks:
            top = area.top() + round(marks[0].top() * area.height())
            bottom = area.top() + round(marks[-1].bottom() * area.height())
            height = self.viewport().height()
            if bottom - top < height:  # all marks fit
                target = (top + bottom - height) // 2
            else:
                target = top - current_theme().px(_EDGE)
            bar.setValue(max(target, area.top() - current_theme().px(_GAP)))
            # Sideways, too, if the page is wider than the viewport.
            left = area.left() + min(mark.left() for mark in marks) * area.width()
            self.horizontalScrollBar().setValue(round(left) - current_theme().px(_EDGE))
        else:
            bar.setValue(area.top() - current_theme().px(_GAP))
        self._set_current_page(page)

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
        if step > 0:
            larger = [preset for preset in _ZOOM_PRESETS if preset > self.percent]
            if larger:
                self.set_percent(larger[0])
        else:
            smaller = [preset for preset in _ZOOM_PRESETS if preset < self.percent]
            if smaller:
                self.set_percent(smaller[-1])

    def _zoom_to(self, percent: int) -> None:
        middle = self.viewport().height() // 2
        page, page_fraction = self._layout.place_at(self.verticalScrollBar().value() + middle)
        self.percent = percent
        self._update_layout()
        area = QRect()
        if self.count:
            area = self._layout.rect_of(min(page, self.count))  # the new document may be shorter
        self.verticalScrollBar().setValue(
            area.top() + round(page_fraction * area.height()) - middle
        )
        self.zoom_changed.emit(percent)
        self.viewport().update()
        self._request_timer.start()

    # ------------------------------------------------------------ layout

    def _lay_out(self) -> None:
        """Update the layout, and the zoom if it follows the width."""
        percent = self.percent
        if self._fits_width and self.count:
            available_width = self.viewport().width() - 2 * current_theme().px(_EDGE)
            full_width = self._widest * _PIXELS_PER_POINT * current_theme().scale  # at 100 %
            percent = round(100 * available_width / full_width)
            percent = max(_ZOOM_PRESETS[0], min(_MAX_FIT_PERCENT, percent))
        self._zoom_to(percent)

    def _update_layout(self) -> None:
        """Lay out the pages and set the ranges of the scroll bars."""
        scale = _PIXELS_PER_POINT * current_theme().scale * self.percent / 100
        gap = current_theme().px(_GAP)
        edge = current_theme().px(_EDGE)
        self._layout = PageLayout(
            self._sizes, scale, gap=gap, edge=edge, viewport_width=self.viewport().width()
        )
        vertical = self.verticalScrollBar()
        horizontal = self.horizontalScrollBar()
        viewport_size = self.viewport().size()
        vertical.setPageStep(max(1, viewport_size.height() - current_theme().px(_PAGE_OVERLAP)))
        vertical.setSingleStep(current_theme().px(40))
        vertical.setRange(0, max(0, self._layout.height - viewport_size.height()))
        widest = self._layout.widest
        if not self._fits_width:
            widest += 2 * edge
        horizontal.setPageStep(viewport_size.width())
        horizontal.setSingleStep(current_theme().px(40))
        horizontal.setRange(0, max(0, widest - viewport_size.width()))

    def _visible_pages(self, margin: int = 0) -> Iterator[tuple[int, QRect]]:
        """Yield the visible pages and their rectangles in the viewport.

        `margin` extends the visible area by that number of pixels above and below.
        """
        offset = self.verticalScrollBar().value()
        height = self.viewport().height()
        left = self.horizontalScrollBar().value()
        for page, area in self._layout.pages_between(offset - margin, offset + height + margin):
            yield page, area.translated(-left, -offset)

    # ------------------------------------------------------------ strips

    def _request_strips(self) -> None:
        """Request the visible strips, then those within half a viewport around them."""
        view = QRectF(self.viewport().rect())
        margin = view.height() / 2
        around = view.adjusted(0, -margin, 0, margin)
        near: list[PageStrip] = []
        far: list[PageStrip] = []
        for page, area in self._visible_pages(round(margin)):
            for strip, strip_rect in strips_of(page, area, self.devicePixelRatioF()):
                if strip in self.strips.images or page in self.strips.failed:
                    continue  # it is drawn already, or cannot be drawn
                if strip_rect.intersects(view):
                    near.append(strip)
                elif strip_rect.intersects(around):
                    far.append(strip)
        self.strips_requested.emit(near + far)

    def _on_scrolled(self, value: int) -> None:
        middle = value + self.viewport().height() // 2
        page, _ = self._layout.place_at(middle)
        self._set_current_page(page)
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
            painter.fillRect(event.rect(), current_theme().side)
            view = self.viewport().rect()
            ratio = self.devicePixelRatioF()
            for page, area in self._visible_pages():
                painter.fillRect(area, Qt.GlobalColor.white)
                if page in self.strips.failed:
                    _paint_failed(painter, area)
                    continue
                self.strips.paint(painter, page, area, view, ratio)
                _paint_marks(painter, area, self.marks.get(page, ()))
                painting.draw_outline(painter, area.adjusted(-1, -1, 1, 1), current_theme().line, 0)

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
            step = 1 if event.key() == Qt.Key.Key_PageDown else -1
            self.go_to(self.page + step)
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


def _paint_marks(painter: QPainter, area: QRect, marks: Sequence[QRectF]) -> None:
    painter.save()
    # Multiply keeps dark text dark. Paper is white in either theme.
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Multiply)
    for mark in marks:
        painter.fillRect(_mark_rect(area, mark), QColor("#C9D6FF"))
    painter.restore()


def _paint_failed(painter: QPainter, area: QRect) -> None:
    theme = current_theme()
    painter.setFont(theme.note())
    painter.setPen(QColor("#595853"))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, tr("This page can’t be shown"))


def _mark_rect(area: QRect, mark: QRectF) -> QRectF:
    return QRectF(
        area.left() + mark.left() * area.width(),
        area.top() + mark.top() * area.height(),
        mark.width() * area.width(),
        mark.height() * area.height(),
    )
