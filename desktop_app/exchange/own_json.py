"""Writes and reads Repartee's own JSON export, which loses nothing of a conversation.

    {"format": "repartee", "version": 1,
     "folders":       [ {id, name, created_at, choice, overrides} … ],
     "conversations": [ {id, title, title_is_automatic, created_at, updated_at, pinned, archived,
                         folder_id, leaf_id, choice, overrides, preset, draft, messages,
                         compactions} … ],
     "attachments":   [ {sha256, name, media_type, pages, tokens, text, data} … ]}

Each item is on its own line, with its keys in alphabetical order, so that exports can be compared.
Times are ISO 8601 in UTC with microseconds.

Conversations. `title_is_automatic` means that the title is the beginning of the first question or
of its draft; older files lack it. `messages` is the whole tree, parents first: {id, parent_id,
role: user|assistant, status, created_at, choice, usage, cost, duration_s, error, notices, parts,
template_id, usage_scope: own|all|first (see `UsageScope`), answered_by}; `leaf_id` is the end of
the shown path. `choice` is {provider_id, model, variant, effort}; `usage` counts tokens
{input_tokens, cached_tokens, output_tokens, reasoning_tokens}; `cost` is a decimal number of US
dollars as text. `overrides` has the settings of the conversation (or folder) by name. `draft` is
{text, attachments, template_id}. `preset` is the preset last used, as `preset_json.py` writes it,
or null; its settings are in `choice` and `overrides`, and may have been changed since.
`compactions` has the texts that are sent instead of all messages up to `message_id`: {id,
message_id, kind: provider|summary, provider_id, model, body, created_at, tokens_before,
tokens_after, undone_at}. `undone_at` is null unless the user undid the compaction; older files have
no `compactions`.

Parts. Each has a `kind` (text, reasoning, refusal, document, image, collection, passages,
tool_call) and its own fields. Documents and images name an attachment by the SHA-256 of its bytes,
which `data` has in Base64. A document's `chosen` is the part of it that is sent, null for all:
{unit: page|slide|sheet|chapter, spans: [[first, last] …], of, tokens}, where `of` is the number of
units in the document; `is_protected` means that the original needs a password, `as_file` that the
original is sent, `by_tools` that only its beginning is sent because tools read the rest; older
files lack all four.
`seconds` of a reasoning part is its duration, null or absent if unknown. `passages` has the texts
sent from a collection; `known` has the numbers of passages that were found again, but had been sent
with earlier questions.

Left out: collections themselves, keys of providers, and spending outside of conversations; an
export of all conversations also leaves out the trash. An import leaves out the tools that the
provider runs without asking.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

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
from desktop_app.domain.conversations.error_json import error_from_json, error_to_json
from desktop_app.domain.conversations.message_parts import (
    AttachmentFile,
    draft_parts,
    parts_from_json,
    parts_to_json,
)
from desktop_app.domain.conversations.notices import notice_from_json, notice_to_json
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.prompts.preset import Preset
from desktop_app.domain.spending.cost import Usage, UsageScope
from desktop_app.exchange.importers.imported_conversation import (
    ImportedConversation,
    damaged_conversation_error,
    mapping_at,
    objects_at,
)
from desktop_app.exchange.preset_json import overrides_from_json, preset_from_json, preset_to_json
from desktop_app.i18n.translation import N_

FORMAT: Final = "repartee"
VERSION: Final = 1
_SECTIONS: Final = ("folders", "conversations", "attachments")


class JsonWriter:
    """A writer of the file, which is never in memory as a whole. All methods raise OSError.

    Write all folders first, then all conversations, then all attachments, then `end`.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._section = ""
        stream.write(b'{"format": "%s", "version": %d' % (FORMAT.encode(), VERSION))

    def write_folder(self, folder: Folder) -> None:
        self._add("folders", _folder_to_json(folder))

    def write_conversation(
        self,
        conversation: Conversation,
        messages: Iterable[Message],
        compactions: Iterable[Compaction] = (),
        preset: Preset | None = None,
    ) -> None:
        """Write a conversation with all messages, parents first, its compactions and preset."""
        item = _conversation_to_json(conversation, messages)
        item["preset"] = None if preset is None else preset_to_json(preset)
        item["compactions"] = [_compaction_to_json(compaction) for compaction in compactions]
        self._add("conversations", item)

    def write_file(self, file: AttachmentFile) -> None:
        self._add("attachments", _file_to_json(file))

    def end(self) -> None:
        """Write the end of the file."""
        self._advance_to(None)
        self._stream.write(b"}\n")

    def _add(self, section: str, item: Mapping[str, Any]) -> None:
        line = _encode_line(item)  # before anything is written: an item may be impossible to encode
        separator = b",\n"
        if section != self._section:
            self._advance_to(section)
            separator = b"\n"
        self._stream.write(separator + line)

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
    return _read_each(items, folders, files)


def _read_each(
    items: list[Any],
    folders: Mapping[str, Mapping[str, Any]],
    files: Mapping[str, Mapping[str, Any]],
) -> Iterator[ImportedConversation | ImportRefusedError]:
    """Yield the conversations; each file comes with the first conversation that has it.

    Decoding a file again for each of thousands of conversations would take hours.
    """
    files_left = dict(files)
    for item in items:
        try:
            imported = _parse_conversation(item, folders, files_left)
        except bounds.BAD_VALUE as exc:
            yield damaged_conversation_error(item, exc)
            continue
        for file in imported.files:
            del files_left[file.sha256]
        yield imported


# -------------------------------------------------------------- writing


def _encode_line(item: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(item, ensure_ascii=False, sort_keys=True).encode()
    except UnicodeEncodeError:  # a lone surrogate: only JSON can escape it
        return json.dumps(item, sort_keys=True).encode()


def _folder_to_json(folder: Folder) -> dict[str, Any]:
    return {
        "id": folder.id,
        "name": folder.name,
        "created_at": _time_to_json(folder.created_at),
        "choice": _choice_to_json(folder.choice),
        "overrides": folder.overrides.to_json(),
    }


def _conversation_to_json(
    conversation: Conversation, messages: Iterable[Message]
) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "title": conversation.title,
        "title_is_automatic": conversation.title_is_automatic,
        "created_at": _time_to_json(conversation.created_at),
        "updated_at": _time_to_json(conversation.updated_at),
        "pinned": conversation.pinned,
        "archived": conversation.archived,
        "folder_id": conversation.folder_id,
        "leaf_id": conversation.leaf_id,
        "choice": _choice_to_json(conversation.choice),
        "overrides": conversation.overrides.to_json(),
        "draft": conversation.draft.to_json(),
        "messages": [_message_to_json(message) for message in messages],
    }


def _message_to_json(message: Message) -> dict[str, Any]:
    status = message.status
    if status is MessageStatus.STREAMING:  # it cannot be continued from the file
        status = MessageStatus.INTERRUPTED
    return {
        "id": message.id,
        "parent_id": message.parent_id,
        "role": message.role.value,
        "status": status.value,
        "created_at": _time_to_json(message.created_at),
        "choice": _choice_to_json(message.choice),
        "usage": None if message.usage is None else asdict(message.usage),
        "cost": None if message.cost is None else str(message.cost),
        "duration_s": message.duration_s,
        "error": None if message.error is None else error_to_json(message.error),
        "notices": [notice_to_json(notice) for notice in message.notices],
        "parts": parts_to_json(message.parts),
        "template_id": message.template_id,
        "usage_scope": message.usage_scope.value,
        "answered_by": message.answered_by,
    }


def _compaction_to_json(compaction: Compaction) -> dict[str, Any]:
    return {
        "id": compaction.id,
        "message_id": compaction.message_id,
        "kind": compaction.kind.value,
        "provider_id": compaction.provider_id,
        "model": compaction.model,
        "body": compaction.body,
        "created_at": _time_to_json(compaction.created_at),
        "tokens_before": compaction.tokens_before,
        "tokens_after": compaction.tokens_after,
        "undone_at": None if compaction.undone_at is None else _time_to_json(compaction.undone_at),
    }


def _file_to_json(file: AttachmentFile) -> dict[str, Any]:
    return {
        "sha256": file.sha256,
        "name": file.name,
        "media_type": file.media_type,
        "pages": file.pages,
        "tokens": file.tokens,
        "text": file.text,
        "data": base64.b64encode(file.data).decode(),
    }


def _choice_to_json(choice: ModelChoice | None) -> dict[str, Any] | None:
    if choice is None:
        return None
    return {
        "provider_id": choice.provider_id,
        "model": choice.model,
        "variant": None if choice.variant is None else choice.variant.value,
        "effort": None if choice.effort is None else choice.effort.value,
    }


def _time_to_json(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


# -------------------------------------------------------------- reading


def _parse_conversation(
    item: Any, folders: Mapping[str, Mapping[str, Any]], files: Mapping[str, Mapping[str, Any]]
) -> ImportedConversation:
    """Return a conversation, with its attachments as far as `files`, by hash, has them.

    Raises:
        an error of `bounds.BAD_VALUE`: a value is missing or invalid.
    """
    if not isinstance(item, Mapping):
        raise TypeError("it is not an object")
    conversation = _conversation_from(item)
    folder = None
    if conversation.folder_id is not None:
        if conversation.folder_id not in folders:
            raise ValueError("its folder is not in the file")
        folder = _folder_from(folders[conversation.folder_id])
    messages = tuple(_message_from(row, conversation.id) for row in objects_at(item, "messages"))
    _require_tree(conversation, messages)
    compactions = tuple(
        _compaction_from(row, conversation.id) for row in objects_at(item, "compactions")
    )
    compacted_ids = {compaction.message_id for compaction in compactions}
    if not compacted_ids <= {message.id for message in messages}:
        raise ValueError("a compaction of no message")
    preset = None
    if isinstance(item.get("preset"), Mapping):
        preset = preset_from_json(item["preset"])
        _require_storable_text(bounds.checked_name(preset.provider_id))
        conversation = replace(conversation, preset_id=_require_id(preset.id))
    attachments = [part for message in messages for part in message.attachments]
    attachments += conversation.draft.question_attachments
    hashes = dict.fromkeys(part.sha256 for part in attachments)
    found_files = tuple(_file_from(files[sha256]) for sha256 in hashes if sha256 in files)
    return ImportedConversation(
        conversation,
        messages,
        folder=folder,
        files=found_files,
        compactions=compactions,
        preset=preset,
    )


def _require_tree(conversation: Conversation, messages: tuple[Message, ...]) -> None:
    """Raise ValueError unless each message follows its parent, and the shown path has an end."""
    seen_ids: set[str | None] = {None}
    for message in messages:
        if message.parent_id not in seen_ids or message.id in seen_ids:
            raise ValueError(f"message {message.id} has no place in the tree")
        seen_ids.add(message.id)
    if conversation.leaf_id not in seen_ids:
        raise ValueError("the path shown ends in no message")


def _conversation_from(item: Mapping[str, Any]) -> Conversation:
    draft = mapping_at(item, "draft")
    choice = _choice_from(item["choice"])
    if choice is None:
        raise ValueError("no choice")
    attachments = map(bounds.checked_part, parts_from_json(objects_at(draft, "attachments")))
    return Conversation(
        id=_require_id(item["id"]),
        title=bounds.checked_name(item["title"]),
        created_at=_time_from(item["created_at"]),
        updated_at=_time_from(item["updated_at"]),
        choice=choice,
        leaf_id=None if item["leaf_id"] is None else _require_id(item["leaf_id"]),
        pinned=item["pinned"] is True,
        draft=Draft(
            _require_text(draft.get("text", "")),
            draft_parts(attachments),
            bounds.checked_name(draft.get("template_id", "")),
        ),
        overrides=overrides_from_json(mapping_at(item, "overrides")),
        folder_id=None if item["folder_id"] is None else _require_id(item["folder_id"]),
        archived=item["archived"] is True,
        title_is_automatic=item.get("title_is_automatic") is True,
    )


def _message_from(item: Mapping[str, Any], conversation_id: str) -> Message:
    parent_id = item["parent_id"]
    usage = item["usage"]
    duration_s = item["duration_s"]
    error = item["error"]
    message = Message(
        id=_require_id(item["id"]),
        conversation_id=conversation_id,
        parent_id=None if parent_id is None else _require_id(parent_id),
        role=Role(item["role"]),
        status=_require_finished(MessageStatus(item["status"])),
        parts=parts_from_json(_require_rows(item["parts"])),
        created_at=_time_from(item["created_at"]),
        choice=_choice_from(item["choice"]),
        usage=None if usage is None else Usage(**usage),
        cost=None if item["cost"] is None else bounds.checked_money(item["cost"]),
        duration_s=None if duration_s is None else float(duration_s),
        error=None if error is None else error_from_json(error),
        notices=tuple(map(notice_from_json, item["notices"])),
        template_id=item.get("template_id", ""),
        usage_scope=UsageScope(item.get("usage_scope", UsageScope.OWN)),
        answered_by=item.get("answered_by", ""),
    )
    return bounds.checked_message(message)


def _require_rows(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        raise TypeError("parts are not a list of objects")
    return value


def _compaction_from(item: Mapping[str, Any], conversation_id: str) -> Compaction:
    undone_at = item["undone_at"]
    return bounds.checked_compaction(
        Compaction(
            id=_require_id(item["id"]),
            conversation_id=conversation_id,
            message_id=_require_id(item["message_id"]),
            kind=CompactionKind(item["kind"]),
            provider_id=_require_storable_text(item["provider_id"]),
            model=_require_storable_text(item["model"]),
            body=_require_storable_text(item["body"]),
            created_at=_time_from(item["created_at"]),
            tokens_before=item["tokens_before"],
            tokens_after=item["tokens_after"],
            undone_at=None if undone_at is None else _time_from(undone_at),
        )
    )


def _require_finished(status: MessageStatus) -> MessageStatus:
    if status is MessageStatus.STREAMING:
        raise ValueError("an unfinished answer")
    return status


def _folder_from(item: Mapping[str, Any]) -> Folder:
    return Folder(
        id=_require_id(item["id"]),
        name=bounds.checked_name(item["name"]),
        created_at=_time_from(item["created_at"]),
        choice=_choice_from(item["choice"]),
        overrides=overrides_from_json(mapping_at(item, "overrides")),
    )


def _file_from(item: Mapping[str, Any]) -> AttachmentFile:
    try:
        data = base64.b64decode(item["data"], validate=True)
    except binascii.Error as exc:
        raise ValueError("an attachment's data is not Base64") from exc
    if hashlib.sha256(data).hexdigest() != item["sha256"]:
        raise ValueError("an attachment with another SHA-256")
    file = AttachmentFile(
        sha256=item["sha256"],
        name=bounds.checked_name(item["name"]),
        media_type=_require_storable_text(bounds.checked_name(item["media_type"])),
        text=_require_text(item["text"]),
        pages=item["pages"],
        tokens=item["tokens"],
        data=data,
    )
    return bounds.checked_fields(file)


def _choice_from(item: Mapping[str, Any] | None) -> ModelChoice | None:
    if item is None:
        return None
    variant = item["variant"]
    effort = item["effort"]
    return ModelChoice(
        provider_id=_require_storable_text(bounds.checked_name(item["provider_id"])),
        model=bounds.checked_name(item["model"]),
        variant=None if variant is None else Variant(variant),
        effort=None if effort is None else Effort(effort),
    )


def _require_id(value: Any) -> str:
    if not bounds.is_id(value):
        raise ValueError("an invalid id")
    return str(value)


def _require_storable_text(value: Any) -> str:
    """Return a text for a column that must be UTF-8; other columns may have lone surrogates.

    Raises:
        TypeError: it is not a text.
        ValueError: it has a lone surrogate.
    """
    text = _require_text(value)
    text.encode()  # raises for a lone surrogate
    return text


def _require_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    return value


def _time_from(value: Any) -> datetime:
    moment = datetime.fromisoformat(_require_text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return bounds.checked_time(moment.astimezone(UTC))
