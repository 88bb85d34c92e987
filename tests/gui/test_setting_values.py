"""The current settings, while several change at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

from desktop_app.app.provider_list import SettingValues
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database


class _SlowStore(SettingsStore):
    """Store whose first reply arrives after another one, or after 0.2 s if there is no other."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.was_read, self._was_overtaken = asyncio.Event(), asyncio.Event()

    async def all(self) -> dict[str, Any]:
        is_first = not self.was_read.is_set()
        values = await super().all()
        self.was_read.set()
        if is_first:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._was_overtaken.wait(), 0.2)
        self._was_overtaken.set()
        return values


async def test_a_late_reply_does_not_undo_a_newer_change(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.sqlite3")
    await database.open()
    store = _SlowStore(database)
    values = SettingValues(store)
    first = asyncio.create_task(values.set("keys.prompt.stop", "Ctrl+."))
    await store.was_read.wait()
    await values.set("keys.prompt.send", "Ctrl+Return")
    await first
    assert values["keys.prompt.send"] == "Ctrl+Return"
    await database.close()
