"""Reads the documents in ZIP archives as one text. Nothing is unpacked to the disk."""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
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
_UNICODE_PATH: Final = 0x7075  # an extra field
_BREAK: Final = re.compile(rb"[\r\n]+")
# Characters of code page 437 that names hardly contain: their presence means another code page.
_IMPLAUSIBLE_CP437: Final = re.compile("[\u2190-\u25ff\u0393-\u03c6¢£¥₧ƒªº¿⌐¬½¼«»±÷°∙·√ⁿ²]")


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
    named_members = zip(_decode_names(members), members, strict=True)
    sorted_members = sorted(named_members, key=lambda pair: pair[0].casefold())
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


def _decode_names(members: list[zipfile.ZipInfo]) -> list[str]:
    """Return the names of the members, in their order.

    A name that is not marked as UTF-8 is in the encoding of the computer that packed the archive.
    """
    paths = list(map(_unicode_path, members))
    names = [path or member.filename for path, member in zip(paths, members, strict=True)]
    unmarked = [
        name
        for name, path, member in zip(names, paths, members, strict=True)
        if not (path or member.flag_bits & _UTF_8 or name.isascii())
    ]
    encoded_names = [name.encode("cp437", "replace") for name in unmarked]
    decoded = _decode_utf_8(encoded_names)
    if decoded is None and _IMPLAUSIBLE_CP437.search("".join(unmarked)):
        # One name per line, so that the encoding is guessed from all of them.
        guessed = plain_text.decode(b"\n".join(_BREAK.sub(b" ", name) for name in encoded_names))
        decoded = guessed.text.split("\n") if guessed else None
    new_names = dict(zip(unmarked, decoded or unmarked, strict=True))
    return [path or new_names.get(name, name) for name, path in zip(names, paths, strict=True)]


def _unicode_path(member: zipfile.ZipInfo) -> str:
    """Return the member's name from the extra field for UTF-8 names; "" if there is none.

    The field contains a checksum of the ordinary name. If it does not match, a program has changed
    only the ordinary name, and the field is ignored.
    """
    extra = member.extra
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        field = extra[4 : 4 + length]
        extra = extra[4 + length :]
        if kind == _UNICODE_PATH and field[:5] == struct.pack(
            "<BL", 1, zlib.crc32(member.orig_filename.encode("cp437", "replace"))
        ):
            return field[5:].decode("utf-8", "replace")
    return ""


def _decode_utf_8(names: list[bytes]) -> list[str] | None:
    """Return the names as text; None if any of them is not UTF-8."""
    try:
        return [name.decode() for name in names]
    except UnicodeDecodeError:
        return None


def _reason_to_skip(member: zipfile.ZipInfo, path: str) -> SkipReason | None:
    """Return why a member is skipped; None if it is read."""
    if path.startswith("/") or ".." in path.split("/") or path[1:3] == ":/":
        return SkipReason.UNSAFE
    if stat.S_ISLNK(member.external_attr >> 16):
        return SkipReason.LINK
    if is_hidden(path):
        return SkipReason.HIDDEN
    return SkipReason.LOCKED if member.flag_bits & 1 else None
