"""The child process that typesets formulas.

It reads requests from its standard input, one JSON object in a line, and writes as many answers to
its standard output: `{"id": 3, "tex": "x^2", "display": false}` gives `{"id": 3, "svg": …, "width": …,
"ascent": …, "depth": …}`, or `{"id": 3, "error": "…"}` for one that is to stay as it is written.
A formula that takes too long is given up; memory is limited. It ends with its standard input.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from desktop_app.rendering.maths import CannotTypesetError, typeset

if TYPE_CHECKING:
    from types import FrameType

LONGEST_S: Final = 1.0
"""Of processor time, so that a busy machine takes no formula away."""

_MEMORY: Final = 512 * 1024 * 1024


def main() -> int:
    """Serve until the standard input closes."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, _give_up)
    # A hit Ctrl+C in the terminal is meant for the window, which ends this process itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        request = json.loads(line)
        sys.stdout.write(json.dumps({"id": request["id"], **answer(request)}) + "\n")
        sys.stdout.flush()
    return 0


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The drawing that was asked for, or why there is none."""
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
    try:
        return typeset(request["tex"], display=request["display"])._asdict()
    except CannotTypesetError as error:
        return {"error": str(error)}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise CannotTypesetError("too slow")
