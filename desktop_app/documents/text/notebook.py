"""Converts Jupyter notebooks: cells in order, code fenced, outputs as text without images."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from desktop_app.documents import refusals
from desktop_app.documents.text import web_page
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.code_fence import fenced

# Progress bars write each state over the one before.
_OVERWRITTEN: Final = re.compile(r"^[^\n]*\r(?=[^\r\n])", re.M)
# Colors, moves of the cursor, and the addresses of links (ECMA-48, 5.4; OSC 8).
_TERMINAL_CODE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
# An output may have several forms. If its plain text says nothing, the first of these is read.
_OTHER_FORMS: Final = ("text/markdown", "text/latex", "text/html")
# The plain text of an output that exists only as HTML, a formula or an image.
_NO_PLAIN_TEXT: Final = re.compile(r"<IPython\.core\.display\.\w+ object>")


def read(name: str, text: str) -> str:
    """Return the notebook as Markdown.

    Raises:
        DocumentDamagedError: it is not the JSON of nbformat 4.
    """
    try:
        notebook = json.loads(text)
        language = notebook.get("metadata", {}).get("language_info", {}).get("name", "")
        return "\n\n".join(part for cell in notebook["cells"] for part in _cell(cell, language))
    except BAD_VALUE as error:
        raise refusals.unparsable_error(name, error) from error


def _cell(cell: dict[str, Any], language: str) -> list[str]:
    """Return the source of a cell and its outputs, as Markdown; `language` is the notebook's."""
    source = _join_lines(cell["source"])
    if cell["cell_type"] != "code":
        return [source] if source else []
    outputs = "\n".join(_output(output) for output in cell.get("outputs", ()))
    outputs = _TERMINAL_CODE.sub("", outputs).strip()
    parts = ((source, language), (outputs, "output"))
    return [fenced(text, info_string) for text, info_string in parts if text.strip()]


def _output(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return _OVERWRITTEN.sub("", _join_lines(output["text"]).rstrip("\n"))
    if output["output_type"] == "error":
        # Without the traceback, which quotes lines of the cell and of libraries.
        return f"{output['ename']}: {output['evalue']}"
    forms = output.get("data", {})
    plain = _join_lines(forms.get("text/plain", ""))
    if plain and not _NO_PLAIN_TEXT.fullmatch(plain):
        return plain
    for media_type in _OTHER_FORMS:
        text = _join_lines(forms.get(media_type, ""))
        if text and media_type == "text/html":
            text = web_page.to_markdown(text)
        if text:
            return text
    return plain


def _join_lines(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
