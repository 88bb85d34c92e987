"""Extracts documents in this process, as the sandboxed worker does, or stops the worker."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.documents.worker.protocol import Limits, OnProgress, Progress
from desktop_app.documents.worker.source_files import read_file
from desktop_app.domain.documents.extracted_document import ExtractedDocument


def extract_file(
    path: Path, limits: Limits, on_progress: OnProgress, password: str = ""
) -> ExtractedDocument:
    """Return the text of a file."""
    return extract_bytes(path.name, read_file(path, limits), limits, on_progress, password)


def stop_after(worker: DocumentWorker, pages: int, then: OnProgress | None = None) -> OnProgress:
    """Return a callback that stops the child once, after this many pages.

    Args:
        then: is called with each step, too.
    """
    is_stopped = False

    def stop(progress: Progress) -> None:
        nonlocal is_stopped
        if progress.done >= pages and not is_stopped:
            is_stopped = True
            assert worker.pid
            os.kill(worker.pid, signal.SIGSTOP)
        if then:
            then(progress)

    return stop
