"""Denies other processes access to this process, after a call to the desktop portal.

The portal identifies a caller by opening /proc/PID/root, which fails for a process that is not
dumpable: the portal would then refuse file dialogs, the color scheme and more. It remembers each
D-Bus connection, so one call beforehand is enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app import sandbox

if TYPE_CHECKING:
    from PySide6.QtCore import QObject


def deny_inspection_after_portal(parent: QObject) -> None:
    """Call the desktop portal, and deny access after its reply or failure.

    Raises:
        OSError: the kernel refused.
    """
    # Imported here, because the start does not need it.
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
