"""Private conversations, held only in memory until they are discarded or the program ends.

All parts of the program use the same stores. The subclasses here answer for private conversations
from memory and pass everything else on. The ledger records their cost without the conversation,
because the money was spent.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.backend.image_scaling import ImageScaler
from desktop_app.domain.conversations.compaction import Compaction
from desktop_app.domain.conversations.conversation import Conversation, Draft, Message
from desktop_app.domain.conversations.message_parts import AttachmentFile, DocumentPart, ImagePart
from desktop_app.domain.errors import Kept, StorageError
from desktop_app.domain.spending.spending_report import Call
from desktop_app.storage.conversations.compaction_store import CompactionStore
from desktop_app.storage.conversations.conversation_store import ConversationStore
from desktop_app.storage.documents.attachment_store import AttachmentStore
from desktop_app.storage.spending.ledger import Ledger

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.documents.worker.document_worker import ExtractedDocument


class _PrivateConversation:
    """A private conversation, its messages in order of arrival, and its cost."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.messages: dict[str, Message] = {}
        self.files: dict[str, AttachmentFile] = {}
        self.compactions: list[Compaction] = []
        self.cost = Decimal(0)
        self.cost_of_jobs = Decimal(0)

    def path(self) -> list[Message]:
        """Return the messages on the shown path."""
        path, at = [], self.conversation.leaf_id
        while at is not None and at in self.messages:
            path.append(self.messages[at])
            at = self.messages[at].parent_id
        return path[::-1]

    def versions(self, message: Message) -> list[str]:
        """Return the ids of the message's siblings and its own, oldest first."""
        return [m.id for m in self.messages.values() if m.parent_id == message.parent_id]

    def newest_leaf(self, message_id: str) -> str:
        """Return the newest message without a reply, at or below a message."""
        below = {message_id}
        for message in self.messages.values():  # a reply always follows its parent
            if message.parent_id in below:
                below.add(message.id)
        parents = {message.parent_id for message in self.messages.values()}
        return [id_ for id_ in self.messages if id_ in below and id_ not in parents][-1]


class TemporaryConversations:
    """The private conversations of this run."""

    def __init__(self) -> None:
        self._held: dict[str, _PrivateConversation] = {}
        self._ever: set[str] = set()

    def begin(self, conversation: Conversation) -> None:
        """Add an empty conversation."""
        self._held[conversation.id] = _PrivateConversation(conversation)
        self._ever.add(conversation.id)

    def was_begun(self, conversation_id: str | None) -> bool:
        """Return True if it is or was private: calls may end after it was discarded."""
        return conversation_id in self._ever

    def holds(self, conversation_id: str) -> bool:
        """Return True if the conversation is private and not discarded."""
        return conversation_id in self._held

    def has_messages(self, conversation_id: str) -> bool:
        """Return True if the conversation has messages."""
        held = self._held.get(conversation_id)
        return held is not None and bool(held.messages)

    def forget(self, conversation_id: str) -> None:
        """Discard a conversation; whatever still arrives for it is dropped."""
        self._held.pop(conversation_id, None)

    def of(self, conversation_id: str) -> _PrivateConversation | None:
        """Return a private conversation by its id."""
        return self._held.get(conversation_id)

    def with_message(self, message_id: str) -> _PrivateConversation | None:
        """Return the private conversation that contains a message."""
        return next((h for h in self._held.values() if message_id in h.messages), None)

    def with_compaction(self, compaction_id: str) -> _PrivateConversation | None:
        """Return the private conversation that a compaction belongs to."""
        return next(
            (h for h in self._held.values() if compaction_id in {c.id for c in h.compactions}), None
        )

    def file(self, sha256: str) -> AttachmentFile | None:
        """Return an attachment of any private conversation."""
        return next((h.files[sha256] for h in self._held.values() if sha256 in h.files), None)

    async def keep(
        self, conversation_id: str, source: Path | bytes, document: ExtractedDocument
    ) -> DocumentPart | ImagePart:
        """Hold an attachment; return it as a part of a message."""
        data = await asyncio.to_thread(source.read_bytes) if isinstance(source, Path) else source
        held = self._held.get(conversation_id)
        if held is not None:
            held.files[document.sha256] = AttachmentFile(
                document.sha256,
                document.name,
                document.media_type,
                data,
                document.text,
                document.pages,
                document.tokens,
            )
        return document.part


class RoutedConversations(ConversationStore):
    """Serves private conversations from memory, others from the store."""

    def __init__(self, backend: Backend, private: TemporaryConversations) -> None:
        super().__init__(backend.database)
        self._kept, self._private = backend.conversations, private

    async def get(self, conversation_id: str) -> Conversation | None:
        held = self._private.of(conversation_id)
        return held.conversation if held else await self._kept.get(conversation_id)

    async def save(self, conversation: Conversation) -> None:
        held = self._private.of(conversation.id)
        if held is not None:
            held.conversation = replace(conversation, draft=held.conversation.draft)
        elif not self._private.was_begun(conversation.id):
            await self._kept.save(conversation)

    async def save_draft(self, conversation_id: str, draft: Draft) -> None:
        held = self._private.of(conversation_id)
        if held is not None:
            held.conversation = replace(held.conversation, draft=draft)
        elif not self._private.was_begun(conversation_id):
            await self._kept.save_draft(conversation_id, draft)

    async def messages(self, conversation_id: str) -> list[Message]:
        held = self._private.of(conversation_id)
        return list(held.messages.values()) if held else await self._kept.messages(conversation_id)

    async def path(self, conversation_id: str) -> list[Message]:
        held = self._private.of(conversation_id)
        return held.path() if held else await self._kept.path(conversation_id)

    async def tail(self, conversation_id: str, count: int) -> list[Message]:
        held = self._private.of(conversation_id)
        return held.path()[-count:] if held else await self._kept.tail(conversation_id, count)

    async def message(self, message_id: str) -> Message | None:
        held = self._private.with_message(message_id)
        return held.messages[message_id] if held else await self._kept.message(message_id)

    async def versions(self, message_id: str) -> list[str]:
        held = self._private.with_message(message_id)
        if held is None:
            return await self._kept.versions(message_id)
        return held.versions(held.messages[message_id])

    async def versions_on_path(self, conversation_id: str) -> dict[str, tuple[str, ...]]:
        held = self._private.of(conversation_id)
        if held is None:
            return await self._kept.versions_on_path(conversation_id)
        found = {message.id: tuple(held.versions(message)) for message in held.path()}
        return {id_: versions for id_, versions in found.items() if len(versions) > 1}

    async def newest_leaf(self, message_id: str) -> str:
        held = self._private.with_message(message_id)
        return held.newest_leaf(message_id) if held else await self._kept.newest_leaf(message_id)

    async def begin_turn(
        self, conversation: Conversation, question: Message | None, *answers: Message
    ) -> None:
        held = self._private.of(conversation.id)
        if held is None and self._private.was_begun(conversation.id):
            raise StorageError("The private conversation was closed.", what_was_kept=Kept.PROMPT)
        if held is None:
            await self._kept.begin_turn(conversation, question, *answers)
            return
        draft = held.conversation.draft if question is None else conversation.draft.after_sending
        held.conversation = replace(conversation, leaf_id=answers[0].id, draft=draft)
        for message in (*((question,) if question is not None else ()), *answers):
            held.messages[message.id] = message

    async def save_answer(self, answer: Message) -> None:
        held = self._private.of(answer.conversation_id)
        if held is not None:
            held.messages[answer.id] = answer
        elif not self._private.was_begun(answer.conversation_id):
            await self._kept.save_answer(answer)

    async def delete(self, conversation_id: str) -> None:
        if self._private.holds(conversation_id):
            self._private.forget(conversation_id)
        else:
            await self._kept.delete(conversation_id)


class RoutedAttachments(AttachmentStore):
    """Serves attachments of private conversations from memory, others from the store."""

    def __init__(self, backend: Backend, private: TemporaryConversations) -> None:
        super().__init__(backend.database, backend.folders.attachments)
        self._private = private

    async def text(self, sha256: str) -> str:
        held = self._private.file(sha256)
        return held.text if held else await super().text(sha256)

    async def about(self, sha256: str) -> AttachmentFile:
        held = self._private.file(sha256)
        return replace(held, data=b"", text="") if held else await super().about(sha256)

    async def source(self, sha256: str) -> Path | bytes | None:
        held = self._private.file(sha256)
        return held.data if held else await super().source(sha256)

    async def file(self, sha256: str) -> AttachmentFile | None:
        return self._private.file(sha256) or await super().file(sha256)

    async def bytes(self, sha256: str) -> bytes:
        held = self._private.file(sha256)
        return held.data if held else await super().bytes(sha256)


class RoutedCompactions(CompactionStore):
    """Holds compactions of private conversations in memory."""

    def __init__(self, backend: Backend, private: TemporaryConversations) -> None:
        super().__init__(backend.database)
        self._private = private

    async def of(self, conversation_id: str) -> tuple[Compaction, ...]:
        held = self._private.of(conversation_id)
        return tuple(held.compactions) if held else await super().of(conversation_id)

    async def add(self, compaction: Compaction) -> bool:
        held = self._private.of(compaction.conversation_id)
        if held is not None:
            held.compactions.append(compaction)
        elif not self._private.was_begun(compaction.conversation_id):
            return await super().add(compaction)
        return held is not None

    async def undo(self, compaction_id: str, at: datetime) -> None:
        held = self._private.with_compaction(compaction_id)
        if held is None:
            await super().undo(compaction_id, at)
            return
        held.compactions = [
            replace(c, undone_at=c.undone_at or at) if c.id == compaction_id else c
            for c in held.compactions
        ]


class RoutedLedger(Ledger):
    """Records the cost of a private conversation without its id, with its sum in memory."""

    def __init__(self, backend: Backend, private: TemporaryConversations) -> None:
        super().__init__(backend.database)
        self._private = private

    async def add(self, call: Call) -> None:
        if self._private.was_begun(call.conversation_id):
            held = self._private.of(call.conversation_id or "")
            if held is not None and call.cost is not None:
                held.cost += call.cost
                held.cost_of_jobs += call.cost if call.purpose != "answer" else 0
            call = replace(call, conversation_id=None, message_id=None)
        await super().add(call)

    async def conversation(self, conversation_id: str) -> Decimal:
        held = self._private.of(conversation_id)
        return held.cost if held else await super().conversation(conversation_id)

    async def small_jobs(self, conversation_id: str) -> Decimal:
        held = self._private.of(conversation_id)
        return held.cost_of_jobs if held else await super().small_jobs(conversation_id)


def with_temporary(backend: Backend, private: TemporaryConversations) -> Backend:
    """Return `backend` with private conversations served from memory."""
    attachments = RoutedAttachments(backend, private)
    routed = replace(
        backend,
        conversations=RoutedConversations(backend, private),
        attachments=attachments,
        compactions=RoutedCompactions(backend, private),
        ledger=RoutedLedger(backend, private),
        pictures=ImageScaler(attachments, backend.documents),
    )
    chat = routed.chat_with(routed.conversations, attachments, backend.notes)
    return replace(routed, chat=chat)
