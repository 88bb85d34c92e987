"""Puts single files of batch jobs, with their answers, into conversations of the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from desktop_app.domain.conversations.message_parts import part_id

if TYPE_CHECKING:
    from desktop_app.app.library.list_presenter import ListPresenter
    from desktop_app.app.library.navigator import Navigator
    from desktop_app.app.state.draft.prompt_draft import PromptDraft
    from desktop_app.storage.batch.batch_store import BatchStore
    from desktop_app.storage.conversations.conversation_store import ConversationStore
    from desktop_app.ui.composer.prompt_editor import PromptEditor


class BatchFiles:
    """The files of batch jobs, put into conversations with their answers, or into the prompt.

    Both methods raise StorageError, and return False if the file is gone.
    """

    def __init__(
        self,
        navigator: Navigator,
        presenter: ListPresenter,
        *,
        prompt: PromptEditor,
        draft: PromptDraft,
        conversations: ConversationStore,
        batch_store: Callable[[], BatchStore],
    ) -> None:
        self._navigator = navigator
        self._presenter = presenter
        self._prompt = prompt
        self._draft = draft
        self._conversations = conversations
        self._batch_store = batch_store
        self._read_in_parts_ids: dict[str, set[str]] = {}  # job id -> ids of attached files

    async def open_as_conversation(self, job_id: str, number: int) -> bool:
        """Store the question and answer of a file as a conversation, and open it."""
        from desktop_app.backend.batch_wiring import store_as_conversation

        store = self._batch_store()
        job = await store.get(job_id)
        item = await store.item(job_id, number)
        if job is None or item is None:
            return False
        conversation_id = await store_as_conversation(self._conversations, store, job, item)
        conversation = await self._conversations.get(conversation_id)
        if conversation is None:
            return False
        self._presenter.upsert(conversation)
        await self._navigator.open(conversation_id)
        return True

    async def read_in_parts(self, job_id: str, number: int) -> bool:
        """Open a new conversation, with the job's task and a file that is too large for a batch.

        The task is not repeated if the draft already has such a file of the job.
        """
        store = self._batch_store()
        job = await store.get(job_id)
        item = await store.item(job_id, number)
        if job is None or item is None or item.part is None:
            return False
        self._navigator.open_new()
        attached_parts = {part_id(part): part for part in self._draft.value.attachments}
        earlier_ids = self._read_in_parts_ids.setdefault(job_id, set())
        has_task = bool(self._prompt.text()) and not earlier_ids.isdisjoint(attached_parts)
        earlier_ids.add(part_id(item.part))
        self._draft.set_attachments(
            list({**attached_parts, part_id(item.part): item.part}.values())
        )
        if not has_task:
            gap = "\n\n" if self._prompt.text() else ""
            self._prompt.prepend(job.task + gap, job.template_id)
        return True
