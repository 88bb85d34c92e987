"""The child process that typesets formulas: `{"tex": "x^2", "display": false}` gives `{"svg": …,
"width": …, "ascent": …, "depth": …}`, or an error for one that is to stay as it is written.
"""

from __future__ import annotations

from typing import Any

from desktop_app.rendering.processes.json_server import serve
from desktop_app.rendering.processes.math_typesetting import CannotTypesetError, typeset


def main() -> int:
    """Serve until the standard input closes."""
    return serve(answer)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The drawing that was asked for, or why there is none."""
    try:
        return typeset(request["tex"], display=request["display"])._asdict()
    except CannotTypesetError as error:
        return {"error": str(error)}
