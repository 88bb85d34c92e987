"""A file or bytes of any kind to counted text, or to a measured picture, in the child process.

Finds the kind by content and name, lets the reader for that kind work, and refuses with a sentence
what cannot be read. Everything is read from one copy of the bytes, so that the hash always belongs
to the text.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePath

from desktop_app.documents import media_type, plain_text, refusals
from desktop_app.documents.protocol import ExtractedDocument, Limits, Progress
from desktop_app.domain.errors import DocumentTooLargeError

OnProgress = Callable[[Progress], None]


def extract_file(path: Path, limits: Limits, on_progress: OnProgress) -> ExtractedDocument:
    """The text of a file.

    Raises:
        DocumentError: one of its subclasses, with sentences for the person.
    """
    try:
        data = _read_regular_file(path, limits)
    except OSError as error:
        raise refusals.unreadable(path.name, (error.strerror or "unknown").lower()) from error
    return extract_bytes(path.name, data, limits, on_progress)


def extract_bytes(
    name: str, data: bytes, limits: Limits, on_progress: OnProgress
) -> ExtractedDocument:
    """The text of a document's bytes, which `name` belongs to.

    Raises:
        DocumentError: one of its subclasses, with sentences for the person.
    """
    if len(data) > limits.file_bytes:
        raise _too_large(name, limits)
    if not data:
        raise refusals.empty(name)
    if picture := media_type.of_picture(data):
        from desktop_app.documents import pictures  # Pillow, for pictures alone

        return pictures.look_at(name, data, picture, limits)
    kind, text, pages, note = _text_of(name, data, limits, on_progress)
    if not text.strip():
        raise refusals.empty(name)
    # tiktoken is needed for nothing but the count, and takes 0.2 s to load: after all refusals.
    from desktop_app.documents.tokens import count_tokens

    return ExtractedDocument(
        name=name,
        media_type=kind,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        text=text,
        pages=pages,
        tokens=count_tokens(text),
        note=note,
    )


def _read_regular_file(path: Path, limits: Limits) -> bytes:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise refusals.unreadable(path.name, "it is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise refusals.unreadable(path.name, "it is not a file")
    if status.st_size > limits.file_bytes:
        raise _too_large(path.name, limits)
    # The path may have come to mean something else since: O_NONBLOCK, because opening a named pipe
    # waits for a writer; a bound, because devices have no end.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(limits.file_bytes + 1)


def _too_large(name: str, limits: Limits) -> DocumentTooLargeError:
    return refusals.too_large(name, f"is larger than {limits.file_bytes >> 20} MB")


def _text_of(
    name: str, data: bytes, limits: Limits, on_progress: OnProgress
) -> tuple[str, str, int | None, str]:
    """Media type, text, pages (None: the format has none) and a note for the person."""
    # The libraries are imported when a document of their kind comes: kreuzberg is 79 MB large.
    kind = _binary_kind(name, data)
    if kind == media_type.PDF:
        from desktop_app.documents import pdf

        read = pdf.read(name, data, on_progress)
        return kind, read.text, read.pages, read.note
    if kind:
        from desktop_app.documents import office

        return kind, office.read(name, kind, data, limits), None, ""
    decoded = plain_text.decode(data)
    if decoded is None:
        raise refusals.unsupported(name, "is neither text nor a document of a kind known here")
    return _read_text(name, data, decoded)


def _binary_kind(name: str, data: bytes) -> str | None:
    """The media type of a binary document; None where the data may be text.

    Raises:
        DocumentUnsupportedError, DocumentDamagedError, DocumentEncryptedError
    """
    promised = media_type.promised(name)
    try:
        kind = media_type.of_binary(name, data)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise refusals.damaged(name, str(error)) from error
    if data.startswith(media_type.OLE):
        from desktop_app.documents import office

        office.check_legacy(name, data)
    if kind:
        return kind
    if media_type.is_unread_picture(data):
        what = "is a HEIC or AVIF picture, which is not read; save it as JPEG or PNG"
        raise refusals.unsupported(name, what)
    if promised:
        raise refusals.not_what_it_says(name, PurePath(name).suffix.lower())
    if kind is not None:
        what = "is an archive, or in a format that is not read; save it as .docx or PDF"
        raise refusals.unsupported(name, what)
    return None


def _read_text(
    name: str, data: bytes, decoded: plain_text.DecodedText
) -> tuple[str, str, int | None, str]:
    kind = media_type.of_text(name, data)
    if kind == media_type.NOTEBOOK:
        from desktop_app.documents import notebook

        return kind, notebook.read(name, decoded.text), None, decoded.note
    if kind == media_type.MAIL:
        from desktop_app.documents import mail

        return kind, mail.read(name, data), None, ""
    if kind == media_type.HTML:
        from desktop_app.documents import office

        page = office.read_html(name, data) or decoded
        return kind, page.text, None, page.note
    return kind, decoded.text, None, decoded.note
