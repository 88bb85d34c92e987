"""Request fields for answers in a form (schema, grammar), and answers given as tool input."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import msgspec

from desktop_app.domain.answering.answer_form import (
    FORM_NOT_FOLLOWED,
    AnswerGrammar,
    AnswerSchema,
    SchemaFormat,
)
from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Incomplete,
    ReasoningItem,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.errors import ProviderError
from desktop_app.domain.models.model_catalog import Api

_TOOL: Final = "answer"
_NO_CALL: Final = -1
"""The number of the first call if the model has refused instead."""
_DESCRIPTION: Final = "Gives the answer to the user. Call it once, with the whole answer."


def schema_format(form: AnswerSchema, profile: ProviderProfile, api: Api) -> dict[str, Any] | None:
    """Return the format that demands a schema; None if it stands in the prompt alone."""
    match form.sent_as:
        case SchemaFormat.PROMPT:
            return None
        case SchemaFormat.JSON_OBJECT if api is Api.RESPONSES:
            return {"type": "json_object"}
        case SchemaFormat.JSON_OBJECT:  # llama-cpp-python obeys the schema
            return {"type": "json_object", "schema": dict(form.schema)}
    fields: dict[str, Any] = {"name": form.name, "schema": dict(form.schema)}
    if profile.serves_gpt_family:
        fields["strict"] = form.sent_as is SchemaFormat.STRICT
    if api is Api.RESPONSES:
        return {"type": "json_schema", **fields}
    return {"type": "json_schema", "json_schema": fields}


def tool_fields(grammar: AnswerGrammar) -> dict[str, Any]:
    """Return the fields that make the Responses API answer through a custom tool."""
    syntax = {"type": "grammar", "syntax": grammar.syntax.value, "definition": grammar.definition}
    tool = {"type": "custom", "name": _TOOL, "description": _DESCRIPTION, "format": syntax}
    return {
        "tools": [tool],
        "tool_choice": {"type": "custom", "name": _TOOL},
        "parallel_tool_calls": False,
    }


async def tool_input_as_text(
    source: AsyncGenerator[StreamEvent, None],
) -> AsyncGenerator[StreamEvent, None]:
    """Yield the events with the first call's input as the text of the answer.

    Other text, other calls, and calls after a refusal are left out. If neither a call nor a refusal
    comes, the other text becomes the answer, which is incomplete, or failed if the stream fails.
    """
    first: int | None = None  # the number of the first call
    other_text: list[StreamEvent] = []
    try:
        async with aclosing(source) as events:
            async for event in events:
                match event:
                    case ToolCallDelta(index, text):
                        first = index if first is None else first
                        if text and index == first:
                            yield TextDelta(text)
                    case TextDelta():
                        other_text.append(event)
                    case Completed() | Incomplete() | Failed() if first is None:
                        for delta in other_text:
                            yield delta
                        yield (
                            Incomplete(FORM_NOT_FOLLOWED) if isinstance(event, Completed) else event
                        )
                    case ReasoningItem():
                        # Later requests lack the call that this reasoning belongs to.
                        yield msgspec.structs.replace(event, encrypted="")
                    case RefusalDelta():
                        first = _NO_CALL if first is None else first
                        yield event
                    case _:
                        yield event
    except ProviderError:
        if first is None:
            for delta in other_text:
                yield delta
        raise
