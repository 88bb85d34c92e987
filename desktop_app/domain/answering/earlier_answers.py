"""Earlier answers of a conversation, in forms for servers that refuse what belongs to others.

Reasoning and signatures of calls are read only by the server, and often only by the model, that
issued them. A conversation continues without them. Ids of calls are replaced by short ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from desktop_app.domain.answering.chat_request import RequestMessage, RequestPart
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    ReasoningPart,
    TextPart,
    ToolCallPart,
    tool_calls,
)
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, NoticeText

_SHORT_ID: Final = re.compile("[a-zA-Z0-9]{9}")
_CALLED: Final = "[Called {name} with {arguments}]\n{result}"


def without_reasoning(messages: Sequence[RequestMessage]) -> tuple[RequestMessage, ...]:
    """Return the messages without reasoning and signatures that only their issuer reads."""
    return tuple(
        replace(message, parts=tuple(_without_data(message.parts))) for message in messages
    )


def _without_data(parts: Sequence[RequestPart]) -> Iterator[RequestPart]:
    for part in parts:
        match part:
            case ReasoningPart(text) if part.has_data:
                if text:
                    yield ReasoningPart(text)
            case ToolCallPart() if part.extra_content:
                yield replace(part, extra_content="", issuer="")
            case _:
                yield part


def with_short_call_ids(messages: Sequence[RequestMessage]) -> tuple[RequestMessage, ...]:
    """Return the messages with ids of calls that every maker takes: nine letters and digits.

    Mistral takes no others (error 3280); Claude takes no points and colons. The same id always
    becomes the same, so that prompt caching keeps working.
    """
    return tuple(
        replace(message, parts=tuple(map(_with_short_id, message.parts))) for message in messages
    )


def _with_short_id(part: RequestPart) -> RequestPart:
    if not isinstance(part, ToolCallPart) or _SHORT_ID.fullmatch(part.call_id):
        return part
    digest = hashlib.sha256(part.call_id.encode("utf-8", "replace")).hexdigest()
    return replace(part, call_id=digest[:9])


def with_calls_as_text(messages: Sequence[RequestMessage]) -> tuple[RequestMessage, ...]:
    """Return the messages with calls and results as texts, without all reasoning.

    Gemini and Claude refuse a call without the signature or the thinking that it came with, and no
    other model's call has them. Results are messages of the user, so that roles alternate.
    """
    return tuple(each for message in messages for each in _with_calls_as_text(message))


def _with_calls_as_text(message: RequestMessage) -> Iterator[RequestMessage]:
    if not tool_calls(message.parts):
        yield message
        return
    said: list[RequestPart] = []
    results: list[str] = []
    for part in (*message.parts, None):
        if isinstance(part, ToolCallPart):
            fields = {"name": part.sent_name, "arguments": part.sent_arguments}
            if part.result:
                results.append(_CALLED.format(**fields, result=part.result))
            continue
        if isinstance(part, ReasoningPart):
            continue
        if results:
            yield RequestMessage(message.role, tuple(said) or (TextPart("…"),))
            yield RequestMessage(Role.USER, (TextPart("\n\n".join(results)),))
            said, results = [], []
        if part is not None:
            said.append(part)
    if said:
        yield RequestMessage(message.role, tuple(said))


SIMPLER_ANSWERS: Final[
    Mapping[NoticeCode, Callable[[Sequence[RequestMessage]], tuple[RequestMessage, ...]]]
] = {NoticeCode.REASONING_LEFT_OUT: without_reasoning, NoticeCode.CALLS_AS_TEXT: with_calls_as_text}
"""The simpler forms, in the order in which they are tried, by the notice of the answer."""


def simplified(
    messages: Sequence[RequestMessage], notices: Iterable[NoticeText]
) -> tuple[RequestMessage, ...]:
    """Return the messages in the forms that a server took, as an answer's notices say."""
    codes = [each.code for each in notices if isinstance(each, AnswerNotice)]
    for code, simplify in SIMPLER_ANSWERS.items():
        if code in codes:
            messages = simplify(messages)
    return tuple(messages)


def is_simplified(text: NoticeText) -> bool:
    """Return True if a notice says that a server took earlier answers in a simpler form only."""
    return isinstance(text, AnswerNotice) and text.code in SIMPLER_ANSWERS
