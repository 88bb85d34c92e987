"""Extracts documents in this process, as the sandboxed worker does."""

from __future__ import annotations

import os
from pathlib import Path

from desktop_app.documents import extract
from desktop_app.documents.worker.protocol import Limits, OnProgress
from desktop_app.documents.worker.source_files import open_document
from desktop_app.domain.documents.extracted_document import ExtractedDocument


def extract_file(
    path: Path, limits: Limits, on_progress: OnProgress, password: str = ""
) -> ExtractedDocument:
    """Return the text of a file or a folder."""
    with open_document(path, limits) as opened:

        def open_member(number: int) -> int | None:
            try:
                return opened.open_member(number)
            except OSError:
                return None

        if opened.members is not None:
            return extract.extract_folder(
                path.name, opened.members, open_member, limits, on_progress
            )
        descriptor = os.dup(opened.descriptor)
        return extract.extract_file(path.name, descriptor, limits, on_progress, password)
