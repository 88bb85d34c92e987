"""Reads documents and counts tokens; the main module of the child process.

The child reads requests from its standard input, and writes answers to its standard output, in the
frames of `protocol.py`. Before it reads a byte, it gives up every permission that it does not need
(see the package `sandbox`). It can open only installed software and fonts, and cannot write
files, connect or start processes. Documents come as bytes, or as descriptors of open files. The
child ends when its standard input closes, even if the parent process was killed. A thread watches
the input, so that a document that takes minutes does not keep the child alive.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from traceback import extract_tb
from types import TracebackType
from typing import Any, BinaryIO, Final

from desktop_app import sandbox
from desktop_app.documents import extract, refusals
from desktop_app.documents.worker.protocol import (
    Limits,
    OnProgress,
    Progress,
    error_to_json,
    read_frame,
    rows_to_payload,
    write_frame,
)
from desktop_app.domain.documents.document_notes import note_to_json
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.domain.errors import DocumentError
from desktop_app.paths import resource_path

Frame = tuple[dict[str, Any], bytes]
"""The header and the payload of a request."""

# The user would not see more frequent updates.
_PROGRESS_EVERY_S: Final = 0.04


def main(arguments: Sequence[str]) -> int:
    """Serve until the standard input closes.

    Args:
        arguments: the descriptor of the socket for open files, and the maximum private memory of
            this process in bytes.
    """
    descriptor, memory = map(int, arguments)
    files = socket.socket(fileno=descriptor)
    answers = _redirect_standard_output()
    sandbox.confine(policy(memory, (descriptor, answers.fileno())))
    sys.excepthook = functools.partial(_report_crash, answers)
    requests: queue.SimpleQueue[Frame] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, requests), daemon=True).start()
    while True:
        header, payload = requests.get()
        _serve(header, payload, answers, files)


def policy(memory: int, descriptors: tuple[int, ...]) -> sandbox.Policy:
    """Return the permissions of this process: memory, descriptors, and the tokenizer's data."""
    return sandbox.Policy(
        memory_bytes=memory, readable=(resource_path("tokenizer"),), descriptors=descriptors
    )


def _redirect_standard_output() -> BinaryIO:
    """Return a stream to the standard output for frames; what libraries print is discarded."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return answers


def _report_crash(
    answers: BinaryIO,
    kind: type[BaseException],
    _error: BaseException,
    traceback: TracebackType | None,
) -> None:
    """Report the type and place of the fatal error for the log, but nothing of the document."""
    frame = extract_tb(traceback)[-1]
    details = f"{kind.__name__} in {Path(frame.filename).name}:{frame.lineno}"
    write_frame(answers, {"kind": "crashed", "details": details})


def _receive(stream: BinaryIO, requests: queue.SimpleQueue[Frame]) -> None:
    """Queue requests; end the process at once when no more can come."""
    while frame := read_frame(stream):
        requests.put(frame)
    os._exit(0)


def _serve(header: dict[str, Any], payload: bytes, answers: BinaryIO, files: socket.socket) -> None:
    """Answer a request. Refuse it if it raises a DocumentError or exhausts the memory."""
    limits = Limits(**header["limits"])
    try:
        if header["kind"] == "scale":
            _send_scaled_image(header, payload, limits, answers)
        elif header["kind"] == "decode":
            _send_decoded_image(header, payload, limits, answers)
        elif header["kind"] == "render":
            _send_rendered_pages(header, payload, answers)
        elif header["kind"] == "count":
            from desktop_app.documents.index.token_count import count_tokens

            write_frame(answers, {"kind": "counted", "tokens": count_tokens(payload.decode())})
        elif header["kind"].startswith("view-"):
            from desktop_app.documents.worker import view_requests

            view_requests.serve(header, payload, answers, lambda: _receive_file(files))
        elif header["kind"] == "convert":
            from desktop_app.documents.text.web_page import convert_selection

            markdown = convert_selection(payload.decode())
            write_frame(answers, {"kind": "converted"}, markdown.encode())
        elif header["kind"] == "chunk":
            _send_chunks(payload.decode(), header, answers)
        elif header["kind"] == "passages":
            _send_passages(payload.decode(), header, answers)
        else:
            _send_document(_extract(header, payload, limits, answers, files), answers)
    except DocumentError as error:
        write_frame(answers, {"kind": "refused", **error_to_json(error)})
    except MemoryError:
        memory_error = refusals.needs_memory_error(header["name"], limits)
        # Memory that the document took is not freed reliably, so the parent starts a new child.
        write_frame(answers, {"kind": "refused", "exhausted": True, **error_to_json(memory_error)})


def _receive_file(files: socket.socket) -> int:
    """Return the descriptor that the parent process sends next.

    Raises:
        OSError: the parent process could not open the file.
    """
    _, descriptors, _, _ = socket.recv_fds(files, 1, 1)
    if not descriptors:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    return descriptors[0]


def _extract(
    header: dict[str, Any], payload: bytes, limits: Limits, answers: BinaryIO, files: socket.socket
) -> ExtractedDocument:
    name = header["name"]
    password = header["password"]
    report = _progress_reporter(answers)
    if header["kind"] == "extract-file":
        return extract.extract_file(
            name,
            descriptor=_receive_file(files),
            limits=limits,
            on_progress=report,
            password=password,
        )
    if header["kind"] == "extract-bytes":
        return extract.extract_bytes(
            name, data=payload, limits=limits, on_progress=report, password=password
        )

    def open_member(number: int) -> int | None:
        write_frame(answers, {"kind": "open", "number": number})
        with contextlib.suppress(OSError):
            return _receive_file(files)
        return None

    return extract.extract_folder(
        name,
        members=json.loads(payload),
        open_member=open_member,
        limits=limits,
        on_progress=report,
    )


def _send_chunks(text: str, header: dict[str, Any], answers: BinaryIO) -> None:
    from desktop_app.documents.index.chunks import chunks
    from desktop_app.documents.index.token_count import count_tokens

    rows = [
        [chunk.start, chunk.end, chunk.tokens]
        for chunk in chunks(text, int(header["tokens"]), count_tokens)
    ]
    write_frame(answers, {"kind": "chunked"}, rows_to_payload(rows))


def _send_passages(text: str, header: dict[str, Any], answers: BinaryIO) -> None:
    from desktop_app.documents.index.passage_index import passages
    from desktop_app.documents.index.token_count import count_tokens

    indexed = passages(text, header["name"], header["media_type"], count_tokens)
    write_frame(answers, {"kind": "passages"}, rows_to_payload(indexed))


def _send_scaled_image(
    header: dict[str, Any], payload: bytes, limits: Limits, answers: BinaryIO
) -> None:
    from desktop_app.documents import image_reader

    size = (int(header["width"]), int(header["height"]))
    scaled = image_reader.scale(
        header["name"], data=payload, media_type=header["media_type"], size=size, limits=limits
    )
    facts = {"media_type": scaled.media_type, "width": scaled.width, "height": scaled.height}
    write_frame(answers, {"kind": "scaled", **facts}, scaled.data)


def _send_decoded_image(
    header: dict[str, Any], payload: bytes, limits: Limits, answers: BinaryIO
) -> None:
    from desktop_app.documents import image_reader

    size = (int(header["width"]), int(header["height"]))
    decoded = image_reader.decode(
        header["name"], data=payload, media_type=header["media_type"], size=size, limits=limits
    )
    facts = {"width": decoded.width, "height": decoded.height}
    write_frame(answers, {"kind": "decoded", **facts}, decoded.data)


def _send_rendered_pages(header: dict[str, Any], payload: bytes, answers: BinaryIO) -> None:
    from desktop_app.documents.pdf import page_images

    pages_and_sizes = [(number, (width, height)) for number, width, height in header["pages"]]
    rendered_pages = page_images.render(
        header["name"], payload, pages_and_sizes, header["password"]
    )
    rows = [[page.media_type, page.width, page.height, len(page.data)] for page in rendered_pages]
    write_frame(
        answers,
        {"kind": "rendered", "images": rows},
        b"".join(page.data for page in rendered_pages),
    )


def _send_document(document: ExtractedDocument, answers: BinaryIO) -> None:
    # The text is the payload; all other fields are in the header.
    fields = {
        name: getattr(document, name)
        for name in ExtractedDocument.__dataclass_fields__
        if name != "text"
    }
    fields["note"] = note_to_json(document.note)
    fields["pictured"] = [astuple(page) for page in document.pictured]
    write_frame(answers, {"kind": "extracted", **fields}, document.text.encode())


def _progress_reporter(answers: BinaryIO) -> OnProgress:
    """Return a callback that sends progress: the last always, earlier ones in an interval."""
    sent_at = 0.0

    def report(progress: Progress) -> None:
        nonlocal sent_at
        now = time.monotonic()
        if progress.done == progress.total or now - sent_at >= _PROGRESS_EVERY_S:
            sent_at = now
            step = {"done": progress.done, "total": progress.total, "unit": progress.unit}
            write_frame(answers, {"kind": "progress", **step})

    return report
