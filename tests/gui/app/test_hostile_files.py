"""Hostile exports and backups, through the window's own controllers and dialog."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel

from desktop_app.app.startup.closed_store import ClosedStore, restore_work
from desktop_app.paths import folders
from desktop_app.storage.recovery.backup import make_backup
from desktop_app.ui.look.theme import light
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.test_data_page_controller import answers, choose, dialog
from tests.helpers.full_store import NOON
from tests.helpers.hostile_backups import BROKEN, STRANGE, ValidBackup, broken_archives
from tests.helpers.hostile_files import GOOD, GOOD_OWN, hostile_files, own, special_files

pytestmark = pytest.mark.attack("imports")


async def test_the_sound_conversations_of_hostile_exports_are_imported(tmp_path: Path) -> None:
    files = hostile_files(tmp_path / "files")
    valid = tmp_path / "sound.json"
    valid.write_text(json.dumps(own(GOOD_OWN)))

    async with AppHarness() as app:
        await app.ask_and_answer("Mine?", "Yes.")
        with special_files(tmp_path / "special") as special:
            paths = [one.path for one in files.values()]
            app.controllers.panel.transfer.import_files([*paths, *special.values(), valid])
            await until(lambda: "imported" in app.said)
        assert "was skipped" in app.said
        assert {GOOD, "Mine?"} <= set(app.rows)
        await app.ask_and_answer("Still there?", "Yes.")


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
    archive = (await _backup(tmp_path)).changed("evil", STRANGE["profile-openai"])

    async def restored(answer: str) -> str:
        closed = ClosedStore(None, light(), folders())
        doing = asyncio.ensure_future(closed.run_work(restore_work(folders(), archive)))
        await until(lambda: "take" in answers())
        shown = dialog()
        assert shown is not None
        assert list(answers()) == ["keep", "take", "cancel"]
        assert answers()["keep"].isDefault()
        assert shown.rect().contains(answers()["cancel"].geometry())
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
        ("keep", 0, "setting of the backup wasn’t restored"),
        ("take", 1, "was restored from"),
    ):
        assert says in await restored(answer)
        async with AppHarness() as app:
            assert app.rows == ["Mine?"]
            assert app.stored("SELECT count(*) FROM profiles") == [(stored,)]


async def test_restoring_a_hostile_backup_fails_and_changes_nothing(tmp_path: Path) -> None:
    valid = await _backup(tmp_path)
    names = ("messages-are-a-view", "schema-of-noise", "newer", "parts-are-generated")
    # broken_archives() needs an attachment. The archives that forge it are left out below.
    with_attachment = ValidBackup(
        valid.folder, valid.store, {**valid.members, f"attachments/ab/{'c' * 62}": b"x"}
    )
    refused = [valid.changed(name, BROKEN[name]) for name in names]
    refused += [
        path
        for name, path in broken_archives(with_attachment).items()
        if not name.startswith("attachment")
    ]
    closed = ClosedStore(None, light(), folders())
    with special_files(tmp_path / "special") as special:
        for archive in [*refused, *special.values()]:
            doing = asyncio.ensure_future(closed.run_work(restore_work(folders(), archive)))
            said = await choose("go-on")
            assert "was restored from" not in said, archive
            assert "Done." not in said, archive
            await doing
    async with AppHarness() as app:
        assert app.rows == ["Mine?"]
