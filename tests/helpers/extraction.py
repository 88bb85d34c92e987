"""Extracts documents in this process, as the sandboxed worker does."""

from __future__ import annotations

from pathlib import Path

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits, OnProgress
from desktop_app.documents.worker.source_files import read_file
from desktop_app.domain.documents.extracted_document import ExtractedDocument


def extract_file(
    path: Path, limits: Limits, on_progress: OnProgress, password: str = ""
) -> ExtractedDocument:
    """Return the text of a file."""
    return extract_bytes(path.name, read_file(path, limits), limits, on_progress, password)
