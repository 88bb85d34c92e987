"""Import, export, backups, restoring, deleting everything and repair, from the window."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton

from desktop_app.app.startup.closed_store import (
    ClosedStore,
    StoreDialog,
    erasure_work,
    restore_work,
)
from desktop_app.backup.ui.backup_controller import BackupController, time_until_backup
from desktop_app.backup.ui.data_tab import DataTab
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.errors import StoreDamagedError
from desktop_app.exchange.ui.transfer_controller import TransferController
from desktop_app.library.ui.navigator import Navigator
from desktop_app.paths import folders
from desktop_app.storage.database import Database
from desktop_app.widgets.status_line import ProgressCard
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.file_dialogs import choose_paths, file_dialog, file_dialogs
from tests.helpers.widgets import find

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
    app.controllers.of(BackupController).show_page()
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


async def test_an_imported_conversation_is_answered_like_a_new_one(tmp_path: Path) -> None:
    """The import's process does not have the key of the environment."""
    export = tmp_path / "conversations.json"
    export.write_text(chatgpt(1))
    async with AppHarness(environment={"OPENAI_API_KEY": "sk-a"}) as app:
        app.controllers.of(TransferController).import_files([export])
        await until(lambda: app.said == "1 conversation imported.")
        ((imported,),) = app.stored("SELECT id FROM conversations")
        await app.open_conversation(imported)
        assert app.state.setup.profile.id == "env-openai"
        assert app.state.setup.resolved.model.id == "gpt-5.2"
        turn = await app.ask("And then?")
        assert (turn.profile.id, turn.request.model) == ("env-openai", "gpt-5.2")
        turn.end("Then this.")
        await app.settled()
    async with AppHarness() as app:
        await app.open_conversation(imported)
        assert not app.state.providers.has_provider(app.state.current.conversation)


@pytest.mark.slow
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
        app.controllers.of(TransferController).import_files([export])
        await until(lambda: app.window.findChildren(ProgressCard))
        bar = app.window.findChildren(ProgressCard)[0]
        await until(lambda: bar.bar.value() > 3)
        bar.cancel_button.click()
        await until(lambda: "stopped" in app.said)
        count = app.stored("SELECT count(*) FROM conversations")[0][0]
        assert 3 < count < 4000


async def test_conversations_are_exported_and_imported(tmp_path: Path) -> None:
    async with AppHarness() as app:
        # Export of one and of all.
        first = await app.ask_and_answer("First?", "One.")
        app.controllers.of(Navigator).open_new()
        await app.ask_and_answer("Second?", "Two.")
        transfer = app.controllers.of(TransferController)
        transfer.export([first], "markdown", tmp_path / "one.md")
        await until(lambda: app.said == "Exported to one.md.")
        assert (tmp_path / "one.md").read_text().startswith("# First?")
        app.window.notifications.dismiss()
        transfer.export(None, "json", tmp_path / "all.json")
        await until(lambda: "2 conversations exported" in app.said)
        kept = json.loads((tmp_path / "all.json").read_text())
        assert len(kept["conversations"]) == 2
        transfer.export(None, "json", Path("/proc/none.json"))
        await until(lambda: "Couldn’t save" in app.said)

        # Imported conversations are listed and reported.
        await app.start_over()
        export = tmp_path / "conversations.json"
        export.write_text(chatgpt())

        await app.ask_and_answer("Mine?", "Yes.")
        app.controllers.of(TransferController).import_files([export])
        await until(lambda: app.window.findChildren(ProgressCard))
        bar = app.window.findChildren(ProgressCard)
        await until(lambda: "imported" in app.said)
        assert app.said == "3 conversations imported."
        assert bar[0].isHidden()
        assert {"Imported 0", "Imported 1", "Imported 2", "Mine?"} <= set(app.rows)
        assert "Yes." in app.transcript
        app.controllers.of(TransferController).import_files([export])
        await until(lambda: "already in your library" in app.said)
        assert app.said == "0 conversations imported. 3 conversations were already in your library."
        empty = tmp_path / "empty.json"
        empty.write_text('[{"mapping": {}}]')
        app.controllers.of(TransferController).import_files([empty])
        await until(lambda: "isn’t recognized" in app.said)
        bad = tmp_path / "bad.json"
        bad.write_text("no JSON")
        app.controllers.of(TransferController).import_files([bad])
        await until(lambda: "isn’t JSON" in app.said)
        odd = [*json.loads(chatgpt(4)), {"title": "Odd", "mapping": 1}]
        export.write_text(json.dumps(odd))
        app.controllers.of(TransferController).import_files([export])
        await until(lambda: "isn’t from ChatGPT" in app.said)
        assert app.said.startswith("1 conversation imported. 3 conversations were already")


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
        closed = ClosedStore(None, folders())
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
        app.state.of(BackupController).back_up_now()
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


async def test_failed_work_on_the_closed_store_is_reported() -> None:
    async with AppHarness():
        closed = ClosedStore(None, folders())
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
    closed = ClosedStore(None, folders())
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
