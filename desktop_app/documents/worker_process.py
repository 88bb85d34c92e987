"""The child process that reads documents and counts tokens.

It takes one request after the other from its standard input and answers on its standard output,
in the frames of `protocol.py`. Whatever a document does to it stays in here: memory, writing of
files and core dumps are limited, a crash ends this process and nothing else. It ends when its
standard input closes, which the system does even when the window is killed; a thread watches for
that, so that a document that takes minutes does not keep it alive.
"""

from __future__ import annotations

import functools
import json
import os
import queue
import resource
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from traceback import extract_tb
from types import TracebackType
from typing import Any, BinaryIO, Final

from desktop_app.documents import extract, refusals
from desktop_app.documents.protocol import (
    ExtractedDocument,
    Limits,
    Progress,
    error_to_json,
    read_frame,
    write_frame,
)
from desktop_app.domain.errors import DocumentError

Frame = tuple[dict[str, Any], bytes]

# More often than this nobody sees it.
_PROGRESS_EVERY_S: Final = 0.04


def main() -> int:
    """Serve until the standard input closes."""
    answers = _take_standard_output()
    sys.excepthook = functools.partial(_last_words, answers)
    requests: queue.SimpleQueue[Frame] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, requests), daemon=True).start()
    while True:
        header, payload = requests.get()
        _serve(header, payload, answers)


def _take_standard_output() -> BinaryIO:
    """The standard output for frames alone: what a library prints goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return answers


def _last_words(
    answers: BinaryIO,
    kind: type[BaseException],
    _error: BaseException,
    traceback: TracebackType | None,
) -> None:
    """Say what ended this process, for the log: the kind of error and its place, no content."""
    frame = extract_tb(traceback)[-1]
    details = f"{kind.__name__} in {Path(frame.filename).name}:{frame.lineno}"
    write_frame(answers, {"kind": "crashed", "details": details})


def _receive(stream: BinaryIO, requests: queue.SimpleQueue[Frame]) -> None:
    """Pass requests on; end the process at once when no more can come."""
    while frame := read_frame(stream):
        requests.put(frame)
    os._exit(0)


def _serve(header: dict[str, Any], payload: bytes, answers: BinaryIO) -> None:
    """Answer one request; a DocumentError is an answer too, anything else ends the process."""
    limits = Limits(**header["limits"])
    _confine(limits)
    try:
        if header["kind"] == "scale":
            _scale(header, payload, limits, answers)
        elif header["kind"] == "render":
            _render(header, payload, answers)
        elif header["kind"] == "count":
            from desktop_app.documents.tokens import count_tokens

            write_frame(answers, {"kind": "counted", "tokens": count_tokens(payload.decode())})
        elif header["kind"].startswith("view-"):
            from desktop_app.documents import viewing

            viewing.serve(header, payload, answers)
        elif header["kind"] == "convert":
            from desktop_app.documents.rich_text import to_markdown

            write_frame(answers, {"kind": "converted"}, to_markdown(payload.decode()).encode())
        elif header["kind"] == "chunk":
            _chunk(payload.decode(), int(header["tokens"]), answers)
        elif header["kind"] == "passages":
            _passages(payload.decode(), header, answers)
        else:
            _send(_extracted(header, payload, limits, _reporter(answers)), answers)
    except DocumentError as error:
        write_frame(answers, {"kind": "refused", **error_to_json(error)})
    except MemoryError:
        too_large = refusals.needs_memory(header["name"], limits)
        # What the document took is not given back reliably: the window starts another child.
        write_frame(answers, {"kind": "refused", "exhausted": True, **error_to_json(too_large)})


def _confine(limits: Limits) -> None:
    """Bound what the process may take: private memory; no written file, no core dump."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    memory = (
        limits.memory_bytes if hard == resource.RLIM_INFINITY else min(limits.memory_bytes, hard)
    )
    resource.setrlimit(resource.RLIMIT_DATA, (memory, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _extracted(
    header: dict[str, Any], payload: bytes, limits: Limits, report: Callable[[Progress], None]
) -> ExtractedDocument:
    password = header["password"]
    if header["kind"] == "extract-file":
        return extract.extract_file(Path(os.fsdecode(payload)), limits, report, password)
    return extract.extract_bytes(header["name"], payload, limits, report, password)


def _chunk(text: str, tokens: int, answers: BinaryIO) -> None:
    from desktop_app.documents.chunks import chunks
    from desktop_app.documents.tokens import count_tokens

    found = [[c.start, c.end, c.tokens] for c in chunks(text, tokens, count_tokens)]
    write_frame(answers, {"kind": "chunked"}, json.dumps(found).encode())


def _passages(text: str, header: dict[str, Any], answers: BinaryIO) -> None:
    from desktop_app.documents.passages import passages
    from desktop_app.documents.tokens import count_tokens

    found = passages(text, header["name"], header["media_type"], count_tokens)
    rows = json.dumps([astuple(passage) for passage in found], ensure_ascii=False)
    write_frame(answers, {"kind": "passages"}, rows.encode(errors="replace"))


def _scale(header: dict[str, Any], payload: bytes, limits: Limits, answers: BinaryIO) -> None:
    from desktop_app.documents import pictures

    size = (int(header["width"]), int(header["height"]))
    scaled = pictures.scale(header["name"], payload, header["media_type"], size, limits)
    found = {"media_type": scaled.media_type, "width": scaled.width, "height": scaled.height}
    write_frame(answers, {"kind": "scaled", "is_binary": True, **found}, scaled.data)


def _render(header: dict[str, Any], payload: bytes, answers: BinaryIO) -> None:
    from desktop_app.documents import pdf_pages

    wanted = [(number, (width, height)) for number, width, height in header["pages"]]
    drawn = pdf_pages.render(header["name"], payload, wanted, header["password"])
    rows = [[page.media_type, page.width, page.height, len(page.data)] for page in drawn]
    answer = {"kind": "rendered", "is_binary": True, "pictures": rows}
    write_frame(answers, answer, b"".join(page.data for page in drawn))


def _send(document: ExtractedDocument, answers: BinaryIO) -> None:
    fields = {
        name: getattr(document, name)
        for name in ExtractedDocument.__dataclass_fields__
        if name != "text"
    }
    fields["pictured"] = [astuple(page) for page in document.pictured]
    write_frame(answers, {"kind": "extracted", **fields}, document.text.encode())


def _reporter(answers: BinaryIO) -> Callable[[Progress], None]:
    """Sends progress on, the last step always and the others at most every 40 ms."""
    sent_at = 0.0

    def report(progress: Progress) -> None:
        nonlocal sent_at
        now = time.monotonic()
        if progress.done == progress.total or now - sent_at >= _PROGRESS_EVERY_S:
            sent_at = now
            step = {"done": progress.done, "total": progress.total, "unit": progress.unit}
            write_frame(answers, {"kind": "progress", **step})

    return report
