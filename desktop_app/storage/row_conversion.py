"""Converts values of the domain to rows of the store, and back."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args, get_type_hints

from desktop_app.domain import hints
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.conversations.answer_sources import sources_of
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    RemoteRun,
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
from desktop_app.domain.conversations.notices import NoticeText, notice_from_json, notice_to_json
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote, error_from_json, error_to_json
from desktop_app.domain.errors import StoreDamagedError
from desktop_app.i18n.translation import N_
from desktop_app.storage.row_writing import Row

if TYPE_CHECKING:
    from desktop_app.storage.database import Database

log = logging.getLogger(__name__)
T = TypeVar("T")
Cells = sqlite3.Row | Mapping[str, Any]
"""A row by column name: SQLite's, or a row that is being checked."""

_Convert = Callable[[Any], Any]
_COLUMNS: Final[dict[type, tuple[tuple[str, _Convert, _Convert, type | None], ...]]] = {}
_SPREAD: Final = (ModelChoice, Usage)
"""Values whose fields have columns of their own; these are NULL for None."""

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


def to_row(value: object, *omitted: str) -> Row:
    """Return the cells of the fields of a dataclass or NamedTuple, except those omitted."""
    row: Row = {}
    for name, to_cell, _, spread in _columns(type(value)):
        if name in omitted:
            continue
        field = getattr(value, name)
        if spread is None:
            row[name] = to_cell(field)
        elif field is None:
            row.update(dict.fromkeys(each[0] for each in _columns(spread)))
        else:
            row.update(to_row(field))
    return row


def from_row(cls: type[T], row: Cells, **values: Any) -> T:
    """Return an instance of a class whose fields are cells of a row, or `values`."""
    for name, _, from_cell, spread in _columns(cls):
        if name in values:
            continue
        if spread is None:
            values[name] = row[name] if from_cell is _as_it_is else from_cell(row[name])
        else:
            first = _columns(spread)[0][0]
            values[name] = None if row[first] is None else from_row(spread, row)
    return cls(**values)


def _columns(cls: type) -> tuple[tuple[str, _Convert, _Convert, type | None], ...]:
    """Return the fields of a class, each with its conversions to a cell and back."""
    if cls not in _COLUMNS:
        _COLUMNS[cls] = tuple(
            (name, *_conversions(hint), next((s for s in _SPREAD if hint in (s, s | None)), None))
            for name, hint in get_type_hints(cls).items()
        )
    return _COLUMNS[cls]


def _conversions(hint: Any) -> tuple[_Convert, _Convert]:
    known: dict[Any, tuple[_Convert, _Convert]] = {
        str: (to_text, str),
        bool: (int, bool),
        datetime: (to_micros, from_micros),
        Decimal: (str, Decimal),
        Overrides: (overrides_to_text, partial(_or_default, overrides_from_text, Overrides())),
        Draft: (draft_to_text, partial(_or_default, _draft_from_text, Draft())),
        ErrorNote | None: (error_to_text, error_from_text),
        RemoteRun: (lambda run: to_json(asdict(run)), lambda text: RemoteRun(**json.loads(text))),
        tuple[Part, ...]: (_parts_to_text, _parts_from_text),
        tuple[NoticeText, ...]: (_notices_to_text, _notices_from_text),
        tuple[str, ...]: (to_json, lambda text: tuple(json.loads(text))),
    }
    if hint in known:
        return known[hint]
    kinds = [each for each in get_args(hint) if each is not NoneType]
    if NoneType in get_args(hint) and len(kinds) == 1:
        to_cell, from_cell = _conversions(kinds[0])
        if from_cell is not _as_it_is:
            from_cell = partial(_unless_none, from_cell)
        return partial(_unless_none, to_cell), from_cell
    if isinstance(hint, type) and issubclass(hint, Enum):
        members = {member.value: member for member in hint}
        return (lambda member: member.value), members.__getitem__  # a quarter of calling the class
    return _as_it_is, _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _or_default(convert: Callable[[str], T], default: T, text: str) -> T:
    """Return a value without which the rest of its row is of use; the default if it is damaged."""
    try:
        return convert(text)
    except BAD_VALUE as error:
        log.warning("A stored %s is damaged: %s", type(default).__name__, type(error).__name__)
        return default


def _unless_none(convert: _Convert, value: Any) -> Any:
    return None if value is None else convert(value)


def conversation_to_row(conversation: Conversation) -> Row:
    """Return all columns of `conversations` except the draft."""
    return to_row(conversation, "streaming", "draft")


def settings_to_row(conversation: Conversation) -> Row:
    """Return the columns of `conversations` with the settings of its answers."""
    return {
        **to_row(conversation.choice),
        "overrides": overrides_to_text(conversation.overrides),
        "preset_id": conversation.preset_id,
    }


def conversation_from_row(row: Cells) -> Conversation:
    """Return the conversation in a row of `conversations` with the extra column `streaming`."""
    return from_row(Conversation, row)


def stored_conversation(row: Cells) -> Conversation:
    """Return the conversation in a row of `conversations`, as if no answer of it ran."""
    return from_row(Conversation, row, streaming=False)


def overrides_to_text(overrides: Overrides) -> str:
    """Return overrides as the column's text, "" if there are none."""
    return to_json(overrides.to_json()) if overrides else ""


def overrides_from_text(text: str) -> Overrides:
    """Return the overrides in a column's text."""
    return Overrides.from_json(json.loads(text or "{}"))


def draft_to_text(draft: Draft) -> str:
    """Return a draft as the column's text, "" if it is empty."""
    return "" if draft == Draft() else to_json(draft.to_json())


def _draft_from_text(text: str) -> Draft:
    return Draft.from_json(json.loads(text)) if text else Draft()


def error_to_text(note: ErrorNote | None) -> str:
    """Return an error as the column's text, "" if there is none."""
    return "" if note is None else to_json(error_to_json(note))


def error_from_text(text: str) -> ErrorNote | None:
    """Return the error in a column's text, or None for ""."""
    return error_from_json(json.loads(text)) if text else None


def _parts_to_text(parts: tuple[Part, ...]) -> str:
    return to_json(parts_to_json(parts))


def _parts_from_text(text: str) -> tuple[Part, ...]:
    return parts_from_json(json.loads(text))


def _notices_to_text(notices: tuple[NoticeText, ...]) -> str:
    return to_json([notice_to_json(notice) for notice in notices])


def _notices_from_text(text: str) -> tuple[NoticeText, ...]:
    return () if text == "[]" else tuple(map(notice_from_json, json.loads(text)))


def answer_to_row(message: Message) -> Row:
    """Return the columns that change while an answer streams and when it ends."""
    row = to_row(message)
    for name in ("conversation_id", "parent_id", "role", "created_at", "template_id"):
        del row[name]
    return row


def message_from_row(row: Cells) -> Message:
    message = from_row(Message, row)
    if message.status is MessageStatus.STREAMING:
        return message
    parts = with_interrupted_calls(message.parts)  # no tool runs any more
    return message if parts == message.parts else replace(message, parts=parts)


def searchable_text(parts: tuple[Part, ...]) -> str:
    """Return the text by which a search finds a message: text, reasoning, names, sources.

    A change here needs a step that rebuilds the index: see `schema.py`.
    """
    reasoning = [part.text for part in parts if isinstance(part, ReasoningPart)]
    names = [part.name for part in parts if isinstance(part, DocumentPart | ImagePart)]
    sources = [f"{each.title} {each.address}" for each in sources_of(parts) if each.number]
    return "\n".join([text_of(parts), *reasoning, *names, *sources])


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
