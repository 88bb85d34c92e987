"""Reads the conversations in an export, whose kind is detected by its content.

An export is JSON of Repartee, ChatGPT, Claude, Open WebUI or LibreChat, or a ZIP archive with JSON
of one of these programs. Of an archive, the members named conversations….json are read, as in
OpenAI's exports, and those in a folder `design_chats`, as in Anthropic's; or all JSON members if
there are none of these. Reading an export never opens another file.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain
from os import fstat
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple
from zipfile import ZipInfo, is_zipfile

import msgspec

from desktop_app.domain import hints
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.exchange import own_json
from desktop_app.exchange.importers import chatgpt, claude, librechat, open_webui
from desktop_app.exchange.importers.imported_conversation import (
    EPOCH,
    FindFile,
    ImportedConversation,
    damaged_conversation_error,
    parse_json,
    reading_errors,
    short_title,
    text_at,
    time_from_seconds,
)
from desktop_app.foreign_file import ForeignArchive, RefusedFileError, open_file, read_all
from desktop_app.i18n.translation import N_

# In bytes. A user's history takes some hundred megabytes.
MAX_JSON_BYTES: Final = 4 * 1024**3
MAX_IMAGE_BYTES: Final = 64 * 1024**2
# Text compresses to a fifth. Above this size, a file that is compressed to less than a hundredth is
# not an export, and would only fill the memory.
_ALWAYS_PLAUSIBLE_BYTES: Final = 64 * 1024**2
_MAX_COMPRESSION_RATIO: Final = 100
_MAX_DETAILS_CHARS: Final = 200  # of the JSON parser's message, in a sentence
OWN_KIND: Final = "Repartee"
"""The kind of this program's own exports."""
_ASSET_NAMES: Final = "conversation_asset_file_names.json"
"""A member of ChatGPT's archives since 2026: original names of files by their names there.

Some include a folder: `{"file-1.dat": "dalle-generations/1.webp", …}`.
"""
_BACKUP_FORMAT: Final = "repartee-backup"  # in the manifest of backup/backup.py

Imported = ImportedConversation | ImportRefusedError
"""A conversation, or the error of one that is damaged."""


@dataclass(frozen=True)
class ParsedExport:
    """The content of an export.

    Attributes:
        kind: the name of the program that wrote it.
        total: the number of conversations, including damaged ones.
        conversations: can be iterated once; has an error in place of each damaged conversation.
    """

    kind: str
    total: int
    conversations: Iterator[Imported]


class _UnknownExportError(ImportRefusedError):
    """The file is of no known kind."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "The file contains no conversations from Repartee, ChatGPT, Claude, Open WebUI, or "
                "LibreChat."
            ),
            hint=hints.EXPORT_AGAIN,
        )


class _NotJsonError(ImportRefusedError):
    """The file is not JSON; `details` are the words of the parser."""

    def __init__(self, details: str) -> None:
        super().__init__(
            N_("The file is damaged or isn’t JSON."), hint=hints.EXPORT_AGAIN, details=details
        )


class _Program(NamedTuple):
    """Another program that exports conversations."""

    name: str
    is_conversation: Callable[[Any], bool]
    read: Callable[[Mapping[str, Any], FindFile], ImportedConversation]


_PROGRAMS: Final = (
    _Program("ChatGPT", chatgpt.is_conversation, chatgpt.read_conversation),
    _Program("Claude", claude.is_conversation, claude.read_conversation),
    _Program("LibreChat", librechat.is_conversation, librechat.read_conversation),
    _Program("Open WebUI", open_webui.is_conversation, open_webui.read_conversation),
)


def read_export(path: Path) -> ParsedExport:
    """Return the conversations in a file.

    Raises:
        ImportRefusedError: it cannot be read, or is not an export.
    """
    with reading_errors(path, hints.EXPORT_AGAIN), open_file(path) as file:
        if is_zipfile(file):
            export = _read_archive(ForeignArchive(file), _Images(path))
        else:
            export = _read_json(read_all(file, MAX_JSON_BYTES), lambda _file_id: None)
        file_time = time_from_seconds(fstat(file.fileno()).st_mtime) or EPOCH
    conversations = (_with_time(each, file_time) for each in export.conversations)
    return replace(export, conversations=conversations)


def _with_time(imported: Imported, file_time: datetime) -> Imported:
    """Return the conversation. One without any time gets the file's time instead of 1970."""
    if isinstance(imported, ImportRefusedError) or imported.conversation.created_at != EPOCH:
        return imported
    delay: timedelta = file_time - EPOCH
    conversation = replace(
        imported.conversation,
        created_at=imported.conversation.created_at + delay,
        updated_at=imported.conversation.updated_at + delay,
    )
    messages = tuple(replace(m, created_at=m.created_at + delay) for m in imported.messages)
    return replace(imported, conversation=conversation, messages=messages)


# ---------------------------------------------------------------------- archives


def _read_archive(archive: ForeignArchive, images: _Images) -> ParsedExport:
    """Return the conversations of all files of an archive; a damaged file counts as one."""
    paths = {info.filename: PurePosixPath(info.filename) for info in archive.members}
    # macOS adds hidden files to archives.
    members = [
        info
        for info in archive.members
        if info.filename.endswith(".json") and not paths[info.filename].name.startswith(".")
    ]
    named_members = [
        info
        for info in members
        if paths[info.filename].name.startswith("conversations")
        or paths[info.filename].parent.name == "design_chats"
    ]
    members = named_members or members
    if not members:
        # OpenAI's privacy portal packs archives into an archive.
        if any(info.filename.endswith(".zip") for info in archive.members):
            raise ImportRefusedError(
                N_("The file contains only other ZIP archives."),
                hint=N_("Unpack it, then import the archives in it."),
            )
        raise RefusedFileError(N_("{file} contains no conversations."))
    _require_plausible(members)
    exports: list[ParsedExport] = []
    refusals: list[ImportRefusedError] = []
    for info in members:
        try:
            exports.append(_read_json(archive.read(info, MAX_JSON_BYTES), images.find))
        except (ImportRefusedError, RefusedFileError) as exc:
            if len(members) == 1:  # its error is the error of the export
                raise
            # If no name tells which files are conversations, other JSON files are expected.
            if named_members or not isinstance(exc, _UnknownExportError):
                refusals.append(_member_error(info, exc))
    if not exports:
        raise refusals[0] if refusals else _UnknownExportError()
    return ParsedExport(
        exports[0].kind,
        sum(export.total for export in exports) + len(refusals),
        images.close_after(chain(*(export.conversations for export in exports), refusals)),
    )


def _member_error(info: ZipInfo, exc: ImportRefusedError | RefusedFileError) -> ImportRefusedError:
    """Return the error of one of several members, with the member's name."""
    name = short_title(info.filename)
    if isinstance(exc, RefusedFileError):  # its sentence has a place for the name
        return ImportRefusedError(
            exc.message, params=exc.params, hint=hints.EXPORT_AGAIN, file=name
        )
    if not isinstance(exc, _NotJsonError):
        return exc
    return ImportRefusedError(
        N_("{file} is damaged ({words})."),
        hint=hints.EXPORT_AGAIN,
        file=name,
        words=exc.details[:_MAX_DETAILS_CHARS],
    )


def _require_plausible(members: list[ZipInfo]) -> None:
    """Raise RefusedFileError if the members unpack to too many bytes."""
    unpacked = sum(info.file_size for info in members)
    packed = sum(info.compress_size for info in members)
    if unpacked > MAX_JSON_BYTES:
        raise RefusedFileError(
            N_("{file} is larger than {limit} MB when unpacked."), limit=MAX_JSON_BYTES >> 20
        )
    if unpacked > _ALWAYS_PLAUSIBLE_BYTES and unpacked > _MAX_COMPRESSION_RATIO * packed:
        raise RefusedFileError(N_("{file} unpacks to more than 100 times its size."))


class _Images:
    """The images of an archive, which the first search opens again."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _content(self) -> tuple[ForeignArchive, dict[str, ZipInfo], list[str], Any]:
        """Return the archive, its members by name, their sorted names, and the original ones."""
        archive = ForeignArchive(open_file(self._path))
        members = {PurePosixPath(info.filename).name: info for info in archive.members}
        names_info = members.get(_ASSET_NAMES)
        data = b"" if names_info is None else archive.read(names_info, MAX_IMAGE_BYTES)
        return archive, members, sorted(members), parse_json(data)

    def find(self, file_id: str) -> tuple[str, bytes] | None:
        """Return the name and bytes of the first member whose name begins with a file id.

        The name is the original one if the archive has it. Return None if there is no such member,
        or if it cannot be read: the import goes on without it.
        """
        with suppress(OSError, RefusedFileError):
            archive, members, names, original_names = self._content
            index = bisect_left(names, file_id)
            name = "".join(names[index : index + 1])
            if file_id and name.startswith(file_id):
                data = archive.read(members[name], MAX_IMAGE_BYTES)
                return PurePosixPath(text_at(original_names, name)).name or name, data
        return None

    def close_after(self, conversations: Iterator[Imported]) -> Iterator[Imported]:
        """Yield the conversations, then close the archive."""
        try:
            yield from conversations
        finally:
            if "_content" in vars(self):
                self._content[0].close()


# ---------------------------------------------------------------------- JSON


def _read_json(data: bytes, find_file: FindFile) -> ParsedExport:
    """Return the conversations in JSON. The first of a known kind decides the kind of all."""
    items: list[Any] = []
    # Parsed one by one, the conversations of 500 MB take 0.5 GB of memory; parsed at once, 2.8 GB.
    with suppress(msgspec.MsgspecError, RecursionError):
        items = msgspec.json.decode(data.removeprefix(BOM_UTF8), type=list[msgspec.Raw])
    if not items:
        value = _parse(data)
        if isinstance(value, ImportRefusedError):
            raise _NotJsonError(value.details)
        if own_json.is_own(value):
            rows = value.get("conversations")
            total = len(rows) if isinstance(rows, list) else 0
            return ParsedExport(OWN_KIND, total, own_json.read_conversations(value))
        if isinstance(value, dict) and value.get("format") == _BACKUP_FORMAT:
            raise ImportRefusedError(
                N_("The file is a backup, not an export."), hint=hints.RESTORE_BACKUP
            )
        items = value if isinstance(value, list) else [value]
    for item in map(_parse, items):
        for program in _PROGRAMS:
            if program.is_conversation(item):
                conversations = _read_each(map(_parse, items), program, find_file)
                return ParsedExport(program.name, len(items), conversations)
    raise _UnknownExportError


def _parse(item: Any) -> Any:
    """Return the value of JSON, or an error if it is not JSON; other values are parsed already."""
    if not isinstance(item, bytes | msgspec.Raw):
        return item
    try:
        return json.loads(bytes(item))
    except (ValueError, RecursionError) as exc:
        return damaged_conversation_error(None, exc)


def _read_each(items: Iterator[Any], program: _Program, find_file: FindFile) -> Iterator[Imported]:
    for item in items:
        try:
            if isinstance(item, ImportRefusedError):
                yield item
            elif program.is_conversation(item):
                yield program.read(item, find_file)
            else:
                yield ImportRefusedError(
                    N_("The file contains a conversation that isn’t from {program}."),
                    hints.EXPORT_AGAIN,
                    program=program.name,
                )
        except BAD_VALUE as exc:
            yield damaged_conversation_error(item, exc)
