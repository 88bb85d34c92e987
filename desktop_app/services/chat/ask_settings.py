"""The user's settings for answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from desktop_app.domain.answering.answer_form import (
    AnswerGrammar,
    AnswerSchema,
    FormKind,
    FormSource,
)
from desktop_app.domain.answering.generation import Examples, GenerationParameters
from desktop_app.domain.tools.tool import ToolLimits


@dataclass(frozen=True)
class AskSettings:
    """The user's settings for answers."""

    instructions: str = ""
    parameters: GenerationParameters = field(default_factory=GenerationParameters)
    background: bool = False  # for the next answer, if offered: see background_offer.py
    limits: ToolLimits = field(default_factory=ToolLimits)
    examples: Examples = ()
    requested: frozenset[str] = frozenset()  # parameters whose omission is reported
    schema: AnswerSchema | None = None
    grammar: AnswerGrammar | None = None

    @property
    def counted_instructions(self) -> str:
        """Return all text that is sent before the conversation, to count its tokens."""
        examples = (text for pair in self.examples for text in pair)
        return "\n".join(filter(None, (self.instructions, *examples)))

    @property
    def has_grammar(self) -> bool:
        """Return True if the answer has a grammar, of these settings or of the conversation."""
        form = FormSource.from_setting(self.parameters.form)
        is_chosen = form is not None and form.kind is not FormKind.SCHEMA
        return self.grammar is not None or (is_chosen and self.schema is None)

    def without_tools(self) -> AskSettings:
        """Return these settings without tools, for use when nobody can approve a call."""
        return replace(self, parameters=replace(self.parameters, tools=()))

    def for_comparison(self) -> AskSettings:
        """Return these settings for a compared answer: no tools, no background run.

        The user could not tell which answer wants to call a tool.
        """
        return replace(self.without_tools().for_one_answer(), background=False)

    def for_one_answer(self) -> AskSettings:
        """Return these settings for a single answer."""
        return replace(self, parameters=replace(self.parameters, candidates=1))
