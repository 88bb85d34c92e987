"""Synchronization: what the window does automatically once a library was joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Feature
from desktop_app.i18n.translation import N_
from desktop_app.settings.setting import SettingsPlace

if TYPE_CHECKING:
    from desktop_app.app.session import Session

_START_MS: Final = 4000  # after the start's own work


def _start(session: Session) -> None:
    async def start() -> None:
        # The imports take 30 ms, and few have joined a library.
        if await session.backend.database.row("SELECT 1 FROM sync_device"):
            from desktop_app.sync.ui.sync_controller import SyncController

            await session.of(SyncController).start()

    session.tasks.start(start())


FEATURE: Final = Feature(
    later=(_START_MS, _start),
    sections={"library": "sync.ui.sync_section.SyncSection"},
    places=(
        SettingsPlace(
            N_("Synchronize"), "library", "synchronize", N_("sync computers devices cloud WebDAV")
        ),
    ),
)
