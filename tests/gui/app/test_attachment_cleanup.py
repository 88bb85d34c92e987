"""Attached documents are deleted with their conversation or, in time, with their chip."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.app import housekeeping
from desktop_app.library.search_rebuild import begin_index
from desktop_app.library.ui.archive_and_trash import TrashPage
from desktop_app.library.ui.trash import Trash
from desktop_app.paths import folders
from desktop_app.storage import deletion_wipe
from tests.gui.app.app_harness import AppHarness, until

if TYPE_CHECKING:
    import sqlite3

    import pytest

HOURS_AGO = int(time.time() - 7200) * 1_000_000


def files() -> list[Path]:
    return [path for path in folders().attachments.rglob("*") if path.is_file()]


async def attach(app: AppHarness, path: Path) -> None:
    before = len(app.state.current.draft.value.question_attachments)
    app.window.files_dropped.emit([path])
    await until(lambda: len(app.state.current.draft.value.question_attachments) > before)


async def test_documents_are_deleted_with_their_conversations(data: Path) -> None:
    asked = []
    async with AppHarness() as app:
        for name in ("report.pdf", "report.docx"):
            app.new_conversation()
            await attach(app, data / name)
            asked.append(await app.ask_and_answer("What is it?", "A report."))
        app.session.of(Trash).delete(asked)
        await app.written()
    assert len(files()) == 2  # they are in the trash
    async with AppHarness() as app:
        await attach(app, data / "notes.md")
        (removed,) = app.state.current.draft.value.question_attachments
        age = "UPDATE attachments SET created_at = ? WHERE sha256 = ?"
        await app.backend.database.write(lambda c: c.execute(age, (HOURS_AGO, removed.sha256)))
        app.window.prompt.chips.action_requested.emit(removed.sha256, "remove")
        await app.written()
        app.session.run("list.trash")
        await until(lambda: app.session.of(TrashPage).model.conversations)
        await app.controllers.of(Trash).erase(asked[:1])
        assert len(files()) == 2
        await app.controllers.of(Trash).empty()
        # The removed document of the draft can be put back.
        assert files() == [app.backend.attachments.path(removed.sha256)]
        assert app.stored("SELECT sha256 FROM attachments") == [(removed.sha256,)]


async def test_a_document_in_a_draft_stays_and_a_removed_one_is_deleted(data: Path) -> None:
    async with AppHarness() as app:
        await attach(app, data / "report.pdf")
        await attach(app, data / "notes.md")
        first, second = app.state.current.draft.value.question_attachments
        app.window.prompt.chips.action_requested.emit(first.sha256, "remove")
        await app.written()
    assert len(files()) == 2  # young: it may be on its way into another draft
    async with AppHarness() as app:
        await app.backend.database.write(
            lambda c: c.execute("UPDATE attachments SET created_at = ?", (HOURS_AGO,))
        )
    assert files() == [app.backend.attachments.path(second.sha256)]


async def test_abandoned_files_are_deleted_soon_after_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(housekeeping, "FIRST_CLEANUP_MS", 0)
    left = folders().attachments / "ab" / ("cd" * 31)
    left.parent.mkdir(parents=True)
    left.write_bytes(b"of a crash")
    os.utime(left, (0, 0))

    async with AppHarness():
        await until(lambda: files() == [])


async def test_a_large_library_is_wiped_and_indexed_again_while_nobody_uses_the_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(housekeeping, "IDLE_MS", 50)
    monkeypatch.setattr(deletion_wipe, "CHECKED_AT_OPEN_BYTES", 0)

    def has_word() -> bool:
        return b"nzibarquix" in folders().database.read_bytes()

    async with AppHarness() as app:
        asked = await app.ask_and_answer("zanzibarquix", "It is a word.")
        app.new_conversation()
        await app.ask_and_answer("Something else", "It stays.")
        app.session.of(Trash).delete([asked])
        await app.written()
        await app.controllers.of(Trash).empty()
        await until(lambda: not has_word())

        def forget(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO search_index (search_index) VALUES ('delete-all')")
            connection.execute("DELETE FROM search_entries")
            begin_index(connection)

        await app.backend.database.write(forget)
    async with AppHarness() as app:
        sql = "SELECT 1 FROM settings WHERE key = 'store.unindexed'"
        await until(lambda: app.stored(sql) == [])
        assert await app.backend.search.find("stays")
