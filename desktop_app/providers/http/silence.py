"""Reports a long silence of a provider, and withdraws the report when bytes come again.

Any byte ends a silence, even a heartbeat comment that yields no event. So whoever reads the bytes
tells of them, and asks for the reports (`http_reply.ReplyReading`).

After the computer has slept, connections look alive but are dead, and the clock of timeouts has
stood still. A connection that stays silent for some seconds after waking is therefore taken for
lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from desktop_app.domain import hints
from desktop_app.domain.answering.answer_status import AnswerStatus, StatusCode, answer_status
from desktop_app.domain.answering.stream_events import StatusChanged
from desktop_app.domain.errors import StreamCutError
from desktop_app.i18n.translation import N_

_STALE_S = 0.1  # after waking, in which what came before the sleep is read
_SLEEP_THRESHOLD_S = 1.0  # above 0, because the two clocks are read one after the other


def suspended_s() -> float:
    """Return the seconds that the computer has slept since boot, 0 if unknown."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)


@dataclass(frozen=True)
class SilenceLimits:
    """Limits on silence, in seconds.

    Attributes:
        first_report: the silence after which the user is told.
        report_interval: the time between further reports of the same silence.
        after_sleep: the silence after waking that means that the connection is lost.
        check_interval: the longest time between two checks of the clocks.
        cut: the silence that ends the connection if another can replace it; None for never.
    """

    first_report: float = 40.0
    report_interval: float = 60.0
    after_sleep: float = 20.0
    check_interval: float = 1.0
    cut: float | None = None


class SilenceWatch:
    """Detector of silences of one connection. Create it while an event loop runs.

    After `limits.first_report` seconds without a byte, and after every further
    `limits.report_interval`, a StatusChanged event says how long the silence is. The next byte
    clears it with an empty StatusChanged event.

    Args:
        suspended_s: returns the seconds that the computer has slept; tests replace it.
        may_cut: True if `limits.cut` applies already; see `enable_cut`.

    Attributes:
        check_at: when `reports` is to be called next, by the clock of the event loop.
    """

    def __init__(
        self,
        provider: str,
        limits: SilenceLimits,
        suspended_s: Callable[[], float] = suspended_s,
        *,
        may_cut: bool = True,
    ) -> None:
        self._provider = provider
        self._limits = limits
        self._may_cut = may_cut
        self._suspended_s = suspended_s
        self._loop = asyncio.get_running_loop()
        self._heard_at = self.check_at = self._loop.time()
        self._slept_s = suspended_s()
        self._woke_at: float | None = None
        self._next_report_s = limits.first_report  # the silence that is reported next
        self._has_reported = self._is_over = False

    def end_silence(self) -> bool:
        """End the silence: bytes have arrived. Return True if a report is to be withdrawn."""
        now = self._loop.time()
        if self._woke_at is not None and now < self._woke_at + _STALE_S:
            return False
        self._heard_at = now
        self._woke_at = None
        self._next_report_s = self._limits.first_report
        self._is_over = self._has_reported
        return self._is_over

    def enable_cut(self) -> None:
        """Apply `limits.cut` from now on."""
        self._may_cut = True

    def reports(self) -> Iterator[StatusChanged]:
        """Yield the reports that are due.

        Raises:
            StreamCutError: the connection was silent for so long that it is taken for lost.
        """
        if self._is_over:
            self._has_reported = self._is_over = False
            yield StatusChanged()
        now = self._loop.time()
        if now < self.check_at:
            return
        slept_s = self._suspended_s()
        if slept_s - self._slept_s > _SLEEP_THRESHOLD_S:
            self._woke_at = now
            yield self._report(answer_status(StatusCode.WOKEN, provider=self._provider))
        self._slept_s = slept_s
        silent_s = now - self._heard_at
        if (lost := self._lost_error(silent_s, now)) is not None:
            raise lost
        if silent_s >= self._next_report_s:
            self._next_report_s += self._limits.report_interval
            yield self._report(
                answer_status(StatusCode.SILENT, provider=self._provider, seconds=round(silent_s))
            )
        cut_s = self._limits.cut if self._may_cut else None
        next_s = self._next_report_s if cut_s is None else min(self._next_report_s, cut_s)
        # A timer may fire a little early; do not restart it with no delay.
        self.check_at = now + max(min(next_s - silent_s, self._limits.check_interval), 0.01)

    def _lost_error(self, silent_s: float, now: float) -> StreamCutError | None:
        limits = self._limits
        if self._woke_at is not None and now - self._woke_at >= limits.after_sleep:
            message = N_("The connection to {provider} was lost while the computer was asleep.")
        elif self._may_cut and limits.cut is not None and silent_s >= limits.cut:
            message = N_("{provider} stopped sending data before the response finished.")
        else:
            return None
        return StreamCutError(
            message,
            hints.RETRY_BILLED,
            details=f"nothing heard for {silent_s:.0f} s",
            provider=self._provider,
        )

    def _report(self, report: AnswerStatus) -> StatusChanged:
        self._has_reported = True
        return StatusChanged(status=report)
