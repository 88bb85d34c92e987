"""The lines that the process of a server writes to its parent."""

from __future__ import annotations

import json
import os
import time
from typing import Any, Final, Self

STDOUT = 1
STDERR = 2
MAX_LOG_CHARS: Final = 2000
MAX_EVENTS_PER_S: Final = 50
"""The maximum lines of the log and of progress per second; more are dropped."""


class LineOutput:
    """The lines to the parent.

    Args:
        descriptor: the descriptor of the pipe to the parent.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._second_began_at = 0.0
        self._event_count = 0
        self._dropped_count = 0

    @classmethod
    def take_standard_output(cls) -> Self:
        """Use standard output for lines, and redirect other output to standard error."""
        descriptor = os.dup(STDOUT)
        os.dup2(STDERR, STDOUT)
        return cls(descriptor)

    def send(self, **line: Any) -> None:
        """Write a complete line. If the parent is gone, BrokenPipeError ends this process."""
        # Escapes take up to three times the bytes of UTF-8: a long resource would exceed the
        # parent's limit. A text of the server may contain half a surrogate pair.
        data = json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
        while data:
            data = data[os.write(self._descriptor, data) :]

    def log(self, level: str, text: str) -> None:
        """Write a line of the server's log, unless there are too many per second."""
        if self._may_send():
            self.send(event="log", level=level, text=text[:MAX_LOG_CHARS])

    def progress(self, request_id: int, done: float, total: float | None, text: str) -> None:
        """Write the progress of a call, unless there are too many lines per second."""
        if self._may_send():
            short_text = text[:MAX_LOG_CHARS]
            self.send(event="progress", id=request_id, done=done, total=total, text=short_text)

    def _may_send(self) -> bool:
        now = time.monotonic()
        if now - self._second_began_at >= 1:
            if self._dropped_count:
                text = f"[{self._dropped_count} lines left out]"
                self.send(event="log", level="warning", text=text)
            self._second_began_at = now
            self._event_count = 0
            self._dropped_count = 0
        self._event_count += 1
        if self._event_count > MAX_EVENTS_PER_S:
            self._dropped_count += 1
        return self._event_count <= MAX_EVENTS_PER_S
