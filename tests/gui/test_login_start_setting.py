"""The setting "Start at login", toggled faster than its entry is written."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.app.provider_list import SettingValues
from desktop_app.desktop.core import START_AT_LOGIN
from desktop_app.desktop.ui import desktop_controllers
from desktop_app.desktop.ui.desktop_controllers import LoginStartSetting
from desktop_app.desktop_session.login_start import set_start_at_login, starts_at_login
from desktop_app.desktop_session.session_bus import SessionBus
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database

if TYPE_CHECKING:
    import pytest


async def test_the_last_of_quick_toggles_is_written_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    release = threading.Event()

    def set_slowly(scope: str, _environment: Any, *, wanted: bool) -> None:
        if wanted:
            release.wait()
        set_start_at_login(scope, environment, wanted=wanted)

    monkeypatch.setattr(desktop_controllers, "set_start_at_login", set_slowly)
    # The second thread runs one function at a time, while the first one waits.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
    database = Database(tmp_path / "store.sqlite3")
    await database.open()
    values = SettingValues(SettingsStore(database))
    setting = LoginStartSetting(bus=SessionBus(), values=values, scope="")
    await values.set(START_AT_LOGIN, True)
    first = asyncio.create_task(setting.apply())
    await asyncio.sleep(0)
    await values.set(START_AT_LOGIN, False)
    second = asyncio.create_task(setting.apply())
    await asyncio.sleep(0)
    await asyncio.to_thread(lambda: None)
    release.set()
    await asyncio.gather(first, second)
    assert not starts_at_login("", environment)
    await database.close()
