"""The child processes that typeset formulas, lex code and draw diagrams: their loop and protocol.

Each process reads requests from its standard input, one JSON object per message (`frames`), and
writes an answer to each to its standard output: to `{"id": 3, …}` either `{"id": 3, …}` with the
result, or `{"id": 3, "error": "…"}`. Requests that take too long are aborted; memory is limited,
and files, sockets and processes are out of reach (see the package `sandbox`). The process ends when
its standard input closes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, Final, TypeVar

from desktop_app import sandbox
from desktop_app.frames import read_frame, write_frame

POLICY: Final = sandbox.Policy(memory_bytes=512 << 20)
MAX_CPU_S: Final = 1.0
"""Maximum seconds of processor time of `run_limited`, not counting other processes."""
_MAX_WALL_S: Final = 4.0
MAX_ANSWER_BYTES: Final = 1 << 20
"""Bytes. The largest formula takes half of it, the largest diagram nine tenths."""

_Result = TypeVar("_Result")


class TooSlowError(Exception):
    """Work has used up its time."""


def run_limited(work: Callable[[], _Result]) -> _Result:
    """Return the result of `work`. Call it only in the main thread, and do not nest calls.

    Raises:
        TooSlowError: the work took longer than `MAX_CPU_S`.
    """
    if (
        sys.platform == "win32"
    ):  # where no signal interrupts Python; the next request starts a new one
        watchdog = threading.Timer(_MAX_WALL_S, os._exit, (1,))
        watchdog.start()
        try:
            return work()
        finally:
            watchdog.cancel()
    signal.signal(signal.SIGPROF, _abort)
    signal.setitimer(signal.ITIMER_PROF, MAX_CPU_S)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _abort(_number: int, _frame: FrameType | None) -> None:
    raise TooSlowError


def serve(
    answer: Callable[[dict[str, Any]], dict[str, Any]], policy: sandbox.Policy = POLICY
) -> int:
    """Answer until the standard input closes. The process is confined before it reads a byte."""
    sandbox.confine(policy)
    # Ctrl+C in the terminal is meant for the parent process, which ends this process itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while (message := read_frame(sys.stdin.buffer)) is not None:
        request = json.loads(message)
        try:
            result = run_limited(partial(answer, request))
        except TooSlowError:
            result = {"error": "too slow"}
        write_frame(sys.stdout.buffer, json.dumps({"id": request["id"], **result}).encode())
    return 0


def parse_answer(message: bytes, number: int) -> dict[str, Any] | None:
    """Return the answer to request `number`, without the number; None for any other message."""
    try:
        answer = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or answer.pop("id", None) != number:
        return None
    return answer


def typeset_formula(request: dict[str, Any]) -> dict[str, Any]:
    """Return the drawing of a formula, or an error for one that is to stay as written.

    `{"tex": "x^2", "display": false}` gives `{"svg": …, "width": …, "ascent": …, "depth": …}`;
    with `"office": true`, `{"office": …}` with the formula in Office Math.
    """
    from desktop_app.markdown.processes.math_typesetting import (
        CannotTypesetError,
        office_math,
        typeset,
    )

    try:
        if request.get("office"):
            return {"office": office_math(request["tex"], display=request["display"])}
        return typeset(request["tex"], display=request["display"])._asdict()
    except CannotTypesetError as error:
        return {"error": str(error)}


def lex_code(request: dict[str, Any]) -> dict[str, Any]:
    """Return the colored spans of code, or an error if its language has no lexer.

    `{"language": "python", "code": "x = 1"}` gives `{"spans": [[line, start, length, color], …]}`.
    Many lexers take minutes for some text of a few thousand characters, even for blank lines.
    """
    from desktop_app.markdown.processes import highlight

    lexer = highlight.lexer_for(request["language"])
    if lexer is None:
        return {"error": "no lexer"}
    spans = highlight.spans(request["code"], lexer)
    return {"spans": [(span.line, span.start, span.length, span.color.value) for span in spans]}
