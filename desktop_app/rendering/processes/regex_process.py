"""Searches answers with the regular expressions of evaluations; the main module of a child process.

`{"pattern": "a+", "text": "…"}` gives `{"found": true}`, or an error if the pattern is invalid or
too slow. Many patterns take years for some short text, and cannot be interrupted.
"""

from __future__ import annotations

import re
from typing import Any

from desktop_app.rendering.processes.json_server import serve


def main() -> int:
    """Serve until the standard input closes."""
    return serve(answer)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return whether the pattern is found in the text, or an error."""
    try:
        return {"found": re.search(request["pattern"], request["text"]) is not None}
    except (re.error, RecursionError, OverflowError) as error:
        return {"error": str(error)}
