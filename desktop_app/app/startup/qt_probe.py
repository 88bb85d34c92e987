"""A child process that prints Qt's findings on this computer, as two lines of JSON.

It is a process of its own, because Qt ends a process whose platform it cannot start, and a session
bus that never replies would block the program.
"""

from __future__ import annotations

import json
import os
import sys


def main() -> int:
    """Print {"platform", "qt", "screen"}, then {"portal"}, and end."""
    from PySide6.QtCore import qVersion
    from PySide6.QtGui import QGuiApplication

    application = QGuiApplication(sys.argv[:1])
    screen = application.primaryScreen()
    _print_line(
        {
            "platform": application.platformName(),
            "qt": qVersion(),
            "screen": f"{screen.size().width()}×{screen.size().height()}",
        }
    )
    _print_line({"portal": _global_shortcuts_version()})
    # A platform plug-in may hang during shutdown; the result is already printed.
    os._exit(0)


def _print_line(findings: dict[str, str | int]) -> None:
    sys.stdout.write(f"{json.dumps(findings)}\n")
    sys.stdout.flush()


def _global_shortcuts_version() -> int:
    """Return the version of the portal's GlobalShortcuts interface, 0 if there is none."""
    from PySide6.QtDBus import QDBusConnection, QDBusInterface

    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        return 0
    properties = QDBusInterface(
        "org.freedesktop.portal.Desktop",
        "/org/freedesktop/portal/desktop",
        "org.freedesktop.DBus.Properties",
        bus,
    )
    properties.setTimeout(2000)  # milliseconds; by default, a call waits 25 s
    reply = properties.call("Get", "org.freedesktop.portal.GlobalShortcuts", "version")
    arguments = reply.arguments()
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0
