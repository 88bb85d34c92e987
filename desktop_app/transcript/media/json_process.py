"""Sends requests to a child process, one at a time.

The process runs markdown/processes/json_server.py. If it crashes, times out or gives an invalid
answer, the active request is answered with None, and a new process serves the next requests. An
idle process ends after a while.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Qt, QTimer, Signal

from desktop_app.child_processes import name_of
from desktop_app.domain.activity_log import log_end
from desktop_app.markdown.processes.json_server import MAX_ANSWER_BYTES, parse_answer

if TYPE_CHECKING:
    from desktop_app.child_processes import ChildCommand

_TIMEOUT_MS: Final = 5_000
"""Milliseconds after which a request is given up and `answered` reports None."""
_FIRST_TIMEOUT_MS: Final = 20_000
"""Timeout for the first answer of a process, which has to start and import its modules."""
_IDLE_MS: Final = 30_000
"""Milliseconds after which an idle process ends."""
_END_MS: Final = 2_000
"""Milliseconds that an idle process has to end before it is killed."""
_CLOSE_MS: Final = 200
"""Milliseconds for which `close` waits for the end of the process, and again after killing it."""


class JsonProcess(QObject):
    """A child process that answers JSON requests with JSON objects.

    Signals:
        answered(int, object): the number of a request, and its answer or None.
    """

    answered = Signal(int, object)

    def __init__(self, command: ChildCommand, parent: QObject | None = None) -> None:
        """Prepare to start the process with `command`."""
        super().__init__(parent)
        self._command = command
        self._numbers = count(1)
        # The number of each waiting request, and the line to write.
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._current = 0  # the number of the active request; 0 for none
        self._process: QProcess | None = None
        self._timeout_timer = QTimer(self, singleShot=True)
        self._timeout_timer.timeout.connect(self._kill)
        self._idle_timer = QTimer(self, singleShot=True, interval=_IDLE_MS)
        self._idle_timer.timeout.connect(self._end_idle)

    @property
    def is_busy(self) -> bool:
        """Return True if a request has no answer yet."""
        return bool(self._current)

    @property
    def pid(self) -> int | None:
        """Return the id of the running process, if any."""
        return None if self._process is None else self._process.processId()

    def ask(self, request: Mapping[str, Any]) -> int:
        """Send a request and return its number. Never emits `answered` within this call."""
        number = next(self._numbers)
        self._waiting.append((number, json.dumps({"id": number, **request}).encode() + b"\n"))
        self._ask_next()
        return number

    def forget(self) -> None:
        """Drop waiting requests. The active request is still answered."""
        self._waiting.clear()

    def close(self) -> None:
        """End the process and drop all requests. The next request starts it again."""
        self._waiting.clear()
        self._current = 0
        self._timeout_timer.stop()
        self._idle_timer.stop()
        process = self._process
        self._process = None
        if process is not None:
            process.finished.disconnect(self._on_finished)
            process.closeWriteChannel()
            if not process.waitForFinished(_CLOSE_MS):
                process.kill()
                process.waitForFinished(_CLOSE_MS)
            process.deleteLater()

    # ------------------------------------------------------------------ process

    def _end_idle(self) -> None:
        """End the idle process without waiting for it, because that would block the window."""
        process = self._process
        self._process = None
        if process is not None:
            process.finished.disconnect(self._on_finished)
            process.finished.connect(process.deleteLater)
            process.closeWriteChannel()
            QTimer.singleShot(_END_MS, process, process.kill)

    def _ask_next(self) -> None:
        if self._current:
            return
        if not self._waiting:
            self._timeout_timer.stop()
            self._idle_timer.start()
            return
        self._idle_timer.stop()
        self._current, request = self._waiting.popleft()
        is_first = self._process is None
        process = self._process = self._process or self._start_process()
        if process.state() is not QProcess.ProcessState.NotRunning:
            process.write(request)
        self._timeout_timer.start(_FIRST_TIMEOUT_MS if is_first else _TIMEOUT_MS)

    def _start_process(self) -> QProcess:
        process = QProcess(self)
        environment = QProcessEnvironment()
        for name, value in self._command.environment.items():
            environment.insert(name, value)
        process.setProcessEnvironment(environment)
        process.setWorkingDirectory(self._command.working_directory)
        process.setStandardErrorFile(QProcess.nullDevice())
        process.readyReadStandardOutput.connect(self._read_answers)
        process.finished.connect(self._on_finished)
        start, name = time.monotonic(), name_of(self._command)
        process.finished.connect(lambda code: log_end(name, f"code {code}", start))
        # Queued, because a failed start may be reported within `start`.
        process.errorOccurred.connect(self._on_error, Qt.ConnectionType.QueuedConnection)
        process.start(self._command.argv[0], list(self._command.argv[1:]))
        return process

    def _read_answers(self) -> None:
        process = self._process
        while process is not None and process.canReadLine():
            answer = parse_answer(bytes(process.readLine().data()), self._current)
            if answer is None:
                self._kill()
                return
            self._finish_request(answer)
        if process is not None and process.bytesAvailable() > MAX_ANSWER_BYTES:
            self._kill()

    def _finish_request(self, answer: dict[str, Any] | None) -> None:
        number = self._current
        self._current = 0
        if number:
            self.answered.emit(number, answer)
        self._ask_next()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _on_finished(self) -> None:
        """Give up on the active request, because the process is gone."""
        if self._process is not None:
            self._process.deleteLater()
            self._process = None
        self._finish_request(None)

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            unanswered = self._waiting
            self._waiting = deque()
            self._on_finished()
            for number, _request in unanswered:
                self.answered.emit(number, None)
