"""Reads the marked text of a text view, and whether text is still to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QAccessible, QTextCursor

from desktop_app.markdown.block_model import text_of
from desktop_app.transcript.message_items import prefix_of
from desktop_app.transcript.segment import is_table
from tests.helpers.segment_views import SegmentView

if TYPE_CHECKING:
    from desktop_app.transcript.text_area import TextArea
    from desktop_app.transcript.view import TranscriptView


def is_on_target(view: TranscriptView) -> bool:
    """Return True if a link or button in the text has the focus."""
    return view.hasFocus() and view.focus_navigator.focused is not None


def focused_name(view: TranscriptView) -> str:
    """Return the name that a screen reader is told of the focused target, action or widget."""
    widget = view.window().focusWidget()
    if widget is not view or not is_on_target(view):
        return "" if widget is None else widget.accessibleName()
    interface = QAccessible.queryAccessibleInterface(view)
    return interface.focusChild().text(QAccessible.Text.Name)


def focused_rect(view: TranscriptView) -> QRect:
    """Return the rectangle of the focused target or action in the viewport."""
    widget = view.window().focusWidget()
    if widget is not None and widget is not view:
        return widget.rect().translated(widget.mapTo(view.viewport(), QPoint(0, 0)))
    interface = QAccessible.queryAccessibleInterface(view).focusChild()
    rect: QRect = interface.rect()
    return QRect(view.viewport().mapFromGlobal(rect.topLeft()), rect.size())


def shown_text(view: TextArea) -> str:
    """Return the text of all messages or slices, a line for each item and row."""
    lines = []
    for index in range(view.articles.count):
        for segment in view.articles.open(index).segments:
            for item in (piece.item for piece in segment.pieces):
                if is_table(item):
                    lines += ["\t".join(text_of(cell) for cell in row) for row in item.rows]
                else:
                    lines.append(prefix_of(item) + text_of(item.runs))
    return "\n".join(lines)


def caret_line(view: TranscriptView) -> str:
    """Return the item with the caret as it is shown; "" without a caret."""
    caret = view.selection.caret
    shown = view.messages.opened(caret.message_id) if caret is not None else None
    if caret is None or shown is None:
        return ""
    item = shown.items[min(caret.item, len(shown.items) - 1)]
    return prefix_of(item) + text_of(item.runs)


def link_at(view: TranscriptView, words: str) -> str:
    """Return the target of the link at the first of these words; "" for none."""
    for shown in view.shown_segments():
        cursor = shown.document.find(words)
        if not cursor.isNull():
            cursor.setPosition(cursor.selectionStart() + 1)
            return cursor.charFormat().anchorHref()
    raise AssertionError(words)


def is_writing(view: TranscriptView) -> bool:
    """Return True if text of a message has arrived but is not written yet."""
    return any(view.stream.has_more(message.id) for message in view.messages.messages)


def count_body_blocks(view: TranscriptView, message_id: str) -> int:
    """Return the number of text blocks of an answer that is shown alone, without its footer."""
    if isinstance(view, SegmentView):
        document = view.document()
        foot = next(part.start for part in view._parts if part.segment.part > 1)
        return document.findBlock(foot).blockNumber()
    state = view.messages.get(message_id)
    assert state is not None
    return sum(state.layout.counts[: len(state.layout.counts) - state.foot_count])


def marked_text(view: TextArea) -> str:
    """Return the text on screen that is marked, a line for each mark."""
    texts = []
    for shown in view.shown_segments():
        for mark in view.marks_of(shown):
            cursor = QTextCursor(shown.document)
            cursor.setPosition(mark.start)
            cursor.setPosition(mark.end, QTextCursor.MoveMode.KeepAnchor)
            texts.append(cursor.selectedText())
    return "\n".join(text.replace("\u2029", "\n") for text in texts)


def top_line(view: TextArea) -> str:
    """Return the line of text at the top of the viewport."""
    place = view.place_near(QPoint(0, 0))
    assert place is not None
    shown = view.shown_segment(place)
    assert shown is not None
    return shown.document.findBlock(shown.document.position_of(*place[1:])).text()
