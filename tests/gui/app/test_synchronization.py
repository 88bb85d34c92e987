"""The window synchronizes automatically with another computer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QMessageBox, QPushButton

from desktop_app.desktop_session.desktop_watch import BATTERY, NETWORK
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.errors import StorageError, SyncError, SyncLaterError
from desktop_app.sync import format as form
from desktop_app.sync.device_state import SyncResult
from desktop_app.sync.services import synchronizer
from desktop_app.sync.storage import FolderStorage
from desktop_app.sync.target import Target, joining_line, read_joining_line
from desktop_app.sync.ui import sync_controller
from desktop_app.sync.ui.join_dialog import JoinDialog
from desktop_app.sync.ui.sync_controller import SyncController
from desktop_app.sync.ui.sync_section import CodeDialog
from desktop_app.widgets.text.foreign_text import PlainLabel
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.bus_service import BusService, message_bus_daemon
from tests.helpers.messages import question, streaming
from tests.helpers.synced_computers import PASSPHRASE, Computer
from tests.helpers.widgets import accept_question, find


@pytest.fixture(autouse=True)
def _quick() -> Iterator[None]:
    with patch.object(form, "_SCRYPT_N", 1 << 4), patch.object(sync_controller, "_LOOK_MS", 20):
        yield


async def test_a_window_joins_sends_and_receives(tmp_path: Path) -> None:
    shared, place = tmp_path / "shared", tmp_path / "other"
    shared.mkdir()
    place.mkdir()
    other = Computer(place, "other")
    await other.database.open()
    try:
        async with AppHarness() as app:
            window = app.window
            window.outer_panes.show_settings(True)
            window.settings.show_page("library")
            find(window, QPushButton, "sync-join").click()
            (dialog,) = window.findChildren(JoinDialog)
            find(dialog, QLineEdit, "sync-address").setText(str(shared))
            find(dialog, QLineEdit, "sync-passphrase").setText("too short")
            start = find(dialog, QPushButton, "sync-start")
            start.click()
            assert not list(shared.iterdir())
            find(dialog, QLineEdit, "sync-passphrase").setText(PASSPHRASE)
            find(dialog, QLineEdit, "sync-name").setText("office")
            again = find(dialog, QLineEdit, "sync-passphrase-again")
            start.click()
            await until(again.isVisible)
            again.setText("another one")
            start.click()
            assert not list(shared.iterdir())
            again.setText(PASSPHRASE)
            start.click()
            leave = find(window, QPushButton, "sync-leave")
            await until(leave.isVisible)
            assert (shared / "library.json").exists()
            find(window, QPushButton, "sync-code").click()
            await until(lambda: bool(window.findChildren(CodeDialog)))
            (shown,) = window.findChildren(CodeDialog)
            find(shown, QPushButton, "sync-code-copy").click()
            code = (await app.backend.of(synchronizer).key()).code()
            assert QGuiApplication.clipboard().text() == code
            find(shown, QPushButton, "sync-line-copy").click()
            line = QGuiApplication.clipboard().text()
            shown.accept()

            await app.ask_and_answer("Is this sent?", "It is.")
            joined = read_joining_line(line)
            assert joined is not None
            await other.sync.join(*joined, begins=False, name="other")

            async def other_has_it() -> bool:
                await other.sync.synchronize()
                return bool(await other.conversations.ids())

            while not await other_has_it():
                await until(lambda: True)
            (id_,) = await other.conversations.ids()
            await other.conversations.rename(id_, "Renamed elsewhere")
            await other.sync.synchronize()
            # No round is due: the folder says that something came.
            await until(lambda: app.session.current.conversation.title == "Renamed elsewhere")

            # What is there stays in sight while an answer runs elsewhere.
            path = await other.conversations.path(id_)
            asked = replace(question("And this?"), created_at=now())
            running = replace(streaming("Not yet"), created_at=now())
            await other.write(asked, id_, path[-1].id)
            await other.write(running, id_, asked.id)
            sql = "UPDATE conversations SET leaf_id = ? WHERE id = ?"
            await other.database.execute(sql, running.id, id_)
            await other.sync.synchronize()
            app.session.of(SyncController).synchronize_now()
            await until(lambda: [m.id for m in app.session.current.path][-1] == asked.id)
            await until(lambda: "is running on “other”" in app.said)

            # What is typed here outlasts a deletion there.
            window.prompt.set_text("Being typed")
            await other.conversations.erase([id_])
            await other.sync.synchronize()
            app.session.of(SyncController).synchronize_now()
            sql = "SELECT 1 FROM sync_peers WHERE number >= ?"
            number = (await other.sync.devices())[0].sent

            async def has_received() -> bool:
                return await app.backend.database.row(sql, number) is not None

            while not await has_received():
                await until(lambda: True)
            await other.sync.synchronize()
            assert window.prompt.text() == "Being typed"

            rows = [each.text() for each in window.settings.findChildren(PlainLabel)]
            assert "office · this computer" in rows
            assert any(text.startswith("other · ") for text in rows)
            (device,) = [
                each for each in await app.backend.of(synchronizer).devices() if not each.is_own
            ]
            find(window, QPushButton, f"sync-strike-{device.id}").click()
            accept_question(window, "strike-off", "Strike off")
            await until(lambda: not (shared / "devices" / device.id / "head").exists())
            assert len(await app.backend.of(synchronizer).devices()) == 1
    finally:
        await other.database.close()


async def test_what_has_arrived_is_listed_before_the_end(tmp_path: Path) -> None:
    shared, place = tmp_path / "shared", tmp_path / "other"
    shared.mkdir()
    place.mkdir()
    other = Computer(place, "other")
    await other.database.open()
    try:
        await other.sync.join(Target(str(shared)), PASSPHRASE, name="other")
        for title in ("First", "Second"):
            await other.add(title)
            await other.sync.synchronize()
        reading = asyncio.Event()
        read = FolderStorage.read

        async def waiting(self: FolderStorage, name: str) -> bytes | None:
            if name.endswith("/0000000002-0000000002"):
                await reading.wait()
            return await read(self, name)

        async with AppHarness() as app:
            with patch.object(FolderStorage, "read", waiting):
                controller = app.session.of(SyncController)
                await controller.join(
                    Target(str(shared)), PASSPHRASE, begins=True, fetches_all=False
                )
                await until(lambda: "First" in app.rows)
                assert "Second" not in app.rows
                reading.set()
                await until(lambda: "Second" in app.rows)
    finally:
        await other.database.close()


async def test_a_storage_that_is_gone_for_a_day_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    async with AppHarness() as app:
        controller = app.session.of(SyncController)
        await controller.join(Target(str(shared)), PASSPHRASE, fetches_all=False)
        await until(lambda: any(shared.glob("devices/*/head")))
        shared.rename(tmp_path / "pulled out")
        controller.synchronize_now()
        await until(lambda: controller.error is not None)
        assert str(shared) not in app.said
        monkeypatch.setattr(sync_controller, "_TOLD_AFTER_S", -1)
        controller.synchronize_now()
        await until(lambda: str(shared) in app.said)


async def test_a_full_disk_is_said_once_and_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    async def fail(*_: object) -> None:
        tried.append(1)
        raise StorageError("The disk is full.")

    async with AppHarness() as app:
        controller = app.session.of(SyncController)
        monkeypatch.setattr(app.backend.of(synchronizer), "synchronize", fail)
        await controller.join(Target(str(tmp_path)), PASSPHRASE, fetches_all=False)
        await app.backend.settings.set("answer.instructions", "Unsent")
        await until(lambda: "The disk is full." in app.said)
        for _ in range(3):
            await controller._look()
        assert len(tried) == 1


async def test_the_dialog_reads_a_line_and_asks_before_http(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    joined: list[Any] = []

    async def join(*given: Any, **names: Any) -> None:
        joined.append((*given, names["name"], names["begins"]))
        raise SyncError("Not there.")

    async with AppHarness() as app:
        monkeypatch.setattr(app.backend.of(synchronizer), "join", join)
        dialog = JoinDialog(app.session, app.window)
        dialog.open()
        target = Target("s3://bucket/x", "key", endpoint="http://nas:9000")
        for name in ("sync-address", "sync-passphrase"):
            find(dialog, QLineEdit, name).setText(joining_line(target, "CODE-CODE-CODE"))
            assert find(dialog, QLineEdit, "sync-address").text() == target.address
            assert find(dialog, QLineEdit, "sync-passphrase").text() == "CODE-CODE-CODE"
            assert find(dialog, QLineEdit, "sync-endpoint").text() == target.endpoint
        find(dialog, QLineEdit, "sync-password").setText("secret")
        find(dialog, QLineEdit, "sync-name").setText(" office ")
        start = find(dialog, QPushButton, "sync-start")
        for answer in ("Cancel", "Use it"):
            start.click()
            question = find(dialog, QMessageBox, "sync-http")
            assert "nas" in question.text()
            assert "password" in question.informativeText()
            accept_question(dialog, "sync-http", answer)
            await until(lambda: not dialog.findChildren(QMessageBox))
        await until(lambda: bool(joined))
        allowed = replace(target, password="secret", allows_http=True)
        assert joined == [(allowed, "CODE-CODE-CODE", "office", False)]
        await until(start.isEnabled)
        dialog.done(0)


async def test_a_busy_storage_is_waited_for_in_silence_and_asked_often_while_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = SyncLaterError("Busy.")
    error.wait_s = 1000.0
    results: list[Any] = [error]
    tried: list[float] = []
    clock = SimpleNamespace(now=time.monotonic(), time=time.time)
    clock.monotonic = lambda: clock.now

    async def synchronize(*_: object) -> SyncResult:
        tried.append(clock.now)
        if results:
            raise results.pop()
        return SyncResult(0, 0)

    async def news() -> None:
        return None

    states: list[tuple[str, bool]] = []
    monkeypatch.setattr(sync_controller, "time", clock)
    async with AppHarness() as app:
        controller, sync = app.session.of(SyncController), app.backend.of(synchronizer)
        controller.state_changed.connect(lambda text, is_error, _: states.append((text, is_error)))
        monkeypatch.setattr(sync, "synchronize", synchronize)
        monkeypatch.setattr(sync, "news", news)

        async def tries_in(seconds: float) -> list[float]:
            """Let time pass; return when it was tried."""
            began, before = clock.now, len(tried)
            while clock.now < began + seconds:
                clock.now += 5
                await controller._look()
            return [at - began for at in tried[before:]]

        await controller.join(Target(str(tmp_path)), PASSPHRASE)
        await until(lambda: ("Busy.", False) in states)
        assert len(tried) == 1
        assert await tries_in(1000) == pytest.approx([1000])
        assert "Busy." not in app.said
        controller._note_use(app.window)
        assert await tries_in(30) == [10, 20, 30]
        clock.now += 300  # the window was not used
        await tries_in(60)
        assert len(await tries_in(300)) == 5


@pytest.mark.parametrize(
    ("service", "saving", "normal"),
    [(NETWORK.service, 1, 2), (BATTERY.service, 3, 1)],
    ids=["metered", "battery"],
)
async def test_rounds_wait_on_a_metered_connection_and_a_low_battery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: str, saving: int, normal: int
) -> None:
    value = saving
    get = ("org.freedesktop.DBus.Properties", "Get")
    methods: dict[tuple[str, str], Any] = {get: lambda *_: ("v", (("u", value),))}
    with message_bus_daemon() as address, BusService(address, service, methods) as bus:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        async with AppHarness() as app:
            controller, sync = app.session.of(SyncController), app.backend.of(synchronizer)

            async def add(title: str) -> None:
                await app.backend.settings.set("answer.instructions", title)

            async def until_sent() -> None:
                while await sync.unsent():
                    await until(lambda: True)

            await controller.join(Target(str(tmp_path)), PASSPHRASE, fetches_all=False)
            await until(lambda: (tmp_path / "devices").exists())
            await until_sent()
            await add("While saving")
            looks = len(bus.calls)
            await until(lambda: len(bus.calls) > looks + 3)
            assert await sync.unsent()
            controller.synchronize_now()
            await until_sent()
            await add("While saving, again")
            value = normal
            await until_sent()
