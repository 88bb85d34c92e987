"""The conversation that a question is sent with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop_app.domain.answering.answer_form import AnswerForm
from desktop_app.domain.conversations.compaction import Compaction, SentPath, sent_path
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.tools.tool import ToolDefinition
from desktop_app.services.models.choice_resolution import ResolvedChoice


@dataclass(frozen=True)
class SendContext:
    """The conversation that a request contains, and how it is sent.

    Attributes:
        path: the messages, oldest first; also the question, once it is a message.
        resolved: the model that answers.
        compactions: all compactions of the conversation; `sent_path` chooses the one to send.
        instructions: all text that is sent before the conversation, examples included.
        tools: the definitions of the tools that are sent.
        form: the schema or grammar of the answer.
    """

    path: Sequence[Message]
    resolved: ResolvedChoice
    compactions: Sequence[Compaction] = ()
    instructions: str = ""
    tools: Sequence[ToolDefinition] = ()
    form: AnswerForm | None = None

    @property
    def sent(self) -> SentPath:
        """Return the messages that are sent, after the compaction that replaces the others."""
        resolved = self.resolved
        return sent_path(self.path, self.compactions, resolved.profile, resolved.model.id)
