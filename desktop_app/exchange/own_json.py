"""Writes and reads Repartee's own JSON export, which loses nothing of a conversation.

    {"format": "repartee", "version": 1,
     "folders": [ … ], "conversations": [ … ], "attachments": [ … ]}

The structs below have the fields of each item. An item is on a line of its own, with its keys in
alphabetical order, so that exports can be compared. Times are ISO 8601 in UTC.

`messages` is the whole tree, parents first; `leaf_id` is the end of the shown path. `cost` is a
decimal number of US dollars as text. `preset` is the preset last used, as `prompt_json.py` writes
it; its settings are in `choice` and `overrides`, and may have been changed since. `compactions` has
the texts that are sent instead of all messages up to `message_id`. The parts of a message are those
of `domain/conversations/message_parts.py`; documents and images name an attachment by the SHA-256
of its bytes, which `data` has in Base64.

A folder names its files. Left out: the files and collections themselves, notes, keys of providers,
and spending outside of conversations; an export of all conversations also leaves out the trash. An
import leaves out the tools that the provider runs without asking.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, BinaryIO, Final, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Struct

from desktop_app.domain import bounds, hints
from desktop_app.domain.conversations.compaction import Compaction, CompactionKind
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Folder,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
)
from desktop_app.domain.conversations.message_parts import (
    AttachmentFile,
    draft_parts,
    parts_from_json,
    parts_to_json,
)
from desktop_app.domain.conversations.notices import notice_from_json, notice_to_json
from desktop_app.domain.conversations.written_text import Mark, WrittenText
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import error_from_json, error_to_json
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.domain.prompt import Prompt
from desktop_app.domain.prompt_json import overrides_from_json, prompt_from_json, prompt_to_json
from desktop_app.exchange.importers.imported_conversation import (
    ImportedConversation,
    damaged_conversation_error,
    objects_at,
)
from desktop_app.exchange.importers.json_values import decode
from desktop_app.i18n.translation import N_

FORMAT: Final = "repartee"
VERSION: Final = 1
_SECTIONS: Final = ("folders", "conversations", "attachments")
_FIRST_LINE: Final = b'{"format": "%s", "version": %d,\n' % (FORMAT.encode(), VERSION)
_SECTION_LINE: Final = re.compile(rb'"(folders|conversations|attachments)": \[(?:\]([,}]))?\n')
T = TypeVar("T")
Place = TypeVar("Place")

_Id = Annotated[str, Meta(pattern=r"\A[0-9A-Za-z][0-9A-Za-z_.:-]{0,63}\Z")]
_Time = Annotated[datetime, Meta(tz=True)]
_Row = dict[str, Any]


class _Folder(Struct):
    id: _Id
    name: bounds.Name
    created_at: _Time
    choice: ModelChoice | None
    overrides: _Row = {}
    file_names: list[bounds.Name] = []


class _Draft(Struct, frozen=True):
    text: str = ""
    attachments: list[_Row] = []
    template_id: bounds.Name = ""


class _Message(Struct):
    id: _Id
    parent_id: _Id | None
    role: Role
    status: MessageStatus
    created_at: _Time
    choice: ModelChoice | None
    usage: Usage | None
    cost: str | None
    duration_s: bounds.Seconds | None
    error: _Row | None
    notices: list[Any]
    parts: list[_Row]
    template_id: bounds.Name = ""
    answered_by: bounds.Name = ""
    cost_is_estimated: bool = False


class _Compaction(Struct):
    id: _Id
    message_id: _Id
    kind: CompactionKind
    provider_id: bounds.Name
    model: bounds.Name
    body: str
    created_at: _Time
    tokens_before: bounds.Count
    tokens_after: bounds.Count
    undone_at: _Time | None


class _Text(Struct):
    id: _Id
    title: str
    body: str
    marks: list[tuple[bounds.Count, bounds.Count, bounds.Count, bool]] = []
    is_shown: bool = True


class _Conversation(Struct):
    id: _Id
    title: bounds.Name
    created_at: _Time
    updated_at: _Time
    pinned: bool
    archived: bool
    folder_id: _Id | None
    leaf_id: _Id | None
    choice: ModelChoice
    title_is_automatic: bool = False
    overrides: _Row = {}
    draft: _Draft = _Draft()
    preset: _Row | None = None
    messages: list[_Message] = []
    compactions: list[_Compaction] = []
    texts: list[_Text] = []


class _File(Struct):
    sha256: str
    name: bounds.Name
    media_type: bounds.Name
    text: str
    pages: bounds.Count | None
    tokens: bounds.Count | None
    data: bytes


class _FileName(Struct):
    """A file of which only the hash is needed."""

    sha256: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class JsonWriter:
    """A writer of the file, which is never in memory as a whole. All methods raise OSError.

    Write all folders first, then all conversations, then all attachments, then `end`.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._section = ""
        stream.write(b'{"format": "%s", "version": %d' % (FORMAT.encode(), VERSION))

    def write_folder(self, folder: Folder) -> None:
        self._add("folders", _to_row(folder, _Folder, overrides=folder.overrides.to_json()))

    def write_conversation(
        self,
        conversation: Conversation,
        messages: Iterable[Message],
        compactions: Iterable[Compaction] = (),
        preset: Prompt | None = None,
        texts: Iterable[WrittenText] = (),
    ) -> None:
        """Write a conversation with all messages, parents first, and what belongs to it.

        Args:
            texts: those beside it, the one that was used last at the end; their files stay unnamed.
        """
        messages = tuple(messages)
        if conversation.leaf_id not in (None, *(message.id for message in messages)):
            # Another computer still writes the answer.
            newest = max(messages, key=lambda message: message.created_at, default=None)
            conversation = replace(conversation, leaf_id=newest.id if newest else None)
        item = _to_row(
            conversation,
            _Conversation,
            overrides=conversation.overrides.to_json(),
            draft=conversation.draft.to_json(),
            preset=None if preset is None else prompt_to_json(preset),
            messages=[_message_to_row(message) for message in messages],
            compactions=[_to_row(compaction, _Compaction) for compaction in compactions],
            texts=[_to_row(text, _Text) for text in texts],
        )
        self._add("conversations", item)

    def write_file(self, file: AttachmentFile) -> None:
        self._add("attachments", _to_row(file, _File))

    def end(self) -> None:
        """Write the end of the file."""
        self._advance_to(None)
        self._stream.write(b"}\n")

    def _add(self, section: str, item: Mapping[str, Any]) -> None:
        # Before anything is written: an item may be impossible to encode.
        line = json.dumps(item, ensure_ascii=False, sort_keys=True)
        try:
            data = line.encode()
        except UnicodeEncodeError:  # a lone surrogate: only JSON can escape it
            data = json.dumps(item, sort_keys=True).encode()
        separator = b",\n"
        if section != self._section:
            self._advance_to(section)
            separator = b"\n"
        self._stream.write(separator + data)

    def _advance_to(self, section: str | None) -> None:
        """Close the open section, write empty sections up to `section`, and open `section`.

        None closes the last section.
        """
        next_sections: tuple[str, ...] = _SECTIONS
        if self._section:
            next_sections = _SECTIONS[_SECTIONS.index(self._section) + 1 :]
            self._stream.write(b"]")
        for name in next_sections:
            self._stream.write(f',\n"{name}": ['.encode())
            self._section = name
            if name == section:
                return
            self._stream.write(b"]")


def is_own(value: Any) -> bool:
    """Return True if this JSON is Repartee's, of any version."""
    return isinstance(value, Mapping) and value.get("format") == FORMAT


def read_conversations(
    value: Mapping[str, Any],
) -> Iterator[ImportedConversation | ImportRefusedError]:
    """Return the conversations, with an error in place of each damaged conversation.

    Raises:
        ImportRefusedError: a newer version wrote the file, or it is damaged as a whole.
    """
    if value.get("version") != VERSION:  # this is the first version
        raise ImportRefusedError(
            N_("The file is from a newer version of Repartee."),
            hint=N_("Import it with that version or a newer one."),
        )
    folders = {
        row["id"]: row for row in objects_at(value, "folders") if bounds.is_id(row.get("id"))
    }
    files = {
        row["sha256"]: row
        for row in objects_at(value, "attachments")
        if bounds.is_hash(row.get("sha256"))
    }
    items = value.get("conversations", [])
    if not isinstance(items, list):
        raise ImportRefusedError(
            N_("The file is damaged because it has no list of conversations."),
            hint=hints.EXPORT_AGAIN,
        )
    return _read_each(items, folders, files, _file_from)


class Lines(NamedTuple):
    """An export whose items are on lines of their own, as `JsonWriter` writes it.

    Attributes:
        start: where its conversations begin.
        total: their number.
        folders: by their ids.
        files: by their hashes, where each attachment begins, and its length.
    """

    start: int
    total: int
    folders: dict[str, _Row]
    files: dict[str, tuple[int, int]]


ChunksOf = Callable[[int], Generator[bytes]]
"""Returns the bytes of a file from a place on."""


def find_lines(chunks_of: ChunksOf) -> Lines | None:
    """Return where the items of an export are; None for any other file, also of another version.

    An export of ten years, with pictures, is not in memory as a whole.

    Raises json.JSONDecodeError if it is damaged.
    """
    if not next(chunks_of(0), b"").startswith(_FIRST_LINE):
        return None
    section, start, total = "", 0, 0
    folders: dict[str, _Row] = {}
    files: dict[str, tuple[int, int]] = {}
    for offset, line in _lines(chunks_of(0)):
        if not offset:
            continue
        if section == "}":
            if line.strip():
                return None
        elif head := _SECTION_LINE.fullmatch(line):
            section = "}" if head[2] == b"}" else head[1].decode()
            start = offset + len(line) if section == "conversations" else start
        else:
            item, end = _item_of(line)
            total += section == "conversations"
            try:
                if section == "folders":
                    folder = _decoded(item, _Folder)
                    folders[folder.id] = json.loads(decode(item))
                elif section == "attachments":
                    files[_decoded(item, _FileName).sha256] = (offset, len(item))
                else:
                    _decoded(item, msgspec.Raw)
            except json.JSONDecodeError:
                raise
            except (ValueError, RecursionError):
                pass  # it costs itself, or its conversation
            section = "}" if end == b"}" else section
    if section != "}":
        raise json.JSONDecodeError("The end is missing", "", 0)
    return Lines(start, total, folders, files)


def read_lines(
    found: Lines, chunks_of: ChunksOf
) -> Iterator[ImportedConversation | ImportRefusedError]:
    """Yield the conversations, with an error in place of each damaged conversation."""

    def read_file(place: tuple[int, int]) -> AttachmentFile:
        offset, length = place
        item, at = bytearray(length), 0
        with closing(chunks_of(offset)) as chunks:
            while at < length and (chunk := next(chunks, b"")):
                item[at : at + len(chunk)] = chunk[: length - at]
                at += len(chunk)
        return _file_from(_decoded(memoryview(item), _File))

    lines = islice(_lines(chunks_of(found.start)), found.total)
    items = (_item_of(line)[0] for _, line in lines)
    return _read_each(items, found.folders, found.files, read_file)


def _lines(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytearray]]:
    """Yield the lines, and where each begins. That of a picture is copied as rarely as can be."""
    offset = 0
    line = bytearray()
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        line += first
        for other in others:
            line += b"\n"
            length = len(line)
            yield offset, line
            offset += length
            line = bytearray(other)
    yield offset, line


def _item_of(line: bytearray) -> tuple[memoryview, bytes]:
    """Return the item on a line, and the end of its section: "," for one, "}" for all."""
    for end in (b"],\n", b"]}\n", b",\n"):
        if line.endswith(b"}" + end):
            return memoryview(line)[: -len(end)], end[1:2]
    raise json.JSONDecodeError("Expecting ',' delimiter", "", 0)


def _decoded(item: memoryview, shape: type[T]) -> T:
    """Return JSON in a shape. Raises JSONDecodeError, ValueError."""
    try:
        return msgspec.json.decode(item, type=shape)
    except msgspec.DecodeError:  # half of a surrogate pair, which only Python's JSON can have
        return bounds.converted(json.loads(decode(item)), shape)


def _read_each(
    items: Iterable[Any],
    folders: Mapping[str, Mapping[str, Any]],
    files: Mapping[str, Place],
    read_file: Callable[[Place], AttachmentFile],
) -> Iterator[ImportedConversation | ImportRefusedError]:
    """Yield the conversations; each file comes with the first conversation that has it.

    Decoding a file again for each of thousands of conversations would take hours.

    Args:
        items: values, or JSON.
    """
    files_left = dict(files)
    for row in items:
        item = row
        try:
            if isinstance(row, memoryview):
                item = json.loads(decode(row))
            imported, hashes = _parse_conversation(item, folders)
            found = {sha256: files_left[sha256] for sha256 in hashes if sha256 in files_left}
            imported = replace(imported, files=tuple(map(read_file, found.values())))
        except bounds.BAD_VALUE as exc:
            yield damaged_conversation_error(item, exc)
            continue
        for sha256 in found:
            del files_left[sha256]
        yield imported


# -------------------------------------------------------------- writing


def _to_row(value: object, shape: type[Struct], **converted: Any) -> _Row:
    """Return the fields of a shape as JSON values; those in `converted` are JSON already."""
    names = (name for name in shape.__struct_fields__ if name not in converted)
    row: _Row = msgspec.to_builtins({name: getattr(value, name) for name in names})
    return row | converted


def _message_to_row(message: Message) -> _Row:
    is_streaming = message.status is MessageStatus.STREAMING  # cannot be continued from the file
    return _to_row(
        message,
        _Message,
        status=(MessageStatus.INTERRUPTED if is_streaming else message.status).value,
        error=None if message.error is None else error_to_json(message.error),
        notices=[notice_to_json(notice) for notice in message.notices],
        parts=parts_to_json(message.parts),
    )


# -------------------------------------------------------------- reading


def _parse_conversation(
    item: Any, folders: Mapping[str, Mapping[str, Any]]
) -> tuple[ImportedConversation, Iterable[str]]:
    """Return a conversation, and the hashes of its attachments.

    Raises:
        an error of `bounds.BAD_VALUE`: a value is missing or invalid.
    """
    row = bounds.converted(item, _Conversation)
    attachments = parts_from_json(row.draft.attachments)
    conversation = Conversation(
        id=row.id,
        title=row.title,
        created_at=_utc(row.created_at),
        updated_at=_utc(row.updated_at),
        choice=_require_choice(row.choice),
        leaf_id=row.leaf_id,
        pinned=row.pinned,
        draft=Draft(row.draft.text, draft_parts(attachments), row.draft.template_id),
        overrides=overrides_from_json(row.overrides),
        folder_id=row.folder_id,
        archived=row.archived,
        title_is_automatic=row.title_is_automatic,
    )
    folder = None
    if row.folder_id is not None:
        if row.folder_id not in folders:
            raise ValueError("its folder is not in the file")
        found = bounds.converted(folders[row.folder_id], _Folder)
        folder = Folder(
            id=found.id,
            name=found.name,
            created_at=_utc(found.created_at),
            choice=None if found.choice is None else _require_choice(found.choice),
            overrides=overrides_from_json(found.overrides),
            file_names=tuple(found.file_names),
        )
    messages = tuple(_message_from(message, row.id) for message in row.messages)
    _require_tree(conversation, messages)
    compactions = tuple(_compaction_from(compaction, row.id) for compaction in row.compactions)
    if not {each.message_id for each in compactions} <= {message.id for message in messages}:
        raise ValueError("a compaction of no message")
    preset = None
    if row.preset is not None:
        preset = prompt_from_json(row.preset, is_preset=True)
        _require_storable(preset.provider_id)
        conversation = replace(conversation, preset_id=preset.id)
    attached = [part for message in messages for part in message.attachments]
    attached += conversation.draft.question_attachments
    imported = ImportedConversation(
        conversation,
        messages,
        folder=folder,
        compactions=compactions,
        preset=preset,
        texts=tuple(_text_from(text, row.id) for text in row.texts),
    )
    return imported, dict.fromkeys(part.sha256 for part in attached)


def _require_tree(conversation: Conversation, messages: tuple[Message, ...]) -> None:
    """Raise ValueError unless each message follows its parent, and the shown path has an end."""
    seen_ids: set[str | None] = {None}
    for message in messages:
        if message.parent_id not in seen_ids or message.id in seen_ids:
            raise ValueError(f"message {message.id} has no place in the tree")
        seen_ids.add(message.id)
    if conversation.leaf_id not in seen_ids:
        raise ValueError("the path shown ends in no message")


def _message_from(row: _Message, conversation_id: str) -> Message:
    if row.status is MessageStatus.STREAMING:
        raise ValueError("an unfinished answer")
    return Message(
        id=row.id,
        conversation_id=conversation_id,
        parent_id=row.parent_id,
        role=row.role,
        status=row.status,
        parts=parts_from_json(row.parts),
        created_at=_utc(row.created_at),
        choice=None if row.choice is None else _require_choice(row.choice),
        usage=row.usage,
        cost=None if row.cost is None else bounds.checked_money(row.cost),
        duration_s=row.duration_s,
        error=None if row.error is None else error_from_json(row.error),
        notices=tuple(map(notice_from_json, row.notices)),
        template_id=row.template_id,
        answered_by=row.answered_by,
        cost_is_estimated=row.cost_is_estimated,
    )


def _compaction_from(row: _Compaction, conversation_id: str) -> Compaction:
    _require_storable(row.provider_id + row.model + row.body)
    fields = msgspec.structs.asdict(row)
    fields["created_at"] = _utc(row.created_at)
    fields["undone_at"] = None if row.undone_at is None else _utc(row.undone_at)
    if row.kind is CompactionKind.PROVIDER:
        for item in bounds.converted(json.loads(row.body), list[_Row]):
            _require_state_item(item)
    return Compaction(conversation_id=conversation_id, **fields)


def _text_from(row: _Text, conversation_id: str) -> WrittenText:
    marks = tuple(Mark(*mark) for mark in row.marks)
    edges = [edge for mark in marks for edge in (mark.start, mark.end)]
    if edges != sorted(edges) or any(edge > len(row.body) for edge in edges):
        raise ValueError("changes of a text that are not in it")
    return WrittenText(row.id, conversation_id, row.title, row.body, marks, is_shown=row.is_shown)


def _require_state_item(item: _Row) -> None:
    """Refuse instructions, calls, and references to other data at the provider or on the web."""
    kind = item.get("type") or "message"
    if kind == "compaction":
        return
    if kind != "message" or item.get("role") not in ("user", "assistant"):
        raise ValueError("an item of a provider's state is no message of the conversation")
    content = item.get("content")
    for part in content if isinstance(content, list) else ():
        image = part.get("image_url") or "data:"
        if part.get("file_id") or part.get("file_url") or not image.startswith("data:"):
            raise ValueError("an item of a provider's state refers to other data")


def _file_from(item: Mapping[str, Any] | _File) -> AttachmentFile:
    row = item if isinstance(item, _File) else bounds.converted(item, _File)
    if hashlib.sha256(row.data).hexdigest() != row.sha256:
        raise ValueError("an attachment with another SHA-256")
    _require_storable(row.media_type)
    return AttachmentFile(**msgspec.structs.asdict(row))


def _require_choice(choice: ModelChoice) -> ModelChoice:
    _require_storable(bounds.checked_name(choice.provider_id))
    bounds.checked_name(choice.model)
    return choice


def _require_storable(text: str) -> None:
    """Raise ValueError for a lone surrogate, which a column of UTF-8 cannot have."""
    text.encode()


def _utc(moment: datetime) -> datetime:
    """Return a time in UTC, in bounds. Raises ValueError."""
    return bounds.checked_time(moment.astimezone(UTC))
