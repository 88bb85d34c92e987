"""Typesets formulas for files: asks the process of math_process.py, and waits for its answer.

The window has another client (ui/transcript/media/typesetter.py), which never waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.rendering.processes.line_client import LineClient
from desktop_app.rendering.processes.math_typesetting import (
    Formula,
    is_within_limits,
    parse_formula,
)

if TYPE_CHECKING:
    from desktop_app.child_processes import ChildCommand


class FormulaClient(LineClient):
    """Client that typesets formulas, with a cache by TeX and display mode."""

    def __init__(self, command: ChildCommand) -> None:
        """`command` starts the process."""
        super().__init__(command)
        self._formulas: dict[tuple[str, bool], Formula | None] = {}

    def find(self, tex: str, *, display: bool) -> Formula | None:
        """Return the formula; None if it cannot be typeset, or crashes the process."""
        key = (tex, display)
        if key not in self._formulas:
            answer = self.ask({"tex": tex, "display": display}) if is_within_limits(tex) else None
            self._formulas[key] = parse_formula(answer)
        return self._formulas[key]

    def forget(self) -> None:
        """Drop the cached formulas."""
        self._formulas.clear()
