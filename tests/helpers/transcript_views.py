"""Reads the marked text of a text view, and whether text is still to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.helpers.segment_views import SegmentView

if TYPE_CHECKING:
    from PySide6.QtWidgets import QTextEdit

    from desktop_app.transcript.view import TranscriptView


def is_writing(view: TranscriptView) -> bool:
    """Return True if text of a message has arrived but is not written yet."""
    return any(view.stream.has_more(message.id) for message in view.messages.all())


def count_body_blocks(view: TranscriptView, message_id: str) -> int:
    """Return the number of text blocks of an answer that is shown alone, without its footer."""
    if isinstance(view, SegmentView):
        document = view.document()
        foot = next(part.start for part in view._parts if part.segment.part > 1)
        return document.findBlock(foot).blockNumber()
    state = view.messages.get(message_id)
    assert state is not None
    return sum(state.layout.counts[: len(state.layout.counts) - state.foot_count])


def marked_text(view: QTextEdit) -> str:
    """Return the text that is marked by extra selections, a line for each mark."""
    texts = (selection.cursor.selectedText() for selection in view.extraSelections())
    return "\n".join(text.replace("\u2029", "\n") for text in texts)
