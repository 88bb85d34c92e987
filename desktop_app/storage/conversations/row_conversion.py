"""Converts values of the domain to rows of the store, and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from desktop_app.domain import hints
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Folder,
    Message,
    MessageStatus,
    ModelChoice,
    RemoteRun,
    Role,
)
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    ImagePart,
    Part,
    ReasoningPart,
    parts_from_json,
    parts_to_json,
    text_of,
    with_interrupted_calls,
)
from desktop_app.domain.conversations.notices import notice_from_json, notice_to_json
from desktop_app.domain.error_note import ErrorNote, error_from_json, error_to_json
from desktop_app.domain.errors import StoreDamagedError
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.spending.cost import Usage, UsageScope
from desktop_app.i18n.translation import N_
from desktop_app.storage.database.row_writing import Row

if TYPE_CHECKING:
    from desktop_app.storage.database.database import Database

T = TypeVar("T")
Cells = sqlite3.Row | Mapping[str, Any]
"""A row by column name: SQLite's, or a row that is being checked."""

_PIECE_LENGTH: Final = 100_000
"""The number of characters that are encoded at a time, an arbitrary number."""
USAGE_COLUMNS: Final = tuple(field.name for field in fields(Usage))
NO_USAGE: Final[Row] = dict.fromkeys(USAGE_COLUMNS)  # all are NULL
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Return an aware datetime as microseconds since 1970 in UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the UTC datetime for microseconds since 1970."""
    return _EPOCH + micros * _MICROSECOND


def to_json(value: Any) -> str:
    """Return JSON that SQLite can store.

    A value with an unpaired surrogate, which a model may send and which has no UTF-8 form, becomes
    ASCII with escapes. Other values are not escaped, because escapes take twice the space in most
    scripts.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if _has_utf8(text):
        return text
    return json.dumps(value, separators=(",", ":"))


def _parts_json(parts: Sequence[Part]) -> str:
    """Return JSON of parts. Long texts are encoded in pieces, so that other threads can run."""
    pieces: list[str] = []
    for part in parts_to_json(parts):
        pieces.append(",{" if pieces else "[{")
        for number, (name, value) in enumerate(part.items()):
            pieces.append(f"{',' if number else ''}{to_json(name)}:")
            if isinstance(value, str) and len(value) > _PIECE_LENGTH:
                pieces.append('"')
                for start in range(0, len(value), _PIECE_LENGTH):
                    quoted_piece = to_json(value[start : start + _PIECE_LENGTH])
                    pieces.append(quoted_piece[1:-1])  # without its quotation marks
                pieces.append('"')
            else:
                pieces.append(to_json(value))
        pieces.append("}")
    if not pieces:
        return "[]"
    return "".join((*pieces, "]"))


def to_text(text: str) -> str:
    """Return `text` with unpaired surrogates, which SQLite cannot store, replaced by U+FFFD."""
    if _has_utf8(text):
        return text
    return "".join(c if _has_utf8(c) else "\ufffd" for c in text)


def _has_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def conversation_to_row(conversation: Conversation) -> Row:
    """Return all columns of `conversations` except the draft."""
    trashed_at = conversation.trashed_at
    return {
        "id": conversation.id,
        "title": to_text(conversation.title),
        "created_at": to_micros(conversation.created_at),
        "updated_at": to_micros(conversation.updated_at),
        "leaf_id": conversation.leaf_id,
        "pinned": int(conversation.pinned),
        "folder_id": conversation.folder_id,
        "archived": int(conversation.archived),
        "trashed_at": None if trashed_at is None else to_micros(trashed_at),
        "title_is_automatic": int(conversation.title_is_automatic),
        **settings_to_row(conversation),
    }


def settings_to_row(conversation: Conversation) -> Row:
    """Return the columns of `conversations` with the settings of its answers."""
    return {
        **choice_to_row(conversation.choice),
        "overrides": overrides_to_text(conversation.overrides),
        "preset_id": conversation.preset_id,
    }


def conversation_from_row(row: Cells) -> Conversation:
    """Return the conversation in a row of `conversations` with the extra column `streaming`."""
    choice = choice_from_row(row)
    assert choice is not None  # the columns are NOT NULL in `conversations`
    return Conversation(
        id=row["id"],
        title=row["title"],
        created_at=from_micros(row["created_at"]),
        updated_at=from_micros(row["updated_at"]),
        choice=choice,
        leaf_id=row["leaf_id"],
        pinned=bool(row["pinned"]),
        streaming=bool(row["streaming"]),
        draft=_draft_from_text(row["draft"]),
        overrides=overrides_from_text(row["overrides"]),
        folder_id=row["folder_id"],
        archived=bool(row["archived"]),
        trashed_at=None if row["trashed_at"] is None else from_micros(row["trashed_at"]),
        preset_id=row["preset_id"],
        title_is_automatic=bool(row["title_is_automatic"]),
    )


def overrides_to_text(overrides: Overrides) -> str:
    """Return overrides as the column's text, "" if there are none."""
    return to_json(overrides.to_json()) if overrides else ""


def overrides_from_text(text: str) -> Overrides:
    """Return the overrides in a column's text."""
    return Overrides.from_json(json.loads(text or "{}"))


def folder_to_row(folder: Folder) -> Row:
    """Return all columns of `folders`."""
    return {
        "id": folder.id,
        "name": to_text(folder.name),
        "created_at": to_micros(folder.created_at),
        **choice_to_row(folder.choice),
        "overrides": overrides_to_text(folder.overrides),
    }


def folder_from_row(row: Cells) -> Folder:
    """Return the folder in a row of `folders`."""
    return Folder(
        id=row["id"],
        name=row["name"],
        created_at=from_micros(row["created_at"]),
        choice=choice_from_row(row),
        overrides=overrides_from_text(row["overrides"]),
    )


def draft_to_text(draft: Draft) -> str:
    """Return a draft as the column's text, "" if it is empty."""
    return "" if draft == Draft() else to_json(draft.to_json())


def _draft_from_text(text: str) -> Draft:
    return Draft.from_json(json.loads(text)) if text else Draft()


def error_to_text(note: ErrorNote | None) -> str:
    """Return an error as the column's text, "" if there is none."""
    return "" if note is None else to_json(error_to_json(note))


@lru_cache(maxsize=64)
def error_from_text(text: str) -> ErrorNote | None:
    """Return the error in a column's text, or None for "".

    Cached, because many files of a job share an error.
    """
    return error_from_json(json.loads(text)) if text else None


def message_to_row(message: Message) -> Row:
    """Return all columns of `messages` except `owner_pid` and `owner_started`."""
    return {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "parent_id": message.parent_id,
        "role": message.role.value,
        "created_at": to_micros(message.created_at),
        "template_id": to_text(message.template_id),
        **answer_to_row(message),
    }


def answer_to_row(message: Message) -> Row:
    """Return the columns that change while an answer streams and when it ends."""
    return {
        "status": message.status.value,
        **choice_to_row(message.choice),
        **(NO_USAGE if message.usage is None else asdict(message.usage)),
        "cost": None if message.cost is None else str(message.cost),
        "duration_s": message.duration_s,
        "error": None if message.error is None else to_json(error_to_json(message.error)),
        "usage_scope": message.usage_scope.value,
        "answered_by": to_text(message.answered_by),
        "notices": to_json([notice_to_json(notice) for notice in message.notices]),
        "parts": _parts_json(message.parts),
        "remote_run": None if message.remote_run is None else to_json(asdict(message.remote_run)),
    }


def message_from_row(row: Cells) -> Message:
    """Return the message in a row of `messages`."""
    status = MessageStatus(row["status"])
    parts = parts_from_json(json.loads(row["parts"]))
    if status is not MessageStatus.STREAMING:  # no tool runs any more
        parts = with_interrupted_calls(parts)
    notices = [] if row["notices"] == "[]" else json.loads(row["notices"])  # most have none
    remote_run = row["remote_run"]
    return Message(
        id=row["id"],
        conversation_id=row["conversation_id"],
        parent_id=row["parent_id"],
        role=Role(row["role"]),
        status=status,
        parts=parts,
        created_at=from_micros(row["created_at"]),
        choice=choice_from_row(row),
        usage=usage_from_row(row),
        cost=None if row["cost"] is None else Decimal(row["cost"]),
        duration_s=row["duration_s"],
        error=None if row["error"] is None else error_from_json(json.loads(row["error"])),
        notices=tuple(map(notice_from_json, notices)),
        remote_run=None if remote_run is None else RemoteRun(**json.loads(remote_run)),
        template_id=row["template_id"],
        usage_scope=UsageScope(row["usage_scope"]),
        answered_by=row["answered_by"],
    )


def searchable_text(parts: tuple[Part, ...]) -> str:
    """Return the text by which a search finds a message: text, reasoning, attachment names.

    A change here needs a step that rebuilds the index: see `schema.py`.
    """
    reasoning = [part.text for part in parts if isinstance(part, ReasoningPart)]
    names = [part.name for part in parts if isinstance(part, DocumentPart | ImagePart)]
    return "\n".join([text_of(parts), *reasoning, *names])


def read_row(convert: Callable[[sqlite3.Row], T], row: sqlite3.Row) -> T:
    """Return `convert(row)`.

    Raises:
        StoreDamagedError: the row is invalid; another program may have changed it.
    """
    try:
        return convert(row)
    except BAD_VALUE as exc:
        details = f"row {row['id']}: {type(exc).__name__}"
        raise StoreDamagedError(
            N_("Your library is damaged."), hint=hints.REPAIR_LIBRARY, details=details
        ) from exc


async def read_rows(
    database: Database, convert: Callable[[sqlite3.Row], T], sql: str, *values: object
) -> list[T]:
    """Return the rows of a query, converted on the reader's thread. Raises StorageError."""
    return await database.read(lambda c: [read_row(convert, row) for row in c.execute(sql, values)])


def choice_to_row(choice: ModelChoice | None) -> Row:
    """Return the four columns of a choice; all are NULL for None."""
    if choice is None:
        return {"provider_id": None, "model": None, "variant": None, "effort": None}
    return {
        "provider_id": choice.provider_id,
        "model": to_text(choice.model),
        "variant": None if choice.variant is None else choice.variant.value,
        "effort": None if choice.effort is None else choice.effort.value,
    }


def choice_from_row(row: Cells) -> ModelChoice | None:
    """Return the choice in its four columns, or None if they are NULL."""
    if row["provider_id"] is None:
        return None
    return _cached_choice(row["provider_id"], row["model"], row["variant"], row["effort"])


@lru_cache(maxsize=64)
def _cached_choice(
    provider_id: str, model: str, variant: str | None, effort: str | None
) -> ModelChoice:
    """Return the choice, cached: a store has few different choices, and each takes 3 µs to make."""
    return ModelChoice(
        provider_id,
        model,
        None if variant is None else Variant(variant),
        None if effort is None else Effort(effort),
    )


def usage_from_row(row: Cells) -> Usage | None:
    """Return the usage in the four token columns, or None if they are NULL."""
    if row["input_tokens"] is None:
        return None
    return Usage(
        input_tokens=row["input_tokens"],
        cached_tokens=row["cached_tokens"],
        output_tokens=row["output_tokens"],
        reasoning_tokens=row["reasoning_tokens"],
    )
