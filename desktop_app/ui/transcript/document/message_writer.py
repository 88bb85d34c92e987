"""Writes messages into the document and updates their text, folds and highlighting.

An answer reports its changes as changes of blocks. Its items also include the fold lines of code:
a fold line is added once the code ends, and removed if the code grows again.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from desktop_app.domain.conversations.conversation import Role
from desktop_app.ui.transcript.layout.message_layout import is_table
from desktop_app.ui.transcript.media.code_folds import (
    FOLD,
    SHOWN,
    fold_line,
    fold_line_at,
    show_fold,
    show_folds,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.ui.transcript.document.document_writer import DocumentWriter
    from desktop_app.ui.transcript.media.highlighter import CodeHighlighter
    from desktop_app.ui.transcript.message_items import Item
    from desktop_app.ui.transcript.message_state import Change, MessageState


class MessageWriter:
    """A writer that keeps the items of messages in step with their state."""

    def __init__(self, writer: DocumentWriter, highlighter: CodeHighlighter) -> None:
        self._writer, self._highlighter = writer, highlighter

    def insert(self, at: int, entry: MessageState) -> None:
        """Write a message above index `at`."""
        entry.set_layout(self._writer.insert_message(at, entry.message.id, entry.items()))
        self._highlight(entry)
        self.show_folds(entry)

    def rewrite(self, entry: MessageState) -> None:
        """Rewrite all items of a message."""
        self._highlighter.forget(entry.layout)
        items = entry.items()
        self._writer.show_items(entry.layout, 0, len(entry.layout.items), items)
        self._highlight(entry)
        self.show_folds(entry)

    def refresh(self, entry: MessageState) -> None:
        """Update the items before and after the body."""
        layout, head = entry.layout, entry.head_items()
        if len(head) != entry.head_count:
            self.rewrite(entry)
        else:
            self._writer.show_items(layout, 0, entry.head_count, head)
        foot = entry.foot_items()
        self._writer.show_items(
            layout, len(layout.items) - entry.foot_count, entry.foot_count, foot
        )
        entry.set_foot_count(len(foot))

    def update(self, entry: MessageState, changes: Sequence[Change] | None) -> None:
        """Apply the changes of a message, or rewrite it if `changes` is None.

        Also update the items around the body.
        """
        if changes is None:
            self.rewrite(entry)
        else:
            self.grow(entry, changes)
            self._show_fold(entry, len(entry.layout.items) - entry.foot_count - entry.head_count)
        self.refresh(entry)
        if not entry.is_streaming:
            self._writer.finish_table()
            self._highlight(entry)

    def grow(self, entry: MessageState, changes: Sequence[Change], visible_item: int = -1) -> None:
        """Write new text of an answer. Code that contains item `visible_item` stays unfolded."""
        for at, removed, added in changes:
            for line in entry.folds.broken_by(at, removed, added):
                entry.folds.forget(line)
                show_fold(self._writer, entry.layout, entry.head_count + line, visible=True)
                self._change(entry, line, 1, ())
            first = entry.folds.item_of(at)
            self._change(entry, first, removed, added)
            entry.folds.shift(at, len(added) - removed)
            last = first + len(added)
            while first <= last:  # code may end above or within the added items
                is_added = self._show_fold(entry, first, visible_item)
                first, last = first + 1 + is_added, last + is_added
        if entry.pending_highlights:
            self._highlight(entry)

    def renew(self, entry: MessageState, changes: Sequence[Change]) -> None:
        """Apply the changes that link definitions make above the end of an answer."""
        # Qt finds a table only after the edit that inserts it.
        are_texts = not any(is_table(item) for _, _, added in changes for item in added)
        with self._writer.one_edit() if are_texts else nullcontext():
            for first, removed, added in changes:
                if not entry.folds or first < 0:
                    self._writer.replace(entry.layout, entry.head_count + first, removed, added)
                    continue
                for at, item in enumerate(added, first):
                    index = entry.head_count + entry.folds.item_of(at)
                    self._writer.replace(entry.layout, index, 1, [item])

    def show_reasoning(self, entry: MessageState, characters: int) -> None:
        """Show that an answer has this many more characters of reasoning."""
        if entry.folded or not entry.head_count:
            self.refresh(entry)
        else:
            self._writer.show_items(entry.layout, 0, 1, [entry.head_line()])
            self.show_more_reasoning(entry, characters)

    def show_more_reasoning(self, entry: MessageState, characters: int) -> None:
        """Show more of the unfolded reasoning of an answer."""
        for at, removed, added in entry.show_more_reasoning(characters):
            self._writer.replace(entry.layout, at, removed, added)
            entry.grow_head(len(added) - removed)

    # ------------------------------------------------------------------ code

    def show_folds(self, entry: MessageState) -> None:
        """Hide folded lines of code and show the others."""
        show_folds(self._writer, entry.layout, entry.unfolded.code)

    def set_fold(self, entry: MessageState, number: int, *, unfold: bool | None = None) -> None:
        """Unfold or fold a long code block; if `unfold` is None, toggle it."""
        if (number not in entry.unfolded.code) if unfold is None else unfold:
            entry.unfolded.code.add(number)
        else:
            entry.unfolded.code.discard(number)
        layout, at = entry.layout, entry.item_of_action(f"{FOLD}{number}")
        if at >= 0:
            is_folded = number not in entry.unfolded.code
            line = fold_line_at(layout.items, at, is_folded=is_folded)
            self._writer.show_items(layout, at, 1, [line])
        self.show_folds(entry)

    def _show_fold(self, entry: MessageState, end: int, visible_item: int = -1) -> bool:
        """Add a fold line to long code that ends above item `end`. Return True if added.

        The code stays unfolded if it streamed in or contains item `visible_item` of the message.
        """
        layout, head = entry.layout, entry.head_count
        body_end = len(layout.items) - entry.foot_count - head
        if entry.message.role is Role.USER or end > body_end:
            return False
        if end == body_end and not entry.is_complete:
            return False
        code = entry.folds.code_ending_at(layout.items, head, end)
        if code is None:
            return False
        if not entry.is_stored or end - code.lines + SHOWN <= visible_item - head < end:
            entry.unfolded.code.add(code.number)
        unfolded = code.number in entry.unfolded.code
        at = entry.folds.add(code)
        self._change(entry, at, 0, (fold_line(code.number, code.lines, is_folded=not unfolded),))
        if not unfolded:
            show_fold(self._writer, layout, head + at, visible=False)
        return True

    def _change(self, entry: MessageState, at: int, removed: int, added: Sequence[Item]) -> None:
        self._writer.replace(entry.layout, entry.head_count + at, removed, added)
        entry.pending_highlights.record_change(at, removed, added)

    def _highlight(self, entry: MessageState) -> None:
        layout, end = entry.layout, len(entry.layout.items) - entry.foot_count
        entry.pending_highlights.highlight(
            self._highlighter, layout, entry.head_count, end, grows=entry.is_growing
        )
