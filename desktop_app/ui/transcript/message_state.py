"""The state of a message in the transcript, and the items that show it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.rendering.block_model import Block, Kind, Patch, quote_block
from desktop_app.rendering.incremental.block_stream import BlockStream, render
from desktop_app.ui.transcript.citation_sources import source_lines
from desktop_app.ui.transcript.media.code_folds import TOGGLE_CODE, FoldLines, with_fold_lines
from desktop_app.ui.transcript.media.fallback_fonts import few_scripts_length
from desktop_app.ui.transcript.media.pending_highlights import PendingHighlights
from desktop_app.ui.transcript.message_items import (
    ACTION,
    TOGGLE_DETAILS,
    TOGGLE_REASONING,
    TOGGLE_SOURCES,
    TOGGLE_TOOL,
    FooterFacts,
    Item,
    Line,
    MessageMark,
    attachment_lines,
    ending_lines,
    footer_line,
    mark_line,
    question_lines,
    reasoning_line,
    reasoning_seconds,
    reasoning_text,
    tool_lines,
    versions_line,
)
from desktop_app.ui.transcript.selection.selected_text import attachment_block

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.ui.transcript.layout.message_layout import MessageLayout

Change = tuple[int, int, tuple[Item, ...]]
"""A replacement: the index of the first item, the number of items removed, the new items."""

IMMEDIATE_CHARACTERS: Final = 12_000
"""Maximum characters of a stored text that are parsed and written immediately."""

_DENSE_IMMEDIATE_CHARACTERS: Final = 800
_IMMEDIATE_LINES: Final = 400
_LINE_ENDS: Final = re.compile(r"\r\n?|\n")
_MARKS: Final = re.compile(r"[^\w\s,.;:!?'\"()/-]")


@dataclass
class UnfoldedSections:
    """The sections of a message that the user unfolded; kept while it is not materialized.

    Attributes:
        reasoning: whether the reasoning is shown.
        code: the numbers of the long code blocks that are shown in full.
        tools: the numbers of the tool calls whose arguments are shown.
        sources: of a question, the numbers of the collections whose passages are shown.
        details: whether the error details of the server are shown.
    """

    reasoning: bool = False
    code: set[int] = field(default_factory=set)
    tools: set[int] = field(default_factory=set)
    sources: set[int] = field(default_factory=set)
    details: bool = False


class MessageState:
    """The state of a message in the transcript.

    Attributes:
        layout: its layout in the document, once it is materialized.
        is_materialized: True while it is in the document.
        head_count: the number of items before its body.
        foot_count: the number of items after its body.
        reasoning: the reasoning received so far.
        unfolded: the sections that the user unfolded.
        folds: the positions of the lines that fold its code.
        is_complete: True once the text of an answer is complete.
        is_stored: True if it did not stream in this view, so that its code is folded initially.
        mark: the line below it, such as a compaction.
        pending_highlights: the code in its body that is not highlighted yet.
        unwritten: the text of a long stored message that is still to be added in pieces, until
            `update` finishes it.
    """

    layout: MessageLayout

    def __init__(
        self,
        message: Message,
        facts: FooterFacts,
        version: tuple[int, int] | None = None,
        unfolded: UnfoldedSections | None = None,
        citable: frozenset[int] = frozenset(),
    ) -> None:
        """Initialize the state; `citable` are the numbers of passages that the answer may cite."""
        self.message = message
        self.unfolded = UnfoldedSections() if unfolded is None else unfolded
        self._facts = facts
        self.version = version
        self.status_line = ""
        self.mark: MessageMark | None = None
        self._citable = citable
        self.head_count = self.foot_count = 0
        self.is_materialized = False
        self.reasoning = ""
        self.folds = FoldLines()
        self.is_stored = not self.is_streaming
        self.pending_highlights = PendingHighlights()
        self._pieces: list[str] = []
        self._stream = BlockStream(citable)
        self._reasoning_stream = BlockStream()
        self._reasoning_shown = 0
        immediate = _immediate_length(message.text)
        self._question = message.text[:immediate] if message.role is Role.USER else ""
        self.is_complete = False
        self._reasoning_since: float | None = None
        self._reasoning_s: float | None = None
        self.add_reasoning(reasoning_text(message), now=None)
        self.set_reasoning_folded(folded=self.is_reasoning_folded)
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
        self.layout, self.is_materialized = layout, True

    def leave_document(self) -> None:
        """Record that the message is no longer in the document."""
        self.is_materialized = False

    def set_foot_count(self, items: int) -> None:
        """Set the number of items after the body."""
        self.foot_count = items

    def grow_head(self, items: int) -> None:
        """Add to the number of items before the body."""
        self.head_count += items

    def set_mark(self, mark: MessageMark | None) -> None:
        """Set the line below the message."""
        self.mark = mark

    def set_status_line(self, sentence: str) -> None:
        """Set the line with the status while the answer is made; "" for none."""
        self.status_line = sentence

    def take_unwritten(self) -> str:
        """Return `unwritten` and reset it."""
        rest, self.unwritten = self.unwritten, ""
        return rest

    def update(self, message: Message, version: tuple[int, int] | None) -> list[Change] | None:
        """Replace the message by a newer state of it. Return the changes as `set_text` does."""
        self.is_stored = self.is_stored and message.status is not MessageStatus.STREAMING
        self.message, self.version = message, version
        return self.set_text(message.text) if message.role is Role.ASSISTANT else []

    @property
    def is_growing(self) -> bool:
        """Return True if text is still to be added, or late definitions are to be applied."""
        if self.message.role is Role.USER:
            return len(self._question) < len(self.message.text)
        return not self.is_complete or self._stream.has_pending_updates

    @property
    def has_pending_updates(self) -> bool:
        """Return True if late link definitions still have to be applied to earlier blocks."""
        return self._stream.has_pending_updates or self._reasoning_stream.has_pending_updates

    def run_updates(self) -> Sequence[Change]:
        """Apply late link definitions to some blocks. Return changes with indices in the body."""
        if self._stream.has_pending_updates:
            return self._stream.run_updates()
        return self._reasoning_changes(self._reasoning_stream.run_updates(), 1 - self.head_count)

    @property
    def piece_bounds(self) -> tuple[int, int]:
        """Return the minimum and maximum characters of text to add at once, if available."""
        return self._stream.piece_bounds

    @property
    def reasoning_piece_bounds(self) -> tuple[int, int]:
        """Return the minimum and maximum characters of reasoning to add at once."""
        return self._reasoning_stream.piece_bounds

    @property
    def is_streaming(self) -> bool:
        """Return True while the message is streaming."""
        return self.message.status is MessageStatus.STREAMING

    # ------------------------------------------------------------------ growing

    def add_text(self, text: str) -> Sequence[Change]:
        """Append text. Return the changes, with indices in the body."""
        if self.message.role is Role.USER:
            return self._add_to_question(text)
        if self._reasoning_since is not None and self._reasoning_s is None:
            self._reasoning_s = time.monotonic() - self._reasoning_since
        self._pieces.append(text)
        return self._stream.feed(text)

    def _add_to_question(self, text: str) -> list[Change]:
        before = self._question.count("\n")
        last = self._question.rpartition("\n")[2] + text
        self._question += text
        lines = question_lines(last, is_continuation=before > 0)
        return [(before, 1, tuple(lines))]

    @property
    def has_text(self) -> bool:
        """Return True if any text has arrived."""
        return bool(self._question) or any(self._pieces)

    @property
    def text(self) -> str:
        """Return the text of the answer that has arrived."""
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0]

    def add_reasoning(self, text: str, now: float | None) -> None:
        """Append reasoning.

        Args:
            text: the reasoning.
            now: the monotonic time in seconds; None for stored reasoning.
        """
        if text:
            if self._reasoning_since is None:
                self._reasoning_since = now
            self.reasoning += text

    @property
    def is_reasoning_folded(self) -> bool:
        """Return True if the reasoning is hidden."""
        return not self.unfolded.reasoning

    def set_reasoning_folded(self, *, folded: bool) -> None:
        """Hide the reasoning, or show its beginning; `unshown_reasoning` is the rest."""
        self.unfolded.reasoning = not folded
        self._reasoning_stream, self._reasoning_shown = BlockStream(), 0
        if not folded:
            self.show_more_reasoning(_immediate_length(self.reasoning))

    def set_code_folded(self, number: int, *, folded: bool) -> None:
        """Record that a long code block is shown in part, or in full."""
        if folded:
            self.unfolded.code.discard(number)
        else:
            self.unfolded.code.add(number)

    def toggle(self, action: str) -> None:
        """Fold or unfold a section by its action: reasoning, details, a tool call or passages."""
        if action == TOGGLE_REASONING:
            self.set_reasoning_folded(folded=not self.is_reasoning_folded)
        elif action == TOGGLE_DETAILS:
            self.unfolded.details = not self.unfolded.details
        elif action.startswith(TOGGLE_TOOL):
            self.unfolded.tools ^= {int(action.removeprefix(TOGGLE_TOOL))}
        else:
            self.unfolded.sources ^= {int(action.removeprefix(TOGGLE_SOURCES))}

    @property
    def unshown_reasoning(self) -> str:
        """Return the unfolded reasoning that is not shown yet; it is added in pieces."""
        return "" if self.is_reasoning_folded else self.reasoning[self._reasoning_shown :]

    def show_more_reasoning(self, characters: int) -> list[Change]:
        """Show more of the reasoning. Return the changes, with indices among all items."""
        text = self.reasoning[self._reasoning_shown : self._reasoning_shown + characters]
        self._reasoning_shown += len(text)
        return self._reasoning_changes(self._reasoning_stream.feed(text), 1)

    def _reasoning_changes(self, patches: Sequence[Patch], first: int) -> list[Change]:
        """Return changes to the reasoning's blocks, whose first index is `first`."""
        return [
            (first + patch.at, patch.removed, tuple(quote_block(block) for block in patch.added))
            for patch in patches
        ]

    def set_text(self, text: str) -> list[Change] | None:
        """Set the text, and complete it if the message no longer streams. Return the changes.

        Return None if `text` does not continue the text so far; then rewrite the message.
        """
        is_changed = text != self.text
        if is_changed and (self.is_complete or not text.startswith(self.text)):
            self._stream, self.is_complete, self._pieces = BlockStream(self._citable), False, []
            self.add_text(text)
            self._finish()
            return None
        patches = self.add_text(text[len(self.text) :]) if is_changed else ()
        self._pieces = [text]  # shares the message's string
        return [*patches, *self._finish()]

    def _finish(self) -> Sequence[Change]:
        if self.is_streaming or self.is_complete:
            return []
        self.is_complete = True
        return self._stream.finish(defer_updates=True)

    # ------------------------------------------------------------------ items

    def head_items(self) -> list[Item]:
        """Return the items of the reasoning, folded or not."""
        if self.message.role is Role.USER or not self.reasoning:
            return []
        items: list[Item] = [self.head_line()]
        if not self.is_reasoning_folded:
            items += [quote_block(block) for block in self._reasoning_stream.blocks]
        return items

    def head_line(self) -> Line:
        """Return the line with the topic and the duration of the reasoning."""
        thinking = self.is_streaming and not self.has_text
        stored = reasoning_seconds(self.message)
        seconds = self._reasoning_s if stored is None else stored
        return reasoning_line(
            self.reasoning, seconds, thinking=thinking, folded=self.is_reasoning_folded
        )

    def body_items(self) -> list[Item]:
        """Return the items of the question or the answer."""
        if self.message.role is Role.USER:
            return [*question_lines(self._question)]
        blocks = self._stream.blocks
        return list(with_fold_lines(blocks, self.unfolded.code, grows=not self.is_complete))

    def foot_items(self) -> list[Item]:
        """Return the items after the body: attachments, passages, tool calls, ending, footer."""
        items = attachment_lines(self.message) + source_lines(self.message, self.unfolded.sources)
        if self.message.role is Role.USER:
            if self.version is None or self.version[1] < 2:
                return items
            return [versions_line(self.version), *items]
        status_line = self.status_line
        if self.is_streaming and not (status_line or self.has_text or self.reasoning):
            status_line = "…"
        return [
            *items,
            *tool_lines(self.message, self.unfolded.tools),
            *ending_lines(
                self.message,
                status_line,
                details=self.unfolded.details,
                is_last=self.message.id not in self._facts.followed_ids,
            ),
            footer_line(self.message, self.version, self._facts),
            *([] if self.mark is None else [mark_line(self.mark)]),
        ]

    def items(self) -> list[Item]:
        """Return all items, without highlighting.

        Also resets `head_count`, `foot_count`, `folds` and `pending_highlights` to match them.
        """
        head, body, foot = self.head_items(), self.body_items(), self.foot_items()
        self.head_count, self.foot_count = len(head), len(foot)
        self.folds, self.pending_highlights = FoldLines(body), PendingHighlights([*body, *foot])
        return [*head, *body, *foot]

    # ------------------------------------------------------------------ single items and copies

    @property
    def action_item(self) -> int:
        """Return the item beside which the actions are placed.

        That is a question's last line or an answer's footer.
        """
        at = len(self.layout.items) - 1
        if self.message.role is Role.USER:
            return at - self.foot_count
        return at - (self.mark is not None)

    def item_of_action(self, action: str) -> int:
        """Return the index of the line that an action folds or unfolds; -1 if there is none."""
        link = ACTION + action
        for at, item in enumerate(self.layout.items):
            if type(item) is Line and any(run.link == link for run in item.runs):
                return at
        return -1

    def is_unfolded(self, action: str) -> bool:
        """Return True if the code that an action folds or unfolds is shown in full."""
        return int(action.removeprefix(TOGGLE_CODE)) in self.unfolded.code

    @property
    def source(self) -> str:
        """Return the current text of the whole message, even if it is still being written."""
        if self.is_streaming:
            return self.text
        return self.message.text if self.is_growing else self.text or self.message.text

    def block_maker(self) -> Callable[[], list[Block]]:
        """Return a function that makes the current blocks for a copy; callable in any thread."""
        if self.message.role is Role.USER or (self.is_growing and not self.is_streaming):
            return block_maker_of(self.message, self._citable)
        return list(self._stream.blocks).copy


def block_maker_of(message: Message, citable: frozenset[int]) -> Callable[[], list[Block]]:
    """Return a function that makes a stored message's blocks; callable in any thread."""
    if message.role is Role.USER:
        return partial(_question_blocks, message)
    return partial(render, message.text, citable)


def _question_blocks(question: Message) -> list[Block]:
    words = [Block(Kind.PARAGRAPH, line.runs) for line in question_lines(question.text)]
    return words + [attachment_block(part.name) for part in question.attachments]


def _immediate_length(text: str) -> int:
    """Return the number of characters of a text to parse and write immediately.

    It is lower if the text is mostly markup, has very short lines or many scripts.
    """
    beginning = text[:IMMEDIATE_CHARACTERS]
    beginning = beginning[: few_scripts_length(beginning)]
    addresses = sum(map(beginning.count, ("www.", "://", "](", "@")))
    ends = [match.end() for match in islice(_LINE_ENDS.finditer(beginning), _IMMEDIATE_LINES)]
    # Each mark makes a run, each line a block. An address takes as long as 20 marks.
    marks = len(_MARKS.findall(beginning)) + 20 * addresses + len(ends)
    if marks * 4 >= len(beginning):
        return min(len(beginning), _DENSE_IMMEDIATE_CHARACTERS)
    return ends[-1] if len(ends) == _IMMEDIATE_LINES else len(beginning)
