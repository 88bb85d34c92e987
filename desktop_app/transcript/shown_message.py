"""A message as items and segments: question or answer, reasoning, folds, footer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Container, Sequence
from functools import partial
from typing import Final, NamedTuple

from desktop_app.domain.conversations.answer_sources import marked_numbers
from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.domain.conversations.message_parts import ImagePart
from desktop_app.markdown.block_model import Block, Kind, quote_block
from desktop_app.markdown.incremental.block_stream import BlockStream, render
from desktop_app.markdown.parsing.own_links import Citable
from desktop_app.markdown.processes.diagram_drawing import is_diagram, is_svg
from desktop_app.transcript.copied_text import attachment_block
from desktop_app.transcript.media.drawings import ShownDiagram
from desktop_app.transcript.media.message_images import image_runs
from desktop_app.transcript.message_items import (
    ACTION,
    MAX_UNFOLDED_LINES,
    TOGGLE_CODE,
    TOGGLE_DETAILS,
    TOGGLE_DIAGRAM,
    TOGGLE_QUESTION,
    TOGGLE_REASONING,
    VISIBLE_LINES,
    FooterFacts,
    Item,
    Line,
    LineKind,
    MessageNote,
    answer_source_lines,
    attachment_lines,
    diagram_lines,
    ending_lines,
    fold_line,
    footer_line,
    note_line,
    question_lines,
    question_title_line,
    reasoning_line,
    reasoning_seconds,
    reasoning_text,
    source_lines,
    tool_lines,
    undrawn_line,
)
from desktop_app.transcript.segment import Article, Segment
from desktop_app.transcript.transcript_styles import Background, background_of

IMMEDIATE_CHARACTERS: Final = 8_000
"""Maximum characters of a stored answer that are parsed immediately."""

_MAX_FENCE_LENGTH: Final = 200
"""Characters at the end of a text in which a fence is searched, because the text may be long."""
_FENCE_END: Final = re.compile(r"\n[ \t>]*(?:`{3,}|~{3,})[ \t]*\n?\Z")


class Reasoning:
    """The reasoning of an answer, which is parsed once it is unfolded.

    Attributes:
        text: the reasoning received so far.
        seconds: the measured duration; None until text follows, or if nothing was streamed.
    """

    def __init__(self, text: str, unfolded: set[str]) -> None:
        self.text = text
        self.seconds: float | None = None
        self._unfolded = unfolded
        self._began_at: float | None = None
        self._stream = BlockStream()
        self._parsed_length = 0
        self._is_finished = False
        self._blocks: list[Block] = []

    @property
    def is_folded(self) -> bool:
        """Return True if the reasoning is hidden."""
        return TOGGLE_REASONING not in self._unfolded

    def append(self, text: str) -> None:
        """Append reasoning that has arrived."""
        if text and self._began_at is None:
            self._began_at = time.monotonic()
        self.text += text

    def record_end(self) -> None:
        """Record that the answer's text begins now."""
        if self._began_at is not None and self.seconds is None:
            self.seconds = time.monotonic() - self._began_at

    def blocks(self, *, is_complete: bool) -> list[Block]:
        """Return the blocks of the reasoning, in a quote, if it is unfolded.

        Until it is complete, its end can lack, whose Markdown is undecided.
        """
        added = self.text[self._parsed_length :]
        if self.is_folded or not (added or (is_complete and not self._is_finished)):
            return [] if self.is_folded else self._blocks
        if self._is_finished:  # more has followed
            self._stream = BlockStream()
            added = self.text
        self._stream.feed(added)
        self._parsed_length = len(self.text)
        self._is_finished = is_complete
        if is_complete:
            self._stream.finish()
        self._blocks = [quote_block(block) for block in self._stream.blocks]
        return self._blocks


class _Fold(NamedTuple):
    """A block of code with lines of the program below it: long code, or a diagram.

    Attributes:
        action: the action that folds or unfolds it; "" for none.
        first: the index of its first line among the items of the body.
        end: the index of the first of the program's lines, which follow its last line.
        added: the number of the program's lines.
        hidden: the indices of the items that are hidden while it is folded.
        hidden_unfolded: the same while it is unfolded.
    """

    action: str
    first: int
    end: int
    added: int
    hidden: range
    hidden_unfolded: range = range(0)


class ShownMessage(Article):
    """A message whose text is parsed.

    Attributes:
        message: the message.
        version: the message's number among its versions, from 1, and their count; None if the
            message is the only version.
        reasoning: the reasoning of the answer.
        unfolded: the actions of the sections that the user unfolded.
        has_diagrams: whether a block of code is a diagram, drawn or not.
        is_complete: True once the text of an answer is complete.
        preview: the newest partial image of a streaming answer; None without one.
        status_line: the status while the answer is made; "" for none.
        note: the line below the message, such as one about a compaction; None without a line.
        unwritten: the text of a long stored answer that is still to be added in pieces. `update`
            completes the message afterwards.
    """

    def __init__(
        self,
        message: Message,
        facts: FooterFacts,
        *,
        version: tuple[int, int] | None,
        unfolded: set[str],
        citable: Citable,
        note: MessageNote | None = None,
        is_whole: bool = False,
    ) -> None:
        """Parse the beginning of a message, or the whole; it may cite the passages `citable`."""
        super().__init__()
        self.message = message
        self.version = version
        self.unfolded = unfolded
        self.note = note
        self.status_line = ""
        self.is_complete = self.is_question
        self.unwritten = ""
        self.reasoning = Reasoning(reasoning_text(message), unfolded)
        self._facts = facts
        self._citable = citable | _file_names(message)
        self.has_diagrams = False
        self._has_new_links = False  # marks that were parsed before their sources were known
        self._is_stored = not self.is_streaming
        self.preview: ImagePart | None = None
        self._pieces: list[str] = []
        self._stream = BlockStream(self._citable)
        self._folds: list[_Fold] = []
        self._hidden: set[int] = set()  # the indices of folded items
        self._tool_count = 0
        if not self.is_question:
            has_rest = self._is_stored and len(message.text) > IMMEDIATE_CHARACTERS
            is_long = has_rest and not is_whole
            immediate = IMMEDIATE_CHARACTERS if is_long else len(message.text)
            self.unwritten = message.text[immediate:]
            self._feed(message.text[:immediate])
            if not is_long:
                self._finish()
        self.refresh()

    # ------------------------------------------------------------------ state

    @property
    def key(self) -> str:
        return self.message.id

    @property
    def is_question(self) -> bool:
        return self.message.role is Role.USER

    @property
    def is_streaming(self) -> bool:
        return self.message.status is MessageStatus.STREAMING

    @property
    def has_versions(self) -> bool:
        """Return True if the message is one of several versions."""
        return self.version is not None and self.version[1] > 1

    @property
    def is_growing(self) -> bool:
        """Return True if text is still to be added."""
        return not self.is_complete

    @property
    def piece_length(self) -> int:
        """Return the best length of the next piece of text, in characters."""
        return self._stream.piece_length

    @property
    def has_text(self) -> bool:
        return any(self._pieces)

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

    def append_text(self, text: str) -> None:
        had_text = self.has_text
        self.refresh(self._feed(text), keeps_frame=had_text)

    def append_words(self, text: str) -> Segment | None:
        """Append text if it is words that only extend the last item. Return the segment.

        Otherwise return None, and do nothing.
        """
        segment = self.growing_segment()
        blocks = self._stream.blocks
        if segment is None or not blocks or segment.pieces[-1].item is not blocks[-1]:
            return None
        if not self._stream.add_words(text):
            return None
        self._pieces.append(text)
        self.extend_last(segment, blocks[-1])
        return segment

    def _feed(self, text: str) -> int:
        """Parse text, and return the index of the first block that changes."""
        self.reasoning.record_end()
        self._pieces.append(text)
        return self._stream.feed(text)

    def _finish(self) -> int:
        """Complete the text unless it streams. Return the index of the first block that changes."""
        if self.is_streaming or self.is_complete:
            return len(self._stream.blocks)
        self.is_complete = True
        return self._stream.finish()

    @property
    def has_new_head(self) -> bool:
        """Return True if `refresh` would change something above the text."""
        return self._head_items() != self.items[: self.head_count]

    def update(self, message: Message, version: tuple[int, int] | None, citable: Citable) -> None:
        """Replace the message by its newer form; only the text that differs changes."""
        self._is_stored = self._is_stored and message.status is not MessageStatus.STREAMING
        if (
            len(message.attachments) > len(self.message.attachments)
            or message.status is not MessageStatus.STREAMING
        ):
            self.preview = None
        self.message = message
        self.version = version
        citable |= _file_names(message)
        if citable != self._citable and not self.is_question:
            new = citable - self._citable
            numbers = marked_numbers(self.text)
            self._has_new_links |= bool(new & frozenset[int | str](numbers)) or any(
                isinstance(n, str) for n in new
            )
            self._citable = self._stream.cited = citable
        if self._has_new_links and not self.is_streaming:
            self._has_new_links = False
            self._restart()
        self.refresh(0 if self.is_question else self._set_text(message.text))

    def _set_text(self, text: str) -> int:
        """Parse the text that differs. Return the index of the first block that changes."""
        so_far = self.text
        if text != so_far and (self.is_complete or not text.startswith(so_far)):
            self._restart()
            so_far = ""
        first = self._feed(text[len(so_far) :]) if text != so_far else len(self._stream.blocks)
        self._pieces = [text]  # shares the message's string
        return min(first, self._finish()) if so_far else 0

    def _restart(self) -> None:
        """Parse the text again from its beginning."""
        self._stream = BlockStream(self._citable)
        self.is_complete = False
        self.unwritten = ""
        self._pieces = []

    def toggle(self, action: str) -> None:
        """Fold or unfold a section by its action."""
        self.unfolded ^= {action}
        self.refresh()

    def unfold_item(self, item: int) -> bool:
        """Unfold the code or the question that hides an item. Return False if none does."""
        if not self.is_hidden(item):
            return False
        index = item - self.head_count
        folds = [fold.action for fold in self._folds if fold.first <= index < fold.end]
        self.toggle(folds[0] if folds else TOGGLE_QUESTION)
        return True

    def is_hidden(self, item: int) -> bool:
        """Return True if an item is a folded line of code or of a question."""
        return item in self._hidden

    # ------------------------------------------------------------------ items

    def refresh(self, first: int = 0, *, keeps_frame: bool = False) -> None:
        """Show the current state.

        Args:
            first: the first block of the text that may have changed.
            keeps_frame: whether all that is above and below the text is unchanged.
        """
        foot_at = len(self.items) - self.foot_count
        head = self.items[: self.head_count] if keeps_frame else self._head_items()
        foot = self.items[foot_at:] if keeps_frame else self._foot_items()
        body = self._body_items(first, has_title=bool(head))
        items = [*head, *body, *foot]
        hidden = self._hidden_of(len(head), len(body))
        old, former = self.items, self._hidden
        common = min(len(old), len(items))
        same = 0
        if head == old[: self.head_count]:
            same = min(common, len(head) + min(first, len(body)))
        while same < common and old[same] == items[same]:
            same += 1
        below = 0
        while below < common - same and old[-1 - below] == items[-1 - below]:
            below += 1
        if hidden or former:  # lines may hide, or show, that stay the same
            ends = len(items) - 1, len(old) - 1
            same = next((i for i in range(same) if (i in hidden) is not (i in former)), same)
            kept = ((ends[0] - i in hidden) is (ends[1] - i in former) for i in range(below))
            below = next((i for i, is_kept in enumerate(kept) if not is_kept), below)
        self._hidden = hidden
        if same + below < max(len(old), len(items)):
            self.replace(
                same,
                len(old) - below - same,
                items[same : len(items) - below],
                head=len(head),
                foot=len(foot),
                hidden=hidden,
            )

    def _head_items(self) -> list[Item]:
        """Return the items above the text: reasoning and tool calls, or a prompt's title."""
        if self.is_question:
            title = self._facts.title_of(self.message)
            is_unfolded = TOGGLE_QUESTION in self.unfolded
            return [question_title_line(title, is_unfolded=is_unfolded)] if title else []
        calls = tool_lines(self.message, self.unfolded)
        self._tool_count = len(calls)
        if not self.reasoning.text:
            return calls
        stored = reasoning_seconds(self.message)
        line = reasoning_line(
            self.reasoning.text,
            self.reasoning.seconds if stored is None else stored,
            is_thinking=self.is_streaming and not self.has_text,
            is_folded=self.reasoning.is_folded,
        )
        return [line, *self.reasoning.blocks(is_complete=not self.is_streaming), *calls]

    def _body_items(self, first: int, *, has_title: bool) -> Sequence[Item]:
        """Return the items of the text, with a fold line below long code that is complete.

        Code that streams in stays unfolded, so that the text does not jump.
        """
        if self.is_question:
            return question_lines(self.message.text, is_continuation=has_title)
        changed = self._stream.blocks[max(0, first - 1) :]
        has_code = any(block.kind in (Kind.CODE, Kind.CODE_HEAD) for block in changed)
        if first and not has_code and all(fold.end < first for fold in self._folds):
            start = self.head_count
            added = sum(fold.added for fold in self._folds)
            kept = self.items[start : start + first + added]
            return kept + changed[1:]
        items: list[Item] = []
        former = {fold.action for fold in self._folds}
        self._folds = []
        self.has_diagrams = False
        code: list[Block] = []
        number = -1
        for block in self._stream.blocks:
            if block.kind is Kind.CODE:
                code.append(block)
            else:
                if code:
                    self._end_code(items, code, number, former)
                    code = []
                if block.kind is Kind.CODE_HEAD:
                    number += 1
                    code.append(block)
            items.append(block)
        ends_in_diagram = bool(code) and self._is_diagram(code[0], number)
        if self.is_complete or (ends_in_diagram and self._ends_in_fence()):
            self._end_code(items, code, number, former)
        return items

    def _end_code(
        self, items: list[Item], code: list[Block], number: int, former: Container[str]
    ) -> None:
        """Add what follows the code block that ends the items: a diagram, or a fold line.

        Args:
            items: the items of the body so far.
            code: the head of the code and its lines; [] if the items end in no code.
            number: the number of the code within the message.
            former: the actions of the folds before the text changed.
        """
        lines = [block for block in code if block.kind is Kind.CODE]
        first, end = len(items) - len(lines), len(items)
        if lines and self._is_diagram(code[0], number):
            self._end_diagram(items, first, number, is_code_hidden=is_svg(code[0].language))
            return
        if len(lines) <= MAX_UNFOLDED_LINES:
            return
        action = f"{TOGGLE_CODE}{number}"
        if not self._is_stored and action not in former:
            self.unfolded.add(action)
        self._folds.append(_Fold(action, first, end, 1, range(first + VISIBLE_LINES, end)))
        items.append(fold_line(number, len(lines), is_folded=action not in self.unfolded))

    def _end_diagram(
        self, items: list[Item], first: int, number: int, *, is_code_hidden: bool
    ) -> None:
        """Add the picture of a diagram or an SVG and a line below it, of which some are hidden.

        An SVG is folded only while its picture is shown, which its action does.

        There are always two, so that the items below keep their indices when it has been drawn.
        """
        self.has_diagrams = True
        end = len(items)
        code = "\n".join(item.text for item in items[first:] if isinstance(item, Block))
        drawn = self._facts.diagram_of(code)
        action = f"{TOGGLE_DIAGRAM}{number}"
        picture, line = Line(LineKind.DIAGRAM, ()), Line(LineKind.FOLD, ())
        hidden = range(end, end + 2)
        hidden_unfolded = range(end, end + 1)
        if isinstance(drawn, ShownDiagram):
            is_code_shown = action in self.unfolded and not is_code_hidden
            picture, line = diagram_lines(number, drawn, is_code_shown=is_code_shown)
            hidden = range(first, end)
            hidden_unfolded = hidden if is_code_hidden else hidden_unfolded
        elif drawn is None:
            action, hidden_unfolded = "", hidden
        else:
            action, hidden, line = "", hidden_unfolded, undrawn_line(drawn)
        self._folds.append(_Fold(action, first, end, 2, hidden, hidden_unfolded))
        items += (picture, line)

    def _is_diagram(self, head: Block, number: int) -> bool:
        is_opened = is_svg(head.language) and f"{TOGGLE_DIAGRAM}{number}" in self.unfolded
        return head.kind is Kind.CODE_HEAD and (is_opened or is_diagram(head.language))

    def svg_action(self, head: int) -> str:
        """Return the action that shows the picture or the code of the SVG with this head."""
        heads = (item.kind is Kind.CODE_HEAD for item in self.items[self.head_count : head])
        return f"{TOGGLE_DIAGRAM}{sum(heads)}"

    def _ends_in_fence(self) -> bool:
        """Return True if the last line is the end of a block of code."""
        return _FENCE_END.search(self.text[-_MAX_FENCE_LENGTH:]) is not None

    def _hidden_of(self, head: int, body: int) -> set[int]:
        """Return the indices of the folded items, if so many are above and in the body."""
        if self.is_question:
            is_folded = head and TOGGLE_QUESTION not in self.unfolded
            return set(range(head, head + body)) if is_folded else set()
        return {
            head + index
            for fold in self._folds
            for index in (fold.hidden_unfolded if fold.action in self.unfolded else fold.hidden)
        }

    def _foot_items(self) -> list[Item]:
        """Return the items after the body: attachments, passages, ending, footer."""
        items = attachment_lines(self.message) + source_lines(self.message, self.unfolded)
        if self.is_question:
            return items
        items += answer_source_lines(self.message, self.unfolded)
        status_line = self.status_line
        if self.is_streaming and not (status_line or self.has_text or self.reasoning.text):
            status_line = "…"
        if self.preview is not None:
            items = [*items, Line(LineKind.IMAGES, image_runs([self.preview], ACTION))]
        return [
            *items,
            *ending_lines(
                self.message,
                status_line,
                shows_details=TOGGLE_DETAILS in self.unfolded,
                is_last=self.message.id not in self._facts.followed_ids,
            ),
            footer_line(self.message, self._facts),
            *([] if self.note is None else [note_line(self.note)]),
        ]


def block_maker_of(message: Message, citable: Citable) -> Callable[[], list[Block]]:
    """Return a function that makes a stored message's blocks; callable in any thread."""
    if message.role is Role.USER:
        return lambda: [
            *(Block(Kind.PARAGRAPH, line.runs) for line in question_lines(message.text)),
            *(attachment_block(part.name) for part in message.attachments),
        ]
    return partial(render, message.text, citable | _file_names(message))


def _file_names(message: Message) -> Citable:
    """Return the names of the files of an answer, to which its text may link."""
    if message.role is Role.USER or "sandbox:" not in message.text:
        return frozenset()
    return frozenset(part.name for part in message.attachments)
