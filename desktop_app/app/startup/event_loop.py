"""The event loop of the window: qasync's, with one timer of Qt for all callbacks.

qasync starts a timer of Qt for each callback, also for one that is due at once, leaves those of
canceled ones running, and makes a notifier each time that a socket is waited for: a third of the
work of a stream whose server sends an event a chunk.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Any, Final

from PySide6.QtCore import QCoreApplication, QSocketNotifier, Qt, QTimer
from qasync import QEventLoop

_PRECISE_MS: Final = 200
"""Below this, a timer of Qt is not moved to save wakings of the processor."""
_Kind = QSocketNotifier.Type


class EventLoop(QEventLoop):  # type: ignore[misc]  # qasync has no types
    """The event loop of the window."""

    def __init__(self, application: QCoreApplication) -> None:
        self._soon: deque[asyncio.Handle] = deque()
        self._later: list[asyncio.TimerHandle] = []
        self._canceled = 0
        self._notifiers: dict[tuple[int, _Kind], QSocketNotifier] = {}
        self._watched: dict[tuple[int, _Kind], tuple[Callable[..., object], tuple[Any, ...]]] = {}
        self._soon_timer = QTimer(singleShot=True, interval=0)
        self._soon_timer.timeout.connect(self._run_soon)
        self._later_timer = QTimer(singleShot=True)
        self._later_timer.timeout.connect(self._run_later)
        super().__init__(application)

    def close(self) -> None:
        for timer in (self._soon_timer, self._later_timer):
            timer.stop()
        for notifier in self._notifiers.values():
            notifier.setEnabled(False)
        super().close()

    # ------------------------------------------------------------ callbacks

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        if not self._soon:
            self._soon_timer.start()
        self._soon.append(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._later, handle)
        if self._later[0] is handle:
            self._wait_for(when)
        return handle

    def _wait_for(self, when: float) -> None:
        left_ms = max(0, -int((self.time() - when) * 1000 // 1))
        kind = Qt.TimerType.PreciseTimer if left_ms < _PRECISE_MS else Qt.TimerType.CoarseTimer
        self._later_timer.setTimerType(kind)
        self._later_timer.start(min(left_ms, 1 << 30))

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        self._canceled += 1
        if self._canceled > 100 and 2 * self._canceled > len(self._later):
            self._later = [each for each in self._later if not each.cancelled()]
            heapq.heapify(self._later)
            self._canceled = 0

    def _run_soon(self) -> None:
        """Run what was due when this began; what that adds is due after Qt's events."""
        soon = self._soon
        try:
            for _ in range(len(soon)):
                handle = soon.popleft()
                if not handle.cancelled():
                    handle._run()
        finally:
            if soon:
                self._soon_timer.start()

    def _run_later(self) -> None:
        later, now = self._later, self.time() + 0.0005
        while later and (later[0].cancelled() or later[0].when() <= now):
            handle = heapq.heappop(later)
            if handle.cancelled():
                self._canceled = max(0, self._canceled - 1)
                continue
            if not self._soon:
                self._soon_timer.start()
            self._soon.append(handle)
        if later:
            self._wait_for(later[0].when())

    # ------------------------------------------------------------ sockets

    def _add_reader(self, fd: Any, callback: Callable[..., object], *args: Any) -> None:
        self._watch(fd, _Kind.Read, callback, args)

    def _add_writer(self, fd: Any, callback: Callable[..., object], *args: Any) -> None:
        self._watch(fd, _Kind.Write, callback, args)

    def _remove_reader(self, fd: Any) -> bool:
        return self._unwatch(fd, _Kind.Read)

    def _remove_writer(self, fd: Any) -> bool:
        return self._unwatch(fd, _Kind.Write)

    def _watch(
        self, fd: Any, kind: _Kind, callback: Callable[..., object], args: tuple[Any, ...]
    ) -> None:
        self._check_closed()
        place = (fd if isinstance(fd, int) else fd.fileno(), kind)
        self._watched[place] = (callback, args)
        notifier = self._notifiers.get(place)
        if notifier is None:
            notifier = self._notifiers[place] = QSocketNotifier(*place)
            notifier.activated.connect(lambda *_: self._on_ready(place))
        notifier.setEnabled(True)

    def _unwatch(self, fd: Any, kind: _Kind) -> bool:
        place = (fd if isinstance(fd, int) else fd.fileno(), kind)
        if self.is_closed() or self._watched.pop(place, None) is None:
            return False
        self._notifiers[place].setEnabled(False)
        return True

    def _on_ready(self, place: tuple[int, _Kind]) -> None:
        if self._soon:  # asyncio runs these first, too: they may end this watch
            self._run_soon()
        if (watched := self._watched.get(place)) is not None:
            callback, args = watched
            callback(*args)
