"""Reads the conversations in an export, whose kind is detected by its content.

An export is JSON of Repartee, ChatGPT, Claude, Open WebUI or LibreChat, or a ZIP archive with JSON
of one of these programs. Of an archive, the members named conversations….json are read, as in
OpenAI's exports, and those in a folder `design_chats`, as in Anthropic's; or all JSON members if
there are none of these. Reading an export never opens another file.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from math import nan
from os import fstat
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple
from zipfile import ZipInfo, is_zipfile

from desktop_app.domain import hints
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.domain.system_error import system_error
from desktop_app.exchange import own_json
from desktop_app.exchange.importers import chatgpt, claude, librechat, open_webui
from desktop_app.exchange.importers.imported_conversation import (
    EPOCH,
    ImportedConversation,
    damaged_conversation_error,
    short_title,
    text_at,
    time_from_seconds,
)
from desktop_app.foreign_file import ForeignArchive, RefusedFileError, open_file, read_all
from desktop_app.i18n.translation import N_

# In bytes. A user's history takes some hundred megabytes. Files beyond these limits are refused
# before they are read or unpacked.
MAX_JSON_BYTES: Final = 4 * 1024**3
MAX_IMAGE_BYTES: Final = 64 * 1024**2
MAX_CONVERSATIONS: Final = 100_000
"""The most conversations of another program's export. Importing so many takes half a minute."""
# Text compresses to a fifth, Base64 to three quarters. Above this size, a file that is compressed
# to less than a hundredth is not an export.
_ALWAYS_PLAUSIBLE_BYTES: Final = 64 * 1024**2
_MAX_COMPRESSION_RATIO: Final = 100
# Images hardly compress, but the versions of a question may repeat an image.
_MAX_IMAGES_RATIO: Final = 20
# An empty list takes 2 bytes of JSON and 64 of memory: 4 GB of them would need about 100 GB. The
# values of exports take about twice the bytes of their JSON.
_MAX_VALUES: Final = 50_000_000
# The bytes of memory for each of these marks in JSON: an item, a list, an object.
_VALUE_BYTES: Final = {b",": 8, b"[": 64, b"{": 200}
_ALWAYS_PLAUSIBLE_MEMORY: Final = 128 * 1024**2
_MAX_EXPANSION_RATIO: Final = 4
# A longer integer becomes NaN, which no time and no number of an export is.
_MAX_INTEGER_DIGITS: Final = 30
_STRING_OR_BRACKET: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[][{}]', re.S)
_QUOTE: Final = ord('"')
# The only bytes of a list of objects that are outside of the objects.
_BEFORE_LIST: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\[")
_BEFORE_FIRST_ITEM: Final = re.compile(rb"[ \t\r\n]*\{")
_BEFORE_ITEM: Final = re.compile(rb"[ \t\r\n]*,[ \t\r\n]*\{")
_AFTER_ITEMS: Final = re.compile(rb"[ \t\r\n]*\][ \t\r\n]*")
_MAX_DETAILS_CHARS: Final = 200  # of the JSON parser's message, in a sentence
OWN_KIND: Final = "Repartee"
"""The kind of this program's own exports."""
_ASSET_NAMES: Final = "conversation_asset_file_names.json"
"""A member of ChatGPT's archives since 2026: original names of files by their names there.

Some include a folder: `{"file-1.dat": "dalle-generations/1.webp", …}`.
"""
_BACKUP_FORMAT: Final = "repartee-backup"  # in the manifest of storage/recovery/backup.py

Imported = ImportedConversation | ImportRefusedError


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


def read_export(path: Path) -> ParsedExport:
    """Return the conversations in a file.

    Raises:
        ImportRefusedError: it cannot be read, or is not an export.
    """
    name = path.name or str(path)  # "." has no name
    try:
        with open_file(path) as file:
            if is_zipfile(file):
                export = _read_archive(ForeignArchive(file), _Images(path))
            else:
                export = _read_json(read_all(file, MAX_JSON_BYTES), _find_nothing)
            if export.total > MAX_CONVERSATIONS and export.kind != OWN_KIND:
                raise RefusedFileError(
                    N_("{file} contains more than {limit} conversations."), limit=MAX_CONVERSATIONS
                )
            file_time = time_from_seconds(fstat(file.fileno()).st_mtime) or EPOCH
            return replace(export, conversations=_with_times(export.conversations, file_time))
    except OSError as exc:
        raise ImportRefusedError(
            N_("Couldn’t read {file}: {words}."),
            hint=hints.CHECK_NAME_AND_PERMISSIONS,
            details=str(path),
            file=name,
            because=system_error(exc),
        ) from exc
    except RefusedFileError as exc:
        raise ImportRefusedError(
            exc.message, params=exc.params, hint=hints.EXPORT_AGAIN, file=name
        ) from exc
    except MemoryError as exc:
        raise ImportRefusedError(
            N_("There isn’t enough memory to import {file}."), hint=hints.EXPORT_AGAIN, file=name
        ) from exc


def _with_times(conversations: Iterator[Imported], file_time: datetime) -> Iterator[Imported]:
    """Yield the conversations. One without any time gets the file's time instead of 1970."""
    for imported in conversations:
        if isinstance(imported, ImportedConversation) and imported.conversation.created_at == EPOCH:
            yield _shift_times(imported, file_time - EPOCH)
        else:
            yield imported


def _shift_times(imported: ImportedConversation, delay: timedelta) -> ImportedConversation:
    """Return the conversation with all its times later by `delay`."""
    conversation = replace(
        imported.conversation,
        created_at=imported.conversation.created_at + delay,
        updated_at=imported.conversation.updated_at + delay,
    )
    messages = tuple(replace(m, created_at=m.created_at + delay) for m in imported.messages)
    return replace(imported, conversation=conversation, messages=messages)


def _find_nothing(_file_id: str) -> None:
    """Find no image: JSON that is not in an archive has none."""


def _read_archive(archive: ForeignArchive, images: _Images) -> ParsedExport:
    """Return the conversations of all files of an archive; a damaged file counts as one."""
    members = [
        info
        for info in archive.members
        if info.filename.endswith(".json") and not _is_hidden(info.filename)
    ]
    named_members = [info for info in members if _is_named_conversations(info)]
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
        raise (refusals[0] if refusals else _UnknownExportError())
    return ParsedExport(
        exports[0].kind,
        sum(export.total for export in exports) + len(refusals),
        images.close_after(chain(*(export.conversations for export in exports), refusals)),
    )


def _is_hidden(name: str) -> bool:
    """Return True for a hidden file, such as those that macOS adds to archives."""
    return PurePosixPath(name).name.startswith(".")


def _is_named_conversations(info: ZipInfo) -> bool:
    path = PurePosixPath(info.filename)
    return path.name.startswith("conversations") or path.parent.name == "design_chats"


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
    """The images of an archive. The first search opens the archive again.

    Images are found until they unpack to too many bytes for the size of the archive: a megabyte of
    a ZIP bomb could become a gigabyte in memory and in the library.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._archive: ForeignArchive | None = None
        self._members_by_name: list[tuple[str, ZipInfo]] = []
        self._original_names: Mapping[str, Any] = {}
        self._bytes_left = 0

    def find(self, file_id: str) -> tuple[str, bytes] | None:
        """Return the name and bytes of the first member whose name begins with a file id.

        The name is the original one if the archive has it.

        Return None if there is none, if the archive or the member cannot be read, or if the images
        unpack to too many bytes.
        """
        if not file_id:
            return None
        with suppress(OSError, RefusedFileError):  # the import goes on without this image
            if self._archive is None:
                self._archive = self._open()
            # Of the names that begin with the id, the first in order is at this index.
            index = bisect_left(self._members_by_name, file_id, key=_member_name)
            if index == len(self._members_by_name):
                return None
            name, info = self._members_by_name[index]
            if name.startswith(file_id) and info.file_size <= self._bytes_left:
                self._bytes_left -= info.file_size
                original_name = PurePosixPath(text_at(self._original_names, name)).name
                return original_name or name, self._archive.read(info, MAX_IMAGE_BYTES)
        return None

    def _open(self) -> ForeignArchive:
        """Open the archive, index its members, and set how many bytes may be unpacked."""
        archive = ForeignArchive(open_file(self._path))
        members = [(PurePosixPath(info.filename).name, info) for info in archive.members]
        self._members_by_name = sorted(members, key=_member_name)
        self._original_names = _read_asset_names(archive, dict(members).get(_ASSET_NAMES))
        packed = sum(info.compress_size for info in archive.members)
        self._bytes_left = max(_ALWAYS_PLAUSIBLE_BYTES, _MAX_IMAGES_RATIO * packed)
        return archive

    def close_after(self, conversations: Iterator[Imported]) -> Iterator[Imported]:
        """Yield the conversations, then close the archive."""
        try:
            yield from conversations
        finally:
            if self._archive is not None:
                self._archive.close()


def _read_asset_names(archive: ForeignArchive, info: ZipInfo | None) -> Mapping[str, Any]:
    """Return the original names of files; none if the member is missing or damaged."""
    if info is not None:
        with suppress(ImportRefusedError, RefusedFileError):
            data = archive.read(info, MAX_IMAGE_BYTES)
            _require_plausible_values(data)
            value = _parse_json(data)
            return value if isinstance(value, dict) else {}
    return {}


def _member_name(member: tuple[str, ZipInfo]) -> str:
    return member[0]


def _read_json(data: bytes, find_file: chatgpt.FindFile) -> ParsedExport:
    """Return the conversations in JSON. The first of a known kind decides the kind of all."""
    _require_plausible_values(data)
    spans = _item_spans(data)
    if spans is not None:
        total = len(spans)

        def load_items() -> Iterator[Any]:
            return (_parse_item(data[start:end]) for start, end in spans)
    else:
        value = _parse_json(data)
        if own_json.is_own(value):
            rows = value.get("conversations")
            total = len(rows) if isinstance(rows, list) else 0
            return ParsedExport(OWN_KIND, total, own_json.read_conversations(value))
        if isinstance(value, dict) and value.get("format") == _BACKUP_FORMAT:
            raise ImportRefusedError(
                N_("The file is a backup, not an export."), hint=hints.RESTORE_BACKUP
            )
        items = value if isinstance(value, list) else [value]
        total = len(items)
        load_items = partial(iter, items)
    error: ImportRefusedError | None = None
    kinds = _export_kinds(find_file)
    for item in load_items():
        for kind in kinds:
            if kind.is_conversation(item):
                return ParsedExport(kind.name, total, _read_each(load_items(), kind))
        if error is None and isinstance(item, ImportRefusedError):
            error = _NotJsonError(item.details)
    raise error or _UnknownExportError()


class _ExportKind(NamedTuple):
    """The exports of another program.

    Attributes:
        name: the program's name.
        is_conversation: returns True if an item is a conversation of this program.
        read: returns the conversation in an item; raises BAD_VALUE errors.
        refusal: the sentence on an item that is not a conversation of this program.
    """

    name: str
    is_conversation: Callable[[Any], bool]
    read: Callable[[Mapping[str, Any]], ImportedConversation]
    refusal: str


def _export_kinds(find_file: chatgpt.FindFile) -> tuple[_ExportKind, ...]:
    read_chatgpt = partial(chatgpt.read_conversation, find_file=find_file)
    return (
        _ExportKind(
            "ChatGPT",
            chatgpt.is_conversation,
            read_chatgpt,
            N_("The file contains a conversation that isn’t from ChatGPT."),
        ),
        _ExportKind(
            "Claude",
            claude.is_conversation,
            claude.read_conversation,
            N_("The file contains a conversation that isn’t from Claude."),
        ),
        _ExportKind(
            "LibreChat",
            librechat.is_conversation,
            librechat.read_conversation,
            N_("The file contains a conversation that isn’t from LibreChat."),
        ),
        _ExportKind(
            "Open WebUI",
            open_webui.is_conversation,
            open_webui.read_conversation,
            N_("The file contains a conversation that isn’t from Open WebUI."),
        ),
    )


def _require_plausible_values(data: bytes) -> None:
    """Raise RefusedFileError if JSON has too many values."""
    counts = {mark: data.count(mark) for mark in _VALUE_BYTES}
    memory = sum(count * _VALUE_BYTES[mark] for mark, count in counts.items())
    is_plausible = memory <= _ALWAYS_PLAUSIBLE_MEMORY + _MAX_EXPANSION_RATIO * len(data)
    if not is_plausible or sum(counts.values()) > _MAX_VALUES:
        raise RefusedFileError(N_("{file} contains too many values for an export."))


def _item_spans(data: bytes) -> list[tuple[int, int]] | None:
    """Return where each item of a list of objects begins and ends; None for other JSON.

    Parsed one by one, the conversations of 500 MB take 0.5 GB of memory; parsed at once, 2.8 GB. A
    damaged conversation does not stop the others.
    """
    spans: list[tuple[int, int]] = []
    depth = 0
    start = 0  # of the open item
    end = 0  # of the last item; nothing but spaces, commas and brackets is outside of the items
    for match in _STRING_OR_BRACKET.finditer(data):
        index = match.start()
        if data[index] == _QUOTE:
            continue
        if data[index] in b"[{":
            depth += 1
            if depth > 2:
                continue
            if depth == 1:
                expected = _BEFORE_LIST
            else:
                expected = _BEFORE_ITEM if spans else _BEFORE_FIRST_ITEM
            if not expected.fullmatch(data, end, index + 1):
                return None
            start = index
            end = index + 1
        else:
            depth -= 1
            if depth == 1:
                end = index + 1
                spans.append((start, end))
            elif depth <= 0:
                return spans if _AFTER_ITEMS.fullmatch(data, end) else None
    return None


def _parse_json(data: bytes) -> Any:
    """Parse JSON. A huge integer becomes NaN, so that only its conversation is refused.

    Raises ImportRefusedError if it is not JSON.
    """
    try:
        return json.loads(data, parse_int=_bounded_integer)
    except (ValueError, RecursionError) as exc:
        raise _NotJsonError(str(exc)) from exc


def _parse_item(data: bytes) -> Any:
    """Parse a conversation. Return an error if it is not JSON."""
    try:
        return json.loads(data, parse_int=_bounded_integer)
    except (ValueError, RecursionError) as exc:
        return damaged_conversation_error(None, exc)


def _bounded_integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else nan


def _read_each(items: Iterator[Any], kind: _ExportKind) -> Iterator[Imported]:
    for item in items:
        if isinstance(item, ImportRefusedError):
            yield item
            continue
        try:
            if kind.is_conversation(item):
                yield kind.read(item)
            else:
                yield ImportRefusedError(kind.refusal, hints.EXPORT_AGAIN)
        except BAD_VALUE as exc:
            yield damaged_conversation_error(item, exc)
