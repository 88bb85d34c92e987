"""Jupyter notebooks: cells in order, code fenced, outputs as text and without their pictures."""

from __future__ import annotations

import json
from typing import Any

from desktop_app.documents import refusals


def read(name: str, text: str) -> str:
    """The notebook as Markdown.

    Raises:
        DocumentDamagedError: not the JSON that nbformat 4 describes.
    """
    try:
        notebook = json.loads(text)
        language = notebook.get("metadata", {}).get("language_info", {}).get("name", "")
        return "\n\n".join(
            part for cell in notebook["cells"] for part in _cell(cell, language) if part
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise refusals.damaged(name, f"{type(error).__name__}: {error}"[:500]) from error


def _cell(cell: dict[str, Any], language: str) -> list[str]:
    source = _joined(cell["source"])
    if cell["cell_type"] != "code":
        return [source]
    outputs = "\n".join(_output(output) for output in cell.get("outputs", ())).strip()
    shown = [_fenced(source, language), _fenced(outputs, "output")]
    return [part for part in shown if part]


def _output(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return _joined(output["text"]).rstrip("\n")
    if output["output_type"] == "error":
        return f"{output['ename']}: {output['evalue']}"
    return _joined(output["data"].get("text/plain", ""))


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _fenced(text: str, language: str) -> str:
    if not text.strip():
        return ""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"
