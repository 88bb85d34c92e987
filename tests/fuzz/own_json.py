"""Fuzz target: conversations in our own JSON from an untrusted file.

Input that begins with 0 edits a valid file, because random bytes hardly ever parse. Each group of
three bytes chooses a place in the file and its new value. All other input is the file itself.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any, Final, NoReturn

from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.compaction import Compaction, CompactionKind
from desktop_app.domain.conversations.conversation import Draft, Folder
from desktop_app.domain.conversations.message_parts import (
    AttachmentFile,
    ChosenPages,
    DocumentPart,
    ImagePart,
    PassagesPart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.domain.prompts.preset import Preset
from desktop_app.domain.spending.cost import Usage
from desktop_app.exchange.importers.imported_conversation import ImportedConversation
from desktop_app.exchange.own_json import JsonWriter, is_own, read_conversations
from tests.unit.domain.test_collections import a_passage
from tests.unit.storage.samples import CHOICE, NOON, a_conversation, a_question

_DATA: Final = b"a"
_SHA256: Final = hashlib.sha256(_DATA).hexdigest()
_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**63, -(2**63) - 1, 10**400, 1.5, float("nan"), float("inf"),
    -float("inf"), 1e308, "", "a", "\ud83d", "\0", "x" * 5_000, "2026-03-14T12:00:00+00:00",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "NaN", "1e999999999", "-0", _SHA256,
    "user", "assistant", "complete", "streaming", "text", "document", "passages", "collection",
    [], [[]], [None], [1, 2], ["a"], {}, {"kind": "text", "text": "a"}, {"kind": "image"},
    [{"kind": "tool_call", "call_id": "a", "name": "b", "arguments": "{"}],
    [{"kind": "text", "text": "\ud83d"}], [{}], {"a": {"b": {"c": {}}}},
)  # fmt: skip


@cache
def _sound() -> bytes:
    """Return a file with a folder, an attachment and a conversation that uses every field."""
    folder = Folder("f" * 32, "Thesis", NOON, CHOICE)
    document = DocumentPart(
        _SHA256, "a.pdf", "application/pdf", 1, 52, 9, chosen=ChosenPages("page", ((3, 10),), 52, 8)
    )
    image = ImagePart(_SHA256, "a.png", "image/png", 1, 9, 9)
    passages = PassagesPart("c" * 32, "Contracts", (a_passage(),), (1,))
    conversation = a_conversation(
        id="c" * 32,
        folder_id=folder.id,
        leaf_id="b" * 32,
        draft=Draft("next", (document, image)),
        overrides=Overrides("Be brief.").with_parameter("temperature", 0.5),
    )
    question = replace(
        a_question(conversation, "Why?"),
        id="a" * 32,
        parts=(TextPart("Why?"), document, image, passages),
    )
    answer = replace(
        question,
        id="b" * 32,
        parent_id=question.id,
        parts=(
            ReasoningPart("Hm", "i", "e", 1.5),
            TextPart("So."),
            RefusalPart("No."),
            ToolCallPart("a", "b", "{}"),
        ),
        usage=Usage(3, 1, 2, 1),
        duration_s=1.5,
        error=ErrorNote("It broke.", "Ask again."),
        notices=("A notice",),
    )
    compaction = Compaction(
        "d" * 32, conversation.id, question.id, CompactionKind.PROVIDER, "openai", "gpt-5.2",
        '[{"type": "compaction"}]', NOON, 9, 3,
    )  # fmt: skip
    preset = Preset("e" * 32, "Reviewer", overrides=conversation.overrides)
    stream = io.BytesIO()
    writer = JsonWriter(stream)
    writer.write_folder(folder)
    writer.write_conversation(conversation, [question, answer], [compaction], preset)
    writer.write_file(
        AttachmentFile(_SHA256, "a.pdf", "application/pdf", "words", 52, 9, data=_DATA)
    )
    writer.end()
    return stream.getvalue()


def seeds() -> list[bytes]:
    """Return the valid file, and an edit of each place in it."""
    places = len(list(_places(json.loads(_sound()))))
    edits = [bytes([0, at >> 8, at & 255, at % len(_VALUES)]) for at in range(places)]
    return [_sound(), b'{"format": "repartee", "version": 1}', *edits]


def one_input(data: bytes) -> None:
    """Check that a conversation is refused, or survives an export unchanged."""
    try:
        value = _edited(data[1:]) if data[:1] == b"\0" else json.loads(data)
    except (ValueError, RecursionError):
        return
    if not is_own(value):
        return
    try:
        found = list(read_conversations(value))
    except ImportRefusedError:
        return
    for each in found:
        if isinstance(each, ImportedConversation):
            written = _written(each)
            (again,) = read_conversations(json.loads(written, parse_constant=_no_number))
            assert isinstance(again, ImportedConversation), again
            assert _written(again) == written
        else:
            assert isinstance(each, ImportRefusedError)


def _written(found: ImportedConversation) -> bytes:
    stream = io.BytesIO()
    writer = JsonWriter(stream)
    if found.folder is not None:
        writer.write_folder(found.folder)
    writer.write_conversation(found.conversation, found.messages, found.compactions, found.preset)
    for file in found.files:
        writer.write_file(file)
    writer.end()
    return stream.getvalue()


def _no_number(word: str) -> NoReturn:
    raise AssertionError(f"{word} is no JSON")


def _edited(edits: bytes) -> Any:
    value = json.loads(_sound())
    for at in range(0, len(edits) - 2, 3):
        places = list(_places(value))
        if not places:
            break
        holder, key = places[(edits[at] << 8 | edits[at + 1]) % len(places)]
        if edits[at + 2] == 255:
            del holder[key]
        else:
            holder[key] = json.loads(json.dumps(_VALUES[edits[at + 2] % len(_VALUES)]))
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place below `value` as its holder and its key."""
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in list(keys):
        yield value, key
        yield from _places(value[key])
