"""Pasting into the window of another program, on X11 and by the desktop's portal.

The portal serves Wayland.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from PySide6.QtGui import QGuiApplication

from desktop_app.app.session import Session
from desktop_app.cli.console import clean
from desktop_app.desktop_session.hotkey.hotkey_status import is_x11
from desktop_app.desktop_session.portal.remote_keyboard import RemoteKeyboard
from desktop_app.desktop_session.session_bus import SessionBus

TOKEN_KEY: Final = "desktop.paste_token"
FOCUS_CHANGE_S: Final = 0.1
"""Time for the compositor to move the focus; no program can see another's focus."""


def can_type() -> bool:
    """Return True if this process can type into any other program's window.

    Under Wayland, X types into X programs only.
    """
    return QGuiApplication.platformName() == "xcb" and is_x11(os.environ)


async def paste_on_x11(own_window: int, wanted: int = 0) -> bool:
    """Type Paste into the window that has the focus. Return False if that was not possible.

    Args:
        own_window: the X id of a window of this program that is losing the focus.
        wanted: the X id of the only window that may get it; 0 for any.
    """
    from desktop_app.desktop_session.hotkey.x11_keys import PasteError, type_paste, wait_for_target

    try:
        target = await asyncio.to_thread(wait_for_target, own_window)
        if wanted not in (0, target.window):
            return False
        if target.is_terminal:
            # It pastes the primary selection; other programs would lose theirs. Escaped,
            # because a control character could end the paste, so that a shell runs the rest.
            clipboard = QGuiApplication.clipboard()
            clipboard.setText(clean(clipboard.text()), clipboard.Mode.Selection)
        await asyncio.to_thread(type_paste, target)
    except PasteError:
        return False
    return True


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
