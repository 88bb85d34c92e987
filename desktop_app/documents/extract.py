"""A file, a folder or bytes of any kind to counted text, or to a measured picture, in the child
process.

What cannot be read is refused with a sentence. Everything is read from one copy of the bytes, so
that the hash always belongs to the text. A folder has no bytes: the text that was read from it takes
their place.
"""

from __future__ import annotations

import hashlib
import stat
from dataclasses import replace
from pathlib import Path

from desktop_app.documents import media_type, reading, refusals
from desktop_app.documents.files import read_regular_file, too_large
from desktop_app.documents.outcome import OnProgress, Read
from desktop_app.documents.protocol import ExtractedDocument, Limits


def extract_file(
    path: Path, limits: Limits, on_progress: OnProgress, password: str = ""
) -> ExtractedDocument:
    """The text of a file, or of the files in a folder.

    Raises:
        DocumentError: one of its subclasses, with sentences for the person.
    """
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            from desktop_app.documents import folder

            read = folder.read(path, limits, on_progress)
            return _counted(_sound(path.name), _sound(read.text).encode(), read)
        data = read_regular_file(path, limits)
    except OSError as error:
        raise refusals.unreadable(path.name, (error.strerror or "unknown").lower()) from error
    return extract_bytes(_sound(path.name), data, limits, on_progress, password)


def extract_bytes(
    name: str, data: bytes, limits: Limits, on_progress: OnProgress, password: str = ""
) -> ExtractedDocument:
    """The text of a document's bytes, which `name` belongs to.

    Raises:
        DocumentError: one of its subclasses, with sentences for the person.
    """
    if len(data) > limits.file_bytes:
        raise too_large(name, limits)
    if not data:
        raise refusals.empty(name)
    if picture := media_type.of_picture(data):
        from desktop_app.documents import pictures  # Pillow, for pictures alone

        return pictures.look_at(name, data, picture, limits)
    read = reading.read(name, data, limits, on_progress, password=password)
    if not read.text.strip():
        raise refusals.empty(name)
    return replace(_counted(name, data, read), is_protected=bool(password))


def _counted(name: str, data: bytes, read: Read) -> ExtractedDocument:
    # tiktoken is needed for nothing but the count, and takes 0.2 s to load: after all refusals.
    from desktop_app.documents.tokens import count_tokens

    text = _sound(read.text)
    return ExtractedDocument(
        name=name,
        media_type=read.kind,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        text=text,
        pages=read.pages,
        tokens=count_tokens(text),
        note=_sound(read.note),
        pictured=read.pictured,
    )


def _sound(text: str) -> str:
    """A text that can be sent and kept: halves of characters, as in names of files in other
    encodings and in JSON, as question marks."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text
