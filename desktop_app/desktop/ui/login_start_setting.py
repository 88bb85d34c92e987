"""The setting "Start at login", and the entry of the desktop that it writes."""

from __future__ import annotations

import asyncio
import os
from functools import partial

from desktop_app.desktop.login_start import (
    ask_portal,
    is_sandboxed,
    login_start_error,
    set_start_at_login,
    starts_at_login,
)
from desktop_app.desktop.session_bus import BusError, SessionBus
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import tr
from desktop_app.providers.ui.providers import SettingValues
from desktop_app.settings.schema import START_AT_LOGIN


class LoginStartSetting:
    """Synchronization of the setting with the desktop's entry, in both directions."""

    def __init__(self, *, bus: SessionBus, values: SettingValues, scope: str) -> None:
        self._bus = bus
        self._values = values
        self._scope = scope
        self._lock = asyncio.Lock()  # the last change must be the last that is written

    async def reconcile(self) -> None:
        """Set the setting to the state of the desktop's entry, which the user may have changed."""
        if is_sandboxed():  # the portal can change the entry, but not report it
            return
        async with self._lock:
            is_enabled = await asyncio.to_thread(starts_at_login, self._scope, os.environ)
            if is_enabled != self._values[START_AT_LOGIN]:
                await self._values.set(START_AT_LOGIN, is_enabled)

    async def apply(self) -> None:
        """Write the desktop's entry as the setting says.

        Raises:
            StorageError: the entry cannot be written; the setting is as before.
        """
        async with self._lock:
            should_start = bool(self._values[START_AT_LOGIN])
            try:
                if is_sandboxed():
                    reason = tr("Keep the quick prompt at hand")
                    if await ask_portal(self._bus, reason, wanted=should_start) != should_start:
                        raise login_start_error("refused")
                else:
                    write = partial(set_start_at_login, self._scope, os.environ)
                    await asyncio.to_thread(write, wanted=should_start)
            except (BusError, StorageError) as error:
                await self._values.set(START_AT_LOGIN, not should_start)
                if isinstance(error, BusError):
                    raise login_start_error(str(error)) from error
                raise
