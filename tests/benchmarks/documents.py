"""The longest gap of the window's event loop while a long PDF is read.

The loop iterates as fast as it can, and the time between iterations is measured, from the start of
the worker process to the text of the last page. Gaps are given in wall time and in CPU time of the
loop's thread, because the scheduler of a shared machine adds gaps of its own. The baseline is the
same loop for the same time without a document.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium

from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from tests.data.long_pdf import long_pdf
from tests.helpers.qt_loop import qt_loop

FRAME_MS = 16.0
Gaps = list[tuple[float, float]]  # milliseconds of wall time and of the thread's CPU time


async def _gaps_until(done: asyncio.Future[Any]) -> Gaps:
    """Return the gaps between the loop's iterations."""
    gaps: Gaps = []
    last, last_cpu = time.perf_counter(), time.thread_time()
    while not done.done():
        await asyncio.sleep(0)
        now, cpu = time.perf_counter(), time.thread_time()
        gaps.append((1000 * (now - last), 1000 * (cpu - last_cpu)))
        last, last_cpu = now, cpu
    return gaps


def _bare_seconds(path: Path) -> float:
    """Return the seconds that pdfium alone needs for the text of all pages."""
    begin = time.perf_counter()
    with pdfium.PdfDocument(path) as document:
        for page in document:
            page.get_textpage().get_text_range()
    return time.perf_counter() - begin


def _peak_mb(pid: int | None) -> int:
    """Return the peak memory of a process in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


async def _read(path: Path) -> tuple[ExtractedDocument, float, Gaps, int]:
    worker = DocumentWorker()
    try:
        begin = time.perf_counter()
        reading = asyncio.ensure_future(worker.extract(path))
        gaps = await _gaps_until(reading)
        seconds = time.perf_counter() - begin
        return await reading, seconds, gaps, _peak_mb(worker.pid)
    finally:
        await worker.aclose()


async def _idle(seconds: float) -> Gaps:
    return await _gaps_until(asyncio.ensure_future(asyncio.sleep(seconds)))


def _figures(gaps: Gaps) -> dict[str, float]:
    wall = sorted(wall_ms for wall_ms, _ in gaps)
    return {
        "longest_gap_ms": round(wall[-1], 1),
        "p999_gap_ms": round(wall[int(0.999 * len(wall))], 2),
        "gaps_over_a_frame": sum(gap > FRAME_MS for gap in wall),
        "longest_cpu_ms": round(max(cpu for _, cpu in gaps), 1),
    }


def main(pages: int = 1_000) -> dict[str, Any]:
    """Return the gaps in milliseconds while a PDF of `pages` pages is read, and without it."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    with tempfile.TemporaryDirectory() as folder, qt_loop(application) as loop:
        path = Path(folder) / "long.pdf"
        path.write_bytes(long_pdf(pages))
        loop.run_until_complete(asyncio.sleep(0.01))  # PySide builds its enumerations on first use
        document, seconds, gaps, worker_mb = loop.run_until_complete(_read(path))
        window_mb = _peak_mb(os.getpid())
        bare = _bare_seconds(path)
        baseline = loop.run_until_complete(_idle(seconds))
    return {
        "benchmark": "documents",
        "pages": document.pages,
        "tokens": document.tokens,
        "seconds": round(seconds, 2),
        "bare_pdfium_seconds": round(bare, 2),
        "window_mb": window_mb,
        "worker_mb": worker_mb,
        "reading": _figures(gaps),
        "baseline": _figures(baseline),
    }
