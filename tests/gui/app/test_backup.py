"""Backups from the window, and their restore."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton

from desktop_app.app.startup.closed_store import ClosedStore
from desktop_app.backup.ui.backup_controller import BackupController, time_until_backup
from desktop_app.backup.ui.restore_work import restore_work
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.errors import StoreDamagedError
from desktop_app.paths import folders
from desktop_app.storage.database import Database
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.test_closed_store import answers, choose, damage, library_page
from tests.helpers.file_dialogs import choose_paths, file_dialog, file_dialogs
from tests.helpers.widgets import find


def test_a_backup_is_due_by_its_interval() -> None:
    at = now()
    ago = lambda **past: (at - timedelta(**past)).isoformat()  # noqa: E731
    zero = timedelta()
    assert time_until_backup("off", {}, at) is None
    assert time_until_backup("day", {}, at) == zero
    assert time_until_backup("day", {"at": ago(days=2)}, at) == zero
    assert time_until_backup("day", {"at": ago(hours=20)}, at) == timedelta(hours=4)
    assert time_until_backup("week", {"at": ago(hours=20)}, at) == timedelta(days=7, hours=-20)
    assert time_until_backup(
        "day", {"at": ago(days=3), "failed_at": ago(minutes=10)}, at
    ) == timedelta(minutes=50)
    assert time_until_backup("day", {"at": ago(days=-400)}, at) == zero  # a clock that was wrong
    assert time_until_backup("day", {"at": ago(days=2), "failed_at": ago(days=-400)}, at) == zero
    assert time_until_backup("day", {"at": "nonsense"}, at) == zero


async def test_a_backup_is_restored(tmp_path: Path) -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Before?", "Yes.")
        (tmp_path / "backups").mkdir()
        find(library_page(app), QPushButton, "backup-now").click()
        choose_paths(tmp_path / "backups")  # as it has none yet
        await until(lambda: "Backed up to" in app.said)
        await app.ask_and_answer("After?", "Yes.")
        (archive,) = (tmp_path / "backups").glob("*.zip")
        app.session.run_on_closed_store(restore_work(folders(), archive))
        await app.session.shutdown.wait()
        work = app.session.closed_work
        assert work is not None
        closed = ClosedStore(None, folders())
        doing = asyncio.ensure_future(closed.run_work(work))
        assert "was restored from" in await choose("go-on")
        await doing
    async with AppHarness() as app:
        assert [m[2] for m in app.messages()] == ["Before?", "Yes."]


@pytest.mark.slow
async def test_the_rescue_restores_a_chosen_backup(tmp_path: Path) -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Mine?", "Yes.")
        page = library_page(app)
        page.changed.emit("backup.folder", str(tmp_path))
        await app.written()
        app.state.of(BackupController).back_up_now()
        await until(lambda: "Backed up to" in app.said)
    (archive,) = tmp_path.glob("*.zip")
    damage(folders().database)
    with pytest.raises(StoreDamagedError) as raised:
        await Database(folders().database).open()
    closed = ClosedStore(None, folders())
    doing = asyncio.ensure_future(closed.offer_remedies(raised.value))
    await choose("restore")
    await until(file_dialogs)
    offered = answers()["restore"]
    file_dialog().reject()
    await until(lambda: answers().get("restore", offered) is not offered)
    await choose("restore")
    await until(file_dialogs)
    choose_paths(archive)
    await choose("take")
    assert "was restored from" in await choose("go-on")
    assert await doing
    async with AppHarness() as app:
        assert app.rows == ["Mine?"]
