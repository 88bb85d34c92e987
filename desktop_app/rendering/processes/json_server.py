"""The request loop of the child processes for formulas, highlighting and regular expressions.

Each process reads requests from its standard input, one JSON object per line, and writes an answer
to each to its standard output: to `{"id": 3, …}` either `{"id": 3, …}` with the result, or
`{"id": 3, "error": "…"}`. Requests that take too long are aborted; memory is limited, and files,
sockets and processes are out of reach (see the package `sandbox`). The process ends when its
standard input closes.
"""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from desktop_app import sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

MAX_CPU_S: Final = 1.0
"""Seconds of processor time for a request, which do not depend on how busy the machine is."""

POLICY: Final = sandbox.Policy(memory_bytes=512 << 20)


class TooSlowError(Exception):
    """A request has used up its time."""


def serve(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """Answer until the standard input closes. The process is confined before it reads a byte."""
    sandbox.confine(POLICY)
    signal.signal(signal.SIGPROF, _abort)
    # Ctrl+C in the terminal is meant for the window, which ends this process itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, MAX_CPU_S)
        try:
            result = answer(request)
        except TooSlowError:
            result = {"error": "too slow"}
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.write(json.dumps({"id": request["id"], **result}) + "\n")
        sys.stdout.flush()
    return 0


def _abort(_number: int, _frame: FrameType | None) -> None:
    raise TooSlowError
