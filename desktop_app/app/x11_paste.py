"""Pasting into the window of another program on X11."""

from __future__ import annotations

import asyncio
import os

from PySide6.QtGui import QGuiApplication

from desktop_app.cli.console import clean
from desktop_app.desktop.hotkey.hotkey_status import is_x11


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
    from desktop_app.desktop.hotkey.x11_keys import PasteError, type_paste, wait_for_target

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
