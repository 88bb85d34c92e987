"""Turns the start at login on and off: by an entry of the system; in a sandbox, by the portal.

For the entries of Linux, macOS and Windows, see login_start_entries.py. `scope` is
`Folders.scope`: each folder of user data has an entry of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop_app.child_processes import resident_command
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import StorageError
from desktop_app.session.application_object import bus_name
from desktop_app.session.login_start_entries import (
    AutostartEntry,
    LaunchAgent,
    RunValue,
    autostart_file,
)
from desktop_app.session.portal.portal_requests import Portal

if TYPE_CHECKING:
    from desktop_app.session.session_bus import SessionBus

_FLATPAK_FILE: Final = Path("/.flatpak-info")


def is_sandboxed() -> bool:
    """Return True in a Flatpak, whose autostart folder the desktop does not read."""
    return _FLATPAK_FILE.exists()


def _login_entry(
    scope: str, environment: Mapping[str, str], platform: str
) -> AutostartEntry | LaunchAgent | RunValue:
    """Return the entry by which this system starts the program at login."""
    if platform == "darwin":
        return LaunchAgent(bus_name(scope), Path.home())
    if platform == "win32":
        return RunValue(bus_name(scope))
    return AutostartEntry(autostart_file(scope, environment))


def login_start_location(
    scope: str, environment: Mapping[str, str], platform: str = sys.platform
) -> str:
    """Return the file or the registry value that starts the program at login."""
    return _login_entry(scope, environment, platform).location


def starts_at_login(
    scope: str, environment: Mapping[str, str], platform: str = sys.platform
) -> bool:
    """Return True if the desktop starts the program at login.

    Raises:
        OSError: the registry of Windows refused.
    """
    return _login_entry(scope, environment, platform).is_on()


def set_start_at_login(
    scope: str, environment: Mapping[str, str], *, wanted: bool, platform: str = sys.platform
) -> None:
    """Start the program at login if `wanted`, otherwise no longer.

    Raises:
        StorageError: the file or the registry cannot be written.
    """
    home = environment.get("REPARTEE_HOME") if scope else None
    if home is not None:  # at login, a relative path would begin in another folder
        home = os.path.abspath(home)  # noqa: PTH100
    entry = _login_entry(scope, environment, platform)
    try:
        if wanted:
            entry.write(resident_command(), home)
        else:
            entry.remove()
    except OSError as error:
        details = f"{entry.location}: {error}"
        raise StorageError(Reason.AUTOSTART_NOT_WRITTEN, details=details) from error


async def ask_portal(bus: SessionBus, reason: str, *, wanted: bool) -> bool:
    """Ask the portal to start the program at login, or no longer; return True if it now does.

    Raises:
        BusError: there is no portal, or the portal or the user refused.
    """
    portal = Portal(bus)
    results = await portal.request(
        "org.freedesktop.portal.Background",
        "RequestBackground",
        "sa{sv}",
        "",
        {
            "reason": ("s", reason),
            "autostart": ("b", wanted),
            "commandline": ("as", ["repartee", "--resident"]),
        },
    )
    _, allowed = results.get("autostart", ("b", False))
    return bool(allowed)
