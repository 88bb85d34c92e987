"""Extracts and counts the text of a file or folder, or measures an image (child process).

The parent process opens the files. Everything is read from a single copy of the bytes, so that
the hash belongs to the text. A folder has no bytes: its hash is that of its text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from desktop_app.documents import media_type, reader_registry, refusals
from desktop_app.documents.descriptors import read_descriptor
from desktop_app.documents.reader_result import ReaderResult
from desktop_app.documents.worker.protocol import (
    MAX_TEXT_BYTES,
    Limits,
    OnProgress,
    replace_surrogates,
)
from desktop_app.domain.documents.extracted_document import ExtractedDocument


def extract_file(
    name: str, descriptor: int, limits: Limits, on_progress: OnProgress, password: str = ""
) -> ExtractedDocument:
    """Return the text of an open file, and close it."""
    try:
        data = read_descriptor(descriptor, limits)
    except OSError as error:
        raise refusals.unreadable_error(name, error) from error
    return extract_bytes(replace_surrogates(name), data, limits, on_progress, password=password)


def extract_folder(
    name: str,
    members: Sequence[tuple[str, str]],
    open_member: Callable[[int], int | None],
    limits: Limits,
    on_progress: OnProgress,
) -> ExtractedDocument:
    """Return the text of the files in a folder: see `folder_reader.read`."""
    from desktop_app.documents.containers import folder_reader

    result = folder_reader.read(name, members, open_member, limits, on_progress)
    return _with_token_count(
        replace_surrogates(name), replace_surrogates(result.text).encode(), result
    )


def extract_bytes(
    name: str, data: bytes, limits: Limits, on_progress: OnProgress, password: str = ""
) -> ExtractedDocument:
    """Return a document's text and facts, or an image's size; `name` is the file name."""
    if len(data) > limits.file_bytes:
        raise refusals.file_too_large_error(name, limits)
    if not data:
        raise refusals.empty_error(name)
    if image_type := media_type.detect_image(data):
        from desktop_app.documents import image_reader  # loads Pillow, which only images need

        return image_reader.inspect(name, data, image_type, limits)
    result = reader_registry.read(name, data, limits, on_progress, password=password)
    if not result.text.strip():
        raise refusals.empty_error(name)
    return replace(_with_token_count(name, data, result), is_protected=bool(password))


def _with_token_count(name: str, data: bytes, result: ReaderResult) -> ExtractedDocument:
    text = replace_surrogates(result.text).replace("\0", "")
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise refusals.too_much_text_error(name)
    # tiktoken takes 0.2 s to load, so documents are refused before it is imported.
    from desktop_app.documents.index.token_count import count_tokens

    return ExtractedDocument(
        name=name,
        media_type=result.kind,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        text=text,
        pages=result.pages,
        tokens=count_tokens(text),
        note=result.note,
        pictured=result.pictured,
    )
