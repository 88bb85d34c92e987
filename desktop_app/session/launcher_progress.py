"""Progress on the program's icon in launchers and docks that show it.

https://wiki.ubuntu.com/Unity/LauncherAPI
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.session.application_object import APP_ID, object_path

if TYPE_CHECKING:
    from desktop_app.session.session_bus import SessionBus

INTERFACE: Final = "com.canonical.Unity.LauncherEntry"


def show_progress(bus: SessionBus, share: float | None) -> None:
    """Show how much of all work is done, from 0 to 1; None removes the bar."""
    properties = {"progress": ("d", share or 0.0), "progress-visible": ("b", share is not None)}
    address = f"application://{APP_ID}.desktop"
    bus.send_signal(object_path(APP_ID), INTERFACE, "Update", "sa{sv}", address, properties)
