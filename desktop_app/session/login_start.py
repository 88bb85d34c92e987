"""The start at login: an entry in the desktop's autostart folder; in a sandbox, by the portal.

For Windows and macOS, see login_start_native.
https://specifications.freedesktop.org/autostart-spec/latest/
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop_app.child_processes import resident_command
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import StorageError
from desktop_app.session.application_object import bus_name
from desktop_app.session.portal import Portal

if TYPE_CHECKING:
    from desktop_app.session.login_start_native import LaunchAgent, RunValue
    from desktop_app.session.session_bus import SessionBus

_FLATPAK: Final = Path("/.flatpak-info")
_ENTRY: Final = """[Desktop Entry]
Type=Application
Name=Repartee
Exec={command}
Icon=io.github.repartee.Repartee
Terminal=false
NoDisplay=true
X-GNOME-Autostart-enabled=true
"""


def is_sandboxed() -> bool:
    """Return True in a Flatpak, whose autostart folder the desktop does not read."""
    return _FLATPAK.exists()


def autostart_file(scope: str, environment: Mapping[str, str]) -> Path:
    """Return the path of the entry for the program with one user folder; see `bus_name`."""
    config = environment.get("XDG_CONFIG_HOME") or ""
    folder = Path(config) if config.startswith("/") else Path.home() / ".config"
    return folder / "autostart" / f"{bus_name(scope)}.desktop"


class _AutostartEntry:
    """The file by which a Linux desktop starts the program."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def location(self) -> str:
        """Return the path of the file."""
        return str(self._path)

    def is_on(self) -> bool:
        """Return True if the desktop starts the program at login."""
        try:
            text = self._path.read_text("utf-8", "replace")
        except OSError:
            return False
        # Desktops switch an entry off by one of these lines.
        return not {"Hidden=true", "X-GNOME-Autostart-enabled=false"} & set(text.splitlines())

    def set(self, command: Sequence[str], home: str | None) -> None:
        """Write the file. `home` is the REPARTEE_HOME of the program, None for the usual one.

        Raises:
            OSError: the folder cannot be written to.
        """
        environment = () if home is None else ("env", f"REPARTEE_HOME={home}")
        line = " ".join(_quoted(word) for word in (*environment, *command))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # A part of an entry, on a full disk, would count as on.
        unfinished = self._path.with_suffix(".part")
        try:
            unfinished.write_text(_ENTRY.format(command=line), "utf-8")
            unfinished.replace(self._path)
        finally:
            unfinished.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the file.

        Raises:
            OSError: the folder cannot be written to.
        """
        self._path.unlink(missing_ok=True)


def _login_start(
    scope: str, environment: Mapping[str, str], platform: str
) -> _AutostartEntry | LaunchAgent | RunValue:
    """Return the mechanism by which this system starts programs at login."""
    if platform not in ("darwin", "win32"):
        return _AutostartEntry(autostart_file(scope, environment))
    from desktop_app.session.login_start_native import LaunchAgent, RunValue

    if platform == "darwin":
        return LaunchAgent(bus_name(scope), Path.home())
    return RunValue(bus_name(scope))


def login_start_location(
    scope: str, environment: Mapping[str, str], platform: str = sys.platform
) -> str:
    """Return the file or the registry value that starts the program at login."""
    return _login_start(scope, environment, platform).location


def starts_at_login(
    scope: str, environment: Mapping[str, str], platform: str = sys.platform
) -> bool:
    """Return True if the desktop starts the program at login.

    Raises:
        OSError: the registry of Windows refused.
    """
    return _login_start(scope, environment, platform).is_on()


def set_start_at_login(
    scope: str, environment: Mapping[str, str], *, wanted: bool, platform: str = sys.platform
) -> None:
    """Start the program at login if `wanted`, otherwise no longer.

    Raises:
        StorageError: the file or the registry cannot be written.
    """
    home = environment.get("REPARTEE_HOME") if scope else None
    if home is not None:
        home = os.path.abspath(home)  # noqa: PTH100
    start = _login_start(scope, environment, platform)
    try:
        if wanted:
            start.set(resident_command(), home)
        else:
            start.remove()
    except OSError as error:
        details = f"{start.location}: {error}"
        raise StorageError(Reason.AUTOSTART_NOT_WRITTEN, details=details) from error


async def ask_portal(bus: SessionBus, reason: str, *, wanted: bool) -> bool:
    """Ask the portal to start the program at login; return what the user allowed.

    Raises:
        BusError: there is no portal.
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


def _quoted(word: str) -> str:
    """Quote an argument as Exec keys want it: in double quotes, "%" doubled."""
    word = word.replace("%", "%%")
    if shlex.quote(word) == word:
        return word
    escaped = "".join(f"\\{c}" if c in '"`$\\' else c for c in word)
    # The value is a string of the entry, in which each backslash is written twice.
    return f'"{escaped}"'.replace("\\", "\\\\")
