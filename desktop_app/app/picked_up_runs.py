"""The runs in the background that an earlier start left: gone on with as soon as the window is there."""

from __future__ import annotations

from collections import defaultdict

from PySide6.QtCore import QObject

from desktop_app.app.running_answers import RunningAnswers
from desktop_app.app.workspace import Workspace
from desktop_app.services.answering import Answering
from desktop_app.services.resuming import Resumer


class PickedUpRuns(QObject):
    """Between the resumer and the running answers; where several were left in one conversation, one
    after the other."""

    def __init__(self, workspace: Workspace, running: RunningAnswers, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._running = running
        self._waiting: defaultdict[str, list[Answering]] = defaultdict(list)
        running.finished.connect(lambda conversation_id, _answer: self._start(conversation_id))

    async def pick_up(self) -> None:
        """Go on with all that was left. Raises StorageError."""
        backend = self._workspace.backend
        resumer = Resumer(backend.conversations, backend.chat)
        for answering in await resumer.take_up(self._workspace.profiles):
            self._waiting[answering.conversation.id].append(answering)
        for conversation_id in list(self._waiting):
            self._start(conversation_id)

    def _start(self, conversation_id: str) -> None:
        waiting = self._waiting.get(conversation_id)
        if waiting and not self._running.is_running(conversation_id):
            self._running.start(waiting.pop(0))
