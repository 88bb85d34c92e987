"""The window synchronizes by itself with another computer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QPushButton

from desktop_app.desktop.desktop_watch import BATTERY, NETWORK
from desktop_app.domain.errors import StorageError
from desktop_app.sync import format as form
from desktop_app.sync.storage import FolderStorage
from desktop_app.sync.target import Target
from desktop_app.sync.ui import sync_controller
from desktop_app.sync.ui.sync_controller import SyncController
from desktop_app.sync.ui.sync_section import CodeDialog, JoinDialog
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.bus_service import BusService, message_bus_daemon
from tests.helpers.synced_computers import PASSPHRASE, Computer
from tests.helpers.widgets import find


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
            start.click()
            leave = find(window, QPushButton, "sync-leave")
            await until(leave.isVisible)
            assert (shared / "library.json").exists()
            find(window, QPushButton, "sync-code").click()
            await until(lambda: bool(window.findChildren(CodeDialog)))
            (shown,) = window.findChildren(CodeDialog)
            find(shown, QPushButton, "sync-code-copy").click()
            code = (await app.backend.synchronizer.key()).code()
            assert QGuiApplication.clipboard().text() == code
            shown.accept()

            await app.ask_and_answer("Is this sent?", "It is.")
            await other.sync.join(Target(str(shared)), PASSPHRASE, name="other")

            async def other_has_it() -> bool:
                await other.sync.synchronize()
                return bool(await other.conversations.ids())

            while not await other_has_it():
                await until(lambda: True)
            (id_,) = await other.conversations.ids()
            await other.conversations.rename(id_, "Renamed elsewhere")
            await other.sync.synchronize()
            app.session.of(SyncController).synchronize_now()
            await until(lambda: app.session.current.conversation.title == "Renamed elsewhere")
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
                await controller.join(Target(str(shared)), PASSPHRASE, fetches_all=False)
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
        monkeypatch.setattr(app.backend.synchronizer, "synchronize", fail)
        await controller.join(Target(str(tmp_path)), PASSPHRASE, fetches_all=False)
        await app.backend.settings.set("answer.instructions", "Unsent")
        await until(lambda: "The disk is full." in app.said)
        for _ in range(3):
            await controller._look()
        assert len(tried) == 1


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
            controller, sync = app.session.of(SyncController), app.backend.synchronizer

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
