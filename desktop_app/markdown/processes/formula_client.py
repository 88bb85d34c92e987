"""Typesets formulas and draws diagrams for files: asks a process of json_server.py, and waits.

The window has other clients (transcript/media/answer_cache.py), which never wait.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING, Any, Final

from desktop_app.child_processes import ChildCommand, name_of, open_child
from desktop_app.domain.activity_log import log_end
from desktop_app.markdown.color_tokens import LIGHT, NAMES
from desktop_app.markdown.processes.diagram_drawing import (
    MAX_SOURCE_LENGTH,
    Diagram,
    drawing_request,
    is_diagram,
    parse_drawing,
)
from desktop_app.markdown.processes.json_server import MAX_ANSWER_BYTES, parse_answer
from desktop_app.markdown.processes.math_typesetting import Formula, is_within_limits, parse_formula

if TYPE_CHECKING:  # processes are started in child_processes only
    from subprocess import Popen

_MAX_WAIT_S: Final = 5.0
"""Seconds after which a request is given up."""
_REQUEST_ID: Final = 0
"""The id of every request: each waits for its answer, so there is never a second one."""


class FormulaClient:
    """A client of one child process, with a cache of formulas by TeX and display mode.

    The process starts at the first request and ends at `close`. A request that crashes the process
    or takes too long has no answer; the next request starts another process.
    """

    def __init__(self, command: ChildCommand) -> None:
        """`command` starts the process."""
        self._command = command
        self._process: Popen[bytes] | None = None
        self._start = 0.0
        self._formulas: dict[tuple[str, bool], Formula | None] = {}

    def close(self) -> None:
        """End the process."""
        process = self._process
        self._process = None
        if process is not None:
            # Closing fails if the process has ended without reading a request.
            with suppress(OSError), process:
                process.kill()
            log_end(name_of(self._command), f"code {process.returncode}", self._start)

    def find(self, tex: str, *, display: bool) -> Formula | None:
        """Return the formula; None if it cannot be typeset, or crashes the process."""
        key = (tex, display)
        if key not in self._formulas:
            answer = self.ask({"tex": tex, "display": display}) if is_within_limits(tex) else None
            self._formulas[key] = parse_formula(answer)
        return self._formulas[key]

    def office_math(self, tex: str, *, display: bool) -> str | None:
        """Return the formula in Office Math; None if it cannot be written, or on a crash."""
        if not is_within_limits(tex):
            return None
        answer = self.ask({"tex": tex, "display": display, "office": True})
        return answer.get("office") if answer else None

    def draw(self, language: str, source: str) -> Diagram | None:
        """Return the picture of code in the light colors; None for other code, or if it fails."""
        if not is_diagram(language) or len(source) > MAX_SOURCE_LENGTH:
            return None
        request = drawing_request(source, dict(zip(NAMES, LIGHT, strict=True)))
        drawn = parse_drawing(self.ask(request))
        return drawn if isinstance(drawn, Diagram) else None

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the answer; None if the process cannot start, ends, hangs or answers wrongly."""
        answer = None
        with suppress(OSError):
            if self._process is None:
                self._start = time.monotonic()
                self._process = open_child(self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
            requests, answers = self._process.stdin, self._process.stdout
            assert requests is not None
            assert answers is not None
            line = json.dumps({"id": _REQUEST_ID, **request}).encode() + b"\n"
            watchdog = threading.Timer(_MAX_WAIT_S, self._process.kill)
            watchdog.start()
            try:
                requests.write(line)
                requests.flush()
                answer = parse_answer(answers.readline(MAX_ANSWER_BYTES + 1), _REQUEST_ID)
            finally:
                watchdog.cancel()
        if answer is None:
            self.close()
        return answer
