"""Combines many documents into one text: members of an archive, a folder or a mail.

The note tells the user what was left out and why. The end of the text tells the model; in a mail,
the header does.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

import msgspec

from desktop_app.documents import media_type, refusals
from desktop_app.documents.media_type import ZIP_ERRORS
from desktop_app.documents.reader_result import LeftOut, ReaderResult
from desktop_app.documents.text import plain_text
from desktop_app.documents.worker.ignored_files import (
    GITIGNORE,
    MAX_GITIGNORE_BYTES,
    IgnoredFiles,
    contains_mark,
)
from desktop_app.documents.worker.protocol import Limits, OnProgress, Progress, replace_surrogates
from desktop_app.documents.worker.source_files import is_hidden
from desktop_app.domain import errors, hints
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.document_notes import DocumentNote, SkipReason, bundle_note
from desktop_app.i18n.translation import N_

_REASONS: Final = {
    errors.DocumentEncryptedError: SkipReason.LOCKED,
    errors.DocumentUnsupportedError: SkipReason.NO_DOCUMENT,
    errors.DocumentEmptyError: SkipReason.EMPTY,
    errors.DocumentTooLargeError: SkipReason.TOO_LARGE,
}
MAX_DEPTH: Final = 2
"""The largest number of archives and mails around an archive that is opened.

A mail with so many around it is read without its attachments.
"""

_MAX_LISTED: Final = 200
"""The most rows of the list of members left out, which is part of the text for the model."""


def skip_reason(error: errors.DocumentError) -> SkipReason:
    """Return why a document is skipped that cannot be read."""
    return _REASONS.get(type(error), SkipReason.DAMAGED)


@dataclass
class BundleText:
    """The members that were read so far, in order, and those left out.

    Attributes:
        skipped: the paths of members that are not read, or only without their image pages, with
            the reasons.
        texts: the members that were read, each under a heading with its path.
        full_texts: the same with their hidden parts.
    """

    skipped: list[tuple[str, SkipReason]] = field(default_factory=list, kw_only=True)
    texts: list[str] = field(default_factory=list, kw_only=True)
    full_texts: list[str] = field(default_factory=list, kw_only=True)

    def skip(self, path: str, reason: SkipReason) -> None:
        """Record a member that is not read, or not completely."""
        self.skipped.append((path, reason))

    def refuse(self, path: str, error: errors.DocumentError) -> None:
        """Record a member that cannot be read."""
        self.skip(path, skip_reason(error))

    def include(
        self, path: str, text: str, *, has_image_pages: bool, full_text: str | None = None
    ) -> None:
        """Add the text of a member; `full_text` is that with hidden parts, if it differs."""
        if text := text.strip():
            self.texts.append(f"# {path}\n\n{text}")
            self.full_texts.append(
                self.texts[-1] if full_text is None else f"# {path}\n\n{full_text.strip()}"
            )
            if has_image_pages:
                self.skip(path, SkipReason.IMAGE_PAGES)
        else:
            self.skip(path, SkipReason.EMPTY)

    def text(self, *, with_hidden: bool = False) -> str:
        """Return all texts, and a list of the members left out; "" if there are no texts.

        Hidden members are not listed. `with_hidden` is for the hidden parts of the others.
        """
        if not self.texts:
            return ""
        rows = [
            f"{path} ({why.value})" for path, why in self.skipped if why is not SkipReason.HIDDEN
        ]
        if len(rows) > _MAX_LISTED:
            rows[_MAX_LISTED:] = [f"and {len(rows) - _MAX_LISTED} more"]
        ending = [f"[not included: {', '.join(rows)}]"] if rows else []
        return "\n\n".join([*(self.full_texts if with_hidden else self.texts), *ending])

    def note(self) -> DocumentNote:
        """Return the note that tells the user which members were left out."""
        skipped_members = [(replace_surrogates(path), reason) for path, reason in self.skipped]
        partly = {SkipReason.IMAGE_PAGES, SkipReason.UNREAD_PAGES}
        partly_read = {path for path, reason in skipped_members if reason in partly}
        return bundle_note(len(self.texts) - len(partly_read), skipped_members)


@dataclass
class DocumentBundle(BundleText):
    """The members of an archive or a mail, which are read here.

    Attributes:
        depth: the number of archives and mails around this one.
        read: reads a member: `extract.read`, which this module cannot import.
        left_out: what is left out of the members.
        progress: what was reported last.
    """

    limits: Limits
    on_progress: OnProgress
    depth: int
    read: Callable[..., ReaderResult]
    left_out: LeftOut
    progress: Progress = field(default=Progress(0, None, "file"), kw_only=True)

    def add(self, path: str, data: bytes, number: int, total: int) -> None:
        """Read a member, or leave it out.

        Args:
            number: how many members precede it, for the progress.
            total: the number of all members.
        """
        self.progress = Progress(number, total, "file")
        self.on_progress(self.progress)
        if not data or media_type.detect_image(data):
            self.skip(path, SkipReason.IMAGE if data else SkipReason.EMPTY)
            return
        try:
            document = self._read_inner(PurePosixPath(path).name, data)
        except errors.DocumentError as error:
            self.refuse(path, error)
        else:
            self.left_out.hidden += document.hidden
            for part, reason in document.unread:
                self.left_out.unread.append((f"{path}: {part}", reason))
            self.include(path, document.text, has_image_pages=bool(document.pictured))

    def read_embedded(self, name: str, data: bytes) -> str:
        """Return the text of a document in this one; "" if it cannot be read."""
        if self.depth >= MAX_DEPTH:
            return ""
        try:
            document = self._read_inner(name, data)
        except errors.DocumentError as error:
            self.left_out.unread.append((name, skip_reason(error)))
            return ""
        self.left_out.hidden += document.hidden
        return document.text.strip()

    def _read_inner(self, name: str, data: bytes) -> ReaderResult:
        return self.read(
            name,
            data,
            self.limits,
            self._on_step,
            self.depth + 1,
            takes_hidden=self.left_out.takes_hidden,
        )

    def _on_step(self, _inner: Progress) -> None:
        """Report that a member is being read, so that a long one does not seem to stand still."""
        self.progress = msgspec.structs.replace(self.progress, steps=self.progress.steps + 1)
        self.on_progress(self.progress)

    def with_message(self, kind: str, message: str) -> ReaderResult:
        """Return a mail followed by its attachments as one document; `kind` is its media type."""
        note = self.note() if self.skipped else None
        return ReaderResult(kind, "\n\n".join([message, *self.texts]), note=note)


_UTF_8: Final = 1 << 11  # the flag of a member whose name is in UTF-8

_MAX_GITIGNORE_FILES: Final = 200  # a bomb could have thousands, each of a megabyte


def read_archive(name: str, data: bytes, bundle: DocumentBundle) -> ReaderResult:
    """Read the members in the order of their names; `bundle` collects them."""
    if bundle.depth > MAX_DEPTH:
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
