"""Reads the documents in ZIP archives as one text. Nothing is unpacked to the disk."""

from __future__ import annotations

import io
import stat
import zipfile
from contextlib import suppress
from typing import Final

from desktop_app.documents import refusals
from desktop_app.documents.containers import document_bundle
from desktop_app.documents.containers.document_bundle import DocumentBundle
from desktop_app.documents.media_type import ZIP_ERRORS
from desktop_app.documents.reader_result import ReaderResult
from desktop_app.documents.text import plain_text
from desktop_app.documents.worker.ignored_files import (
    GITIGNORE,
    MAX_GITIGNORE_BYTES,
    IgnoredFiles,
    contains_mark,
)
from desktop_app.documents.worker.protocol import Progress
from desktop_app.documents.worker.source_files import is_hidden
from desktop_app.domain import hints
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.document_notes import SkipReason
from desktop_app.i18n.translation import N_

_UTF_8: Final = 1 << 11  # the flag of a member whose name is in UTF-8

_MAX_GITIGNORE_FILES: Final = 200  # a bomb could have thousands, each of a megabyte


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
    named_members = [
        (_name_of(member).replace("\\", "/"), member)
        for member in archive.infolist()
        if not member.is_dir()
    ]
    named_members.sort(key=lambda pair: pair[0].casefold())
    ignored = _Ignored(archive, named_members)
    skipped: dict[str, SkipReason] = {}  # a folder once, in place of its members
    members = []
    for path, member in named_members:
        reason = _reason_to_skip(member, path)
        top, reason = (path, reason) if reason else ignored.reason(path)
        if reason:
            skipped[top] = reason
        else:
            members.append((path, member))
    for path, reason in skipped.items():
        bundle.skip(path, reason)
    if len(members) > limits.pages:
        raise refusals.too_many_files_error(name, limits.pages)
    # The contents of nested archives are in memory together, so an inner archive may unpack to only
    # a quarter of the outer one's limit.
    if sum(member.file_size for _, member in members) > limits.unpacked_bytes >> (2 * bundle.depth):
        raise refusals.unpacks_too_large_error(name, limits)
    for number, (path, member) in enumerate(members):
        try:
            content = archive.read(member)
        except ZIP_ERRORS:
            bundle.skip(path, SkipReason.DAMAGED)
            continue
        bundle.add(path, content, number, len(members))
    bundle.on_progress(Progress(len(members), len(members), "file"))


class _Ignored:
    """Tells which members nobody wrote to be read."""

    def __init__(
        self, archive: zipfile.ZipFile, members: list[tuple[str, zipfile.ZipInfo]]
    ) -> None:
        self._names: dict[str, set[str]] = {}
        self._files = IgnoredFiles()
        files_left = _MAX_GITIGNORE_FILES
        for path, member in members:
            steps = path.split("/")
            for place, step in enumerate(steps):
                self._names.setdefault("/".join(steps[:place]), set()).add(step)
            is_small = member.file_size <= MAX_GITIGNORE_BYTES and not member.flag_bits & 1
            if steps[-1] == GITIGNORE and is_small and files_left:
                files_left -= 1
                with suppress(*ZIP_ERRORS):
                    self._files.add_rules("/".join(steps[:-1]), archive.read(member))

    def reason(self, path: str) -> tuple[str, SkipReason | None]:
        """Return the folder, or the file, that is left out, and why; None if it is not."""
        steps = path.split("/")
        for count in range(1, len(steps) + 1):
            top = "/".join(steps[:count])
            names = self._names.get("/".join(steps[: count - 1]), set())
            is_folder = count < len(steps)
            if is_folder and contains_mark(self._names.get(top, ())):
                return top, SkipReason.MADE
            if reason := self._files.reason(top, names, is_folder=is_folder):
                return top, reason
        return path, None


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
