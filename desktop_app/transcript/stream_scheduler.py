"""Schedules streamed text: collects it for a frame and writes it in time slices.

However fast text arrives, half of the time remains for the rest of the window, or three quarters
with a longer `frame_s`, unless the user waits for a message (`prioritize`). Text that does not fit
into a frame's slice waits for the next frame. The end of an answer waits until its text is written.
"""

from __future__ import annotations

import time
from math import ceil, inf
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME_S: Final = 1 / 60
"""Seconds of a frame."""
_SLICE_S: Final = 0.008
"""Seconds of a frame for which text is written."""
_PIECE_S: Final = 0.004
"""Seconds that writing a piece should take: half a slice."""
_BRIEF_S: Final = 0.01
"""Seconds, by `_clock`, for which `flush(briefly=True)` writes."""

_MIN_PIECE_CHARACTERS: Final = 400
_MAX_PIECE_CHARACTERS: Final = 1500
"""Minimum and maximum characters parsed and written at once, unless a message needs other pieces.

Within these limits, a piece is as large as half a slice allows, so a sudden slowdown is noticed
early. Mixed Markdown takes 0.5 ms per piece plus 1 µs per character, and twice that if the
processor has just slept. Short pieces are therefore expensive.
"""

ANY_LENGTH: Final = 0, _MAX_PIECE_CHARACTERS
"""Minimum and maximum length of a piece if its length does not matter."""

# Pieces are measured in this thread's processor time, because the time that other programs take is
# no reason for smaller pieces. Windows counts processor time too coarsely, in steps of a frame.
_HAS_FINE_THREAD_TIME: Final = time.get_clock_info("thread_time").resolution < _PIECE_S / 10
_clock: Final = time.thread_time if _HAS_FINE_THREAD_TIME else time.monotonic


class _QueuedText:
    """The queued text of one message.

    Taking a piece does not copy the rest. Appended texts are joined to the rest when that is
    shorter than the next piece.

    Attributes:
        piece_bounds: minimum and maximum characters to take at once.
        is_stored: whether it is the rest of a stored text, which the user sees only on scrolling.
    """

    def __init__(self, text: str, *, is_stored: bool = False) -> None:
        self.piece_bounds = ANY_LENGTH
        self.is_stored = is_stored
        self._text = text
        self._position = 0  # of the first character that is still queued
        self._appended: list[str] = []

    def __bool__(self) -> bool:
        return self._position < len(self._text) or bool(self._appended)

    def add(self, text: str) -> None:
        self._appended.append(text)

    def peek(self, count: int) -> str:
        """Return the next characters, at most `count`, and keep them in the queue."""
        if self._appended and len(self._text) - self._position < count:
            self._text = "".join((self._text[self._position :], *self._appended))
            self._position = 0
            self._appended = []
        return self._text[self._position : self._position + count]

    def take(self, count: int) -> str:
        """Remove and return the next characters, at most `count`."""
        text = self.peek(count)
        self._position += len(text)
        return text


class StreamScheduler(QObject):
    """A queue of text that has arrived but is not yet written."""

    def __init__(
        self,
        write: Callable[[str, str], tuple[int, int]],
        prepare: Callable[[str], bool],
        parent: QObject,
        *,
        frame_s: float = FRAME_S,
    ) -> None:
        """Create an empty queue.

        Args:
            write: receives a message id and a piece of its text; returns the minimum and maximum
                length of the next piece.
            prepare: receives the next piece before it is written, and loads what the piece needs,
                such as fonts. Returns False if more is to be loaded; it is then called again.
            parent: the owner of the queue.
            frame_s: the seconds between two slices of arriving text, at least `FRAME_S`.
        """
        super().__init__(parent)
        self._frame_s = frame_s
        self._write = write
        self._prepare = prepare
        self._queue: dict[str, _QueuedText] = {}
        self._follow_ups: dict[str, Callable[[], None]] = {}
        self._next_slice_at = 0.0
        self._began_at = 0.0  # the beginning of the last slice
        self._spent_s = 0.0  # the time that it took
        self._piece_length = _MIN_PIECE_CHARACTERS
        self._prioritized_id = ""
        self._timer = QTimer(self, singleShot=True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._write_slice)

    def add(self, message_id: str, text: str, *, deferred: bool = False) -> None:
        """Queue the next text of a message.

        Writing begins within this call if nothing is scheduled and the pause after the last slice
        is over, unless the text is `deferred`.
        """
        queued = self._queue.get(message_id)
        if queued is not None:  # the timer is already running
            queued.add(text)
            return
        self._queue[message_id] = _QueuedText(text, is_stored=deferred)
        is_idle = not self._timer.isActive()
        if is_idle and not deferred and time.monotonic() >= self._next_slice_at:
            self._write_slice()
        else:
            self._schedule_slice()

    def add_work(self, seconds: float) -> None:
        """Count work that the last slice has caused, such as painting, as part of the slice."""
        self._spent_s += seconds
        earliest = self._began_at + self._busy_factor * self._spent_s
        if earliest > self._next_slice_at and not self._is_prioritized:
            self._next_slice_at = earliest
            if self._timer.isActive():
                self._timer.stop()
                self._schedule_slice()

    def _schedule_slice(self) -> None:
        if not self._timer.isActive():
            wait = self._next_slice_at - time.monotonic()
            self._timer.start(max(1, round(wait * 1000)))

    @property
    def _is_prioritized(self) -> bool:
        return self._prioritized_id in self._queue

    @property
    def _is_arriving(self) -> bool:
        """Return True unless the rest of a stored text is queued."""
        return not any(queued.is_stored for queued in self._queue.values())

    @property
    def _busy_factor(self) -> int:
        """Return how many times as long as the work of a slice its frame is at least."""
        return 4 if self._is_arriving and self._frame_s > FRAME_S else 2

    @property
    def has_work(self) -> bool:
        """Return True if any text or follow-up action is queued."""
        return bool(self._queue or self._follow_ups)

    def has_text(self, message_id: str) -> bool:
        """Return True if text of the message is queued."""
        return message_id in self._queue

    def has_action(self, message_id: str) -> bool:
        """Return True if an action waits for the message to be written."""
        return message_id in self._follow_ups

    def run_after(self, message_id: str, action: Callable[[], None]) -> None:
        """Run an action once the message is fully written, in place of its earlier action."""
        self._follow_ups.pop(message_id, None)  # the new action runs after those of other messages
        self._follow_ups[message_id] = action
        self._schedule_slice()

    def prioritize(self, message_id: str) -> None:
        """Write a message without pauses between slices, because the user waits for it.

        Its queued text is written before that of other messages. Each slice stays as short as
        usual, so that the window remains responsive. A call for another message replaces this one.
        Without queued text of the message, nothing happens.
        """
        if message_id in self._queue:
            self._prioritized_id = message_id
            self._timer.start(0)

    def clear(self) -> None:
        """Drop all queued text and actions."""
        self._timer.stop()
        self._queue.clear()
        self._follow_ups.clear()
        self._piece_length = _MIN_PIECE_CHARACTERS
        self._prioritized_id = ""

    def flush(self, *, briefly: bool = False) -> None:
        """Write everything now; if `briefly`, only for about `_BRIEF_S`.

        Text that is left is written in the next slices.
        """
        self._timer.stop()
        try:
            self._write_until(_clock() + _BRIEF_S if briefly else inf, _clock)
        finally:
            if self.has_work:
                self._timer.start(1)

    def _write_slice(self) -> None:
        self._began_at = began = time.monotonic()
        is_prioritized = self._is_prioritized
        try:
            self._write_until(began + _SLICE_S, time.monotonic)
        finally:  # an error in one piece must not block the following ones
            ended = time.monotonic()
            self._spent_s = ended - began
            frame_s = self._frame_s if self._is_arriving else FRAME_S
            # Slow parsing makes frames longer, so that the window keeps its share of the time.
            self._next_slice_at = began + max(frame_s, self._busy_factor * self._spent_s)
            if is_prioritized:
                self._next_slice_at = ended
            if not self._is_prioritized:
                self._prioritized_id = ""
            if self.has_work:
                self._timer.start(max(1, round((self._next_slice_at - ended) * 1000)))

    def _write_until(self, until: float, clock: Callable[[], float]) -> None:
        """Write a piece or run an action, and go on while the next step should end in time.

        The next step is expected to take as long as the last one.
        """
        ended = clock()
        while self.has_work:
            began = ended
            if not self._run_next_action():
                self._write_next()
            ended = clock()
            if ended + (ended - began) > until:
                return

    def _write_next(self) -> None:
        message_id = next(iter(self._queue))
        if self._is_prioritized:
            message_id = self._prioritized_id
        queued = self._queue[message_id]
        min_length, max_length = queued.piece_bounds
        # Split `max_length` into equal pieces, none longer than the adapted length.
        pieces = ceil(max_length / self._piece_length)
        count = max(min_length, ceil(max_length / pieces))
        if not self._prepare(queued.peek(count)):
            return
        del self._queue[message_id]
        text = queued.take(count)
        if queued:  # requeue behind the other messages
            self._queue[message_id] = queued
        began = _clock()
        queued.piece_bounds = self._write(message_id, text)
        if len(text) == count:
            self._adapt_piece_length(count, _clock() - began)

    def _adapt_piece_length(self, length: int, seconds: float) -> None:
        """Adapt the piece length to the time that the last full piece took."""
        if seconds > 0:
            fitting_length = length * _PIECE_S / seconds
            self._piece_length = max(
                _MIN_PIECE_CHARACTERS,
                min(_MAX_PIECE_CHARACTERS, round((self._piece_length + fitting_length) / 2)),
            )

    def _run_next_action(self) -> bool:
        """Run the first action whose message is fully written. Return True if there was one."""
        due = next((key for key in self._follow_ups if key not in self._queue), None)
        if due is None:
            return False
        self._follow_ups.pop(due)()
        return True
