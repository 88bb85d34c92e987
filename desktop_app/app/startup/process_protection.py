"""Closes the window's process to other processes, once the desktop portal has looked at it.

The portal finds out who calls by opening /proc/PID/root, which nobody may do to a process that is
not dumpable: it would refuse file dialogs, the color scheme and more. It remembers each D-Bus
connection, so it is called once before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app import sandbox

if TYPE_CHECKING:
    from PySide6.QtCore import QObject


def deny_inspection_after_portal(parent: QObject) -> None:
    """Call the desktop portal, and deny inspection when it has answered or cannot.

    Raises:
        OSError: the kernel refused.
    """
    # Imported here: not a part of the start.
    from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        sandbox.deny_inspection()
        return
    call = QDBusMessage.createMethodCall(
        "org.freedesktop.portal.Desktop",
        "/org/freedesktop/portal/desktop",
        "org.freedesktop.portal.Settings",
        "Read",
    )
    call.setArguments(["org.freedesktop.appearance", "color-scheme"])
    watcher = QDBusPendingCallWatcher(bus.asyncCall(call), parent)
    watcher.finished.connect(sandbox.deny_inspection)
    watcher.finished.connect(watcher.deleteLater)
