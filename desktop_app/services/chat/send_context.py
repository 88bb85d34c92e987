"""The conversation that a question is sent with, and how it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop_app.domain.conversations.compaction import Compaction, SentPath, sent_path
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import DocumentPart, chunked_documents
from desktop_app.domain.spending.spending_report import Purpose
from desktop_app.services.chat.ask_settings import AskSettings
from desktop_app.services.models.choice_resolution import ResolvedChoice
from desktop_app.services.tools.tool_set import ToolSet


@dataclass(frozen=True)
class SendContext:
    """The conversation that a request contains, and how it is answered.

    Attributes:
        path: the messages, oldest first; also the question, once it is a message.
        resolved: the model that answers.
        compactions: all compactions of the conversation; `sent_path` chooses the one to send.
        settings: the user's settings, with the schema or grammar of the answer.
        tools: the tools that are sent.
        repairs: an answer that does not match its schema; the model gets it with the reason. None
            for a usual answer.
        purpose: the purpose of the requests in the ledger.
    """

    path: Sequence[Message]
    resolved: ResolvedChoice
    compactions: Sequence[Compaction] = ()
    settings: AskSettings = AskSettings()  # noqa: RUF009 — never changed
    tools: ToolSet = ToolSet()  # noqa: RUF009 — never changed
    repairs: Message | None = None
    purpose: Purpose = Purpose.ANSWER

    @property
    def sent(self) -> SentPath:
        """Return the messages that are sent, after the compaction that replaces the others."""
        resolved = self.resolved
        return sent_path(self.path, self.compactions, resolved.profile, resolved.model.id)

    @property
    def question(self) -> Message:
        """Return the question, which ends the path."""
        return self.path[-1]

    @property
    def documents(self) -> tuple[DocumentPart, ...]:
        """Return the documents of the question that are read in chunks."""
        return chunked_documents(self.question.parts)
