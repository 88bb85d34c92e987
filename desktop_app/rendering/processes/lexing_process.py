"""The child process that lexes code: `{"language": "python", "code": "x = 1"}` gives `{"spans": [[line,
start, length, colour], …]}`, or an error where the language has no lexer or the lexer is too slow.

Lexers are expressions that search backwards and forwards: of many a one there is a text of a few
thousand characters, be it of blank lines, that takes it minutes, and nothing stops it in between.
"""

from __future__ import annotations

from typing import Any

from desktop_app.rendering.processes import highlight
from desktop_app.rendering.processes.json_server import serve


def main() -> int:
    """Serve until the standard input closes."""
    return serve(answer)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What is coloured of the code, or why nothing is."""
    found = highlight.lexer(request["language"])
    if found is None:
        return {"error": "no lexer"}
    spans = highlight.spans(request["code"], found)
    return {"spans": [(*span[:3], span.colour.value) for span in spans]}
