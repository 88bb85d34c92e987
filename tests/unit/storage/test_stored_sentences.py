"""Stores of versions that knew templates, notices and errors by their sentences."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.conversations.conversation import INCOMPLETE, ErrorNote, Message
from desktop_app.domain.conversations.legacy_sentences import legacy_notice, legacy_usage_scope
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, notice
from desktop_app.domain.errors import Kept, Remedy
from desktop_app.domain.spending.cost import UsageScope
from desktop_app.storage.conversations.conversation_store import ConversationStore
from desktop_app.storage.database.database import Database
from desktop_app.storage.database.migrations import MIGRATIONS
from desktop_app.storage.recovery.store_copy import copy_store
from tests.unit.storage.samples import opened

SUMMARY = (
    "Summarise the attached document.\n\nSummary: 6 to 8 bullets of at most 30 words each.\n"
    "Action items: up to 5, each as owner — deadline — task."
)
OLD_NOTICES = (
    "Tokens and cost are for all 3 versions, which were asked for at once.",
    "Its tokens and cost are counted with the first version's.",
    "Read in parts for $0.02.",
)


def old_store(path: Path, before: str, *messages: dict[str, Any]) -> None:
    """Make a store from before a migration, with a conversation of these messages."""

    async def main() -> None:
        database = Database(path, [step for step in MIGRATIONS if step.name < before])
        await database.open()
        await database.close()

    asyncio.run(main())
    with closing(sqlite3.connect(path)) as connection, connection:
        insert(
            connection, "conversations", id="c", title="T", created_at=0, updated_at=0,
            provider_id="openai", model="", leaf_id=None, pinned=0, draft="",
        )  # fmt: skip
        for number, message in enumerate(messages):
            values = {
                "id": f"m{number}", "conversation_id": "c", "role": "assistant",
                "status": "complete", "created_at": number, "notices": "[]", "parts": "[]",
                **message,
            }  # fmt: skip
            insert(connection, "messages", **values)


def insert(connection: sqlite3.Connection, table: str, **values: Any) -> None:
    names = ", ".join(values)
    marks = ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))


def read(path: Path, *ids: str) -> list[Message]:
    """Open a store with this version, which migrates it, and read messages."""

    async def main() -> list[Message]:
        async with opened(path) as database:
            store = ConversationStore(database)
            return [await found(store, message_id) for message_id in ids]

    async def found(store: ConversationStore, message_id: str) -> Message:
        message = await store.message(message_id)
        assert message is not None
        return message

    return asyncio.run(main())


def parts(text: str) -> str:
    return json.dumps([{"kind": "text", "text": text}])


def test_a_summary_that_was_asked_for_is_the_templates(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    questions = (SUMMARY, "Sum it up.")
    rows = [{"role": "user", "parts": parts(text)} for text in questions]
    old_store(path, "0019", *rows, {"parts": parts(SUMMARY)})
    assert [m.template_id for m in read(path, "m0", "m1", "m2")] == ["executive-summary", "", ""]


def test_a_notice_that_said_whose_tokens_they_are_becomes_a_field(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    old_store(path, "0020", *({"notices": json.dumps([n])} for n in OLD_NOTICES))
    scopes = [m.usage_scope for m in read(path, "m0", "m1", "m2")]
    assert scopes == [UsageScope.ALL, UsageScope.FIRST, UsageScope.OWN]


def test_a_restore_of_an_old_store_does_the_same(tmp_path: Path) -> None:
    old, path = tmp_path / "old.sqlite3", tmp_path / "store.sqlite3"
    rows = [{"notices": json.dumps([notice])} for notice in OLD_NOTICES]
    old_store(old, "0019", *rows, {"role": "user", "parts": parts(SUMMARY)})
    copy_store(old, path, "backup", lambda _done, _of: None)
    found = read(path, "m0", "m1", "m2", "m3")
    assert [m.usage_scope for m in found[:2]] == [UsageScope.ALL, UsageScope.FIRST]
    assert found[3].template_id == "executive-summary"


def test_an_exported_file_of_an_old_version_does_the_same() -> None:
    assert [legacy_usage_scope([notice]) for notice in OLD_NOTICES] == [
        UsageScope.ALL,
        UsageScope.FIRST,
        UsageScope.OWN,
    ]


OLD_ERROR = {
    "what_happened": "The answer reached the limit on its length.",
    "what_was_kept": "What had arrived is kept above.",
    "what_to_do": "Continue lets it go on.",
    "details": "length",
    "kind": "Incomplete",
}
CODED = ErrorNote(OLD_ERROR["what_happened"], Kept.TEXT, Remedy.CONTINUE, "length", INCOMPLETE)


def stored_error(path: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(path)) as connection:
        (error,) = connection.execute("SELECT error FROM messages").fetchone()
    value: dict[str, Any] = json.loads(error)
    return value


def test_a_stored_error_gets_codes(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    old_store(path, "0021", {"status": "incomplete", "error": json.dumps(OLD_ERROR)})
    assert [m.error for m in read(path, "m0")] == [CODED]
    stored = stored_error(path)
    assert (stored["code"], stored["kept"], stored["remedy"]) == ("incomplete", "text", "continue")
    assert "kind" not in stored


def test_a_restored_error_gets_codes(tmp_path: Path) -> None:
    old, path = tmp_path / "old.sqlite3", tmp_path / "store.sqlite3"
    old_store(old, "0019", {"status": "incomplete", "error": json.dumps(OLD_ERROR)})
    copy_store(old, path, "backup", lambda _done, _of: None)
    assert "kind" not in stored_error(path)
    assert [m.error for m in read(path, "m0")] == [CODED]


def test_a_damaged_error_does_not_keep_a_store_from_opening(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    old_store(path, "0021", {"error": "[1"}, {"error": json.dumps(OLD_ERROR)})
    assert [m.error for m in read(path, "m1")] == [CODED]


def test_stored_notices_get_codes(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    known = "OpenAI refused the setting “top_p”; the answer was made without it."
    words = "Nobody writes this any more."
    old_store(path, "0021", {"notices": json.dumps([known, words, OLD_NOTICES[0]])})
    (message,) = read(path, "m0")
    refused = notice(NoticeCode.SETTING_REFUSED, provider="OpenAI", setting="top_p")
    assert message.notices == (refused, words, notice(NoticeCode.COST_OF_ALL, count="3"))
    assert list(map(str, message.notices)) == [known, words, OLD_NOTICES[0]]
    with closing(sqlite3.connect(path)) as connection:
        (stored,) = connection.execute("SELECT notices FROM messages").fetchone()
    assert known not in stored


@pytest.mark.parametrize("code", NoticeCode)
def test_every_notice_of_the_version_before_is_known(code: NoticeCode) -> None:
    names = ("provider", "setting", "count", "names", "model", "cost")
    made = notice(code, **{name: f"a {name}" for name in names})
    found = legacy_notice(str(made))
    assert isinstance(found, AnswerNotice)
    assert (found.code, str(found)) == (code, str(made))
