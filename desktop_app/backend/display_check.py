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
    if sys.platform != "linux":
        return None
    # Qt tries the platforms of the list in turn; each may have options after a colon.
    platforms = [
        platform.split(":")[0] for platform in environment.get("QT_QPA_PLATFORM", "").split(";")
    ]
    x_platforms = [name for name in platforms if name in ("", "xcb")]
    wayland_platforms = [name for name in platforms if name == "" or name.startswith("wayland")]
    if any(name not in (*x_platforms, *wayland_platforms) for name in platforms):
        return None  # offscreen, vnc and the like need no display
    display = environment.get("DISPLAY", "")
    if not wayland_platforms:
        return _x_problem(display)
    if not x_platforms:
        return _wayland_problem(environment)
    x_problem = _x_problem(display)
    wayland_problem = _wayland_problem(environment)
    if x_problem is None or wayland_problem is None:
        return None
    if not display and not environment.get("WAYLAND_DISPLAY"):
        return tr("There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set.")
    return x_problem if display else wayland_problem


def _x_problem(display: str) -> str | None:
    if not display:
        return tr("There is no X11 display: DISPLAY isn’t set.")
    match = _LOCAL_X_DISPLAY.match(display)
    if match is None:  # another computer's display, as through ssh: only connecting would tell
        return None
    path = f"/tmp/.X11-unix/X{match[1]}"  # noqa: S108 — where X servers listen
    # A server listens on a socket file, an abstract socket or a TCP port.
    if (
        _has_listener(path)
        or _has_listener("\0" + path)
        or _has_listener_on_port(6000 + int(match[1]))
    ):
        return None
    return tr("The X11 server at DISPLAY={display} doesn’t respond.", display=display)


def _wayland_problem(environment: Mapping[str, str]) -> str | None:
    if environment.get("WAYLAND_SOCKET"):
        return None  # a connection that the parent opened for this process
    name = environment.get("WAYLAND_DISPLAY") or "wayland-0"
    path = Path(environment.get("XDG_RUNTIME_DIR", ""), name)
    if path.is_absolute() and _has_listener(str(path)):
        return None
    if not environment.get("WAYLAND_DISPLAY"):
        return tr("There is no Wayland display: WAYLAND_DISPLAY isn’t set.")
    return tr("The Wayland compositor at WAYLAND_DISPLAY={name} doesn’t respond.", name=name)


def _has_listener(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_CONNECT_TIMEOUT_S)
        try:
            connection.connect(path)
        except OSError:
            return False
    return True


def _has_listener_on_port(port: int) -> bool:
    if port > 65535:  # there is no such port
        return False
    try:
        socket.create_connection(("127.0.0.1", port), _CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True
