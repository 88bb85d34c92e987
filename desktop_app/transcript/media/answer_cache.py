"""Requests drawings from a child process, and caches them.

The process runs markdown/processes/json_server.py.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.transcript.media.json_process import JsonProcess

if TYPE_CHECKING:
    from desktop_app.child_processes import ChildCommand

_COLLECT_MS: Final = 50
"""Time in which answers are collected before they are reported together."""


class AnswerCache(QObject):
    """The requests to one process, each by a key, and the time at which their answers are reported.

    A subclass keeps the answers. A request that crashes the process or times out has the answer
    None, and is not repeated.

    Signals:
        settled(): all requests so far are answered, or never will be.
    """

    settled = Signal()

    def __init__(self, command: ChildCommand, parent: QObject | None = None) -> None:
        """Prepare to start the process with `command`."""
        super().__init__(parent)
        self._requests: dict[Hashable, int] = {}  # the request numbers, in order
        self._process = JsonProcess(command, self)
        self._process.answered.connect(self._record_answer)
        self._ready_timer = QTimer(self, singleShot=True, interval=_COLLECT_MS)
        self._ready_timer.timeout.connect(self.settled)

    @property
    def is_busy(self) -> bool:
        """Return True until `settled` is emitted for all requests."""
        return self._process.is_busy or self._ready_timer.isActive()

    def _request(self, key: Hashable, request: dict[str, Any]) -> None:
        """Send a request unless it waits already."""
        if key not in self._requests:
            self._requests[key] = self._process.ask(request)

    def keep(self, key: Any, answer: dict[str, Any] | None) -> None:
        """Keep the answer to a request; None if there is none."""
        raise NotImplementedError

    def forget(self) -> None:
        """Drop requests, because another conversation is shown."""
        self._process.forget()
        # The process still answers the first request, which it is working on.
        self._requests = dict(list(self._requests.items())[:1]) if self._process.is_busy else {}

    def close(self) -> None:
        """End the process and drop all requests. The next request starts it again."""
        self._process.close()
        self._requests.clear()

    def _record_answer(self, number: int, answer: dict[str, Any] | None) -> None:
        key = next(iter(self._requests), None)
        if key is None or self._requests[key] != number:
            return  # the request was dropped
        del self._requests[key]
        self.keep(key, answer)
        if not self._ready_timer.isActive():
            self._ready_timer.start()
