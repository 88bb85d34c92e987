"""Cached notes on parts of documents."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.documents.store.note_store import NoteStore
from desktop_app.domain.conversations.conversation import now
from desktop_app.storage.expiry_clock import expiry_time_at
from desktop_app.storage.row_conversion import to_micros
from tests.unit.storage.samples import a_conversation, opened


@pytest.mark.parametrize(
    ("age", "is_kept"), [(timedelta(days=29, hours=23), True), (timedelta(days=30), False)]
)
async def test_notes_are_stored_for_thirty_days(
    tmp_path: Path, age: timedelta, is_kept: bool
) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        notes = NoteStore(database)
        yesterday = now() - timedelta(days=1)
        await database.write(partial(expiry_time_at, moment=yesterday))
        await notes.put("a", "An old note", "c")
        at = to_micros(now() - age)
        await database.write(lambda c: c.execute("UPDATE part_notes SET created_at = ?", (at,)))
        await notes.put("b", "half \ud800", "c")
        assert await notes.get("a") == ("An old note" if is_kept else None)
        assert await notes.get("b") == "half \ufffd"
        await notes.put("b", "Another", "c")
        assert await notes.get("b") == "Another"


async def test_an_erased_conversation_takes_only_its_own_notes_along(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        notes, store = NoteStore(database), ConversationStore(database)
        erased = a_conversation()
        await store.create(erased)
        await notes.put("a", "Of the erased one", erased.id)
        await notes.put("b", "Of another", "other")
        await notes.put("d", "Of no conversation", "")
        await store.erase([erased.id])
        assert [await notes.get(key) for key in ("a", "d")] == [None, None]
        assert await notes.get("b") == "Of another"
