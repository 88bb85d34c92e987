"""The tool by which a model changes the open text: a passage for another, found exactly once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from desktop_app.domain.tools.tool import ListedTool, ToolContext, ToolDefinition, ToolError
from desktop_app.i18n.translation import N_
from desktop_app.texts.text_edits import PassageError
from desktop_app.tools.built_in.built_in import arguments_schema, text_schema
from desktop_app.tools.calls.tool_set import SourcedTool, ToolSet

EDIT_TEXT: Final = ToolDefinition(
    "edit_text",
    "Proposes a change to the text that the user has open, which the message contains. Replaces "
    "the passage `old` by `new`; the user accepts or rejects it. If the message asks for changes, "
    "call it for each changed passage, as short as possible; do not repeat the text, and never "
    "write all of it anew.",
    arguments_schema(
        old=text_schema(
            "A passage that occurs once, exactly as written; empty in an empty text. The first and "
            "the last words of a long one are enough, with … between them"
        ),
        new=text_schema("What replaces it; empty to delete it"),
    ),
    touches=N_("Proposes changes to the text that is open."),
    needs_consent=False,
)
INTRODUCTION: Final = "The user has this text open beside the conversation."
PASSAGE_INTRODUCTION: Final = (
    "The user has selected this passage of a longer text, which is open beside the conversation."
)
"""These precede the text in a question."""
_PROBLEMS: Final = {
    0: "`old` is not in the text. Copy a passage exactly as the text has it now.",
    2: "`old` is in the text several times. Take more words around it.",
}
_TOLD: Final = " The user has been told. Do not try this change again."


class TextTool:
    """The source of `edit_text` for one open text.

    Args:
        propose: proposes a change. Raises PassageError.
        tell: tells the user of a passage that the model named wrongly twice.
    """

    name = ""

    def __init__(
        self,
        propose: Callable[[str, str], Awaitable[object]],
        tell: Callable[[PassageError], object],
    ) -> None:
        self._propose = propose
        self._tell = tell
        self._failed_question = ""
        self.tool_set = ToolSet({EDIT_TEXT.wire_name: SourcedTool(EDIT_TEXT, self)})

    async def prepare(self) -> None:
        """Do nothing: the text is open."""

    async def tools(self) -> Sequence[ListedTool]:
        return [ListedTool(EDIT_TEXT)]

    async def call(
        self, _tool: ToolDefinition, arguments: Mapping[str, Any], context: ToolContext
    ) -> str:
        """Propose a change. Raises ToolError."""
        try:
            await self._propose(arguments["old"], arguments["new"])
        except PassageError as error:
            words = _PROBLEMS[error.count]
            question = context.messages[-1].id if context.messages else ""
            if question and question == self._failed_question:
                self._tell(error)
                words += _TOLD
            self._failed_question = question
            raise ToolError(words) from error
        return "Proposed. The user will accept or reject it."
