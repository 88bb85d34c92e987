"""Pasting into the window of another program by the desktop's portal, as under Wayland."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from desktop_app.app.session import Session
from desktop_app.desktop.portal.remote_keyboard import RemoteKeyboard
from desktop_app.desktop.session_bus import SessionBus

TOKEN_KEY: Final = "desktop.paste_token"
FOCUS_CHANGE_S: Final = 0.1
"""Time for the compositor to move the focus; no program can see another's focus."""


@asynccontextmanager
async def granted_keyboard(session: Session) -> AsyncIterator[RemoteKeyboard | None]:
    """Open a keyboard that types into the focused window; None if the desktop offers none.

    Raises:
        PortalRefusedError: the user or the desktop refused.
        BusError: the portal has gone, or granted no keyboard.
    """
    bus = session.made(SessionBus)
    keyboard = None if bus is None else RemoteKeyboard(bus)
    if keyboard is None or not await keyboard.is_offered():
        yield None
        return
    settings = session.backend.settings
    token = await keyboard.open(str((await settings.all()).get(TOKEN_KEY) or ""))
    try:
        await settings.set(TOKEN_KEY, token)  # the earlier token is no longer valid
        yield keyboard
    finally:
        await keyboard.close()
