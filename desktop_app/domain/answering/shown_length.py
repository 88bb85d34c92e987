"""Limits how much of an answer the window shows.

A server can send megabytes of tiny paragraphs, each of which takes a kilobyte of memory when it is
drawn. The window shows the beginning of the answer; the store, Copy and Export have all of it.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from msgspec.structs import replace

from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import (
    Part,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.conversations.notices import NoticeCode, notice

MAX_SHOWN_CHARS: Final = 2_000_000
MAX_SHOWN_LINES: Final = 40_000
"""Each line may be a paragraph: 40 MB when all of them are drawn."""
MAX_SHOWN_ARGUMENT_CHARS: Final = 100_000
"""Characters of the arguments of one tool call."""
NOT_ALL_SHOWN: Final = notice(NoticeCode.NOT_ALL_SHOWN)


class ShownMessage(Message, frozen=True):
    """An answer that is not shown as it is stored: only its beginning, or its JSON in another form.

    Attributes:
        stored: the answer as it is stored.
        is_tree: the value of its JSON is shown as a table or a tree.
    """

    stored: Message | None = None
    is_tree: bool = False


class ShownTextLimiter:
    """A limiter of the shown part of a text that arrives in pieces.

    Attributes:
        is_cut: True once something was left out.
    """

    def __init__(self) -> None:
        self.is_cut = False
        self._characters = MAX_SHOWN_CHARS
        self._lines = MAX_SHOWN_LINES

    def shown_part(self, text: str) -> str:
        """Return the part of the next piece that is shown; "" once something was left out."""
        if self.is_cut:
            return ""
        beginning = text[: self._characters]
        lines = beginning.count("\n")
        if lines >= self._lines:
            beginning = beginning[: _end_of_line(beginning, self._lines)]
        self._characters -= len(beginning)
        self._lines -= min(lines, self._lines)
        self.is_cut = len(beginning) < len(text)
        return beginning


def _end_of_line(text: str, number: int) -> int:
    """Return the position after line feed `number` of `text`, counted from 1."""
    position = 0
    for _ in range(number):
        position = text.index("\n", position) + 1
    return position


def shorten(message: Message) -> Message:
    """Return `message`, or its beginning with a notice if it is too long to show."""
    text_limiter = ShownTextLimiter()
    reasoning_limiter = ShownTextLimiter()

    def beginning(part: Part) -> Part:
        match part:
            case TextPart() | RefusalPart():
                return replace(part, text=text_limiter.shown_part(part.text))
            case ReasoningPart():
                return replace(part, text=reasoning_limiter.shown_part(part.text))
            case ToolCallPart():
                return replace(
                    part,
                    arguments=part.arguments[:MAX_SHOWN_ARGUMENT_CHARS],
                    edited=part.edited[:MAX_SHOWN_ARGUMENT_CHARS],
                    result=part.result[:MAX_SHOWN_ARGUMENT_CHARS],
                    for_user=part.for_user[:MAX_SHOWN_ARGUMENT_CHARS],
                )
        return part

    parts = tuple(map(beginning, message.parts))
    if parts == message.parts:
        return message
    values = {field.name: getattr(message, field.name) for field in fields(Message)}
    if not message.attachments:  # otherwise another notice names the file with the whole answer
        values["notices"] = (*message.notices, NOT_ALL_SHOWN)
    values["parts"] = parts
    return ShownMessage(**values, stored=message)
