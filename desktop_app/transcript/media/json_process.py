"""Sends requests to a child process, one at a time, and never waits for it.

The process runs markdown/processes/json_server.py. A request that it does not answer, because it
crashes or takes too long, has the answer None.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from desktop_app.markdown.processes.json_client import JsonClient

if TYPE_CHECKING:
    from desktop_app.child_processes import ChildCommand


class JsonProcess(QObject):
    """A child process that answers JSON requests with JSON objects.

    Signals:
        answered(int, object): the number of a request, and its answer or None.
    """

    answered = Signal(int, object)
    _replied = Signal(int, object)  # emitted in the thread that waits for a reply

    def __init__(self, command: ChildCommand, parent: QObject | None = None) -> None:
        """Prepare to start the process with `command`."""
        super().__init__(parent)
        self._client = JsonClient(command)
        self._numbers = count(1)
        self._waiting: deque[tuple[int, Mapping[str, Any]]] = deque()
        self._current = 0  # the number of the active request; 0 for none
        self._replied.connect(self._finish_request)

    @property
    def is_busy(self) -> bool:
        """Return True if a request has no answer yet."""
        return bool(self._current)

    @property
    def pid(self) -> int | None:
        """Return the id of the running process, if any."""
        return self._client.child.pid

    def ask(self, request: Mapping[str, Any]) -> int:
        """Send a request and return its number. Never emits `answered` within this call."""
        number = next(self._numbers)
        self._waiting.append((number, request))
        self._ask_next()
        return number

    def forget(self) -> None:
        """Drop waiting requests. The active request is still answered."""
        self._waiting.clear()

    def close(self) -> None:
        """End the process and drop all requests. The next request starts it again."""
        self._waiting.clear()
        self._current = 0
        self._client.close()

    def _ask_next(self) -> None:
        if self._waiting and not self._current:
            self._current, request = self._waiting.popleft()
            threading.Thread(target=self._work, args=(self._current, request), daemon=True).start()

    def _work(self, number: int, request: Mapping[str, Any]) -> None:
        answer = self._client.ask(request)
        with suppress(RuntimeError):  # the window has gone meanwhile
            self._replied.emit(number, answer)

    def _finish_request(self, number: int, answer: dict[str, Any] | None) -> None:
        if number == self._current:
            self._current = 0
            self.answered.emit(number, answer)
            self._ask_next()
