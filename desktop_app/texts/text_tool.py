"""The tool by which a model changes the open text: passages for others, each found once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from desktop_app.domain.tools.tool import (
    BAD_ARGUMENTS,
    EDIT_TOOL,
    PROPOSED,
    ListedTool,
    ToolContext,
    ToolDefinition,
    ToolError,
)
from desktop_app.i18n.translation import N_
from desktop_app.texts.passage_reply import Change, Problem, Refusal
from desktop_app.tools.built_in.built_in import arguments_schema, text_schema
from desktop_app.tools.calls.tool_set import SourcedTool, ToolSet

_CHANGE: Final = {
    "old": text_schema(
        "A passage that occurs once, exactly as written; empty in an empty text. The first and "
        "the last words of a long one are enough, with … between them"
    ),
    "new": text_schema("What replaces it; empty to delete it"),
}
EDIT_TEXT: Final = ToolDefinition(
    EDIT_TOOL,
    "Proposes changes to the text that the user has open, which the message contains. Each "
    "replaces a passage `old` by `new`; the user accepts or rejects it. If the message asks for "
    "changes, put all of them into the list `changes` of one call, each passage as short as "
    "possible; do not repeat the text, and never write all of it anew. `old` and `new` alone are "
    "one change.",
    {
        "type": "object",
        "properties": {
            "changes": {"type": "array", "items": arguments_schema(**_CHANGE)},
            **_CHANGE,
        },
        "additionalProperties": False,
    },
    touches=N_("Proposes changes to the text that is open."),
    needs_consent=False,
    is_limited=False,
)
INTRODUCTION: Final = "The user has this text open beside the conversation."
PASSAGE_INTRODUCTION: Final = (
    "The user has selected this passage of a longer text, which is open beside the conversation."
)
"""These precede the text in a question."""
_DECIDES: Final = " The user accepts or rejects them."
_PROBLEMS: Final = {
    Problem.ABSENT: "`old` is not in the text. Copy a passage exactly as the text has it now.",
    Problem.AMBIGUOUS: "`old` is in the text several times. Take more words around it.",
    Problem.UNCHANGED: "`new` is what the text has already, so nothing changes.",
    Problem.REFUSAL: "`new` is no text for the passage. Tell the user in your answer instead.",
}


class TextTool:
    """The source of `edit_text` for one open text.

    Args:
        propose: proposes changes of passages, each an old and a new one; returns for each why it
            could not, None if it did.
    """

    name = ""

    def __init__(
        self, propose: Callable[[Sequence[Change]], Awaitable[Sequence[Refusal | None]]]
    ) -> None:
        self._propose = propose
        self.tool_set = ToolSet({EDIT_TEXT.wire_name: SourcedTool(EDIT_TEXT, self)})

    async def prepare(self) -> None:
        """Do nothing: the text is open."""

    async def tools(self) -> Sequence[ListedTool]:
        return [ListedTool(EDIT_TEXT)]

    async def call(
        self, _tool: ToolDefinition, arguments: Mapping[str, Any], _context: ToolContext
    ) -> str:
        """Propose changes. Raises ToolError: none of them could be proposed."""
        given = arguments.get("changes") or []
        if "old" in arguments and "new" in arguments:
            given = [*given, arguments]
        if not given:
            raise ToolError(f"{BAD_ARGUMENTS} have no `changes`.")
        refusals = await self._propose([Change(each["old"], each["new"]) for each in given])
        problems = [
            f"Change {number}: {_explain(refusal)}"
            for number, refusal in enumerate(refusals, 1)
            if refusal is not None
        ]
        wanted = sum(r is None or r.problem is not Problem.UNCHANGED for r in refusals)
        proposed = refusals.count(None)
        result = "\n".join([PROPOSED.format(proposed, wanted) + _DECIDES, *problems])
        if not proposed:
            raise ToolError(result)
        return result


def _explain(refusal: Refusal) -> str:
    words = _PROBLEMS[refusal.problem]
    return f"{words} The nearest passage: {refusal.nearest}" if refusal.nearest else words
