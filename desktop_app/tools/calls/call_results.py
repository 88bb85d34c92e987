"""Results of tool calls as models get them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, TypeVar

from desktop_app.documents.embedded_data import without_embedded_data
from desktop_app.domain.conversations.message_parts import ReasoningPart, ToolCallPart, tool_calls
from desktop_app.domain.prompt_delimiter import PromptDelimiter
from desktop_app.domain.tools.tool import MAX_RESULT_CHARS, ToolCallState

T = TypeVar("T")

DENIED: Final = "The user did not allow this call."
INTERRUPTED: Final = "The answer ended while this call ran. It may have taken effect."
EMPTY: Final = "(no output)"
EDITED: Final = "The user changed the arguments to: {arguments}"


def limit_result(text: str) -> str:
    """Return a result that can be stored and sent: valid text, cut after MAX_RESULT_CHARS.

    A note says if it was cut, and EMPTY stands for a result without text. Embedded pictures and
    files are replaced by their types and sizes.
    """
    text = without_embedded_data(text)
    result = valid_text(text[:MAX_RESULT_CHARS])
    if len(text) > MAX_RESULT_CHARS:
        result += f"\n[Cut here: the result has {len(text)} characters.]"
    return result if result.strip() else EMPTY


def valid_text(text: str) -> str:
    """Return a text without halves of surrogate pairs, which cannot be stored."""
    return text.encode("utf-8", "replace").decode()


def sent_parts(parts: Iterable[T], delimiter: PromptDelimiter) -> list[T]:
    """Return the parts of an answer as they are sent: without calls that have not ended.

    Calls without an id, and calls that the provider ran, are left out, too. Results are untrusted,
    so they are delimited; the words for denied and interrupted calls are not. Beside calls that the
    provider ran, encrypted reasoning is left out: OpenAI refuses it without the item after it.
    """
    answer = tuple(parts)
    has_hosted_calls = any(call.is_hosted for call in tool_calls(answer))
    sent: list[T] = []
    for part in answer:
        if isinstance(part, ReasoningPart) and part.has_data and has_hosted_calls:
            continue
        if not isinstance(part, ToolCallPart):
            sent.append(part)
        elif part.state.has_ended and part.call_id and not part.is_hosted:
            sent.append(replace(part, result=_sent_result(part, delimiter)))
    return sent


def _sent_result(call: ToolCallPart, delimiter: PromptDelimiter) -> str:
    if call.state is ToolCallState.INTERRUPTED:
        return INTERRUPTED
    if call.state is ToolCallState.DENIED:
        return call.result or DENIED
    result = delimiter.wrap("result", call.result)
    if not call.edited:
        return result
    return f"{EDITED.format(arguments=call.edited)}\n{result}"
