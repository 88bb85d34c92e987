"""Answers requests about the PDF that is open in the child process (see page_worker.py).

Only one document is open at a time. The answer to a request for another is "view-closed", and the
parent process asks to open that document.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, BinaryIO

from desktop_app.documents.pdf.pdf_view import PdfView
from desktop_app.documents.worker.protocol import Strip, write_frame

_open_views: dict[str, PdfView] = {}
"""The open view, if any, by the SHA-256 of its document."""


def serve(
    header: dict[str, Any], payload: bytes, answers: BinaryIO, receive_file: Callable[[], int]
) -> None:
    """Answer a request whose kind begins with "view-".

    Args:
        receive_file: returns the descriptor of the file that the request announces.
    """
    if header["kind"] == "view-open":
        _open_document(header, receive_file() if header["by"] == "descriptor" else payload, answers)
        return
    view = _open_views.get(header["document"])
    if view is None:
        write_frame(answers, {"kind": "view-closed"})
    elif header["kind"] == "view-strip":
        pixels = view.render_strip(Strip(*header["strip"]))
        write_frame(answers, {"kind": "strip"}, pixels)
    else:
        text, preceding_text = json.loads(payload)
        boxes = view.find_boxes(int(header["page"]), text, preceding_text)
        write_frame(answers, {"kind": "boxes", "boxes": boxes})


def _open_document(header: dict[str, Any], source: int | bytes, answers: BinaryIO) -> None:
    """Open a document from its bytes or a descriptor, and close any other."""
    for view in _open_views.values():
        view.close()
    _open_views.clear()
    view = PdfView(header["name"], source, header["password"])
    _open_views[header["document"]] = view
    write_frame(answers, {"kind": "opened"}, json.dumps(view.page_sizes()).encode())
