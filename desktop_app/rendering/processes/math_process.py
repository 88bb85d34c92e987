"""Typesets formulas; the main module of a child process.

`{"tex": "x^2", "display": false}` gives `{"svg": …, "width": …, "ascent": …, "depth": …}`, or an
error for a formula that is to stay as written.
"""

from __future__ import annotations

from typing import Any

from desktop_app.rendering.processes.json_server import serve
from desktop_app.rendering.processes.math_typesetting import CannotTypesetError, typeset


def main() -> int:
    """Serve until the standard input closes."""
    return serve(answer)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return the drawing of a formula, or an error."""
    try:
        return typeset(request["tex"], display=request["display"])._asdict()
    except CannotTypesetError as error:
        return {"error": str(error)}
