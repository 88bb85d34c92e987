"""Titles by a small model: asked for after a conversation's first answer, where switched on."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject

from desktop_app.app.chat.running_answers import RunningAnswers
from desktop_app.app.library.library_controller import LibraryController
from desktop_app.app.workspace import Workspace
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.errors import UserFacingError
from desktop_app.services.chat.titles import Titles, wants_title

log = logging.getLogger(__name__)


class TitleController(QObject):
    """Between the end of first answers and the list."""

    def __init__(
        self, workspace: Workspace, running: RunningAnswers, library: LibraryController
    ) -> None:
        super().__init__(library)
        self._workspace, self._library = workspace, library
        running.finished.connect(self._finished)

    def _finished(self, conversation_id: str, answer: Message) -> None:
        wanted = self._workspace.values["library.model_titles"]
        wanted = wanted and not self._workspace.private.was_begun(conversation_id)
        if wanted and answer.status is MessageStatus.COMPLETE:
            self._workspace.tasks.start(self._entitle(conversation_id))

    async def _entitle(self, conversation_id: str) -> None:
        """A better title; the old one stays where the person chose it or no better one comes."""
        backend = self._workspace.backend
        path = await backend.conversations.path(conversation_id)
        known = self._library.known(conversation_id)
        if known is None or not wants_title(known, path):
            return
        own = backend.chat.resolve(self._workspace.profile_of(known), known.choice)
        try:
            title = await Titles(backend.small_jobs, backend.fences).suggest(path, own)
        except UserFacingError as error:
            log.warning("no title: %s %s", error.what_happened, error.details)
            return
        self._workspace.utility_calls_paid.emit()
        now_known = self._library.known(conversation_id)
        if title and now_known is not None and now_known.title == known.title:
            self._library.retitle(conversation_id, title)
