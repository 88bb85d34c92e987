"""The program on the desktop's bus: its object, which opens files and runs actions; its progress.

https://specifications.freedesktop.org/desktop-entry-spec/latest/dbus.html
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from desktop_app.desktop_session.session_bus import JOIN_TIMEOUT_S, Body, BusError, SessionBus

APP_ID: Final = "io.github.repartee.Repartee"
INTERFACE: Final = "org.freedesktop.Application"
_LAUNCHER_INTERFACE: Final = "com.canonical.Unity.LauncherEntry"

OnOpen = Callable[[tuple[str, ...]], None]
OnAction = Callable[[str, str], None]


def bus_name(scope: str) -> str:
    """Return the name that the program has on the bus, a different one for each REPARTEE_HOME.

    Args:
        scope: `Folders.scope`; "" for the usual folder.
    """
    return f"{APP_ID}.home{scope}" if scope else APP_ID


def object_path(name: str) -> str:
    """Return the path of the program's object, as the specification derives it from the name."""
    return "/" + name.replace(".", "/").replace("-", "_")


class ApplicationObject:
    """The object that the desktop calls.

    Args:
        on_open: called with the URIs to open; () only shows the window.
        on_action: called with the name of an action and its argument, "" for none.
    """

    def __init__(self, on_open: OnOpen, on_action: OnAction) -> None:
        self._on_open = on_open
        self._on_action = on_action

    async def publish(self, bus: SessionBus, name: str) -> bool:
        """Export the object and request the name; return False if another process owns it.

        Raises:
            BusError: the bus cannot be used.
        """
        bus.export(object_path(name), INTERFACE, self._on_call)
        return await bus.request_name(name, JOIN_TIMEOUT_S)

    def _on_call(self, method: str, body: Body) -> None:
        match body:
            case (*_, {"activation-token": (_, str(token))}) if token:
                # Qt gives it to the compositor at the next `requestActivate`. Without it, no window
                # comes to the front on Wayland. Not in os.environ, which children inherit.
                os.putenv("XDG_ACTIVATION_TOKEN", token)
        match method, body:
            case "Activate", (dict(),):
                self._on_open(())
            case "Open", (list(addresses), dict()) if all(
                isinstance(address, str) for address in addresses
            ):
                self._on_open(tuple(addresses))
            case "ActivateAction", (str(name), [(_, str(text)), *_], dict()):  # a variant
                self._on_action(name, text)
            case "ActivateAction", (str(name), list(), dict()):
                self._on_action(name, "")
            case _:
                raise BusError(method)


def show_progress(bus: SessionBus, share: float | None) -> None:
    """Show on the program's icon how much of all work is done, 0 to 1; None removes the bar.

    https://wiki.ubuntu.com/Unity/LauncherAPI
    """
    properties = {"progress": ("d", share or 0.0), "progress-visible": ("b", share is not None)}
    address = f"application://{APP_ID}.desktop"
    bus.send_signal(
        object_path(APP_ID), _LAUNCHER_INTERFACE, "Update", "sa{sv}", address, properties
    )
