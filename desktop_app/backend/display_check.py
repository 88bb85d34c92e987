"""Checks, without loading Qt, whether Qt can open a window on this computer.

Without a display, Qt ends the process with a list of its plug-ins, which does not help users.

Sources: the lookup of displays in libxcb (`:N` and `unix:N` are sockets of this computer) and in
libwayland (`WAYLAND_DISPLAY`, a name in XDG_RUNTIME_DIR or a path).
"""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from desktop_app.i18n.translation import tr

_LOCAL_X_DISPLAY = re.compile(r"^(?:unix)?:(\d+)(?:\.\d+)?$")
_CONNECT_TIMEOUT_S = 1.0


def display_problem(environment: Mapping[str, str]) -> str | None:
    """Return why no window can be opened, as a sentence; None if no reason is known."""
    if sys.platform == "win32":
        return None
    # Qt tries the platforms of the list in turn; each may have options after a colon.
    platforms = {name.split(":")[0] for name in environment.get("QT_QPA_PLATFORM", "").split(";")}
    needs_wayland = {name for name in platforms if name == "" or name.startswith("wayland")}
    needs_x = platforms & {"", "xcb"}
    if platforms - needs_wayland - needs_x:
        return None  # offscreen, vnc and the like need no display
    x_problem = _x_problem(environment.get("DISPLAY", ""))
    wayland_problem = _wayland_problem(environment)
    if not needs_wayland:
        return x_problem
    if not needs_x:
        return wayland_problem
    if x_problem is None or wayland_problem is None:
        return None
    if not environment.get("DISPLAY") and not environment.get("WAYLAND_DISPLAY"):
        return tr("There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set.")
    return x_problem if environment.get("DISPLAY") else wayland_problem


def _x_problem(display: str) -> str | None:
    if not display:
        return tr("There is no X11 display: DISPLAY isn’t set.")
    match = _LOCAL_X_DISPLAY.match(display)
    if match is None:  # another computer's display, as through ssh: only connecting would tell
        return None
    path = f"/tmp/.X11-unix/X{match[1]}"  # noqa: S108 — where X servers listen
    # A server listens on a socket file, an abstract socket or a TCP port.
    port = ("127.0.0.1", 6000 + int(match[1]))
    if (
        _has_listener(path, socket.AF_UNIX)
        or _has_listener("\0" + path, socket.AF_UNIX)
        or _has_listener(port, socket.AF_INET)
    ):
        return None
    return tr("The X11 server at DISPLAY={display} doesn’t respond.", display=display)


def _wayland_problem(environment: Mapping[str, str]) -> str | None:
    name = environment.get("WAYLAND_DISPLAY", "")
    path = Path(environment.get("XDG_RUNTIME_DIR", ""), name or "wayland-0")
    # WAYLAND_SOCKET is a connection that the parent opened for this process.
    if environment.get("WAYLAND_SOCKET") or (
        path.is_absolute() and _has_listener(str(path), socket.AF_UNIX)
    ):
        return None
    if not name:
        return tr("There is no Wayland display: WAYLAND_DISPLAY isn’t set.")
    return tr("The Wayland compositor at WAYLAND_DISPLAY={name} doesn’t respond.", name=name)


def _has_listener(address: str | tuple[str, int], family: int) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(_CONNECT_TIMEOUT_S)
        try:
            connection.connect(address)
        except (OSError, OverflowError):  # also a path or a port that is too large
            return False
    return True
