"""Aborts work that takes too much processor time."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

MAX_CPU_S: Final = 1.0
"""Maximum seconds of processor time of `run_limited`, not counting other processes."""

_Result = TypeVar("_Result")


class TooSlowError(Exception):
    """Work has used up its time."""


def run_limited(work: Callable[[], _Result]) -> _Result:
    """Return the result of `work`. Call it only in the main thread, and do not nest calls.

    Raises:
        TooSlowError: the work took longer than `MAX_CPU_S`.
    """
    if sys.platform == "win32":  # Windows has no timer of processor time
        return work()
    signal.signal(signal.SIGPROF, _abort)
    signal.setitimer(signal.ITIMER_PROF, MAX_CPU_S)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _abort(_number: int, _frame: FrameType | None) -> None:
    raise TooSlowError
