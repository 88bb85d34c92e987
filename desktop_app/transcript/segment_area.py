"""A scroll area that shows articles: it lays out, loads and scrolls their segments.

The scroll bar counts the pixels of all articles, whose heights are measured near the viewport and
estimated elsewhere. Whatever changes a height runs within `keeping_position`, after which the text
at the top of the viewport is where it was, or the end is on screen, if the view follows the end.
"""

from __future__ import annotations

import sys
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from math import floor
from typing import Any, Final

from PySide6.QtCore import QEvent, QMargins, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QWidget

from desktop_app.transcript.decorations import Decorations, Decorator
from desktop_app.transcript.segment import Article, ArticleList, Place, Segment, estimate_height
from desktop_app.transcript.segment_document import SegmentDocument, SegmentWriter, head_of_table
from desktop_app.transcript.shown_segment import ScrollAnchor, ShownSegment, line_rect
from desktop_app.transcript.transcript_styles import Background, background_of
from desktop_app.widgets.boxes import margins_of
from desktop_app.widgets.look.theme import MARGIN, STANDARD_LINE_WIDTH, Theme
from desktop_app.widgets.windows import FixedSpaceScrollBar

_MAX_PASSES: Final = 12
"""Passes in which text is loaded until the heights on screen no longer change."""
_KEPT_DOCUMENTS: Final = 40
"""Documents that stay loaded, besides those near the viewport."""
_DECORATION_OVERHANG: Final = 24
"""Pixels, at the default text size, by which decorations may reach beyond their text."""
_LINK_MARGIN: Final = 4
"""Pixels above and below a link that belong to it, so that one is at least 24 pixels high."""
_NOTCH: Final = 120
"""What Qt reports of a wheel that was turned by one notch."""
_SLICE_S: Final = 0.008
"""Seconds for which text beside the viewport is loaded in one iteration of the event loop."""


class _FocusFrame(QWidget):
    """The frame that shows keyboard focus on the text as a whole."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.palette().color(self.palette().ColorRole.Link), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)


class SegmentArea(QAbstractScrollArea):
    """A read-only view of articles in a centered column.

    Attributes:
        theme: the current theme.
        articles: the articles; set by the subclass before the first layout.
        writer: writes documents for the current theme and width.
        is_following: whether the view follows the end of the text.

    Signals:
        following_changed(bool): whether the end of the text is followed.
        scrolled(): the text has moved on screen.
        text_shown(): the segments near the viewport have changed.
    """

    following_changed = Signal(bool)
    scrolled = Signal()
    text_shown = Signal()

    articles: ArticleList
    writer: SegmentWriter

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.is_following = False
        self._space_above = 0
        self._decorator = Decorator(theme)
        # The decorations of segments, with what they depend on.
        self._decorations: dict[Segment, tuple[tuple[object, ...], Decorations]] = {}
        # The segments with a document, the last used last.
        self._loaded: dict[Segment, Article] = {}
        self._keeping = 0
        self._anchor: ScrollAnchor | None = None
        self._range = 0, 0  # of the scroll bar: the heights of the viewport and of the text
        self._prefetched_y = 0  # the scroll position when text was last loaded in advance
        # The y coordinates between which the text must be painted again; from 0 on, all of it.
        self._repaint_from = self._repaint_to = 0
        self._former_height = 0
        self._pinned_index = -1
        self._is_margin_pressed = False
        self._prefetch_timer = QTimer(self, singleShot=True, interval=0)
        self._prefetch_timer.timeout.connect(self._prefetch)
        self._focus_frame = _FocusFrame(self)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBar(FixedSpaceScrollBar(Qt.Orientation.Horizontal))
        self.setVerticalScrollBar(FixedSpaceScrollBar(Qt.Orientation.Vertical))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.rangeChanged.disconnect()  # Qt would lay out, raise and paint both, which are on
        self.setCornerWidget(QWidget(self))  # else the style draws one
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)

    # ------------------------------------------------------------------ appearance

    def _apply_theme(self, theme: Theme) -> None:
        self.theme = theme
        self._decorator = Decorator(theme)
        self._decorations.clear()
        self._apply_colors()

    def _apply_colors(self) -> None:
        theme = self.theme
        colors = self.palette()
        colors.setColor(colors.ColorRole.Base, theme.ground)
        colors.setColor(colors.ColorRole.Text, theme.text)
        self.setPalette(colors)
        # With an application style sheet, the viewport does not inherit later palettes.
        colors.setColor(colors.ColorRole.Link, theme.accent)
        self.viewport().setPalette(colors)
        self._focus_frame.setPalette(colors)

    def showEvent(self, event: QShowEvent) -> None:
        """Restore the theme's colors: Qt applies the initial palette on the first show."""
        super().showEvent(event)
        if self.palette().base().color() != self.theme.ground:
            self._apply_colors()

    # ------------------------------------------------------------------ margins

    def _set_margins(self) -> None:
        """Center the text column, before the viewport is resized."""
        px = self.theme.px
        left = max(px(MARGIN), (self.width() - px(self.theme.max_line_width)) // 2)
        # The scroll bar takes its width out of the right margin, so the text stays centered.
        right = max(0, left - self.verticalScrollBar().sizeHint().width())
        margins = QMargins(*margins_of(left, self._space_above, right, 0))
        if margins != self.viewportMargins():
            self.setViewportMargins(margins)

    @property
    def top_space(self) -> int:
        """Return the pixels above the first article."""
        return self.theme.px(36)

    def event(self, event: QEvent) -> bool:
        """Select text with a drag that begins beside the column; let the wheel scroll there."""
        if event.type() == QEvent.Type.Resize:
            self._set_margins()
        if event.type() == QEvent.Type.Wheel:
            self.wheelEvent(event)  # type: ignore[arg-type]
            return True
        if isinstance(event, QMouseEvent) and self._follow_margin_press(event):
            position = self.viewport().mapFrom(self, event.position())
            if event.type() == QEvent.Type.MouseMove:
                position.setX(min(max(position.x(), 0), self.viewport().width() - 1))
            return self.viewportEvent(
                QMouseEvent(
                    event.type(),
                    position,
                    event.globalPosition(),
                    event.button(),
                    event.buttons(),
                    event.modifiers(),
                )
            )
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll sideways while Shift is held, as a wheel that tilts does."""
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            bar, turned = self.horizontalScrollBar(), event.angleDelta()
            lines = (turned.x() or turned.y()) * QApplication.wheelScrollLines() / _NOTCH
            bar.setValue(bar.value() - round(lines * bar.singleStep()))
        else:
            super().wheelEvent(event)

    def _follow_margin_press(self, event: QMouseEvent) -> bool:
        """Record a press of the left button in a side margin; return True until its release."""
        was_pressed = self._is_margin_pressed
        if event.button() == Qt.MouseButton.LeftButton:
            column = self.viewport().geometry()
            position = event.position().toPoint()
            self._is_margin_pressed = (
                event.type() == QEvent.Type.MouseButtonPress
                and position.y() >= column.top()
                and not column.left() <= position.x() <= column.right()
            )
        return was_pressed or self._is_margin_pressed

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out the text for the new size; the text at the top stays there."""
        super().resizeEvent(event)
        self._focus_frame.setGeometry(self.rect())
        width = self.viewport().width()
        with self.keeping_position():
            if width != self.writer.width:
                self.writer = self._new_writer()
                self._forget_heights()

    # ------------------------------------------------------------------ layout

    def _new_writer(self) -> SegmentWriter:
        raise NotImplementedError

    def _estimation_scale(self) -> float:
        """Return the factor from estimated heights to those at this text size and width."""
        theme = self.theme
        width = max(100, self.viewport().width())
        return theme.px(1000) / 1000 * max(1.0, theme.px(STANDARD_LINE_WIDTH) / width)

    def _forget_heights(self) -> None:
        """Write all documents again, and estimate the heights of what is not on screen."""
        self.drop_documents()
        opened = [index for index in range(self.articles.count) if self._is_open(index)]
        self.articles.estimate_heights(self._estimation_scale())
        for index in opened:
            article = self.articles.open(index)
            for segment in article.segments:
                segment.is_measured = False
                article.set_height(segment, 0)
            self.articles.set_height(index, self._lay_out(article))

    def _is_open(self, index: int) -> bool:
        return index >= 0

    def _lay_out(self, article: Article) -> int:
        """Measure or estimate the segments of an article. Return their height."""
        for segment in article.segments:
            if not segment.is_measured:
                self._measure(article, segment)
        article.laid_out = article.revision
        return article.tops[-1]

    def _measure(self, article: Article, segment: Segment) -> None:
        document = segment.document
        if document is not None and segment.changed_from is None:
            size = document.size()
            segment.gap = self.writer.gap_above(segment)
            segment.width = round(size.width())
            height = round(size.height() + 0.49) - 2 * document.inset
            article.set_height(segment, segment.gap + height)
            segment.is_measured = True
        elif document is None and (not segment.height or segment.changed_from is not None):
            segment.gap = self.writer.gap_above(segment)
            estimate = estimate_height(segment, self._estimation_scale())
            article.set_height(segment, segment.gap + estimate)
            segment.changed_from = None

    def _write(self, article: Article, segment: Segment, top: int = 0) -> None:
        """Have the document of a segment, which begins at `top`, show all its pieces."""
        former_bottom = top + segment.height
        head = head_of_table(article.items, segment.first) if segment.is_table else None
        may_grow = self._may_grow(article, segment)
        position = self.writer.write(segment, head, is_growing=may_grow)
        document = segment.document
        assert document is not None
        # The background of a question without attachments is as wide as its text.
        is_whole = (segment.first, segment.end) == (0, len(article.items))
        hugs_text = is_whole and background_of(article.items[0]) is Background.QUESTION
        if hugs_text or document.hugs_text:
            document.hugs_text = hugs_text
            document.fit_width()
        self._loaded.pop(segment, None)
        self._loaded[segment] = article
        self._decorations.pop(segment, None)
        self._measure(article, segment)
        self._mark_for_repaint(segment, document, top, position, former_bottom)
        self._on_written(article, segment)

    def _mark_for_repaint(
        self,
        segment: Segment,
        document: SegmentDocument,
        top: int,
        position: int,
        former_bottom: int,
    ) -> None:
        """Have a segment painted again from the line above the one with a position on."""
        changed_y = top
        overhang = self.theme.px(_DECORATION_OVERHANG)
        if position:
            block = document.findBlock(position)
            box = document.documentLayout().blockBoundingRect(block)
            number = block.layout().lineForTextPosition(position - block.position()).lineNumber()
            line_y = block.layout().lineAt(number - 1).y() if number > 0 else 0
            changed_y = round(segment.text_top(top) + box.top() + line_y)
        bottom = max(former_bottom, top + segment.height)
        self._repaint_from = min(self._repaint_from, changed_y - overhang)
        self._repaint_to = max(self._repaint_to, bottom + overhang)

    def show_words(self, article: Article, segment: Segment) -> None:
        """Show the words by which the last item of a segment is longer.

        Unless its height changes, nothing moves, and only the last line is painted again.
        """
        document = segment.document
        if document is None or segment.changed_from is not None:
            segment.mark_changed(len(segment.pieces) - 1)
            with self.keeping_position(repaints_all=False):
                self.article_changed(article.key)
            return
        top = self.top_space + self.articles.top_of(self.articles.index_of(article.key))
        top += article.tops[article.segments.index(segment)]
        size = document.size()
        position = document.append_words(segment.pieces[-1].item)
        if document.size() != size:
            segment.is_measured = False
            with self.keeping_position(repaints_all=False):
                self.article_changed(article.key)
                former_bottom = top + segment.height
                self._mark_for_repaint(segment, document, top, position, former_bottom)
            return
        article.laid_out = article.revision
        if segment in self._decorations:
            key, made = self._decorations[segment]
            self._decorations[segment] = (*key[:-1], document.revision()), made
        self._begin_changes(repaints_all=False)
        self._mark_for_repaint(segment, document, top, position, top + segment.height)
        self._repaint(self.scroll_y)

    def _on_written(self, article: Article, segment: Segment) -> None:
        """React to a document that was written, for example by highlighting its code."""

    def _may_grow(self, _article: Article, _segment: Segment) -> bool:
        """Return True if text may be added to the last piece of a segment."""
        return False

    def article_changed(self, key: str) -> None:
        """Lay out an article whose items have changed. Call it within `keeping_position`."""
        index = self.articles.index_of(key)
        if index >= 0:
            height = self._lay_out(self.articles.open(index))
            if height < self.articles.height_of(index):
                self._repaint_from = 0
            self.articles.set_height(index, height)

    def _load(self, top: int, bottom: int, until: float | None = None) -> tuple[bool, bool]:
        """Load the segments between two y coordinates of the text.

        Return whether a height has changed, and whether all are loaded. Stop at the time `until`.
        """
        changed = False
        articles = self.articles
        if not articles.count:
            return False, True
        index = articles.index_at(top - self.top_space)
        while index < articles.count:
            article_top = self.top_space + articles.top_of(index)
            if article_top >= bottom:
                break
            article = articles.open(index)
            if article.laid_out != article.revision:
                self._lay_out(article)
            is_done = True
            for segment, segment_top in article.segments_from(top - article_top):
                y = article_top + segment_top
                if y >= bottom:
                    break
                self._check_complete(article, segment)
                if segment.needs_writing:
                    if until is not None and time.perf_counter() > until:
                        is_done = False
                        break
                    former = segment.height
                    self._write(article, segment, y)
                    changed = changed or segment.height != former
                elif not segment.is_measured:
                    self._measure(article, segment)
            height = article.tops[-1]
            if articles.height_of(index) != height:
                articles.set_height(index, height)
                changed = True
            if not is_done:
                return changed, False
            index += 1
        return changed, True

    def _check_complete(self, article: Article, segment: Segment) -> None:
        """Write a table with its final columns, or highlight code, once no more lines arrive."""
        document = segment.document
        if document is None or segment.changed_from is not None:
            return
        is_open = document.has_growing_table or document.open_code >= 0
        if not is_open or self._may_grow(article, segment):
            return
        if document.has_growing_table:
            segment.mark_changed()
        else:
            self._on_written(article, segment)

    # ------------------------------------------------------------------ position

    @property
    def scroll_y(self) -> int:
        """Return the y coordinate of the text at the top of the viewport."""
        return self.verticalScrollBar().value()

    @property
    def is_at_end(self) -> bool:
        """Return True if the end of the text is on screen."""
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - 2

    @contextmanager
    def keeping_position(
        self, place: Place | None = None, *, repaints_all: bool = True
    ) -> Iterator[None]:
        """Keep the text on screen in place while its heights change, or follow the end.

        Args:
            place: a place on screen that stays where it is; the end is then not followed.
            repaints_all: False if only documents that are written here change their looks.
        """
        self._keeping += 1
        if self._keeping > 1:
            try:
                yield
            finally:
                self._keeping -= 1
                self._repaint_from = 0
            return
        follows = self.is_following and place is None
        self._begin_changes(repaints_all=repaints_all)
        self._anchor = None
        if place is not None:
            self._anchor = self._anchor_of(place)
        elif not follows:
            self._anchor = self._top_anchor()
        try:
            yield
        finally:
            self._keeping -= 1
            self._settle(self._anchor, follows=follows)
            if place is not None:
                self.follow(self.is_at_end)

    def _begin_changes(self, *, repaints_all: bool) -> None:
        """Record from now on what is to be painted again."""
        self._repaint_from = 0 if repaints_all else sys.maxsize
        self._repaint_to = 0
        self._former_height = self.articles.total_height

    def shift_anchor(self, key: str, by: int) -> None:
        """Follow items whose index has changed, within `keeping_position`."""
        anchor = self._anchor
        if anchor is not None and anchor.place.message_id == key and anchor.place.item > 0:
            item = max(0, anchor.place.item + by)
            self._anchor = anchor._replace(place=anchor.place._replace(item=item))

    def _settle(self, anchor: ScrollAnchor | None, *, follows: bool, scrolled_by: int = 0) -> None:
        """Load the text on screen, and scroll until the anchor is where it was.

        `scrolled_by` are the pixels by which the text is to move on screen already.
        """
        self._keeping += 1
        bar = self.verticalScrollBar()
        height = self.viewport().height()
        former = bar.value() + scrolled_by
        if follows:
            self._update_range()
            bar.setValue(self._follow_target())
        for _ in range(_MAX_PASSES):
            changed = self._load(bar.value(), bar.value() + height)[0]
            changed = self._drop_outdated() or changed
            self._update_range()
            if follows:
                target = self._follow_target()
            else:
                y = None if anchor is None else self.y_of(anchor.place, is_line=anchor.is_line)
                target = self.scroll_y if anchor is None or y is None else y + anchor.above
            target = min(max(target, 0), bar.maximum())
            if target != bar.value():
                bar.setValue(target)
            elif not changed:
                break
        self._update_ranges()
        self._keeping -= 1
        self._drop_distant()
        self._repaint(former)
        if not self._repaint_from or abs(self.scroll_y - self._prefetched_y) > height // 4:
            self._prefetched_y = self.scroll_y
            self._prefetch_timer.start()
        self.text_shown.emit()
        self.scrolled.emit()

    def _repaint(self, former: int) -> None:
        """Paint what has changed since the scroll bar had the value `former`."""
        viewport = self.viewport()
        y = self.scroll_y
        if not self._repaint_from or abs(y - former) >= viewport.height():
            viewport.update()
            return
        if y != former:
            viewport.scroll(0, former - y)
        top = self._repaint_from - y
        bottom = self._repaint_to - y
        if self.articles.total_height != self._former_height:
            bottom = viewport.height()
            if self.is_following:
                end = self.top_space + max(self.articles.total_height, self._former_height)
                bottom = min(bottom, end + self.theme.px(_DECORATION_OVERHANG) - y)
        if top < viewport.height():
            viewport.update(0, top, viewport.width(), bottom - top)

    def _follow_target(self) -> int:
        """Return where to scroll while the end is followed."""
        end = self.verticalScrollBar().maximum()
        if self._pinned_index < 0:
            return end
        pinned_top = self.top_space + self.articles.top_of(self._pinned_index)
        return min(end, pinned_top)

    def _update_ranges(self) -> None:
        self._update_range()
        y = self.scroll_y
        size = self.viewport().size()
        widths = [segment.width for _, segment, _ in self._open_segments(y, y + size.height())]
        sideways = self.horizontalScrollBar()
        sideways.setPageStep(size.width())
        sideways.setSingleStep(self.theme.px(24))
        sideways.setRange(0, max(0, max(widths, default=0) - size.width()))

    def _update_range(self) -> None:
        height = self.viewport().height()
        total = self.top_space + self.articles.total_height + self.theme.px(24)
        if (height, total) != self._range:
            self._range = height, total
            bar = self.verticalScrollBar()
            bar.setPageStep(height)
            bar.setSingleStep(self.theme.px(24))
            bar.setRange(0, max(0, total - height))

    def _top_anchor(self) -> ScrollAnchor | None:
        """Return the line at the top of the viewport, or else the segment there."""
        articles = self.articles
        if not articles.count:
            return None
        index = articles.index_at(self.scroll_y - self.top_space)
        article = articles.open(index)
        if not article.segments:
            return None
        if article.laid_out != article.revision:
            self._lay_out(article)
        above = self.scroll_y - self.top_space - articles.top_of(index)
        number = max(0, min(bisect_right(article.tops, above), len(article.segments)) - 1)
        segment = article.segments[number]
        if not segment.needs_writing:
            place = self.place_near(QPoint(0, 0))
            return None if place is None else self._anchor_of(place)
        place = Place(article.key, segment.first, 0, segment.pieces[0].start)
        return ScrollAnchor(place, False, above - article.tops[number])

    def _anchor_of(self, place: Place) -> ScrollAnchor:
        rect = self.rect_of(place)
        # Down as in `y_of`: `round` goes up or down at halves, to the even number.
        above = 0 if rect is None else -floor(rect.top())
        return ScrollAnchor(place, rect is not None, above)

    def follow(self, is_following: bool) -> None:
        """Follow the end of the text from now on, or no longer."""
        if is_following is not self.is_following:
            self.is_following = is_following
            self.following_changed.emit(is_following)

    def scroll_to(self, y: int) -> None:
        """Scroll to a y coordinate of the text."""
        self._update_ranges()
        self.verticalScrollBar().setValue(y)

    def scrollContentsBy(self, _dx: int, dy: int) -> None:
        """Load the text that comes on screen, and move what floats over it."""
        if self._keeping:
            return
        if dy:
            self._pinned_index = -1
            self.follow(self.is_at_end)
            self._begin_changes(repaints_all=False)
            self._settle(self._top_anchor(), follows=False, scrolled_by=dy)
        else:
            self.viewport().update()
            self.scrolled.emit()

    def _prefetch(self) -> None:
        """Load the text a screen above and below, for some milliseconds."""
        height = self.viewport().height()
        y = self.scroll_y
        anchor = None if self.is_following else self._top_anchor()
        changed, is_done = self._load(y - height, y + 2 * height, time.perf_counter() + _SLICE_S)
        if changed:
            self._begin_changes(repaints_all=True)
            self._settle(anchor, follows=self.is_following)
        if not is_done:
            self._prefetch_timer.start()

    def _drop_outdated(self) -> bool:
        """Drop the documents whose text has changed beside the viewport. Return True if any has."""
        outdated = [segment for segment in self._loaded if segment.changed_from is not None]
        for segment in outdated:
            article = self._loaded[segment]
            self._drop(segment)
            article.set_height(segment, 0)
            self._measure(article, segment)
            index = self.articles.index_of(article.key)
            if index >= 0:
                self.articles.set_height(index, article.tops[-1])
        return bool(outdated)

    def _drop_distant(self) -> None:
        """Drop the documents that were used longest ago, but none near the viewport."""
        excess = len(self._loaded) - _KEPT_DOCUMENTS
        if excess <= 0:
            return
        near = {id(shown.segment) for shown in self.shown_segments(self.viewport().height())}
        for segment in list(self._loaded):
            if excess <= 0:
                return
            if id(segment) not in near:
                self._drop(segment)
                excess -= 1

    def _drop(self, segment: Segment) -> None:
        segment.drop_document()
        self._loaded.pop(segment, None)
        self._decorations.pop(segment, None)

    def drop_documents(self) -> None:
        for segment in self._loaded:
            segment.drop_document()
        self._loaded.clear()
        self._decorations.clear()

    # ------------------------------------------------------------------ finding text

    def _open_segments(self, top: int, bottom: int) -> Iterator[tuple[Article, Segment, int]]:
        """Yield the segments of parsed articles between two y coordinates, and where they begin."""
        articles = self.articles
        if not articles.count:
            return
        index = articles.index_at(top - self.top_space)
        while index < articles.count:
            article_top = self.top_space + articles.top_of(index)
            if article_top >= bottom:
                return
            if self._is_open(index):
                article = articles.open(index)
                # A background reaches a little below its segment.
                for segment, y in article.segments_from(top - article_top - 20):
                    if article_top + y >= bottom:
                        break
                    yield article, segment, article_top + y
            index += 1

    def shown_segments(self, beyond: int = 0) -> Iterator[ShownSegment]:
        """Yield the segments on screen, or up to so many pixels beyond it, top to bottom."""
        scroll_y = self.scroll_y
        bottom = scroll_y + self.viewport().height() + beyond
        for article, segment, top in self._open_segments(scroll_y - beyond, bottom):
            if not segment.needs_writing:
                y = top - scroll_y
                origin = QPointF(self._left_of(segment), segment.text_top(y))
                yield ShownSegment(article.key, article, segment, y, origin)

    def _left_of(self, segment: Segment) -> int:
        """Return where a document begins: only one that is wider than the view scrolls sideways."""
        overflow = max(0, segment.width - self.viewport().width())
        return -min(self.horizontalScrollBar().value(), overflow)

    def _located(self, place: Place) -> tuple[Any, Segment, int] | None:
        """Return the article and the segment of a place, and where that begins in the text.

        Return None if there is no such article, or no segment at or above the place.
        """
        index = self.articles.index_of(place.message_id)
        if index < 0:
            return None
        article = self.articles.open(index)
        number = article.segment_index(place.item, place.unit)
        if number < 0:
            return None
        top = self.top_space + self.articles.top_of(index) + article.tops[number]
        return article, article.segments[number], top

    def shown_segment(self, place: Place, *, loads: bool = True) -> ShownSegment | None:
        """Return the segment that shows a place; None if there is none.

        Load its document if needed, or return None without `loads`.
        """
        found = self._located(place)
        if found is not None and found[1].needs_writing:
            if not loads:
                return None
            with self.keeping_position():
                self._write(*found[:2])
                self.article_changed(place.message_id)
            found = self._located(place)
        if found is None:
            return None
        article, segment, top = found
        y = top - self.scroll_y
        origin = QPointF(self._left_of(segment), segment.text_top(y))
        return ShownSegment(article.key, article, segment, y, origin)

    def y_of(self, place: Place, *, is_line: bool = True) -> int | None:
        """Return the y coordinate, in the text, of a line or of the segment of a place."""
        found = self._located(place)
        if found is not None and is_line and found[1].needs_writing:
            self._write(*found[:2])
            self.article_changed(place.message_id)
            found = self._located(place)
        if found is None:
            return None
        _article, segment, top = found
        if not is_line or segment.document is None:
            return top
        position = segment.document.position_of(place.item, place.cell, place.unit)
        box = line_rect(segment.document, position)
        return floor(segment.text_top(top) + box.top())

    def place_near(self, point: QPoint) -> Place | None:
        """Return the place at or nearest to a point of the viewport."""
        found = self._found_at(point)
        if found is None:
            return None
        shown, position = found
        item, cell, unit = shown.document.place_at(position)
        return Place(shown.key, item, cell, unit)

    def _found_at(self, point: QPoint) -> tuple[ShownSegment, int] | None:
        """Return the segment on screen nearest to a point, and the position there."""
        nearest = None
        for shown in self.shown_segments():
            nearest = shown
            if point.y() < shown.top + shown.segment.height:
                break
        if nearest is None:
            return None
        within = QPointF(point) - nearest.origin
        layout = nearest.document.documentLayout()
        return nearest, max(0, layout.hitTest(within, Qt.HitTestAccuracy.FuzzyHit))

    def anchor_at(self, point: QPoint) -> str:
        """Return the target of the link at a point of the viewport, or "" for none."""
        found = self._found_at(point)
        if found is None:
            return ""
        shown, _position = found
        layout, within = shown.document.documentLayout(), QPointF(point) - shown.origin
        margin = QPointF(0, _LINK_MARGIN)
        anchors = (layout.anchorAt(place) for place in (within, within + margin, within - margin))
        return next(filter(None, anchors), "")

    def rect_of(self, place: Place) -> QRectF | None:
        """Return the caret's rectangle at a place in the viewport; None if it is not loaded."""
        index = self.articles.index_of(place.message_id)
        is_open = index >= 0 and self._is_open(index)
        shown = self.shown_segment(place, loads=False) if is_open else None
        if shown is None:
            return None
        position = shown.document.position_of(place.item, place.cell, place.unit)
        return line_rect(shown.document, position).translated(shown.origin)

    def bring_on_screen(self, rect: QRectF, *, margin: int = 0) -> None:
        """Scroll so that a rectangle of the viewport is on screen."""
        height = self.viewport().height()
        bar = self.verticalScrollBar()
        if rect.top() < margin:
            bar.setValue(bar.value() + round(rect.top()) - margin)
        elif rect.bottom() > height - margin:
            bar.setValue(bar.value() + round(rect.bottom()) - height + margin)
