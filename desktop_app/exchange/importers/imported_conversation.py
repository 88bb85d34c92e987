"""Imported conversations, and helpers for the values in their JSON."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final, NamedTuple

from desktop_app.domain import bounds, hints
from desktop_app.domain.conversations.compaction import Compaction
from desktop_app.domain.conversations.conversation import Conversation, Folder, Message
from desktop_app.domain.conversations.message_parts import (
    AttachmentFile,
    DocumentPart,
    ImagePart,
    Part,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.conversations.written_text import WrittenText
from desktop_app.domain.errors import ImportRefusedError, StorageError
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.prompt import Prompt
from desktop_app.domain.remembered_note import RememberedNote
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.i18n.translation import N_

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_SHOWN_TITLE_CHARS: Final = 60  # characters of a title in an error
_MAX_READ_TITLE_CHARS: Final = 1_000  # more than are shown, because white space is shortened
_MAX_CAUSE_CHARS: Final = 200  # of the message of an exception, in a sentence
_MAX_DETAILS_CHARS: Final = 1_000
LOST_IMAGE: Final = "[A picture that is not in the export]"
UNKNOWN_IMAGE: Final = "[A picture in a format that is not supported]"
_IMAGE_TYPES: Final = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}


FindFile = Callable[[str], tuple[str, bytes] | None]
"""Returns name and bytes of a file by its id, or None if the export lacks it."""


@dataclass(frozen=True)
class ImportedConversation:
    """An imported conversation, ready to be stored.

    Attributes:
        conversation: its choice has no provider ("") if it is from another program.
        messages: parents before their children.
        folder: its folder, if any.
        files: its attachments, as far as the export contains them. A file of several conversations
            is only in the first of them.
        compactions: texts sent in place of its beginning.
        preset: the preset last used in it.
        texts: the documents beside it, the one that was changed last at the end.
        unread: the number of messages in which nothing was found. A note is in their place; without
            any other message, there are no `messages`.
    """

    conversation: Conversation
    messages: tuple[Message, ...]
    folder: Folder | None = None
    files: tuple[AttachmentFile, ...] = ()
    compactions: tuple[Compaction, ...] = ()
    preset: Prompt | None = None
    texts: tuple[WrittenText, ...] = ()
    unread: int = 0


class ImportedFolder(NamedTuple):
    """A project of another program as a folder.

    Attributes:
        documents: names and texts of its files.
        notes: those that are off.
    """

    folder: Folder
    documents: tuple[tuple[str, str], ...] = ()
    notes: tuple[RememberedNote, ...] = ()


def add_image(name: str, data: bytes, files: dict[str, AttachmentFile]) -> Part:
    """Add an imported image to `files`. Return its part, or a note if its type is unknown."""
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    kinds = (kind for magic, kind in _IMAGE_TYPES.items() if data.startswith(magic))
    media_type = "image/webp" if is_webp else next(kinds, "")
    if not media_type:
        return TextPart(UNKNOWN_IMAGE)
    sha256 = hashlib.sha256(data).hexdigest()
    name = name[: bounds.MAX_NAME_CHARS]
    files[sha256] = AttachmentFile(sha256, name, media_type, data=data)
    return ImagePart(sha256, name, media_type, len(data))


def add_data_url(url: str, name: str, files: dict[str, AttachmentFile]) -> Part | None:
    """Add the image of a `data:` URL to `files`. Return its part; None if it is no such URL."""
    head, _, body = url.partition(",")
    if not head.startswith("data:image/") or not head.endswith(";base64"):
        return None
    try:
        data = base64.b64decode(body, validate=True)
    except ValueError:
        return None
    return add_image(name or "picture", data, files) if data else None


def attached_note(name: str) -> Part:
    """Return a note for a file of which the export has only the name."""
    return TextPart(f"[Attached: {name}]")


def attached_notes(items: Iterable[Any], *keys: str) -> Iterator[Part]:
    """Yield a note for each file that has a name, under the first of the keys that it has."""
    for item in items:
        if name := next(filter(None, (text_at(item, key) for key in keys)), ""):
            yield attached_note(name)


def titled(title: str, markdown: str) -> str:
    """Return a document below its title, if it has one."""
    return f"**{title}**\n\n{markdown}" if title else markdown


def add_document(name: str, text: str, files: dict[str, AttachmentFile]) -> Part:
    """Add a file whose text alone is in the export. Return its part."""
    data = text.encode("utf-8", "replace")
    sha256 = hashlib.sha256(data).hexdigest()
    name = name[: bounds.MAX_NAME_CHARS]
    files[sha256] = AttachmentFile(sha256, name, "text/plain", text, data=data)
    return DocumentPart(sha256, name, "text/plain", len(data))


def ended_call(
    call_id: str, name: str, arguments: Any, result: str, *, is_failed: bool = False
) -> ToolCallPart:
    """Return a call of a tool that another program ran; later requests leave it out.

    Args:
        arguments: JSON text, or a value; None if they are unknown.
    """
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else json.dumps(arguments, ensure_ascii=False)
    return ToolCallPart(
        call_id,
        (name or "tool")[: bounds.MAX_NAME_CHARS],
        arguments,
        state=ToolCallState.FAILED if is_failed else ToolCallState.DONE,
        result=result,
        is_hosted=True,
    )


def unknown_content(kind: str) -> str:
    """Return a note in place of content that this program does not know."""
    return f"[Content that can’t be imported: {short_title(kind)}]"


def parse_json(text: str | bytes) -> Any:
    """Return the value of JSON; None if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def json_text(value: Any) -> str:
    """Return a result as text: a text as it is, "" for None, other values as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def stable_id(value: Any) -> str:
    """Return the same id for the same content, if the source has none."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def time_from_seconds(seconds: float | None) -> datetime | None:
    """Return the UTC time of seconds since 1970; None if unknown or out of range.

    Some programs write milliseconds, microseconds or nanoseconds, which are detected by their size.
    """
    if seconds is None:
        return None
    for _ in ("nanoseconds", "microseconds", "milliseconds"):
        if abs(seconds) > 1e11:  # as seconds, the year 5138; as milliseconds, the year 1973
            seconds /= 1000
    try:
        return bounds.checked_time(EPOCH + timedelta(seconds=round(seconds, 6)))
    except (OverflowError, ValueError):
        return None


def seconds_of(value: Any) -> float | None:
    """Return a number, or an ISO 8601 text as seconds since 1970; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, int | float):
            return float(value) if isfinite(value) else None
        if not isinstance(value, str):
            return None
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


def seconds_at(value: Mapping[str, Any], *keys: str) -> float | None:
    """Return the seconds of the first of the keys that has a time but 0."""
    return next(filter(None, (seconds_of(value.get(key)) for key in keys)), None)


def value_at(value: Any, *path: str) -> Any:
    """Return the value at a path of keys; None if there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text_at(value: Any, *path: str) -> str:
    """Return the text at a path of keys, "" if there is none."""
    text = value_at(value, *path)
    return text if isinstance(text, str) else ""


def mapping_at(value: Any, *path: str) -> Mapping[str, Any]:
    """Return the object at a path of keys, an empty one if there is none."""
    mapping = value_at(value, *path)
    return mapping if isinstance(mapping, dict) else {}


def list_at(value: Any, *path: str) -> list[Any]:
    """Return the list at a path of keys, an empty one if there is none."""
    items = value_at(value, *path)
    return items if isinstance(items, list) else []


def objects_at(value: Any, *path: str) -> list[Mapping[str, Any]]:
    return [item for item in list_at(value, *path) if isinstance(item, dict)]


def damaged_conversation_error(item: Any, cause: Exception) -> ImportRefusedError:
    """Return the error for a conversation whose JSON cannot be read, with its title if any."""
    return not_imported_error(text_at(item, "title") or text_at(item, "name"), cause)


def short_title(title: str) -> str:
    """Return the beginning of a title, on one line, for an error message."""
    return shorten(" ".join(title[:_MAX_READ_TITLE_CHARS].split()), _MAX_SHOWN_TITLE_CHARS)


def not_imported_error(title: str, cause: Exception) -> ImportRefusedError:
    """Return the error for a conversation that was not imported, with its title and the reason."""
    shown_title = short_title(title)
    reason = cause.details if isinstance(cause, StorageError) else str(cause)
    words = reason[:_MAX_CAUSE_CHARS] or type(cause).__name__
    message = (
        N_("“{title}” was skipped ({words}).")
        if shown_title
        else N_("An untitled conversation was skipped ({words}).")
    )
    if isinstance(cause, ImportRefusedError):  # the store refuses nothing else
        message = (
            N_("“{title}” was skipped because it contains messages of another conversation.")
            if shown_title
            else cause.message
        )
    details = repr(cause)[:_MAX_DETAILS_CHARS]
    return ImportRefusedError(
        message, hints.EXPORT_AGAIN, details=details, title=shown_title, words=words
    )
