"""Writes messages into the document and updates their text, folds and highlighting.

A message that is not in the document only changes its state.

`MessageState` reports the changes of an answer by block. The items of the answer also include the
fold lines of code: a fold line is added once the code ends, and removed if the code grows again.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from desktop_app.domain.conversations.conversation import Role
from desktop_app.transcript.layout.message_layout import is_table
from desktop_app.transcript.media.code_folds import (
    TOGGLE_CODE,
    VISIBLE_LINES,
    fold_line,
    fold_line_at,
    show_fold,
    show_folds,
)
from desktop_app.transcript.message_items import index_of_action

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.transcript.document.document_writer import DocumentWriter
    from desktop_app.transcript.media.highlighter import CodeHighlighter
    from desktop_app.transcript.message_items import Item, ItemChange
    from desktop_app.transcript.message_state import MessageState


class MessageWriter:
    """A writer that keeps the items of messages in step with their state."""

    def __init__(self, writer: DocumentWriter, highlighter: CodeHighlighter) -> None:
        self._writer = writer
        self._highlighter = highlighter

    def insert(self, index: int, state: MessageState) -> None:
        """Write a message into the document, at index `index` of its messages."""
        state.set_layout(
            self._writer.insert_message(index, state.message.id, state.rebuild_items())
        )
        self._highlight(state)
        self._highlight_calls(state)
        self.show_folds(state)

    def _rewrite(self, state: MessageState) -> None:
        self._highlighter.forget(state.layout)
        items = state.rebuild_items()
        self._writer.replace_changed(state.layout, 0, len(state.layout.items), items)
        self._highlight(state)
        self._highlight_calls(state)
        self.show_folds(state)

    def refresh(self, state: MessageState) -> None:
        """Update the items before and after the body."""
        layout = state.layout
        head = state.head_items()
        if len(head) != state.head_count:
            self._rewrite(state)
        else:
            self._writer.replace_changed(layout, 0, state.head_count, head)
        foot = state.foot_items()
        first = len(layout.items) - state.foot_count
        self._writer.replace_changed(layout, first, state.foot_count, foot)
        state.set_foot_count(len(foot))

    def update(
        self, state: MessageState, message: Message, version: tuple[int, int] | None
    ) -> None:
        """Update a message to its newer form, and edit only the text that differs.

        `version` is the message's number among its versions, from 1, and their count. None stands
        for a single version.
        """
        changes = state.update(message, version)
        if not state.is_materialized:
            return
        if changes is None:
            self._rewrite(state)
        else:
            self._apply_changes(state, changes)
            self._add_fold_line(
                state, len(state.layout.items) - state.foot_count - state.head_count
            )
        self.refresh(state)
        if not state.is_streaming:
            self._writer.finish_table()
            self._highlight(state)

    def append_text(self, state: MessageState, text: str, visible_item: int = -1) -> None:
        """Append text to a message. Code stays unfolded if folding would hide `visible_item`.

        A `visible_item` of -1 stands for none.
        """
        is_first = not state.has_text
        changes = state.add_text(text)
        if not state.is_materialized:
            return
        self._apply_changes(state, changes, visible_item)
        if is_first:
            self.refresh(state)

    def _apply_changes(
        self, state: MessageState, changes: Sequence[ItemChange], visible_item: int = -1
    ) -> None:
        for index, removed, added in changes:
            for fold_index in state.folds.changed_fold_lines(index, removed, added):
                state.folds.forget(fold_index)
                show_fold(
                    self._writer, state.layout, state.head_count + fold_index, is_visible=True
                )
                self._replace_in_body(state, fold_index, 1, ())
            first = state.folds.item_of(index)
            self._replace_in_body(state, first, removed, added)
            state.folds.shift(index, len(added) - removed)
            last = first + len(added)
            while first <= last:  # code may end above or within the added items
                is_added = self._add_fold_line(state, first, visible_item)
                first += 1 + is_added
                last += is_added
        if state.pending_highlights:
            self._highlight(state)

    def run_updates(self, state: MessageState) -> None:
        """Update some earlier blocks of an answer for late link definitions or loose lists."""
        changes = state.run_updates()
        if not state.is_materialized:
            return
        # Qt finds a table only after the edit that inserts it.
        are_texts = not any(is_table(item) for _, _, added in changes for item in added)
        with self._writer.group_edits() if are_texts else nullcontext():
            for first, removed, added in changes:
                if not state.folds or first < 0:  # negative in the reasoning, which has no folds
                    self._writer.replace(state.layout, state.head_count + first, removed, added)
                    continue
                for body_index, item in enumerate(added, first):
                    index = state.head_count + state.folds.item_of(body_index)
                    self._writer.replace(state.layout, index, 1, [item])

    def append_reasoning(self, state: MessageState, text: str) -> None:
        """Append text to the reasoning of an answer."""
        state.reasoning.append_text(text, time.monotonic())
        if not state.is_materialized:
            return
        if state.reasoning.is_folded or not state.reasoning_count:
            self.refresh(state)
        else:
            self._writer.replace_changed(state.layout, 0, 1, [state.head_line()])
        if not state.reasoning.is_folded:
            self.show_more_reasoning(state, len(text))

    def show_more_reasoning(self, state: MessageState, characters: int) -> None:
        """Show up to `characters` more characters of the unfolded reasoning of an answer."""
        for index, removed, added in state.reasoning.show_more(characters):
            self._writer.replace(state.layout, index, removed, added)
            state.add_head_items(len(added) - removed)

    def set_status_line(self, state: MessageState, sentence: str) -> None:
        """Show a status line below an answer; "" shows none."""
        state.set_status_line(sentence)
        if state.is_materialized:
            self.refresh(state)

    # ------------------------------------------------------------------ code

    def show_folds(self, state: MessageState) -> None:
        """Hide folded lines of code and show the others."""
        show_folds(self._writer, state.layout, state.unfolded.code)

    def set_fold(self, state: MessageState, number: int, *, unfold: bool | None = None) -> None:
        """Unfold or fold a long code block; if `unfold` is None, toggle it."""
        is_folded = number in state.unfolded.code if unfold is None else not unfold
        state.unfolded.set_code_folded(number, folded=is_folded)
        layout = state.layout
        index = index_of_action(layout.items, f"{TOGGLE_CODE}{number}")
        if index >= 0:
            line = fold_line_at(layout.items, index, is_folded=is_folded)
            self._writer.replace_changed(layout, index, 1, [line])
        self.show_folds(state)

    def _add_fold_line(self, state: MessageState, end: int, visible_item: int = -1) -> bool:
        """Add a fold line to long code that ends above item `end` of the body.

        The code stays unfolded if it streamed in, or if folding would hide item `visible_item` of
        the message. Return True if a fold line was added.
        """
        layout = state.layout
        head = state.head_count
        body_end = len(layout.items) - state.foot_count - head
        if state.message.role is Role.USER or end > body_end:
            return False
        if end == body_end and not state.is_complete:
            return False
        code = state.folds.code_ending_at(layout.items, head, end)
        if code is None:
            return False
        hidden_start = end - code.lines + VISIBLE_LINES
        hides_visible_item = hidden_start <= visible_item - head < end
        if not state.is_stored or hides_visible_item:
            state.unfolded.set_code_folded(code.number, folded=False)
        unfolded = code.number in state.unfolded.code
        index = state.folds.add(code)
        self._replace_in_body(
            state, index, 0, (fold_line(code.number, code.lines, is_folded=not unfolded),)
        )
        if not unfolded:
            show_fold(self._writer, layout, head + index, is_visible=False)
        return True

    def _replace_in_body(
        self, state: MessageState, index: int, removed: int, added: Sequence[Item]
    ) -> None:
        self._writer.replace(state.layout, state.head_count + index, removed, added)
        state.pending_highlights.record_change(index, removed, added)

    def _highlight_calls(self, state: MessageState) -> None:
        """Highlight the arguments of tool calls, which are unfolded."""
        first = state.reasoning_count
        self._highlighter.highlight_items(state.layout, first, first + state.tool_count)

    def _highlight(self, state: MessageState) -> None:
        layout = state.layout
        state.pending_highlights.highlight(
            self._highlighter,
            layout,
            body=state.head_count,
            end=len(layout.items) - state.foot_count,
            is_growing=state.is_growing,
        )
