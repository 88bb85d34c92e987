"""The tool by which a model remembers a sentence. The user is asked before each call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from desktop_app.domain.conversations.conversation import Conversation
from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.tools.tool import (
    REMEMBER_TOOL,
    ToolContext,
    ToolDefinition,
    ToolError,
    ToolKind,
)
from desktop_app.i18n.translation import N_
from desktop_app.memory.memory import Memory
from desktop_app.tools.built_in.built_in import BuiltInTool, arguments_schema, text_schema

REMEMBER: Final = ToolDefinition(
    REMEMBER_TOOL,
    "Remembers a sentence about the person for later conversations. Call it only if the person "
    "asks you to remember something. The person sees the sentence and decides.",
    arguments_schema(sentence=text_schema("One short sentence that is clear by itself")),
    ToolKind.WRITES,
    touches=N_("Adds a note that is sent with later messages."),
    asks_each_time=True,
)


def remember_tool(
    memory: Memory, conversation: Callable[[str], Awaitable[Conversation | None]]
) -> BuiltInTool:
    """Return the tool; `conversation` returns a stored conversation that is not temporary."""

    async def run(arguments: Mapping[str, Any], context: ToolContext) -> str:
        found = await conversation(context.conversation_id)
        if found is None:
            raise ToolError("This conversation is not saved, so nothing of it is remembered.")
        try:
            await memory.add(str(arguments["sentence"]), found.folder_id, found.id)
        except UserFacingError as error:
            raise ToolError(str(error)) from error
        return "Remembered."

    return BuiltInTool(REMEMBER, run)
