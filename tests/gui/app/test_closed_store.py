"""Work on the closed store, from the window: repair, deletion of everything."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton

from desktop_app.app.startup.closed_store import ClosedStore, StoreDialog, erasure_work
from desktop_app.domain.errors import (
    NoRoomForCopyError,
    StorageError,
    StoreDamagedError,
    StoreRefusedError,
)
from desktop_app.paths import folders
from desktop_app.settings.ui.data_tab import DataTab
from desktop_app.storage.database import Database
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.widgets import find

WORD = "zanzibarquix"


def library_page(app: AppHarness) -> DataTab:
    app.session.run("library.show")
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


def damage(store: Path) -> None:
    """Overwrite the first page of a store."""
    with store.open("r+b") as file:
        file.write(bytes(4096))


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


async def test_failed_work_on_the_closed_store_is_reported() -> None:
    async with AppHarness():
        closed = ClosedStore(None, folders())
        doing = asyncio.ensure_future(closed.run_work(erasure_work(folders())))  # while it is open
        assert "is using your library" in await choose("go-on")
        await doing


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
    assert await doing == "retry"
    refused = asyncio.ensure_future(closed.offer_remedies(raised.value))
    await until(lambda: "quit" in answers())
    shown = dialog()
    assert shown is not None
    shown.reject()
    assert await refused == "quit"
    async with AppHarness() as app:
        assert app.rows == ["Mine?"]
    (aside,) = folders().data.glob("*.before-repair-*.sqlite3")
    assert aside.read_bytes()[:4096] == bytes(4096)
    with closing(sqlite3.connect(folders().database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize(
    ("error", "name", "choice"),
    [
        (NoRoomForCopyError("No room in {place}.", place="/x"), "upgrade", "upgrade"),
        (NoRoomForCopyError("No room in {place}.", place="/x"), "retry", "retry"),
        (StoreRefusedError("Refused {place}.", place="/x"), "quit", "quit"),
    ],
)
async def test_a_store_that_cannot_be_opened_offers_what_helps(
    error: StorageError, name: str, choice: str
) -> None:
    async with AppHarness():
        chosen = asyncio.ensure_future(ClosedStore(None, folders()).offer_remedies(error))
        await until(lambda: "quit" in answers())
        assert ("repair" in answers()) == isinstance(error, StoreRefusedError)
        assert "/x" in await choose(name)
        assert await chosen == choice
