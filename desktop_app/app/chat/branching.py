"""Branches: copies of a conversation up to a message, from which it continues differently."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.library.list_presenter import ListPresenter
from desktop_app.app.library.navigator import Navigator
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain import hints
from desktop_app.domain.conversations.compaction import Compaction
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    new_id,
    now,
)
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.window.main_window import MainWindow


class Branching(QObject):
    """Creation of branches; the original conversation does not change."""

    def __init__(
        self,
        window: MainWindow,
        state: WindowState,
        running: RunningAnswers,
        navigator: Navigator,
        presenter: ListPresenter,
    ) -> None:
        super().__init__(window.transcript)
        self._current = state.current
        self._tasks = state.tasks
        self._conversation_store = state.backend.conversations
        self._compaction_store = state.backend.compactions
        self._running = running
        self._navigator = navigator
        self._presenter = presenter
        window.transcript.action_requested.connect(self._run_action)

    def _run_action(self, message_id: str, action: str) -> None:
        if action == "branch":
            self._tasks.start(self._branch(message_id))

    def branch_last(self) -> None:
        """Branch after the last message."""
        if self._current.path:
            self._run_action(self._current.path[-1].id, "branch")

    async def _branch(self, message_id: str) -> None:
        """Copy the messages up to this one into a new conversation, and open it."""
        if self._current.is_temporary:
            raise IllegalChoiceError(
                N_("Temporary conversations can’t be branched, because the branch would be saved."),
                hint=hints.USE_REGULAR,
            )
        path = self._current.path
        ids = [message.id for message in path]
        if message_id not in ids:
            return
        path_to_copy = [self._running.newest_state(m) for m in path[: ids.index(message_id) + 1]]
        source = self._current.conversation
        compactions = await self._compaction_store.load(source.id)
        conversation, messages = copy_branch(source, path_to_copy)
        copied_compactions = copy_compactions(compactions, path_to_copy, messages)
        await self._conversation_store.add_with_messages(conversation, messages, copied_compactions)
        self._presenter.upsert(conversation)
        await self._navigator.open(conversation.id)


def copy_branch(
    conversation: Conversation, path: Sequence[Message]
) -> tuple[Conversation, list[Message]]:
    """Return a new conversation with copies of these messages, each with a new id.

    An answer that still streams is copied with the text so far.
    """
    branch_id = new_id()
    messages = []
    parent_id: str | None = None
    for message in path:
        is_streaming = message.status is MessageStatus.STREAMING
        copy = replace(
            message,
            id=new_id(),
            conversation_id=branch_id,
            parent_id=parent_id,
            status=MessageStatus.CANCELLED if is_streaming else message.status,
            remote_run=None,
        )
        messages.append(copy)
        parent_id = copy.id
    created_at = now()
    title = tr("{title} (branch)", title=conversation.title)
    branch = replace(
        conversation,
        id=branch_id,
        title=title,
        title_is_automatic=False,
        created_at=created_at,
        updated_at=created_at,
        leaf_id=parent_id,
        pinned=False,
        archived=False,
        trashed_at=None,
        streaming=False,
        draft=Draft(),
    )
    return branch, messages


def copy_compactions(
    compactions: Iterable[Compaction], path: Sequence[Message], copies: Sequence[Message]
) -> list[Compaction]:
    """Copy a path's compactions, so that the branch sends no more text than the original."""
    copy_of = {message.id: copy for message, copy in zip(path, copies, strict=True)}
    return [
        replace(
            compaction,
            id=new_id(),
            conversation_id=copy_of[compaction.message_id].conversation_id,
            message_id=copy_of[compaction.message_id].id,
        )
        for compaction in compactions
        if compaction.message_id in copy_of
    ]
