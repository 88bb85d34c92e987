"""Reads the documents in ZIP archives as one text. Nothing is unpacked to the disk."""

from __future__ import annotations

import io
import stat
import zipfile
from typing import Final

from desktop_app.documents import refusals
from desktop_app.documents.containers import document_bundle
from desktop_app.documents.containers.document_bundle import DocumentBundle
from desktop_app.documents.media_type import ZIP_ERRORS
from desktop_app.documents.reader_result import ReaderResult
from desktop_app.documents.text import plain_text
from desktop_app.documents.worker.protocol import Progress
from desktop_app.documents.worker.source_files import is_hidden
from desktop_app.domain import hints
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.document_notes import SkipReason
from desktop_app.i18n.translation import N_

_UTF_8: Final = 1 << 11  # the flag of a member whose name is in UTF-8


def read(name: str, data: bytes, bundle: DocumentBundle) -> ReaderResult:
    """Read the members in the order of their names; `bundle` collects them."""
    if bundle.depth > document_bundle.MAX_DEPTH:
        raise refusals.too_large_error(
            name, N_("“{name}” is inside too many archives."), hints.ATTACH_PART
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _read_members(name, archive, bundle)
    except ZIP_ERRORS as error:
        raise refusals.damaged_error(name, str(error)[:300]) from error
    if not bundle.texts:
        is_locked = any(reason is SkipReason.LOCKED for _, reason in bundle.skipped)
        raise refusals.encrypted_error(name) if is_locked else refusals.empty_error(name)
    return ReaderResult(document_types.ZIP, bundle.text(), note=bundle.note())


def _read_members(name: str, archive: zipfile.ZipFile, bundle: DocumentBundle) -> None:
    limits = bundle.limits
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > limits.pages:
        raise refusals.too_many_files_error(name, limits.pages)
    # The contents of nested archives are in memory together, so an inner archive may unpack to only
    # a quarter of the outer one's limit.
    if sum(member.file_size for member in members) > limits.unpacked_bytes >> (2 * bundle.depth):
        raise refusals.unpacks_too_large_error(name, limits)
    sorted_members = sorted(
        ((_name_of(member), member) for member in members), key=lambda pair: pair[0].casefold()
    )
    for number, (packed_name, member) in enumerate(sorted_members):
        path = packed_name.replace("\\", "/")
        if reason := _reason_to_skip(member, path):
            bundle.skip(path, reason)
            continue
        try:
            content = archive.read(member)
        except ZIP_ERRORS:
            bundle.skip(path, SkipReason.DAMAGED)
            continue
        bundle.add(path, content, number, len(members))
    bundle.on_progress(Progress(len(members), len(members), "file"))


def _name_of(member: zipfile.ZipInfo) -> str:
    """Return a member's name; if it is not marked as UTF-8, its encoding is guessed."""
    if member.flag_bits & _UTF_8 or member.filename.isascii():
        return member.filename
    decoded = plain_text.decode(member.filename.encode("cp437", "replace"))
    return " ".join(decoded.text.split("\n")) if decoded else member.filename


def _reason_to_skip(member: zipfile.ZipInfo, path: str) -> SkipReason | None:
    """Return why a member is skipped; None if it is read."""
    if path.startswith("/") or ".." in path.split("/") or path[1:3] == ":/":
        return SkipReason.UNSAFE
    if stat.S_ISLNK(member.external_attr >> 16):
        return SkipReason.LINK
    if is_hidden(path):
        return SkipReason.HIDDEN
    return SkipReason.LOCKED if member.flag_bits & 1 else None
