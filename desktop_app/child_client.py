"""A child process that answers requests, one at a time: the parent's side, for any thread.

If a request makes the child crash, hang or reply too much, the child is killed and the request has
no reply; the next one gets a new child. The child starts at the first request. It ends after a
while without work, at `close`, and when its standard input closes, so it never outlives this
process.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from subprocess import DEVNULL, PIPE, TimeoutExpired
from typing import TYPE_CHECKING, Final

from desktop_app.child_processes import ChildCommand, name_of, open_child
from desktop_app.domain.activity_log import log_end
from desktop_app.frames import FrameError, read_frame, write_frame

if TYPE_CHECKING:  # processes are started in child_processes only
    from subprocess import Popen

_END_S: Final = 2.0
"""Seconds that an idle child has to end before it is killed."""


class ChildError(Exception):
    """There is no reply; the argument says why."""


class ChildClient:
    """A child process.

    Args:
        command: starts it.
        most_bytes: of a reply.
        timeout_s: of a request.
        first_timeout_s: of the first one, for which the child imports its modules.
        idle_s: the seconds without a request after which the child ends; None for never.
    """

    def __init__(
        self,
        command: ChildCommand,
        *,
        most_bytes: int,
        timeout_s: float,
        first_timeout_s: float = 0.0,
        idle_s: float | None = None,
    ) -> None:
        self._command = command
        self._most_bytes = most_bytes
        self._timeout_s = timeout_s
        self._first_timeout_s = first_timeout_s
        self._idle_s = idle_s
        self._child: Popen[bytes] | None = None
        self._start = 0.0
        self._turn = threading.Lock()  # of requests
        self._state = threading.Lock()  # of the child's start, which `close` must not miss
        self._closings = 0
        self._idle_timer: threading.Timer | None = None

    @property
    def pid(self) -> int | None:
        """Return the process id of the child; None if there is none."""
        child = self._child
        return None if child is None else child.pid

    def ask(self, *pieces: bytes) -> bytes:
        """Send a request of these pieces, and return the reply. Blocking.

        Raises:
            ChildError: the child cannot start, ends, hangs or replies too much.
        """
        closings = self._closings
        with self._turn:
            if self._idle_timer is not None:
                self._idle_timer.cancel()
            try:
                child, timeout_s = self._running(closings)
                reply = _exchange(child, timeout_s, pieces, self._most_bytes)
            except (OSError, ValueError, FrameError) as error:
                raise ChildError(self._discard() or str(error)) from error
            if reply is None:
                raise ChildError(self._discard())
            if self._idle_s is not None:
                self._idle_timer = threading.Timer(self._idle_s, self._end_idle)
                self._idle_timer.daemon = True
                self._idle_timer.start()
            return reply

    def close(self) -> None:
        """Kill the child, and wait for its end. A running request has no reply."""
        with self._state:
            self._closings += 1
            child = self._child
            if child is not None:
                child.kill()
        with self._turn:
            if self._idle_timer is not None:
                self._idle_timer.cancel()
            if child is self._child:
                self._discard()

    def _running(self, closings: int) -> tuple[Popen[bytes], float]:
        """Return the child, and the time limit of its next request; start it if there is none."""
        if self._child is not None:
            return self._child, self._timeout_s
        with self._state:
            if closings != self._closings:
                raise ChildError(f"{name_of(self._command)} was closed")
            self._start = time.monotonic()
            self._child = open_child(self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        return self._child, max(self._timeout_s, self._first_timeout_s)

    def _discard(self) -> str:
        """Kill the child, wait for its end, and return how it ended; "" if it did not start."""
        child, self._child = self._child, None
        if child is None:
            return ""
        child.kill()
        with suppress(OSError), child:  # closing fails if it has not read all of a request
            pass
        code = child.wait()
        seconds = time.monotonic() - self._start
        log_end(name_of(self._command), f"code {code}", self._start)
        return f"{name_of(self._command)} ended with code {code} after {seconds:.1f} s"

    def _end_idle(self) -> None:
        with self._turn:
            child = self._child
            if child is None or threading.current_thread() is not self._idle_timer:
                return
            with suppress(OSError, TimeoutExpired):
                assert child.stdin is not None
                child.stdin.close()
                child.wait(_END_S)
            self._discard()


def _exchange(
    child: Popen[bytes], timeout_s: float, pieces: tuple[bytes, ...], most_bytes: int
) -> bytes | None:
    """Send a request and return the reply; None if the child ends."""
    assert child.stdin is not None
    assert child.stdout is not None
    watchdog = threading.Timer(timeout_s, child.kill)
    watchdog.daemon = True
    watchdog.start()
    try:
        write_frame(child.stdin, *pieces)
        return read_frame(child.stdout, most_bytes)
    finally:
        watchdog.cancel()
