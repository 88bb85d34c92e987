"""Lexes code; the main module of a child process.

`{"language": "python", "code": "x = 1"}` gives `{"spans": [[line, start, length, color], …]}`, or
an error if the language has no lexer or the lexer is too slow. Many lexers take minutes for some
text of a few thousand characters, even for blank lines.
"""

from __future__ import annotations

from typing import Any

from desktop_app.rendering.processes import highlight
from desktop_app.rendering.processes.json_server import serve


def main() -> int:
    """Serve until the standard input closes."""
    return serve(answer)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return the colored spans of the code, or an error."""
    lexer = highlight.lexer_for(request["language"])
    if lexer is None:
        return {"error": "no lexer"}
    spans = highlight.spans(request["code"], lexer)
    rows = [(span.line, span.start, span.length, span.color.value) for span in spans]
    return {"spans": rows}
