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
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from desktop_app import sandbox
from desktop_app.rendering.processes.cpu_limit import TooSlowError, run_limited

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY: Final = sandbox.Policy(memory_bytes=512 << 20)


def serve(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """Answer until the standard input closes. The process is confined before it reads a byte."""
    sandbox.confine(POLICY)
    # Ctrl+C in the terminal is meant for the parent process, which ends this process itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            result = run_limited(partial(answer, request))
        except TooSlowError:
            result = {"error": "too slow"}
        sys.stdout.write(json.dumps({"id": request["id"], **result}) + "\n")
        sys.stdout.flush()
    return 0
