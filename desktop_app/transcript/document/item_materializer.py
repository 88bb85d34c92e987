"""Writes the missing items of messages that are in the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.transcript.media.code_folds import fold_number, show_fold, show_folds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_app.transcript.document.document_writer import DocumentWriter
    from desktop_app.transcript.layout.message_layout import MessageLayout
    from desktop_app.transcript.media.highlighter import CodeHighlighter
    from desktop_app.transcript.transcript_messages import TranscriptMessages


class ItemMaterializer:
    """A writer of missing items, with their highlighting and folding."""

    def __init__(
        self, messages: TranscriptMessages, writer: DocumentWriter, highlighter: CodeHighlighter
    ) -> None:
        self._messages = messages
        self._writer = writer
        self._highlighter = highlighter

    def write_ranges(self, layout: MessageLayout, ranges: Iterable[tuple[int, int]]) -> None:
        """Write the items of some ranges [first, end) of a message."""
        ranges = list(ranges)
        self._writer.write(layout, ranges)
        for first, end in ranges:
            self._highlighter.highlight_items(layout, first, end)
        state = self._messages.get(layout.key)
        has_folded_lines = any(0.0 in layout.heights[first:end] for first, end in ranges)
        if state is not None and has_folded_lines:
            show_folds(self._writer, layout, state.unfolded.code)

    def write_item(self, layout: MessageLayout, index: int, height: float, unit: int = 0) -> None:
        """Write an item, if it is missing, and about `height` pixels of items on either side.

        Of a very long text, write only both ends and the part that contains UTF-16 unit `unit`.
        The rest is materialized once it comes near the screen.
        """
        if not layout.counts[index]:
            self.write_ranges(layout, layout.ranges_around(index, height, height))
        if layout.gaps[index]:
            self._writer.fill_text(layout, index, unit, unit + 1)

    def write_folded(self) -> bool:
        """Write the folded lines of the next code block for a screen reader.

        Skip code below a missing item, because folded lines must not follow a placeholder. Return
        True if any lines were written.
        """
        for layout in self._messages.layouts:
            for first, end in layout.placeholders():
                if fold_number(layout.items[end]) is not None and layout.counts[first - 1]:
                    self._writer.write(layout, [(first, end)])
                    self._highlighter.highlight_items(layout, first, end)
                    show_fold(self._writer, layout, end, is_visible=False)
                    return layout.counts[first] > 0
        return False
