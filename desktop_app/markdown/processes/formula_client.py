"""Typesets formulas and draws diagrams for files.

The window has other clients (transcript/media/drawings.py), which never wait.
"""

from __future__ import annotations

from desktop_app.child_processes import ChildCommand
from desktop_app.markdown.color_tokens import LIGHT, NAMES
from desktop_app.markdown.processes.diagram_drawing import (
    MAX_SOURCE_LENGTH,
    Diagram,
    drawing_request,
    is_diagram,
    parse_drawing,
)
from desktop_app.markdown.processes.json_client import JsonClient
from desktop_app.markdown.processes.math_typesetting import Formula, is_within_limits, parse_formula


class FormulaClient(JsonClient):
    """A client with a cache of formulas by TeX and display mode."""

    def __init__(self, command: ChildCommand) -> None:
        super().__init__(command)
        self._formulas: dict[tuple[str, bool], Formula | None] = {}

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
