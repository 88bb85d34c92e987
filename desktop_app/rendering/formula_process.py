"""Typesets formulas for what is written to a file: asks the process of maths_process.py and waits.

The window has its own way of asking (ui/transcript/typesetter.py), which never waits.
"""

from __future__ import annotations

import json
import select
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING, Any, Final

from desktop_app.child_processes import open_child
from desktop_app.rendering.maths import Formula, is_within_limits

if TYPE_CHECKING:
    from subprocess import Popen

    from desktop_app.child_processes import ChildCommand

_LONGEST_S: Final = 5.0


class FormulaProcess:
    """Formulas by TeX and whether they stand on a line of their own. The process starts with the
    first of them and ends with `close`; one that takes it down stays source."""

    def __init__(self, command: ChildCommand) -> None:
        """`command` starts the process."""
        self._command = command
        self._process: Popen[bytes] | None = None
        self._known: dict[tuple[str, bool], Formula | None] = {}

    def find(self, tex: str, *, display: bool) -> Formula | None:
        """The formula; None for one that is to stay as it is written."""
        key = (tex, display)
        if key not in self._known:
            answer = self._ask(tex, display) if is_within_limits(tex) else {"error": ""}
            self._known[key] = None if "error" in answer else Formula(**answer)
        return self._known[key]

    def forget(self) -> None:
        """Let go of the formulas that are known."""
        self._known.clear()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            with process:
                process.kill()

    def _ask(self, tex: str, display: bool) -> dict[str, Any]:
        process = self._process or open_child(
            self._command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
        )
        self._process = process
        line = b""
        if process.stdin is not None and process.stdout is not None:
            request = json.dumps({"id": 0, "tex": tex, "display": display})
            try:
                process.stdin.write(request.encode() + b"\n")
                process.stdin.flush()
                ready, _, _ = select.select([process.stdout], [], [], _LONGEST_S)
                line = process.stdout.readline() if ready else b""
            except BrokenPipeError:
                line = b""
        if not line.endswith(b"\n"):
            self.close()
            return {"error": "the process has gone"}
        answer: dict[str, Any] = json.loads(line)
        answer.pop("id")
        return answer
