"""The current settings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop_app.settings.schema import LARGE_PASTE
from desktop_app.settings.setting import SettingValue
from desktop_app.settings.values import with_defaults
from desktop_app.storage.settings.settings_store import SettingsStore


class SettingValues(QObject):
    """The values of all settings, including defaults.

    Attributes:
        all: all values by key.

    Signals:
        changed(str): the setting with this key has changed.
    """

    changed = Signal(str)

    def __init__(self, store: SettingsStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.all: Mapping[str, SettingValue] = with_defaults({})
        self._load_lock = asyncio.Lock()

    async def load(self) -> None:
        """Load the values from the store."""
        async with self._load_lock:  # the store may answer two readers in any order
            self.all = with_defaults(await self._store.all())

    def __getitem__(self, key: str) -> SettingValue:
        return self.all[key]

    @property
    def large_paste(self) -> int:
        """Return the number of characters above which pasted text is attached."""
        value = self.all[LARGE_PASTE]
        assert isinstance(value, int)
        return value

    async def set(self, key: str, value: Any) -> None:
        """Store a value, then report it."""
        await self._store.set(key, value)
        await self.load()
        self.changed.emit(key)
