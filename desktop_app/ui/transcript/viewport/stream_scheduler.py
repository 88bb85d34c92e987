"""Pieces of answers on their way to the screen: collected to frames, written in slices.

However fast pieces come, the window has half of every frame to itself: what is not written within
the slice of a frame waits for the next one. So does the end of an answer that is
waiting behind its text.
"""

from __future__ import annotations

import time
from math import ceil, inf
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME_S: Final = 1 / 60
_SLICE_S: Final = 0.008
_PIECE_S: Final = 0.004
_SHORTLY_S: Final = 0.01
"""Of processor time: on a busy machine it takes longer by the clock, and is to be done all the same."""

_LEAST: Final = 400
_MOST: Final = 1500
"""Characters that are parsed and written at once; between the two as many as take half a slice: so
what suddenly takes much longer is found out soon. (Of mixed Markdown a piece takes half a
millisecond and a thousandth for each letter, and twice as long where the processor has just slept: short
ones are dear.)"""

ANY_LENGTH: Final = 0, _MOST
"""How long a piece is to be, least and most, where it does not matter."""

# What writing takes is learned in this thread's own time: less at once would not bring back what other
# programs take of the processor. (In Windows that time goes by in steps of a frame.)
_OWN_IS_FINE: Final = time.get_clock_info("thread_time").resolution < _PIECE_S / 10
_clock: Final = time.thread_time if _OWN_IS_FINE else time.monotonic


class _Waiting:
    """What waits of one message: of the megabytes that one may have, none is copied but what is taken.

    Attributes:
        fitting: how many characters are to be taken at once at least and at most.
    """

    def __init__(self, text: str) -> None:
        self.fitting = ANY_LENGTH
        self._text, self._at = text, 0
        self._behind: list[str] = []

    def __bool__(self) -> bool:
        return self._at < len(self._text) or bool(self._behind)

    def add(self, text: str) -> None:
        """More behind all else."""
        self._behind.append(text)

    def next(self, count: int) -> str:
        """The next characters, so many at most."""
        if self._behind and len(self._text) - self._at < count:
            self._text, self._at = "".join((self._text[self._at :], *self._behind)), 0
            self._behind = []
        return self._text[self._at : self._at + count]

    def take(self, count: int) -> str:
        """The next characters, so many at most, which wait no more."""
        text = self.next(count)
        self._at += len(text)
        return text


class StreamScheduler(QObject):
    """What has arrived and is not written yet.

    `write(message_id, text)` is called with each piece, and says how many characters the next one is
    to have at least and at most, where so many wait. Before, `prepare(text)` is called until it says that nothing
    was missing.
    """

    def __init__(
        self,
        write: Callable[[str, str], tuple[int, int]],
        prepare: Callable[[str], bool],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._write, self._prepare = write, prepare
        self._pieces: dict[str, _Waiting] = {}
        self._then: list[tuple[str, Callable[[], None]]] = []
        self._next = 0.0
        self._at_once = _LEAST
        self._hurried = ""
        self._timer = QTimer(self, singleShot=True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._write_slice)

    def add(self, message_id: str, text: str, *, soon: bool = False) -> None:
        """The next piece; written now where the last slice is a frame ago, unless it may come
        `soon`: behind much else that is written just now."""
        pieces = self._pieces.get(message_id)
        if pieces is not None:  # then the next slice is due, too
            pieces.add(text)
            return
        self._pieces[message_id] = _Waiting(text)
        if not self._timer.isActive():
            wait = self._next - time.monotonic()
            if soon:
                self._timer.start(max(1, round(wait * 1000)))
            elif wait <= 0:
                self._write_slice()
            else:
                self._timer.start(round(wait * 1000))

    @property
    def are_there(self) -> bool:
        """Whether anything waits to be written, or done behind what is."""
        return bool(self._pieces or self._then)

    def has(self, message_id: str) -> bool:
        """Whether more of a message waits."""
        return message_id in self._pieces

    def afterwards(self, message_id: str, action: Callable[[], None]) -> None:
        """Do something as soon as all of a message is written; once, with the latest action."""
        self._then = [(id_, old) for id_, old in self._then if id_ != message_id]
        self._then.append((message_id, action))

    def hurry(self, message_id: str) -> None:
        """Somebody waits for the end of a message: it comes first, and the window only so much of
        the time that it is never late."""
        if message_id in self._pieces:
            self._pieces = {message_id: self._pieces[message_id], **self._pieces}
            self._hurried = message_id
            self._timer.start(0)

    def clear(self) -> None:
        """Forget everything."""
        self._timer.stop()
        self._pieces.clear()
        self._then.clear()
        self._at_once = _LEAST

    def flush(self, *, shortly: bool = False) -> None:
        """Write everything now; `shortly` leaves to the next frames what takes long."""
        self._timer.stop()
        try:
            self._write_until(_clock() + _SHORTLY_S if shortly else inf, _clock)
        finally:
            if self.are_there:
                self._timer.start(1)

    def _write_slice(self) -> None:
        began = time.monotonic()
        hurried = self._hurried in self._pieces
        try:
            self._write_until(began + _SLICE_S, time.monotonic)
        finally:  # a defect in one piece must not hold up what follows
            ended = time.monotonic()
            # What is slow to parse leaves the window its time all the same.
            self._next = max(began + FRAME_S, ended + (ended - began))
            self._next = ended if hurried else self._next
            if self.are_there:
                self._timer.start(max(1, round((self._next - ended) * 1000)))

    def _write_until(self, until: float, clock: Callable[[], float]) -> None:
        """Write piece by piece, at least one, and none that would end later if it takes as long as
        the one before."""
        ended = clock()
        while self.are_there:
            began = ended
            if not self._do_then():
                self._write_next()
            ended = clock()
            if ended + (ended - began) > until:
                return

    def _write_next(self) -> None:
        message_id, waiting = next(iter(self._pieces.items()))
        least, most = waiting.fitting
        count = max(least, ceil(most / ceil(most / self._at_once)))  # in pieces of one length
        if not self._prepare(waiting.next(count)):
            return
        del self._pieces[message_id]
        text, began = waiting.take(count), _clock()
        if waiting:  # behind what waits of other messages
            self._pieces[message_id] = waiting
        waiting.fitting = self._write(message_id, text)
        if len(text) == count:
            self._learn(count, _clock() - began)

    def _learn(self, length: int, taken: float) -> None:
        """Fit what is written at once to the time that the last piece took, if it was long."""
        if taken > 0:
            fitting = length * _PIECE_S / taken
            self._at_once = max(_LEAST, min(_MOST, round((self._at_once + fitting) / 2)))

    def _do_then(self) -> bool:
        """Do what is due behind a message that is written; whether anything was."""
        due = next((pair for pair in self._then if pair[0] not in self._pieces), None)
        if due is None:
            return False
        self._then.remove(due)
        due[1]()
        return True
