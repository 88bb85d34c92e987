"""The voice's child process, as the features of the window share it."""

from __future__ import annotations

from PySide6.QtCore import Signal

from desktop_app.app.session import Controller, Session
from desktop_app.voice.messages import Event, Request
from desktop_app.voice.voice_process import VoiceProcess


class Voice(Controller):
    """The child of the session; it starts with the first request.

    Signals:
        received(Event): a message of the child.
    """

    received = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.process = VoiceProcess(self._receive)
        session.end_steps.append(self.process.aclose)

    def send(self, request: Request) -> None:
        """Send a request to the child, after those before it."""
        self._tasks.start(self.process.send(request))

    def _receive(self, event: Event) -> None:
        self.received.emit(event)
