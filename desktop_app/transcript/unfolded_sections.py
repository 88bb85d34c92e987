"""The sections of a message that the user unfolded."""

from __future__ import annotations

from dataclasses import dataclass, field

from desktop_app.transcript.message_items import (
    TOGGLE_DETAILS,
    TOGGLE_PASSAGES,
    TOGGLE_QUESTION,
    TOGGLE_TOOL,
)


@dataclass
class UnfoldedSections:
    """The sections that the user unfolded in a message, which need not be materialized.

    Attributes:
        reasoning: whether the reasoning is shown.
        code: the numbers of the long code blocks that are shown in full.
        tools: the numbers of the tool calls whose arguments are shown.
        sources: of a question, the numbers of the collections whose passages are shown.
        question: whether the text of a question that is a saved prompt is shown.
        details: whether the error details of the server are shown.
    """

    reasoning: bool = False
    code: set[int] = field(default_factory=set)
    tools: set[int] = field(default_factory=set)
    sources: set[int] = field(default_factory=set)
    question: bool = False
    details: bool = False

    def set_reasoning_folded(self, *, folded: bool) -> None:
        """Record that the reasoning is hidden or shown."""
        self.reasoning = not folded

    def set_code_folded(self, number: int, *, folded: bool) -> None:
        """Record that a long code block is shown in part, or in full."""
        if folded:
            self.code.discard(number)
        else:
            self.code.add(number)

    def toggle(self, action: str) -> None:
        """Record that an action folded or unfolded error details, a tool call or passages."""
        if action == TOGGLE_DETAILS:
            self.details = not self.details
        elif action == TOGGLE_QUESTION:
            self.question = not self.question
        elif action.startswith(TOGGLE_TOOL):
            self.tools ^= {int(action.removeprefix(TOGGLE_TOOL))}
        else:
            self.sources ^= {int(action.removeprefix(TOGGLE_PASSAGES))}
