"""ZIP archives: the documents in them as one text. Nothing is ever unpacked to the disk."""

from __future__ import annotations

import io
import stat
import zipfile
from typing import Final

from desktop_app.documents import collection, media_type, refusals
from desktop_app.documents.collection import Collection
from desktop_app.documents.package import BROKEN
from desktop_app.documents.protocol import Limits, Progress
from desktop_app.documents.reading import OnProgress, Read


def read(name: str, data: bytes, limits: Limits, on_progress: OnProgress, depth: int) -> Read:
    """The members in the order of their names, each under its name.

    Raises:
        DocumentDamagedError, DocumentEncryptedError, DocumentTooLargeError, DocumentEmptyError
    """
    if depth > collection.DEEPEST:
        raise refusals.too_large(name, "lies in too many archives")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = _collected(name, archive, limits, on_progress, depth)
    except BROKEN as error:
        raise refusals.damaged(name, str(error)[:300]) from error
    if not found.text() and any(why == _REASON_ENCRYPTED for _, why in found.left_out):
        raise refusals.encrypted(name)
    if not found.text():
        raise refusals.empty(name, found.note() if found.left_out else "")
    return Read(media_type.ZIP, found.text(), note=found.note())


_REASON_ENCRYPTED: Final = "protected by a password"


def _collected(
    name: str, archive: zipfile.ZipFile, limits: Limits, on_progress: OnProgress, depth: int
) -> Collection:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > limits.pages:
        raise refusals.too_many(name, len(members), "files", limits.pages)
    # Each level of archives gets a part of what may be unpacked: three levels never pass it all.
    if sum(member.file_size for member in members) > limits.unpacked_bytes >> (2 * depth):
        raise refusals.unpacks_too_far(name, limits)
    found = Collection(limits, on_progress, depth)
    for number, member in enumerate(sorted(members, key=lambda m: m.filename.casefold())):
        path = member.filename.replace("\\", "/")
        if reason := _reason_against(member, path):
            found.leave_out(path, reason)
            continue
        try:
            content = archive.read(member)
        except BROKEN:
            found.leave_out(path, "damaged")
            continue
        found.add(path, content, number, len(members))
    on_progress(Progress(len(members), len(members), "file"))
    return found


def _reason_against(member: zipfile.ZipInfo, path: str) -> str:
    """Why a member is not even opened; "" where it is."""
    if path.startswith("/") or ".." in path.split("/") or path[1:3] == ":/":
        return collection.UNSAFE
    if stat.S_ISLNK(member.external_attr >> 16):
        return collection.LINK
    if collection.is_hidden(path):
        return collection.HIDDEN
    return _REASON_ENCRYPTED if member.flag_bits & 1 else ""
