"""The state of a message in the transcript, and the items that show it."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.markdown.block_model import Block, Kind
from desktop_app.markdown.incremental.block_stream import BlockStream, render
from desktop_app.transcript.citation_sources import source_lines
from desktop_app.transcript.immediate_length import immediate_length
from desktop_app.transcript.media.code_folds import FoldLines, with_fold_lines
from desktop_app.transcript.media.pending_highlights import PendingHighlights
from desktop_app.transcript.message_items import (
    TOGGLE_REASONING,
    FooterFacts,
    Item,
    Line,
    MessageNote,
    attachment_lines,
    ending_lines,
    footer_line,
    note_line,
    question_lines,
    reasoning_line,
    reasoning_seconds,
    reasoning_text,
    tool_lines,
)
from desktop_app.transcript.reasoning_section import ReasoningSection
from desktop_app.transcript.selection.selected_text import attachment_block
from desktop_app.transcript.unfolded_sections import UnfoldedSections

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.transcript.layout.message_layout import MessageLayout
    from desktop_app.transcript.message_items import ItemChange


class MessageState:
    """The state of a message in the transcript.

    Attributes:
        message: the message.
        version: the message's number among its versions, from 1, and their count; None if the
            message is the only version.
        layout: the layout of the message in the document; set once it is materialized.
        is_materialized: True while the message is in the document.
        head_count: the number of items before the body: the reasoning and the tool calls.
        tool_count: the number of items of the tool calls, which end the head.
        foot_count: the number of items after the body: attachments, footer and others.
        reasoning: the reasoning of the answer.
        unfolded: the sections that the user unfolded.
        folds: the positions of the lines that fold the message's code.
        is_complete: True once the text of an answer is complete.
        is_stored: True if the message did not stream in this view: its code is folded initially.
        status_line: the status while the answer is made; "" for none.
        note: the line below the message, such as one about a compaction; None without a line.
        pending_highlights: the code in the body and below it that is not highlighted yet.
        unwritten: the text of a long stored message that is still to be added in pieces. `update`
            completes the message afterwards.
    """

    layout: MessageLayout

    def __init__(
        self,
        message: Message,
        facts: FooterFacts,
        version: tuple[int, int] | None,
        unfolded: UnfoldedSections,
        citable: frozenset[int],
    ) -> None:
        """Initialize the state; `citable` are the numbers of passages that the answer may cite."""
        self.message = message
        self.unfolded = unfolded
        self._facts = facts
        self.version = version
        self.status_line = ""
        self.note: MessageNote | None = None
        self._citable = citable
        self.head_count = self.tool_count = self.foot_count = 0
        self.is_materialized = False
        self.folds = FoldLines()
        self.is_stored = not self.is_streaming
        self.pending_highlights = PendingHighlights()
        self._pieces: list[str] = []
        self._stream = BlockStream(citable)
        self.reasoning = ReasoningSection(
            reasoning_text(message), self.unfolded, is_complete=not self.is_streaming
        )
        immediate = immediate_length(message.text)
        self._question = message.text[:immediate] if message.role is Role.USER else ""
        self.is_complete = False
        self.unwritten = ""
        if message.role is Role.USER:
            self.unwritten = message.text[immediate:]
        elif message.role is Role.ASSISTANT:
            self._begin_answer(message.text, immediate)

    def _begin_answer(self, text: str, immediate: int) -> None:
        """Parse the text of an answer, or only `immediate` characters of a long stored one."""
        if self.is_streaming or len(text) <= immediate:
            self.set_text(text)
            while self.has_pending_updates:
                self.run_updates()
        else:
            self.add_text(text[:immediate])
            self.unwritten = text[immediate:]

    def set_layout(self, layout: MessageLayout) -> None:
        """Set the layout of the message, which has just been materialized."""
        self.layout = layout
        self.is_materialized = True

    def mark_removed(self) -> None:
        """Record that the message is no longer in the document."""
        self.is_materialized = False

    def set_foot_count(self, count: int) -> None:
        """Set the number of items after the body."""
        self.foot_count = count

    def add_head_items(self, count: int) -> None:
        """Add `count` to the number of items before the body."""
        self.head_count += count

    def set_note(self, note: MessageNote | None) -> None:
        """Set the line below the message."""
        self.note = note

    def set_status_line(self, sentence: str) -> None:
        """Set the line with the status while the answer is made; "" for none."""
        self.status_line = sentence

    def take_unwritten(self) -> str:
        """Return `unwritten` and reset it."""
        unwritten = self.unwritten
        self.unwritten = ""
        return unwritten

    def update(self, message: Message, version: tuple[int, int] | None) -> list[ItemChange] | None:
        """Replace the message by its newer form. Return the body's changes as `set_text` does."""
        self.is_stored = self.is_stored and message.status is not MessageStatus.STREAMING
        self.message = message
        self.version = version
        if not self.is_streaming:
            self.reasoning.complete()
        return self.set_text(message.text) if message.role is Role.ASSISTANT else []

    @property
    def is_growing(self) -> bool:
        """Return True if text is still to be added, or earlier blocks are to be updated."""
        if self.message.role is Role.USER:
            return len(self._question) < len(self.message.text)
        return not self.is_complete or self._stream.has_pending_updates

    @property
    def has_pending_updates(self) -> bool:
        """Return True if late link definitions or loose lists still change earlier blocks."""
        return self._stream.has_pending_updates or self.reasoning.has_pending_updates

    def run_updates(self) -> Sequence[ItemChange]:
        """Update some earlier blocks for late link definitions or loose lists.

        Return changes with indices in the body; those of the reasoning above it are negative.
        """
        if self._stream.has_pending_updates:
            return self._stream.run_updates()
        changes = self.reasoning.run_updates()
        return [(first - self.head_count, removed, added) for first, removed, added in changes]

    @property
    def reasoning_count(self) -> int:
        """Return the number of items that show the reasoning, at the beginning of the message."""
        return self.head_count - self.tool_count

    @property
    def piece_bounds(self) -> tuple[int, int]:
        """Return the best minimum and maximum length of the next piece, in characters."""
        return self._stream.piece_bounds

    @property
    def is_streaming(self) -> bool:
        """Return True while the message is streaming."""
        return self.message.status is MessageStatus.STREAMING

    # ------------------------------------------------------------------ growing

    def add_text(self, text: str) -> Sequence[ItemChange]:
        """Append text. Return the changes, with indices in the body."""
        if self.message.role is Role.USER:
            return self._add_to_question(text)
        self.reasoning.record_end(time.monotonic())
        self._pieces.append(text)
        return self._stream.feed(text)

    def _add_to_question(self, text: str) -> list[ItemChange]:
        complete_lines = self._question.count("\n")
        last = self._question.rpartition("\n")[2] + text
        self._question += text
        lines = question_lines(last, is_continuation=complete_lines > 0)
        return [(complete_lines, 1, tuple(lines))]

    @property
    def has_text(self) -> bool:
        """Return True if any text has arrived."""
        return bool(self._question) or any(self._pieces)

    @property
    def text(self) -> str:
        """Return the text of the answer that has arrived."""
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0]

    def toggle(self, action: str) -> None:
        """Fold or unfold a section by its action: reasoning, details, a tool call or passages."""
        if action == TOGGLE_REASONING:
            self.reasoning.set_folded(folded=not self.reasoning.is_folded)
        else:
            self.unfolded.toggle(action)

    def set_text(self, text: str) -> list[ItemChange] | None:
        """Set the text, and complete it if the message no longer streams. Return the changes.

        Return None if `text` differs from a complete text, or does not continue an incomplete one.
        The caller then rewrites the message.
        """
        is_changed = text != self.text
        if is_changed and (self.is_complete or not text.startswith(self.text)):
            self._stream = BlockStream(self._citable)
            self.is_complete = False
            self._pieces = []
            self.add_text(text)
            self._finish()
            return None
        patches = self.add_text(text[len(self.text) :]) if is_changed else ()
        self._pieces = [text]  # shares the message's string
        return [*patches, *self._finish()]

    def _finish(self) -> Sequence[ItemChange]:
        if self.is_streaming or self.is_complete:
            return []
        self.is_complete = True
        return self._stream.finish(defer_updates=True)

    # ------------------------------------------------------------------ items

    def head_items(self) -> list[Item]:
        """Return the items above the text: the reasoning, folded or not, and the tool calls."""
        if self.message.role is Role.USER:
            return []
        items: list[Item] = []
        if self.reasoning.text:
            items.append(self.head_line())
            if not self.reasoning.is_folded:
                items += self.reasoning.blocks()
        calls = tool_lines(self.message, self.unfolded.tools)
        self.tool_count = len(calls)
        return [*items, *calls]

    def head_line(self) -> Line:
        """Return the line with the topic and the duration of the reasoning."""
        is_thinking = self.is_streaming and not self.has_text
        stored = reasoning_seconds(self.message)
        seconds = self.reasoning.seconds if stored is None else stored
        return reasoning_line(
            self.reasoning.text,
            seconds,
            is_thinking=is_thinking,
            is_folded=self.reasoning.is_folded,
        )

    def body_items(self) -> list[Item]:
        """Return the items of the question or the answer."""
        if self.message.role is Role.USER:
            return [*question_lines(self._question)]
        blocks = self._stream.blocks
        return list(with_fold_lines(blocks, self.unfolded.code, is_growing=not self.is_complete))

    def foot_items(self) -> list[Item]:
        """Return the items after the body: attachments, passages, ending, footer."""
        items = attachment_lines(self.message) + source_lines(self.message, self.unfolded.sources)
        if self.message.role is Role.USER:
            return items
        status_line = self.status_line
        if self.is_streaming and not (status_line or self.has_text or self.reasoning.text):
            status_line = "…"
        return [
            *items,
            *ending_lines(
                self.message,
                status_line,
                shows_details=self.unfolded.details,
                is_last=self.message.id not in self._facts.followed_ids,
            ),
            footer_line(self.message, self._facts),
            *([] if self.note is None else [note_line(self.note)]),
        ]

    def rebuild_items(self) -> list[Item]:
        """Return all items, without highlighting.

        Reset `head_count`, `foot_count`, `folds` and `pending_highlights` to match these items.
        """
        head = self.head_items()
        body = self.body_items()
        foot = self.foot_items()
        self.head_count = len(head)
        self.foot_count = len(foot)
        self.folds = FoldLines(body)
        self.pending_highlights = PendingHighlights([*body, *foot])
        return [*head, *body, *foot]

    # ------------------------------------------------------------------ single items and copies

    @property
    def action_item(self) -> int:
        """Return the index of the item beside which the actions are placed.

        It is the last line of a question, or the footer of an answer.
        """
        index = len(self.layout.items) - 1
        if self.message.role is Role.USER:
            return index - self.foot_count
        return index - (self.note is not None)

    @property
    def source(self) -> str:
        """Return the text of the whole message, or the text so far while the message streams."""
        return self.text if self.is_streaming else self.message.text

    def block_maker(self) -> Callable[[], list[Block]]:
        """Return a function that makes the current blocks for a copy; callable in any thread."""
        if self.message.role is Role.USER or (self.is_growing and not self.is_streaming):
            return block_maker_of(self.message, self._citable)
        blocks_so_far = list(self._stream.blocks)
        return blocks_so_far.copy


def block_maker_of(message: Message, citable: frozenset[int]) -> Callable[[], list[Block]]:
    """Return a function that makes a stored message's blocks; callable in any thread."""
    if message.role is Role.USER:
        return partial(_question_blocks, message)
    return partial(render, message.text, citable)


def _question_blocks(question: Message) -> list[Block]:
    paragraphs = [Block(Kind.PARAGRAPH, line.runs) for line in question_lines(question.text)]
    return paragraphs + [attachment_block(part.name) for part in question.attachments]
