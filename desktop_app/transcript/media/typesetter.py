"""Requests formulas from the typesetting process and caches them.

The process runs markdown/processes/json_server.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.markdown.processes.math_typesetting import Formula, is_within_limits, parse_formula
from desktop_app.transcript.media.json_process import JsonProcess

if TYPE_CHECKING:
    from desktop_app.child_processes import ChildCommand

_COLLECT_MS: Final = 50
"""Time in which typeset formulas are collected before they are reported together."""
_MAX_CACHED_FORMULAS: Final = 3_000
"""Formulas in the cache; a larger cache is cleared when another conversation is shown."""


class _Key(NamedTuple):
    """The TeX of a formula, and whether it is displayed on lines of its own."""

    tex: str
    display: bool


class Typesetter(QObject):
    """A cache of typeset formulas by TeX and display style.

    A formula that crashes the process or times out is not requested again.

    Signals:
        formulas_settled(): requested formulas are typeset, or never will be.
    """

    formulas_settled = Signal()

    def __init__(self, command: ChildCommand, parent: QObject | None = None) -> None:
        """Prepare to start the process with `command`."""
        super().__init__(parent)
        self._formulas: dict[_Key, Formula | None] = {}
        self._requests: dict[_Key, int] = {}  # the request numbers, in order
        self._process = JsonProcess(command, self)
        self._process.answered.connect(self._record_answer)
        self._ready_timer = QTimer(self, singleShot=True, interval=_COLLECT_MS)
        self._ready_timer.timeout.connect(self.formulas_settled)

    @property
    def is_busy(self) -> bool:
        """Return True until `formulas_settled` is emitted for all requests."""
        return self._process.is_busy or self._ready_timer.isActive()

    def find(self, tex: str, *, display: bool) -> Formula | None:
        """Return the formula, or None if it is not typeset.

        Request a formula that is neither typeset nor known to fail.
        """
        key = _Key(tex, display)
        if key in self._formulas:
            return self._formulas[key]
        if not is_within_limits(tex):
            self._formulas[key] = None
        elif key not in self._requests:
            self._requests[key] = self._process.ask({"tex": tex, "display": display})
        return None

    def forget(self) -> None:
        """Drop requests, because another conversation is shown. Clear a cache that is too large."""
        self._process.forget()
        # The process still answers the first request, which it is working on.
        self._requests = dict(list(self._requests.items())[:1]) if self._process.is_busy else {}
        if len(self._formulas) > _MAX_CACHED_FORMULAS:
            self._formulas.clear()

    def close(self) -> None:
        """End the process and drop all requests. The next request starts it again."""
        self._process.close()
        self._requests.clear()

    def _record_answer(self, number: int, answer: dict[str, Any] | None) -> None:
        key = next(iter(self._requests), None)
        if key is None or self._requests[key] != number:
            return  # the request was dropped
        del self._requests[key]
        self._formulas[key] = parse_formula(answer)
        if not self._ready_timer.isActive():
            self._ready_timer.start()
