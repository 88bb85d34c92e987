"""Asks the process that typesets formulas, and keeps what it answers.

One formula after the other, so that one which takes its process down or outlasts its time is known
by name: it is not asked for again, and the next ones go to a new process. Without anything to do the
process ends after a while.
"""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from desktop_app.rendering.maths import Formula, is_within_limits

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_MS: Final = 5_000
_IDLE_MS: Final = 30_000
_TOGETHER_MS: Final = 50
_KEPT: Final = 3_000

Key = tuple[str, bool]


class Typesetter(QObject):
    """Formulas by TeX and whether they stand on a line of their own.

    Signals:
        arrived(): formulas that were asked for have become known, or will never be.
    """

    arrived = Signal()

    def __init__(self, command: Sequence[str], parent: QObject | None = None) -> None:
        """`command` starts the process (rendering/maths_process.py)."""
        super().__init__(parent)
        self._command = list(command)
        self._known: dict[Key, Formula | None] = {}
        self._wanted: deque[Key] = deque()
        self._asked: set[Key] = set()
        self._current: Key | None = None
        self._process: QProcess | None = None
        self._watch = QTimer(self, singleShot=True, interval=_LONGEST_MS)
        self._watch.timeout.connect(self._kill)
        self._idle = QTimer(self, singleShot=True, interval=_IDLE_MS)
        self._idle.timeout.connect(self.close)
        self._news = QTimer(self, singleShot=True, interval=_TOGETHER_MS)
        self._news.timeout.connect(self.arrived)

    def find(self, tex: str, *, display: bool) -> Formula | None:
        """The formula, if it is known already; one that is not is asked for."""
        key = (tex, display)
        if key in self._known:
            return self._known[key]
        if key not in self._asked:
            if not is_within_limits(tex):
                self._known[key] = None
                return None
            self._asked.add(key)
            self._wanted.append(key)
            self._ask_next()
        return None

    def forget(self) -> None:
        """Another conversation is shown: let go of what has become too much."""
        self._wanted.clear()
        self._asked = {self._current} if self._current else set()
        if len(self._known) > _KEPT:
            self._known.clear()

    def close(self) -> None:
        """End the process; it is started again when something is asked for."""
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect(self._on_finished)
            process.closeWriteChannel()
            if not process.waitForFinished(200):
                process.kill()
                process.waitForFinished(200)
            process.deleteLater()

    # ------------------------------------------------------------------ the process

    def _ask_next(self) -> None:
        if self._current is not None:
            return
        if not self._wanted:
            self._watch.stop()
            self._idle.start()
            return
        self._idle.stop()
        self._current = self._wanted.popleft()
        if self._process is None:
            self._start()
        tex, display = self._current
        request = json.dumps({"id": 0, "tex": tex, "display": display})
        if self._process is not None:
            self._process.write(request.encode() + b"\n")
            self._watch.start()

    def _start(self) -> None:
        process = self._process = QProcess(self)
        process.setStandardErrorFile(QProcess.nullDevice())
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        process.start(self._command[0], self._command[1:])

    def _read(self) -> None:
        process = self._process
        while process is not None and process.canReadLine():
            answer = json.loads(bytes(process.readLine().data()))
            answer.pop("id")
            self._settle(None if "error" in answer else Formula(**answer))
            self._ask_next()

    def _settle(self, formula: Formula | None) -> None:
        if self._current is not None:
            self._known[self._current] = formula
            self._asked.discard(self._current)
            self._current = None
            if not self._news.isActive():
                self._news.start()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _on_finished(self) -> None:
        """It is gone, by what it was asked for last: that stays source."""
        if self._process is not None:
            self._process.deleteLater()
            self._process = None
        self._settle(None)
        self._ask_next()

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            for key in self._wanted:
                self._known[key] = None
            self._wanted.clear()
            self._on_finished()
