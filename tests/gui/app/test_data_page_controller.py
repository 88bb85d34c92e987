"""Import, export, backups, restoring, deleting everything and repair, from the window."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import sqlite3
import sys
import zipfile
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox, QPushButton, QToolButton

from desktop_app.app.library.data import backup_controller
from desktop_app.app.library.data.backup_controller import LAST_KEY, time_until_backup
from desktop_app.app.startup import command_runner
from desktop_app.app.startup.closed_store import ClosedStore, erasure_work, restore_work
from desktop_app.app.startup.command_runner import CommandResult, CommandRunner
from desktop_app.child_processes import ChildCommand
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.conversations.error_json import error_from_json
from desktop_app.domain.conversations.message_parts import Attachment
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import StoreDamagedError, StoreFullError
from desktop_app.paths import folders
from desktop_app.storage.database.database import Database
from desktop_app.ui.look.theme import light
from desktop_app.ui.settings.tabs.data_tab import DataTab
from desktop_app.ui.widgets.forms.form_widgets import Note
from desktop_app.ui.window.cards.progress_card import ProgressCard
from desktop_app.ui.window.store_dialog import StoreDialog
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.file_dialogs import choose_paths, file_dialog, file_dialogs
from tests.helpers.widgets import find, timer_of

WORD = "zanzibarquix"


def chatgpt(count: int = 3) -> str:
    """Return a ChatGPT export."""

    def turn(n: int) -> dict[str, Any]:
        message = {
            "author": {"role": "user"},
            "content": {"content_type": "text", "parts": [f"Question {n} of {WORD}"]},
        }
        return {
            "title": f"Imported {n}",
            "create_time": 1.7e9 + n,
            "conversation_id": f"c-{n}",
            "current_node": "u",
            "mapping": {"u": {"id": "u", "parent": None, "message": message}},
        }

    return json.dumps([turn(n) for n in range(count)])


def library_page(app: AppHarness) -> DataTab:
    app.controllers.panel.data_page.show()
    return app.window.settings.findChildren(DataTab)[0]


def dialog() -> StoreDialog | None:
    shown = [w for w in QApplication.topLevelWidgets() if isinstance(w, StoreDialog)]
    return next((w for w in shown if w.isVisible()), None)


def answers() -> dict[str, QPushButton]:
    shown = dialog()
    buttons = shown.findChildren(QPushButton) if shown else []
    return {b.objectName(): b for b in buttons if b.isVisible()}


async def choose(name: str) -> str:
    """Choose an option of the dialog once it is offered; return the dialog's text."""
    await until(lambda: name in answers())
    shown = dialog()
    said = shown.words if shown else ""
    answers()[name].click()
    return said


async def test_imported_conversations_are_listed_and_reported(tmp_path: Path) -> None:
    export = tmp_path / "conversations.json"
    export.write_text(chatgpt())

    async with AppHarness() as app:
        await app.ask_and_answer("Mine?", "Yes.")
        app.controllers.panel.transfer.import_files([export])
        await until(lambda: app.window.findChildren(ProgressCard))
        bar = app.window.findChildren(ProgressCard)
        await until(lambda: "imported" in app.said)
        assert app.said == "3 conversations imported."
        assert bar[0].isHidden()
        assert {"Imported 0", "Imported 1", "Imported 2", "Mine?"} <= set(app.rows)
        assert "Yes." in app.transcript
        app.controllers.panel.transfer.import_files([export])
        await until(lambda: "already in your library" in app.said)
        assert app.said == "0 conversations imported. 3 conversations were already in your library."
        empty = tmp_path / "empty.json"
        empty.write_text('[{"mapping": {}}]')
        app.controllers.panel.transfer.import_files([empty])
        await until(lambda: "empty" in app.said)
        assert app.said == "0 conversations imported. 1 empty conversation skipped."
        bad = tmp_path / "bad.json"
        bad.write_text("{}")
        app.controllers.panel.transfer.import_files([bad])
        await until(lambda: "contains no conversations" in app.said)
        odd = [*json.loads(chatgpt(4)), {"title": "Odd", "mapping": 1}]
        export.write_text(json.dumps(odd))
        app.controllers.panel.transfer.import_files([export])
        await until(lambda: "isn’t from ChatGPT" in app.said)
        assert app.said.startswith("1 conversation imported. 3 conversations were already")


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN])
async def test_an_import_can_be_stopped(
    handler: signal.Handlers, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    # A program that a script starts with "&" ignores interrupts, and so do its children.
    request.addfinalizer(partial(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT)))
    signal.signal(signal.SIGINT, handler)
    export = tmp_path / "conversations.json"
    export.write_text(chatgpt(4000))

    async with AppHarness() as app:
        app.controllers.panel.transfer.import_files([export])
        await until(lambda: app.window.findChildren(ProgressCard))
        bar = app.window.findChildren(ProgressCard)[0]
        await until(lambda: bar.bar.value() > 3)
        bar.cancel_button.click()
        await until(lambda: "stopped" in app.said)
        count = app.stored("SELECT count(*) FROM conversations")[0][0]
        assert 3 < count < 4000


async def test_export_of_one_and_of_all(tmp_path: Path) -> None:
    async with AppHarness() as app:
        first = await app.ask_and_answer("First?", "One.")
        app.controllers.sidebar.navigator.open_new()
        await app.ask_and_answer("Second?", "Two.")
        transfer = app.controllers.panel.transfer
        transfer.export([first], "markdown", tmp_path / "one.md")
        await until(lambda: "exported" in app.said)
        assert (tmp_path / "one.md").read_text().startswith("# First?")
        app.window.notifications.dismiss()
        transfer.export(None, "json", tmp_path / "all.json")
        await until(lambda: "2 conversations exported" in app.said)
        kept = json.loads((tmp_path / "all.json").read_text())
        assert len(kept["conversations"]) == 2
        transfer.export(None, "json", Path("/proc/none.json"))
        await until(lambda: "Couldn’t save" in app.said)


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


async def test_automatic_backups_report_a_failure_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = timedelta()
    monkeypatch.setattr(backup_controller, "now", lambda: now() + passed)
    async with AppHarness() as app:
        await app.ask_and_answer("Mine?", "Yes.")
        page, backups = library_page(app), app.controllers.panel.backups
        page.changed.emit("backup.folder", "/proc/none")
        page.changed.emit("backup.every", "day")
        await app.written()
        assert timer_of(backups).isActive()
        timer_of(backups).timeout.emit()
        await app.written()
        error = error_from_json(app.setting(LAST_KEY)["error"])
        assert app.said.split() == f"The backup failed: {error.sentences}".split()
        assert "failed" in find(page, Note, "backup-state").text()
        assert isinstance(error.reason, Reason)
        assert error.sentences in find(page, Note, "backup-state").text()
        app.window.notifications.dismiss()
        passed += timedelta(hours=2)
        timer_of(backups).timeout.emit()
        await app.written()
        assert app.said == ""
        page.changed.emit("backup.folder", str(tmp_path / "backups"))
        page.changed.emit("backup.keep", 2)
        await app.written()
        for _ in range(2):
            passed += timedelta(days=1)
            timer_of(backups).timeout.emit()
            await app.written()
        assert app.said == ""
        assert "Last backup: " in find(page, Note, "backup-state").text()
        assert app.setting(LAST_KEY)["at"]
        kept = list((tmp_path / "backups").glob("*.zip"))
        assert 1 <= len(kept) <= 2
        with zipfile.ZipFile(kept[0]) as pack:
            assert "repartee.sqlite3" in pack.namelist()
        remaining = timer_of(backups).remainingTime()
        assert remaining > 3_600_000


async def test_a_stored_failure_without_its_error_is_cleared_by_another_folder(
    tmp_path: Path,
) -> None:
    """Earlier versions stored a sentence instead of the error; a migration removed it."""
    async with AppHarness() as app:
        await app.backend.settings.set(LAST_KEY, {"failed_at": now().isoformat()})
    async with AppHarness() as app:
        page = library_page(app)
        assert "failed" in find(page, Note, "backup-state").text()
        page.changed.emit("backup.folder", str(tmp_path))
        await app.written()
        assert find(page, Note, "backup-state").text() == "No backup yet."


async def test_a_backup_without_a_damaged_attachment_is_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = timedelta()
    monkeypatch.setattr(backup_controller, "now", lambda: now() + passed)
    async with AppHarness() as app:
        page, backups = library_page(app), app.controllers.panel.backups

        async def back_up() -> str:
            nonlocal passed
            passed += timedelta(days=2)
            timer_of(backups).timeout.emit()
            await app.written()
            return find(page, Note, "backup-state").text()

        attached = Attachment(hashlib.sha256(b"words").hexdigest(), "lease.txt", "text/plain")
        await app.backend.attachments.add(b"words", attached)
        path = app.backend.attachments.path(attached.sha256)
        page.changed.emit("backup.folder", str(tmp_path / "backups"))
        page.changed.emit("backup.every", "day")
        await app.written()
        assert "lease.txt" not in await back_up()
        path.write_bytes(b"damage")
        state = await back_up()
        assert "Last backup: " in state
        assert "attachments aren’t in the backup: lease.txt." in state
        assert "attachments aren’t in the backup: lease.txt." in app.said
        app.window.notifications.dismiss()
        assert "lease.txt" in await back_up()
        assert app.said == ""
        page.backup_requested.emit()
        await until(lambda: "lease.txt" in app.said)
        path.write_bytes(b"words")
        assert "lease.txt" not in await back_up()
        assert app.said == ""
        page.changed.emit("backup.folder", "/proc/none")
        await app.written()
        assert "failed" in await back_up()
        page.changed.emit("backup.folder", str(tmp_path / "backups"))
        await app.written()
        state = find(page, Note, "backup-state").text()
        assert state.startswith("Last backup: ")
        assert "failed" not in state
        assert "/proc/none" not in state


async def test_a_backup_that_cannot_start_is_reported_and_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: object, **_options: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(command_runner, "start_child", fail)
    async with AppHarness() as app:
        page, backups = library_page(app), app.controllers.panel.backups
        page.changed.emit("backup.folder", str(tmp_path))
        page.changed.emit("backup.every", "day")
        await app.written()
        timer_of(backups).timeout.emit()
        await app.written()
        assert "The backup failed" in app.said
        assert timer_of(backups).isActive()


async def test_backups_continue_after_an_outcome_that_could_not_be_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AppHarness() as app:
        page, backups = library_page(app), app.controllers.panel.backups
        page.changed.emit("backup.folder", str(tmp_path))
        page.changed.emit("backup.every", "day")
        await app.written()

        async def fail(_key: str, _value: object) -> None:
            raise StoreFullError("There is no room left on the disk.")

        with monkeypatch.context() as full:
            full.setattr(app.backend.settings, "set", fail)
            timer_of(backups).stop()
            timer_of(backups).timeout.emit()
            await app.written()
        assert "no room left" in app.said
        assert timer_of(backups).isActive()


async def test_a_backup_on_request_that_is_killed_is_reported_but_not_one_that_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import time; time.sleep(60)"
    command = ChildCommand((sys.executable, "-c", code), {})
    async with AppHarness() as app:
        page = library_page(app)
        page.changed.emit("backup.folder", str(tmp_path))
        await app.written()
        monkeypatch.setattr(command_runner, "library_command", lambda *_, **__: command)
        runner = app.controllers.panel.transfer._command
        page.backup_requested.emit()
        await until(lambda: runner._process)
        runner.stop()
        await app.written()
        assert app.said == ""
        page.backup_requested.emit()
        await until(lambda: runner._process)
        assert runner._process is not None
        runner._process.kill()
        await app.written()
        assert "The backup failed" in app.said
        assert "  " not in find(page, Note, "backup-state").text()


async def test_a_command_is_stopped_while_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    command = ChildCommand((sys.executable, "-c", "import time; time.sleep(60)"), {})
    monkeypatch.setattr(command_runner, "library_command", lambda *_, **__: command)
    runner = CommandRunner()
    running = asyncio.create_task(runner.run(progress=lambda *_: None))
    await asyncio.sleep(0)
    assert runner._process is None
    runner.stop()
    assert (await running).code != 0
    assert runner.was_stopped


async def test_a_canceled_command_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
import sys, time
try:
    print("1 2", file=sys.stderr, flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    open(sys.argv[1], "w").close()
"""
    ended = tmp_path / "ended"
    command = ChildCommand((sys.executable, "-c", code, str(ended)), {})
    monkeypatch.setattr(command_runner, "library_command", lambda *_, **__: command)
    has_begun = asyncio.Event()
    running = asyncio.create_task(CommandRunner().run(progress=lambda *_: has_begun.set()))
    await has_begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.exists()


async def test_a_line_that_only_looks_like_an_error_is_a_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = "import sys; sys.stderr.write('{not json\\n{}\\n1 2\\n')"
    command = ChildCommand((sys.executable, "-c", code), {})
    monkeypatch.setattr(command_runner, "library_command", lambda *_, **__: command)
    steps: list[tuple[int, int]] = []
    result = await CommandRunner().run(progress=lambda *step: steps.append(step))
    assert result == CommandResult(0, "", "{not json {}")
    assert steps == [(1, 2)]


async def test_everything_is_deleted_after_a_typed_word() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer(f"What is {WORD}?", f"A {WORD}.")
        app.type(f"draft {WORD}")
        await app.written()
        page = library_page(app)
        find(page, QPushButton, "delete-now").click()
        assert not app.state.current.is_new
        assert not app.session.shutdown.has_begun
        word = find(page, QLineEdit, "delete-word")
        word.setText("Delete")
        find(page, QPushButton, "delete-now").click()
        await app.session.shutdown.wait()
        work = app.session.closed_work
        assert work is not None
        closed = ClosedStore(None, app.theme.current, folders())
        doing = asyncio.ensure_future(closed.run_work(work))
        assert "Everything was deleted." in await choose("go-on")
        await doing
    home = folders().data.parent
    files = [path for path in home.rglob("*") if path.is_file()]
    assert files
    assert [p for p in files if WORD.encode() in p.read_bytes()] == []
    async with AppHarness() as app:
        assert app.rows == []
        assert app.text.toPlainText() == ""


async def test_a_backup_is_restored(tmp_path: Path) -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Before?", "Yes.")
        page = library_page(app)
        page.changed.emit("backup.folder", str(tmp_path / "backups"))
        await app.written()
        page.backup_requested.emit()
        await until(lambda: "Backed up to" in app.said)
        await app.ask_and_answer("After?", "Yes.")
        (archive,) = (tmp_path / "backups").glob("*.zip")
        app.session.run_on_closed_store(restore_work(folders(), archive))
        await app.session.shutdown.wait()
        work = app.session.closed_work
        assert work is not None
        closed = ClosedStore(None, app.theme.current, folders())
        doing = asyncio.ensure_future(closed.run_work(work))
        assert "was restored from" in await choose("go-on")
        await doing
    async with AppHarness() as app:
        assert [m[2] for m in app.messages()] == ["Before?", "Yes."]


async def test_failed_work_on_the_closed_store_is_reported() -> None:
    async with AppHarness() as app:
        closed = ClosedStore(None, app.theme.current, folders())
        doing = asyncio.ensure_future(closed.run_work(erasure_work(folders())))  # while it is open
        assert "is using your library" in await choose("go-on")
        await doing


def damage(store: Path) -> None:
    """Overwrite the first page of a store."""
    with store.open("r+b") as file:
        file.write(bytes(4096))


async def test_a_damaged_store_is_offered_for_repair() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Mine?", "Yes.")
    damage(folders().database)
    with pytest.raises(StoreDamagedError) as raised:
        await Database(folders().database).open()
    closed = ClosedStore(None, light(), folders())
    doing = asyncio.ensure_future(closed.offer_remedies(raised.value))
    assert "is damaged" in await choose("repair")
    assert "Recovered conversations: 1, messages: 2." in await choose("go-on")
    assert await doing
    refused = asyncio.ensure_future(closed.offer_remedies(raised.value))
    await until(lambda: "quit" in answers())
    shown = dialog()
    assert shown is not None
    shown.reject()
    assert not await refused
    async with AppHarness() as app:
        assert app.rows == ["Mine?"]
    (aside,) = folders().data.glob("*.before-repair-*.sqlite3")
    assert aside.read_bytes()[:4096] == bytes(4096)
    with closing(sqlite3.connect(folders().database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_the_notice_of_damage_names_what_its_button_does() -> None:
    async with AppHarness() as app:
        damaged = await app.ask_and_answer("Mine?", "Yes.")
        await app.backend.database.write(
            lambda c: c.execute(
                "UPDATE messages SET parts = '{' WHERE conversation_id = ?", [damaged]
            )
        )
        app.open_row(damaged)
        await until(lambda: "is damaged" in app.said)
        assert "Repair it or restore a backup in" in app.said
        assert "Open Repartee" not in app.said


async def test_no_repair_is_offered_for_a_damaged_file_that_it_cannot_mend() -> None:
    async def refuse() -> None:
        raise StoreDamagedError(Reason.BACKUP_DAMAGED, file="a.zip")

    async with AppHarness() as app:
        app.state.tasks.start(refuse())
        await until(lambda: "The backup a.zip is damaged" in app.said)
        assert "Repair" not in app.offered_actions


async def test_the_rescue_restores_a_chosen_backup(tmp_path: Path) -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Mine?", "Yes.")
        page = library_page(app)
        page.changed.emit("backup.folder", str(tmp_path))
        await app.written()
        page.backup_requested.emit()
        await until(lambda: "Backed up to" in app.said)
    (archive,) = tmp_path.glob("*.zip")
    damage(folders().database)
    with pytest.raises(StoreDamagedError) as raised:
        await Database(folders().database).open()
    closed = ClosedStore(None, light(), folders())
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


async def test_a_canceled_rescue_closes_its_file_dialog() -> None:
    closed = ClosedStore(None, light(), folders())
    doing = asyncio.ensure_future(
        closed.offer_remedies(StoreDamagedError(Reason.STORE_DAMAGED, place=""))
    )
    await choose("restore")
    await until(file_dialogs)
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    assert not file_dialogs()
    await until(lambda: not any(isinstance(w, StoreDialog) for w in QApplication.allWidgets()))


async def test_the_program_keeps_working_while_a_backup_is_chosen(tmp_path: Path) -> None:
    archive = tmp_path / "backup.zip"
    archive.touch()
    async with AppHarness() as app:
        turn = await app.ask("Mine?")
        find(library_page(app), QPushButton, "restore").click()
        dialog = file_dialog()
        turn.end("Yes.")
        await app.settled()
        assert "Yes." in app.transcript
        assert dialog.isVisible()
        choose_paths(archive)
        assert find(app.window, QMessageBox, "confirm-restore").isVisible()


async def test_the_restore_of_a_backup_begins_in_the_folder_of_backups(tmp_path: Path) -> None:
    async with AppHarness() as app:
        for folder, shown in ((tmp_path, tmp_path), (tmp_path / "gone", Path.home())):
            app.window.settings.pages.setting_changed.emit("backup.folder", str(folder))
            await app.written()
            find(library_page(app), QPushButton, "restore").click()
            assert file_dialog().directory().path() == str(shown)
            file_dialog().reject()


async def test_an_opened_section_shows_its_content() -> None:
    async with AppHarness() as app:
        app.window.resize(640, 480)
        page = library_page(app)
        head, word = (
            find(page, QToolButton, "delete-everything"),
            find(page, QLineEdit, "delete-word"),
        )
        head.click()
        await until(lambda: word.visibleRegion().boundingRect().height() == word.height())
        assert not head.visibleRegion().isEmpty()
