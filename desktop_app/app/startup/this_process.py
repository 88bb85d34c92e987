"""This process: its protection from others, and its end without Qt's destructors.

The desktop portal identifies a caller by opening /proc/PID/root, which fails for a process that is
not dumpable: the portal would then refuse file dialogs, global shortcuts and more. It remembers
each D-Bus connection, so one earlier call on each is enough. Qt has a connection, the program
another.

Qt's Wayland client can wait forever while it is destroyed: its event thread waits in
`wl_display_read_events` for another reader that has ended, and the destructor waits for the thread.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
from typing import TYPE_CHECKING, NoReturn

from desktop_app import sandbox
from desktop_app.cli.console import flush_output
from desktop_app.desktop_session.portal.portal_requests import PATH, SERVICE, identify_to_portal

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from desktop_app.desktop_session.session_bus import SessionBus


def skip_qt_destructors(exit_code: int) -> None:
    """End this process with `exit_code` when Python has joined its threads.

    Call it last: Python calls exit functions in reverse order, so functions that were registered
    earlier never run. One of them is PySide's, which destroys the application.
    """
    atexit.register(end_now, exit_code)


def end_now(exit_code: int) -> NoReturn:
    """End this process at once; the log is written."""
    logging.shutdown()
    flush_output()
    os._exit(exit_code)


async def deny_inspection_after_portal(parent: QObject, bus: SessionBus) -> bool:
    """Call the portal on both connections; after replies or failures, deny inspection.

    Returns:
        True if the portal has taken the program's name.

    Raises:
        OSError: the kernel refused.
    """
    try:
        if not bus.is_connected:  # Qt would wait on the event loop for a bus that does not reply
            return False
        _, is_registered = await asyncio.gather(_identify_qt(parent), identify_to_portal(bus))
        return is_registered
    finally:
        sandbox.deny_inspection()


async def _identify_qt(parent: QObject) -> None:
    """Call the portal once on Qt's own connection, and wait for the reply."""
    # Imported here, because the start does not need it.
    from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        return
    call = QDBusMessage.createMethodCall(SERVICE, PATH, "org.freedesktop.portal.Settings", "Read")
    call.setArguments(["org.freedesktop.appearance", "color-scheme"])
    reply_event = asyncio.Event()
    watcher = QDBusPendingCallWatcher(bus.asyncCall(call), parent)
    watcher.finished.connect(reply_event.set)
    try:
        await reply_event.wait()
    finally:
        watcher.deleteLater()
