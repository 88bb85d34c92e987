"""A message as items and segments: question or answer, reasoning, folds, footer."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.markdown.block_model import Block, Kind
from desktop_app.markdown.incremental.block_stream import BlockStream, render
from desktop_app.transcript.citation_sources import source_lines
from desktop_app.transcript.copied_text import attachment_block
from desktop_app.transcript.immediate_length import immediate_length
from desktop_app.transcript.media.code_folds import (
    MAX_UNFOLDED_LINES,
    TOGGLE_CODE,
    VISIBLE_LINES,
    fold_line,
    is_code,
)
from desktop_app.transcript.message_items import (
    TOGGLE_QUESTION,
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
    question_title_line,
    reasoning_line,
    reasoning_seconds,
    reasoning_text,
    tool_lines,
)
from desktop_app.transcript.reasoning_section import ReasoningSection
from desktop_app.transcript.segment import Article
from desktop_app.transcript.transcript_styles import Background, background_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from desktop_app.transcript.unfolded_sections import UnfoldedSections


class _Fold(NamedTuple):
    """A long block of code with a fold line, folded or not.

    Attributes:
        number: the index of the code among the code blocks of the body.
        first: the index of its first line among the blocks of the body.
        end: the index after its last line.
    """

    number: int
    first: int
    end: int


class _Ranges:
    """A set of item indices, as a few ranges."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._ranges = list(ranges)

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and any(a <= index < b for a, b in self._ranges)

    def __bool__(self) -> bool:
        return bool(self._ranges)


class ShownMessage(Article):
    """A message whose text is parsed.

    Attributes:
        message: the message.
        version: the message's number among its versions, from 1, and their count; None if the
            message is the only version.
        reasoning: the reasoning of the answer.
        unfolded: the sections that the user unfolded.
        is_complete: True once the text of an answer is complete.
        status_line: the status while the answer is made; "" for none.
        note: the line below the message, such as one about a compaction; None without a line.
        unwritten: the text of a long stored message that is still to be added in pieces. `update`
            completes the message afterwards.
        is_opened: True once the message has been near the viewport.
    """

    def __init__(
        self,
        message: Message,
        facts: FooterFacts,
        *,
        version: tuple[int, int] | None,
        unfolded: UnfoldedSections,
        citable: frozenset[int],
        note: MessageNote | None = None,
    ) -> None:
        """Parse the beginning of a message; `citable` are the passages that it may cite."""
        super().__init__()
        self.message = message
        self.version = version
        self.unfolded = unfolded
        self.note = note
        self.status_line = ""
        self.is_complete = False
        self._facts = facts
        self._citable = citable
        self._is_stored = not self.is_streaming
        self._pieces: list[str] = []
        self._stream = BlockStream(citable)
        self._folds: list[_Fold] = []
        self._tool_count = 0
        self.reasoning = ReasoningSection(
            reasoning_text(message), unfolded, is_complete=not self.is_streaming
        )
        immediate = immediate_length(message.text)
        self._question = message.text[:immediate] if self.is_question else ""
        self.unwritten = message.text[immediate:] if self.is_question else ""
        self._question_title = self._find_question_title()
        if message.role is Role.ASSISTANT:
            self._begin_answer(immediate)
        self.rebuild()

    def _begin_answer(self, immediate: int) -> None:
        """Parse the text of an answer, or only `immediate` characters of a long stored one."""
        text = self.message.text
        if not self.is_streaming and len(text) > immediate:
            self._feed(text[:immediate])
            self.unwritten = text[immediate:]
            return
        self._feed(text)
        self._finish()
        while self._stream.has_pending_updates:
            self._stream.run_updates()

    def _find_question_title(self) -> str:
        return self._facts.title_of(self.message) if self.is_question and not self.unwritten else ""

    # ------------------------------------------------------------------ state

    @property
    def key(self) -> str:
        """Return the id of the message."""
        return self.message.id

    @property
    def is_question(self) -> bool:
        """Return True if the user wrote the message."""
        return self.message.role is Role.USER

    @property
    def is_streaming(self) -> bool:
        """Return True while the message is streaming."""
        return self.message.status is MessageStatus.STREAMING

    @property
    def is_growing(self) -> bool:
        """Return True if text is still to be added, or earlier blocks are to be updated."""
        if self.is_question:
            return len(self._question) < len(self.message.text)
        return not self.is_complete or self._stream.has_pending_updates

    @property
    def has_pending_updates(self) -> bool:
        """Return True if late link definitions or loose lists still change earlier blocks."""
        return self._stream.has_pending_updates or self.reasoning.has_pending_updates

    @property
    def piece_bounds(self) -> tuple[int, int]:
        """Return the best minimum and maximum length of the next piece, in characters."""
        return self._stream.piece_bounds

    @property
    def has_text(self) -> bool:
        """Return True if any text has arrived."""
        return bool(self._question) or any(self._pieces)

    @property
    def text(self) -> str:
        """Return the text of the answer that has arrived."""
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0]

    @property
    def source(self) -> str:
        """Return the text of the whole message, or the text so far while the message streams."""
        return self.text if self.is_streaming else self.message.text

    @property
    def body_range(self) -> range:
        """Return the indices of the items of the text."""
        return range(self.head_count, len(self.items) - self.foot_count)

    @property
    def reasoning_count(self) -> int:
        """Return the number of items that show the reasoning, at the beginning of the message."""
        return self.head_count - self._tool_count

    @property
    def action_item(self) -> int:
        """Return the index of the item beside which the actions are placed.

        It is the last line on a question's background, or the footer of an answer.
        """
        index = len(self.items) - 1
        if self.is_question:
            while index and (
                background_of(self.items[index]) is Background.NONE or self.is_hidden(index)
            ):
                index -= 1
            return index
        return index - (self.note is not None)

    def block_maker(self) -> Callable[[], list[Block]]:
        """Return a function that makes the current blocks for a copy; callable in any thread."""
        if self.is_question or (self.is_growing and not self.is_streaming):
            return block_maker_of(self.message, self._citable)
        blocks_so_far = list(self._stream.blocks)
        return blocks_so_far.copy

    # ------------------------------------------------------------------ changes

    def take_unwritten(self) -> str:
        """Return `unwritten` and reset it."""
        unwritten = self.unwritten
        self.unwritten = ""
        return unwritten

    def append_text(self, text: str) -> None:
        """Append text that has arrived."""
        if self.is_question:
            lines_before = self._question.count("\n")
            last = self._question.rpartition("\n")[2] + text
            self._question += text
            is_continuation = lines_before > 0 or self.head_count > 0
            added = question_lines(last, is_continuation=is_continuation)
            self._replace(self.head_count + lines_before, 1, list(added))
            return
        is_first = not self.has_text
        self._sync_body(self._feed(text))
        if is_first:
            self.refresh()

    def _feed(self, text: str) -> int:
        """Parse text, and return the index of the first block that changes."""
        self.reasoning.record_end(time.monotonic())
        self._pieces.append(text)
        return min((patch.at for patch in self._stream.feed(text)), default=-1)

    def _finish(self) -> int:
        """Complete the text unless it streams; return the first changed block, or -1."""
        if self.is_streaming or self.is_complete:
            return -1
        self.is_complete = True
        patches = self._stream.finish(defer_updates=True)
        # The end of the message may get a fold line.
        return min([patch.at for patch in patches] + [max(0, len(self._stream.blocks) - 1)])

    def append_reasoning(self, text: str) -> None:
        """Append text to the reasoning of an answer, which `refresh` then shows."""
        self.reasoning.append_text(text, time.monotonic())

    @property
    def has_new_lines(self) -> bool:
        """Return True if `refresh` would change something above or below the text."""
        foot = self.items[len(self.items) - self.foot_count :]
        return self._head_items() != self.items[: self.head_count] or self._foot_items() != foot

    def show_more_reasoning(self, characters: int) -> None:
        """Show up to `characters` more characters of the unfolded reasoning."""
        self.reasoning.show_more(characters)
        self.refresh()

    def run_updates(self) -> None:
        """Update some earlier blocks for late link definitions or loose lists."""
        if self._stream.has_pending_updates:
            patches = self._stream.run_updates()
            self._sync_body(min((patch.at for patch in patches), default=-1))
        elif self.reasoning.has_pending_updates:
            self.reasoning.run_updates()
            self.refresh()

    def update(self, message: Message, version: tuple[int, int] | None) -> None:
        """Replace the message by its newer form; only the text that differs changes."""
        self._is_stored = self._is_stored and message.status is not MessageStatus.STREAMING
        self.message = message
        self.version = version
        if not self.is_streaming:
            self.reasoning.complete()
        if message.role is Role.ASSISTANT:
            self._set_text(message.text)
        self.refresh()

    def _set_text(self, text: str) -> None:
        so_far = self.text
        if text != so_far and (self.is_complete or not text.startswith(so_far)):
            self._stream = BlockStream(self._citable)
            self.is_complete = False
            self._pieces = []
            self._feed(text)
            self._finish()
            while self._stream.has_pending_updates:
                self._stream.run_updates()
            self.unwritten = ""
            self._sync_body(0)
            return
        first = self._feed(text[len(so_far) :]) if text != so_far else -1
        self._pieces = [text]  # shares the message's string
        ended = self._finish()
        self._sync_body(min((index for index in (first, ended) if index >= 0), default=-1))

    def set_status_line(self, sentence: str) -> None:
        """Set the line with the status while the answer is made; "" for none."""
        self.status_line = sentence
        self.refresh()

    def set_note(self, note: MessageNote | None) -> None:
        """Set the line below the message."""
        self.note = note
        self.refresh()

    def toggle(self, action: str) -> None:
        """Fold or unfold a section by its action."""
        if action.startswith(TOGGLE_CODE):
            self._toggle_code(int(action.removeprefix(TOGGLE_CODE)))
        elif action == TOGGLE_REASONING:
            self.reasoning.set_folded(folded=not self.reasoning.is_folded)
            self.refresh()
        else:
            self.unfolded.toggle(action)
            if action == TOGGLE_QUESTION:
                self._rewrite_question()
            self.refresh()

    def update_title(self) -> None:
        """Show the title of a question that is a saved prompt, now that prompts are known."""
        title = self._find_question_title()
        if title != self._question_title:
            self._question_title = title
            self._rewrite_question()

    @property
    def _is_question_folded(self) -> bool:
        return bool(self._question_title) and not self.unfolded.question

    def _rewrite_question(self) -> None:
        head = self._head_items()
        body, _ = self._body_items(0)
        self._replace(0, len(self.items) - self.foot_count, [*head, *body], head=len(head))

    def _toggle_code(self, number: int) -> None:
        self.unfolded.set_code_folded(number, folded=number in self.unfolded.code)
        for index, fold in enumerate(self._folds):
            if fold.number == number:
                first = self.head_count + fold.first + index
                end = self.head_count + fold.end + index
                self._replace(first, end + 1 - first, [*self.items[first:end], self._line(fold)])

    def unfold_item(self, item: int) -> bool:
        """Unfold the code or the question that hides an item. Return False if none does."""
        if self._is_question_folded and item >= self.head_count:
            self.toggle(TOGGLE_QUESTION)
            return True
        for index, fold in enumerate(self._folds):
            first = self.head_count + fold.first + index
            is_folded = fold.number not in self.unfolded.code
            if is_folded and first + VISIBLE_LINES <= item < self.head_count + fold.end + index:
                self._toggle_code(fold.number)
                return True
        return False

    def is_hidden(self, item: int) -> bool:
        """Return True if an item is a folded line of code or of a question."""
        return item in self._hidden(self.head_count)

    # ------------------------------------------------------------------ items

    def rebuild(self) -> None:
        """Make all items again."""
        head = self._head_items()
        body, self._folds = self._body_items(0)
        foot = self._foot_items()
        self.set_items([*head, *body, *foot], len(head), len(foot), self._hidden(len(head)))

    def refresh(self) -> None:
        """Update the items above and below the text."""
        head = self._head_items()
        if head != self.items[: self.head_count]:
            self._replace(0, self.head_count, head, head=len(head))
        foot = self._foot_items()
        first = len(self.items) - self.foot_count
        if foot != self.items[first:]:
            self._replace(first, self.foot_count, foot, foot=len(foot))

    def _replace(
        self,
        first: int,
        removed: int,
        added: list[Item],
        *,
        head: int | None = None,
        foot: int | None = None,
    ) -> None:
        """Replace items, of which those that stay equal at the beginning are kept."""
        new_head = self.head_count if head is None else head
        new_foot = self.foot_count if foot is None else foot
        hidden = self._hidden(new_head) or None
        self.replace(first, removed, added, head=new_head, foot=new_foot, hidden=hidden)

    def _sync_body(self, first: int) -> None:
        """Show the blocks of the text from block `first` on; -1 stands for no change."""
        if first < 0 or self.is_question:
            return
        first = self._start_of_code(first)
        above = [fold for fold in self._folds if fold.end <= first]
        begin = self.head_count + first + len(above)
        end = len(self.items) - self.foot_count
        items, folds = self._body_items(first)
        former_folds = self._folds
        self._folds = above + folds
        old = self.items[begin:end]
        common = min(len(old), len(items))
        same = 0
        while same < common and old[same] == items[same]:
            same += 1
        for index, fold in enumerate(folds):
            if fold not in former_folds and fold.number not in self.unfolded.code:
                same = min(same, fold.first - first + index)  # its lines hide from now on
        same_below = 0
        while same_below < common - same and old[-1 - same_below] == items[-1 - same_below]:
            same_below += 1
        removed = len(old) - same - same_below
        added = items[same : len(items) - same_below]
        if removed or added:
            self._replace(begin + same, removed, added)

    def _start_of_code(self, first: int) -> int:
        """Return `first`, or the head of the code that a fold line may end from there on."""
        blocks = self._stream.blocks
        first = min(first, len(blocks))
        if not first or not (
            is_code(blocks[first - 1]) or blocks[first - 1].kind is Kind.CODE_HEAD
        ):
            return first
        is_open = not self.is_complete and all(is_code(block) for block in blocks[first:])
        if is_open and first < len(blocks) and not any(f.end >= first for f in self._folds):
            return first  # the code goes on, and has no fold line before it ends
        while first and is_code(blocks[first - 1]):
            first -= 1
        return max(0, first - 1)

    def _body_items(self, first: int) -> tuple[list[Item], list[_Fold]]:
        """Return the items of the text from block `first` on, and its fold lines."""
        if self.is_question:
            return [*question_lines(self._question, is_continuation=bool(self._question_title))], []
        blocks = self._stream.blocks
        items: list[Item] = []
        folds: list[_Fold] = []
        lines = 0
        for index in range(first, len(blocks)):
            block = blocks[index]
            if block.kind is Kind.CODE:
                lines += 1
            elif lines:
                self._add_fold(items, folds, index - lines, index)
                lines = 0
            items.append(block)
        if lines and self.is_complete:
            self._add_fold(items, folds, len(blocks) - lines, len(blocks))
        return items, folds

    def _add_fold(self, items: list[Item], folds: list[_Fold], first: int, end: int) -> None:
        """Add the fold line of the code of blocks [first, end), if it is long.

        Code that streams in stays unfolded, so that the text does not jump.
        """
        if end - first <= MAX_UNFOLDED_LINES:
            return
        number = sum(block.kind is Kind.CODE_HEAD for block in self._stream.blocks[:first]) - 1
        if not self._is_stored:
            self.unfolded.set_code_folded(number, folded=False)
        fold = _Fold(number, first, end)
        folds.append(fold)
        items.append(self._line(fold))

    def _line(self, fold: _Fold) -> Line:
        is_folded = fold.number not in self.unfolded.code
        return fold_line(fold.number, fold.end - fold.first, is_folded=is_folded)

    def _hidden(self, head: int) -> _Ranges:
        """Return the indices of the folded lines, if `head` items are above the body."""
        if self._is_question_folded:
            return _Ranges([(head, head + self._question.count("\n") + 1)])
        return _Ranges(
            (head + fold.first + index + VISIBLE_LINES, head + fold.end + index)
            for index, fold in enumerate(self._folds)
            if fold.number not in self.unfolded.code
        )

    def _head_items(self) -> list[Item]:
        """Return the items above the text: reasoning and tool calls, or a prompt's title."""
        if self._question_title:
            is_unfolded = self.unfolded.question
            return [question_title_line(self._question_title, is_unfolded=is_unfolded)]
        if self.is_question:
            return []
        calls = tool_lines(self.message, self.unfolded.tools)
        self._tool_count = len(calls)
        return [*self._reasoning_items(), *calls]

    def _reasoning_items(self) -> list[Item]:
        if not self.reasoning.text:
            return []
        stored = reasoning_seconds(self.message)
        line = reasoning_line(
            self.reasoning.text,
            self.reasoning.seconds if stored is None else stored,
            is_thinking=self.is_streaming and not self.has_text,
            is_folded=self.reasoning.is_folded,
        )
        return [line] if self.reasoning.is_folded else [line, *self.reasoning.blocks()]

    def _foot_items(self) -> list[Item]:
        """Return the items after the body: attachments, passages, ending, footer."""
        items = attachment_lines(self.message) + source_lines(self.message, self.unfolded.sources)
        if self.is_question:
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


def block_maker_of(message: Message, citable: frozenset[int]) -> Callable[[], list[Block]]:
    """Return a function that makes a stored message's blocks; callable in any thread."""
    if message.role is Role.USER:
        return partial(_question_blocks, message)
    return partial(render, message.text, citable)


def _question_blocks(question: Message) -> list[Block]:
    paragraphs = [Block(Kind.PARAGRAPH, line.runs) for line in question_lines(question.text)]
    return paragraphs + [attachment_block(part.name) for part in question.attachments]
