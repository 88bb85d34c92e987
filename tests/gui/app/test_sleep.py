"""The computer sleeps and wakes while the window is open, as a stand-in for logind tells it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from desktop_app.backup.ui import backup_controller
from desktop_app.backup.ui.backup_controller import FIRST_CHECK, LAST_KEY, BackupController
from desktop_app.desktop_session.desktop_watch import MANAGER, watch_sleep
from desktop_app.desktop_session.session_bus import SessionBus
from desktop_app.domain.conversations.conversation import now
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.bus_service import BusService, message_bus_daemon
from tests.helpers.widgets import timer_of


@pytest.fixture
def logind(monkeypatch: pytest.MonkeyPatch) -> Iterator[BusService]:
    with message_bus_daemon() as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        with BusService(address, MANAGER.service, {}) as service:
            yield service


def tell(logind: BusService, *, sleeps: bool) -> bool:
    logind.emit(MANAGER.path, MANAGER.interface, "PrepareForSleep", "b", sleeps)
    return True


async def test_drafts_and_due_work_are_done_around_sleep(
    logind: BusService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AppHarness() as app:
        # A draft is stored before sleep.
        await app.ask_and_answer("Why?", "So.")
        timer = timer_of(app.state.current.draft)
        timer.setInterval(60_000)
        app.type("half a sentence")
        assert timer.isActive()
        await until(lambda: tell(logind, sleeps=True) and not timer.isActive())
        await until(lambda: app.draft_of(app.state.current.id) == "half a sentence")

        # Due work is done soon after waking.
        await app.start_over()
        backups = app.controllers.of(BackupController)
        await app.backend.settings.set(LAST_KEY, {"at": now().isoformat()})
        await backups.start()
        await app.state.values.set("backup.folder", str(tmp_path))
        await app.state.values.set("backup.every", "day")
        first_ms = int(FIRST_CHECK.total_seconds() * 1000)
        await until(lambda: timer_of(backups).remainingTime() > 10 * first_ms)
        # A day passes in the sleep.
        monkeypatch.setattr(backup_controller, "now", lambda: now() + timedelta(days=1))
        await until(
            lambda: tell(logind, sleeps=False) and timer_of(backups).remainingTime() <= first_ms
        )


async def test_a_missing_system_bus_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
    await watch_sleep(SessionBus("SYSTEM"), lambda: None, lambda: None)
    async with AppHarness() as app:
        assert app.said == ""
