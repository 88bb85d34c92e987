"""Reads documents and counts tokens; the main module of the child process.

The child reads requests from its standard input, and writes replies to its standard output
(protocol.py). Before it reads a byte, it gives up every permission that it does not need (see the
package `sandbox`). It can open only installed software and fonts, and cannot write files, connect
or start processes. The child ends when its standard input closes, even if the parent process was
killed. A thread watches the input, so that a document that takes minutes does not keep the child
alive.
"""

from __future__ import annotations

import functools
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from traceback import extract_tb
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec

from desktop_app import sandbox
from desktop_app.documents import refusals
from desktop_app.documents.worker import protocol
from desktop_app.domain.errors import DocumentError
from desktop_app.frames import read_frame, write_frame
from desktop_app.i18n.translation import N_
from desktop_app.paths import resource_path

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

    from desktop_app.documents.pdf.pdf_view import PdfView

Request = tuple[dict[str, Any], bytes]
Report = Callable[[protocol.Progress | protocol.PageRead], None]

# The user would not see more frequent updates.
_PROGRESS_EVERY_S: Final = 0.04

_open_views: list[PdfView] = []
"""The view of the open document, if any."""

_open_pdfs: list[PdfDocument] = []
"""The document whose pages are being read, if any."""


def main(memory_bytes: str) -> int:
    """Serve until the standard input closes.

    Args:
        memory_bytes: the maximum private memory of this process.
    """
    replies = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)  # for what libraries print
    os.dup2(nowhere, 1)
    os.close(nowhere)
    sandbox.confine(policy(int(memory_bytes), (replies.fileno(),)))
    sys.excepthook = functools.partial(_report_crash, replies)
    requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, requests), daemon=True).start()
    while True:
        header, payload = requests.get()
        _write(replies, _reply(header, payload, replies))


def policy(memory: int, descriptors: tuple[int, ...]) -> sandbox.Policy:
    """Return the permissions of this process: memory, descriptors, and the tokenizer's data."""
    return sandbox.Policy(
        memory_bytes=memory, readable=(resource_path("tokenizer"),), descriptors=descriptors
    )


def _report_crash(
    replies: BinaryIO,
    kind: type[BaseException],
    _error: BaseException,
    traceback: TracebackType | None,
) -> None:
    """Report the type and place of the fatal error for the log, but nothing of the document."""
    frame = extract_tb(traceback)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    _write(replies, protocol.Refusal(details=f"{kind.__name__} in {place}", ends_child=True))


def _receive(stream: BinaryIO, requests: queue.SimpleQueue[Request]) -> None:
    """Queue requests; end the process at once when no more can come."""
    while (packed := read_frame(stream)) is not None:
        header = msgspec.msgpack.decode(packed)
        requests.put((header, stream.read(header["size"])))
    os._exit(0)


def _write(stream: BinaryIO, message: msgspec.Struct) -> None:
    write_frame(stream, msgspec.msgpack.encode(message))


def _reply(
    header: dict[str, Any], payload: bytes, replies: BinaryIO
) -> protocol.Result[Any] | protocol.Refusal:
    """Return the result; a refusal for a DocumentError or exhausted memory."""
    limits = protocol.Limits(*header["limits"])
    try:
        report = _progress_reporter(replies)
        value = _serve(
            header["kind"], header["name"], payload, limits, report, **header["arguments"]
        )
        return protocol.Result(value)
    except DocumentError as error:
        return _refusal(error)
    except MemoryError:
        needs_memory = refusals.too_large_error(
            header["name"],
            N_("“{name}” needs over {limit} MB of memory."),
            limit=limits.memory_bytes >> 20,
        )
        refusal = _refusal(needs_memory)
        refusal.ends_child = True
        return refusal


def _refusal(error: DocumentError) -> protocol.Refusal:
    return protocol.Refusal(
        type(error).__name__,
        error.message,
        error.hint,
        dict(error.params),
        error.details,
        getattr(error, "takes_password", False),
    )


def _serve(
    kind: str, name: str, payload: bytes, limits: protocol.Limits, report: Report, **arguments: Any
) -> object:
    """Return what a request asks for. Libraries are imported when they are first needed."""
    match kind:
        case "extract":
            from desktop_app.documents.extract import extract_bytes

            return extract_bytes(name, payload, limits, report, **arguments)
        case "pdf-open" | "pdf-pages" | "pdf-finish":
            return _serve_pdf(kind, name, payload, limits, report, **arguments)
        case "scale":
            from desktop_app.documents import image_reader

            return image_reader.scale(name, payload, limits=limits, **arguments)
        case "decode":
            from desktop_app.documents import image_reader

            return image_reader.decode(name, payload, limits=limits, **arguments)
        case "render":
            from desktop_app.documents.pdf import pdf_view

            return pdf_view.render(name, payload, **arguments)
        case "convert":
            from desktop_app.documents.text.web_page import convert_selection

            return convert_selection(payload.decode())
        case "workbook-rows":
            from desktop_app.documents.spreadsheets import sheet_rows

            return sheet_rows.read_rows(name, payload, limits, **arguments)
        case "word-text":
            from desktop_app.documents.office import word_text

            return word_text.read_text(name, payload, limits)
        case "word-with-text":
            from desktop_app.documents.office import word_text

            size = arguments["text_bytes"]
            text = payload[:size].decode()
            return word_text.with_text(name, payload[size:], text, limits)
        case "view-sizes" | "view-strip" | "view-boxes":
            return _serve_view(kind, name, payload, **arguments)
    from desktop_app.documents.index import chunks
    from desktop_app.documents.index.token_count import count_tokens

    text = payload.decode()
    match kind:
        case "count":
            return count_tokens(text)
        case "chunk":
            return chunks.chunks(text, arguments["limit"], count_tokens)
        case "passages":
            return list(chunks.passages(text, name, arguments["media_type"], count_tokens))
    raise ValueError(kind)


def _serve_pdf(
    kind: str, name: str, payload: bytes, limits: protocol.Limits, report: Report, **arguments: Any
) -> object:
    """Return what a request about the pages of a PDF asks for (pdf_reading.py)."""
    from desktop_app.documents import extract
    from desktop_app.documents.pdf import pdf_reader, pdf_view

    match kind:
        case "pdf-open":
            _close_pdf()
            _open_pdfs.append(pdf_view.open_document(name, payload, arguments["password"]))
            return pdf_reader.inspect(name, _open_pdfs[0], limits)
        case "pdf-pages":
            start, stop = arguments["start"], arguments["stop"]
            for page in pdf_reader.read_pages(name, _open_pdfs[0], start, stop):
                report(page)
            return None
    _close_pdf()
    pages = msgspec.msgpack.decode(payload, type=list[protocol.PageRead])
    opened = msgspec.convert(arguments.pop("opened"), protocol.OpenedPdf)
    result = pdf_reader.compose(name, opened, pages)
    return extract.counted(name, result, **arguments)


def _close_pdf() -> None:
    while _open_pdfs:
        _open_pdfs.pop().close()


def _serve_view(
    kind: str, name: str, payload: bytes, password: str = "", **arguments: Any
) -> object:
    """Return what a request about a PDF asks for (page_worker.py).

    Only one document is open at a time: that whose bytes came last.
    """
    from desktop_app.documents.pdf.pdf_view import PdfView

    if payload:
        while _open_views:
            _open_views.pop().close()
        _open_views.append(PdfView(name, payload, password))
    (view,) = _open_views
    match kind:
        case "view-strip":
            return view.render_strip(protocol.Strip(*arguments["strip"]))
        case "view-boxes":
            return view.find_boxes(**arguments)
    return view.page_sizes()


def _progress_reporter(replies: BinaryIO) -> Report:
    """Return a callback that sends steps: each page; of the progress, some and the last."""
    sent_at = 0.0

    def report(step: protocol.Progress | protocol.PageRead) -> None:
        nonlocal sent_at
        now = time.monotonic()
        is_due = now - sent_at >= _PROGRESS_EVERY_S
        if isinstance(step, protocol.PageRead) or step.done == step.total or is_due:
            sent_at = now
            _write(replies, step)

    return report
