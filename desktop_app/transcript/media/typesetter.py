"""Requests formulas from the typesetting process and caches them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from desktop_app.markdown.processes.math_typesetting import Formula, is_within_limits, parse_formula
from desktop_app.transcript.media.answer_cache import AnswerCache

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from desktop_app.child_processes import ChildCommand

_MAX_CACHED_FORMULAS: Final = 3_000
"""Formulas in the cache; a larger cache is cleared when another conversation is shown."""


class _Key(NamedTuple):
    """The TeX of a formula, and whether it is displayed on lines of its own."""

    tex: str
    display: bool


class Typesetter(AnswerCache):
    """A cache of typeset formulas by TeX and display style."""

    def __init__(self, command: ChildCommand, parent: QObject | None = None) -> None:
        super().__init__(command, parent)
        self._formulas: dict[_Key, Formula | None] = {}

    def find(self, tex: str, *, display: bool) -> Formula | None:
        """Return the formula, or None if it is not typeset.

        Request a formula that is neither typeset nor known to fail.
        """
        key = _Key(tex, display)
        if key in self._formulas:
            return self._formulas[key]
        if not is_within_limits(tex):
            self._formulas[key] = None
        else:
            self._request(key, {"tex": tex, "display": display})
        return None

    def keep(self, key: _Key, answer: dict[str, Any] | None) -> None:
        self._formulas[key] = parse_formula(answer)

    def forget(self) -> None:
        """Drop requests, because another conversation is shown. Clear a cache that is too large."""
        super().forget()
        if len(self._formulas) > _MAX_CACHED_FORMULAS:
            self._formulas.clear()
