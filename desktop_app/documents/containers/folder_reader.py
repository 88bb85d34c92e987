"""Reads the documents in a folder and its subfolders as one text, without hidden files.

The parent process lists the folder and opens each file (worker/source_files.py), because the
confined reader cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from desktop_app.documents import reader_registry, refusals
from desktop_app.documents.containers.document_bundle import DocumentBundle
from desktop_app.documents.descriptors import read_descriptor
from desktop_app.documents.reader_result import ReaderResult
from desktop_app.documents.worker.protocol import Limits, OnProgress, Progress
from desktop_app.domain import hints
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.document_notes import SkipReason
from desktop_app.i18n.translation import N_


def read(
    name: str,
    members: Sequence[tuple[str, str]],
    open_member: Callable[[int], int | None],
    limits: Limits,
    on_progress: OnProgress,
) -> ReaderResult:
    """Return the text of the files in a folder, each under its path.

    Args:
        name: the folder's name.
        members: each file's path relative to the folder, and why it is left out ("" if it is read).
        open_member: returns the descriptor of a member by its index, None if it cannot be read.
    """
    bundle = DocumentBundle(limits, on_progress, depth=0, read=reader_registry.read)
    members_to_read = []
    for number, (path, skip_reason) in enumerate(members):
        if skip_reason:
            bundle.skip(path, SkipReason(skip_reason))
        else:
            members_to_read.append((number, path))
    # The user sets one limit for the content of an archive and for all files of a folder together:
    # both become one text.
    bytes_left = limits.unpacked_bytes
    for done_count, (number, path) in enumerate(members_to_read):
        data = _read_member(open_member(number), limits)
        if data is None:
            bundle.skip(path, SkipReason.UNREADABLE)
            continue
        if len(data) > limits.file_bytes:
            bundle.skip(path, SkipReason.TOO_LARGE)
            continue
        bytes_left -= len(data)
        if bytes_left < 0:
            megabytes = limits.unpacked_bytes >> 20
            raise refusals.too_large_error(
                name,
                N_("“{name}” contains more than {limit} MB of files."),
                hints.ATTACH_PART,
                limit=megabytes,
            )
        bundle.add(path, data, done_count, len(members_to_read))
    on_progress(Progress(len(members_to_read), len(members_to_read), "file"))
    if not bundle.texts:
        raise refusals.empty_error(name)
    return ReaderResult(document_types.FOLDER, bundle.text(), note=bundle.note())


def _read_member(descriptor: int | None, limits: Limits) -> bytes | None:
    """Return the content of a file, cut one byte after the limit; None if it is unreadable."""
    if descriptor is None:
        return None
    try:
        return read_descriptor(descriptor, limits)
    except OSError:
        return None
