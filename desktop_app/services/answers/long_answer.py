"""Answers that are too long for their message, and are kept whole in a file.

The message keeps the beginning. Once an answer outgrows its message, all of its text goes to a file
step by step, and takes no memory. At its end, the answer gets the file as an attachment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from desktop_app.domain.answering.stream_events import (
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    Part,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.errors import ReplyTooLargeError, StorageError
from desktop_app.services.ports import AnswerFile, AnswerFiles, AnswerStore

STEP_CHARS: Final = 256 * 1024
"""Maximum characters of one write."""

_PART_KINDS: Final[dict[type[StreamEvent], type[Part]]] = {
    TextDelta: TextPart,
    RefusalDelta: RefusalPart,
    ReasoningDelta: ReasoningPart,
    ToolCallDelta: ToolCallPart,
}
_HEADINGS: Final[dict[type[Part], str]] = {ReasoningPart: "Reasoning", ToolCallPart: "Tool call"}
_ANSWER_HEADING: Final = "Answer"


class LongAnswer:
    """The file of an answer that outgrows its message.

    The file has the text of the answer in order of arrival. Reasoning and tool arguments
    that the message has no room for follow a heading.

    Attributes:
        may_exist: False if there is no file, or only one that was abandoned.
        error: set once the file must not grow any more.

    Args:
        may_exist: an earlier process may have begun the file.
    """

    def __init__(self, files: AnswerFiles, answer: Message, *, may_exist: bool = False) -> None:
        self._files = files
        self._answer = answer
        self.may_exist = may_exist
        self.error: ReplyTooLargeError | None = None
        self._file: AnswerFile | None = None
        self._attachment: DocumentPart | None = None
        self._waiting_texts: list[str] = []
        self._waiting_length = 0
        self._last_kind: type[Part] | None = None
        self._last_heading = _ANSWER_HEADING
        self._lock = asyncio.Lock()
        self._flushing: asyncio.Future[None] | None = None
        self._is_abandoned = False

    @property
    def has_begun(self) -> bool:
        """Return True if the answer has outgrown its message."""
        return self._file is not None

    @property
    def is_waiting(self) -> bool:
        """Return True if text has not been written yet."""
        return bool(self._waiting_texts)

    @property
    def is_due(self) -> bool:
        """Return True if the waiting text has to be written before more is added."""
        return self._waiting_length >= STEP_CHARS

    def add_rest(self, event: StreamEvent, shortened: StreamEvent, parts: Iterable[Part]) -> None:
        """Add the text of an event that the message has no room for, unless the file is gone.

        Args:
            shortened: the event with the text that the message got.
            parts: the parts of the message.
        """
        rest = _text_of(event)[len(_text_of(shortened)) :]
        if not rest:
            return
        kind = _PART_KINDS[type(event)]
        if not self.has_begun:
            self._begin(kind, parts)
        if not self._is_abandoned:
            self._add(kind, rest)

    def _begin(self, kind: type[Part], parts: Iterable[Part]) -> None:
        """Open the file, and copy the text of the message into it.

        Reasoning or tool arguments are copied only if the text to add is of that kind.
        """
        self.may_exist = True
        self._file = self._files.open(self._answer)
        for part in parts:
            match part:
                case TextPart(text) | RefusalPart(text):
                    self._add(type(part), text)
                case ReasoningPart(text) if kind is ReasoningPart:
                    self._add(kind, text)
                case ToolCallPart(_, _, arguments) if kind is ToolCallPart:
                    self._add(kind, arguments)

    def _add(self, kind: type[Part], text: str) -> None:
        if not text:
            return
        heading = _HEADINGS.get(kind, _ANSWER_HEADING)
        if kind is not self._last_kind:
            if self._last_kind is not None:
                self._enqueue("\n\n")
            if heading != self._last_heading:
                self._enqueue(f"# {heading}\n\n")
            self._last_kind = kind
            self._last_heading = heading
        self._enqueue(text)

    def _enqueue(self, text: str) -> None:
        self._waiting_texts += (
            text[start : start + STEP_CHARS] for start in range(0, len(text), STEP_CHARS)
        )
        self._waiting_length += len(text)

    async def flush(self) -> None:
        """Write the text that waits, even if the caller is canceled meanwhile.

        Raises:
            StorageError: it could not be written, and waits again.
        """
        # Kept, because the event loop has only a weak reference to a task.
        self._flushing = asyncio.ensure_future(self._write_waiting_texts())
        await asyncio.shield(self._flushing)

    async def _write_waiting_texts(self) -> None:
        async with self._lock:
            while self._waiting_texts and self._file is not None:
                text = self._take_next_text()
                try:
                    await self._file.append(text)
                except ReplyTooLargeError as error:
                    self.error = error
                    self._stop_writing()
                except StorageError:
                    self._waiting_texts.insert(0, text)
                    self._waiting_length += len(text)
                    raise

    def _take_next_text(self) -> str:
        """Remove and return the text of the next write."""
        count = size = 0
        for text in self._waiting_texts:
            if count and size + len(text) > STEP_CHARS:
                break
            count += 1
            size += len(text)
        joined = "".join(self._waiting_texts[:count])
        del self._waiting_texts[:count]
        self._waiting_length -= size
        return joined

    def _stop_writing(self) -> None:
        self._waiting_texts = []
        self._waiting_length = 0
        self._is_abandoned = True

    async def attach(self) -> DocumentPart | None:
        """Make the file an attachment, and return it; None if there is no file.

        Raises:
            StorageError: it could not be stored; the file is kept.
        """
        if self.may_exist and self._attachment is None:
            await self.flush()
            self._attachment = await self._files.attach(self._answer)
        return self._attachment

    async def abandon(self) -> None:
        """Remove the file, which cannot be continued."""
        self._stop_writing()
        self.may_exist = False
        await self._remove()

    async def discard(self) -> None:
        """Remove the file, if any, because it is attached to the stored answer."""
        if self.may_exist:
            await self._remove()

    async def _remove(self) -> None:
        with suppress(StorageError):  # the next start removes a file that stays
            await self._files.discard(self._answer.id)


def _text_of(event: StreamEvent) -> str:
    match event:
        case TextDelta(text) | ReasoningDelta(text) | RefusalDelta(text):
            return text
        case ToolCallDelta(_, arguments):
            return arguments
    return ""


def with_file(answer: Message, file: DocumentPart | None) -> Message:
    """Return an answer with the file that has all its text, and a notice that says so.

    Return it unchanged if there is no file, or if the file is attached already.
    """
    if file is None or file in answer.attachments:
        return answer
    file_notice = notice(NoticeCode.WHOLE_IN_FILE, name=file.name)
    return replace(answer, parts=(*answer.parts, file), notices=(*answer.notices, file_notice))


async def attach_interrupted_files(store: AnswerStore, files: AnswerFiles) -> None:
    """Attach the files of answers that a crash interrupted.

    Files of answers that another process writes, or that continue at their provider, stay.

    Raises:
        StorageError: a file could not be attached; the next start tries again.
    """
    last_error = None
    for answer_id in await files.unattached_ids():
        try:
            await _attach_interrupted_file(answer_id, store, files)
        except StorageError as error:
            last_error = error
    if last_error is not None:
        raise last_error


async def _attach_interrupted_file(answer_id: str, store: AnswerStore, files: AnswerFiles) -> None:
    answer = await store.message(answer_id)
    if answer is not None and answer.status is MessageStatus.STREAMING:
        return
    if answer is not None:
        answer_with_file = with_file(answer, await files.attach(answer))
        if answer_with_file is not answer:
            await store.save_answer(answer_with_file)
    await files.discard(answer_id)
