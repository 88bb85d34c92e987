"""Hostile exports and backups, through the window's own controllers and dialog."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel

from desktop_app.app.startup.closed_store import ClosedStore
from desktop_app.backup.backup import make_backup
from desktop_app.backup.ui.restore_work import restore_work
from desktop_app.paths import folders
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.test_closed_store import answers, choose, dialog
from tests.helpers.hostile_backups import EVIL_PROVIDER, ValidBackup
from tests.unit.storage.samples import NOON

pytestmark = pytest.mark.attack("imports")


async def _backup(tmp_path: Path) -> ValidBackup:
    async with AppHarness() as app:
        await app.ask_and_answer("Mine?", "Yes.")
    where = folders()
    archive = make_backup(
        where.database, where.attachments, tmp_path / "backups", NOON, lambda *_: None
    )
    return ValidBackup.of(archive.path, tmp_path / "sound")


async def test_a_provider_address_that_a_backup_changes_is_shown_and_confirmed(
    tmp_path: Path,
) -> None:
    archive = (await _backup(tmp_path)).changed("evil", EVIL_PROVIDER)

    async def restored(answer: str) -> str:
        closed = ClosedStore(None, folders())
        doing = asyncio.ensure_future(closed.run_work(restore_work(folders(), archive)))
        await until(lambda: "take" in answers())
        shown = dialog()
        assert shown is not None
        assert list(answers()) == ["cancel", "take"]
        assert answers()["cancel"].isDefault()
        assert shown.rect().contains(answers()["take"].geometry())
        (words,) = [w for w in shown.findChildren(QLabel) if "evil" in w.text()]
        assert words.isVisible()
        assert "https://api.openai.com:443/v1 → https://evil.example:443/v1" in words.text()
        if answer == "cancel":
            shown.reject()  # Esc
        else:
            answers()[answer].click()
        said = await choose("go-on")
        await doing
        return said

    for answer, stored, says in (
        ("cancel", 0, "Nothing was changed."),
        ("take", 1, "was restored from"),
    ):
        assert says in await restored(answer)
        async with AppHarness() as app:
            assert app.rows == ["Mine?"]
            assert app.stored("SELECT count(*) FROM profiles") == [(stored,)]
