"""Requests formulas from the typesetting process and caches them.

The process runs rendering/processes/math_process.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.rendering.processes.math_typesetting import Formula, formula_of, is_within_limits
from desktop_app.ui.transcript.media.json_process import JsonProcess

if TYPE_CHECKING:
    from desktop_app.child_processes import ChildCommand

_TOGETHER_MS: Final = 50
_KEPT: Final = 3_000

Key = tuple[str, bool]


class Typesetter(QObject):
    """A cache of typeset formulas by TeX and display style.

    A formula that crashes the process or times out is not requested again.

    Signals:
        formulas_ready(): requested formulas are typeset, or never will be.
    """

    formulas_ready = Signal()

    def __init__(self, command: ChildCommand, parent: QObject | None = None) -> None:
        """Prepare to start the process with `command`."""
        super().__init__(parent)
        self._known: dict[Key, Formula | None] = {}
        self._asked: dict[Key, int] = {}  # the request numbers, in order
        self._asker = JsonProcess(command, self)
        self._asker.answered.connect(self._settle)
        self._news = QTimer(self, singleShot=True, interval=_TOGETHER_MS)
        self._news.timeout.connect(self.formulas_ready)

    @property
    def is_busy(self) -> bool:
        """Return True until `formulas_ready` is emitted for all requests."""
        return self._asker.is_busy or self._news.isActive()

    def find(self, tex: str, *, display: bool) -> Formula | None:
        """Return the formula if it is typeset. Otherwise request it."""
        key = (tex, display)
        if key in self._known:
            return self._known[key]
        if not is_within_limits(tex):
            self._known[key] = None
        elif key not in self._asked:
            self._asked[key] = self._asker.ask({"tex": tex, "display": display})
        return None

    def forget(self) -> None:
        """Drop requests, because another conversation is shown. Clear a cache that is too large."""
        self._asker.forget()
        self._asked = dict(list(self._asked.items())[:1]) if self._asker.is_busy else {}
        if len(self._known) > _KEPT:
            self._known.clear()

    def close(self) -> None:
        """End the process. The next request starts it again."""
        self._asker.close()

    def _settle(self, number: int, answer: dict[str, Any] | None) -> None:
        key, asked = next(iter(self._asked.items()), (("", False), 0))
        if number == asked:
            del self._asked[key]
            self._known[key] = formula_of(answer)
            if not self._news.isActive():
                self._news.start()
