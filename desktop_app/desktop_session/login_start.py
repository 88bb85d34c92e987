"""Turns the start at login on and off: by a file of the desktop; in a sandbox, by the portal.

`scope` is `Folders.scope`: each folder of user data has a file of its own.
https://specifications.freedesktop.org/autostart-spec/latest/
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from desktop_app.child_processes import resident_command
from desktop_app.desktop_session.application_object import bus_name
from desktop_app.desktop_session.portal.portal_requests import Portal
from desktop_app.desktop_session.session_bus import SessionBus
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import N_

_FLATPAK_FILE: Final = Path("/.flatpak-info")
_ENTRY_TEMPLATE: Final = """[Desktop Entry]
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
    return _FLATPAK_FILE.exists()


def autostart_file(scope: str, environment: Mapping[str, str]) -> Path:
    """Return the path of the entry for the program with this `Folders.scope`."""
    config = environment.get("XDG_CONFIG_HOME") or ""
    folder = Path(config) if config.startswith("/") else Path.home() / ".config"
    return folder / "autostart" / f"{bus_name(scope)}.desktop"


def starts_at_login(scope: str, environment: Mapping[str, str]) -> bool:
    """Return True if the desktop starts the program at login."""
    if sys.platform == "win32":
        return _is_in_run_key(bus_name(scope))
    try:
        text = autostart_file(scope, environment).read_text("utf-8", "replace")
    except OSError:
        return False
    # Desktops switch an entry off by one of these lines.
    return not {"Hidden=true", "X-GNOME-Autostart-enabled=false"} & set(text.splitlines())


def set_start_at_login(scope: str, environment: Mapping[str, str], *, wanted: bool) -> None:
    """Start the program at login if `wanted`, otherwise no longer.

    Raises:
        StorageError: the file cannot be written.
    """
    if sys.platform == "win32":
        _set_run_key(bus_name(scope), wanted=wanted)
        return
    path = autostart_file(scope, environment)
    try:
        if wanted:
            _write_entry(path, environment.get("REPARTEE_HOME") if scope else None)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise login_start_error(f"{path}: {error}") from error


if sys.platform == "win32":
    import winreg

    _RUN_KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"

    def _is_in_run_key(name: str) -> bool:
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN_KEY) as key:
                winreg.QueryValueEx(key, name)
        except FileNotFoundError:
            return False
        return True

    def _set_run_key(name: str, *, wanted: bool) -> None:
        try:
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN_KEY) as key:
                if wanted:
                    command = " ".join(f'"{word}"' for word in resident_command())
                    winreg.SetValueEx(key, name, 0, winreg.REG_SZ, command)
                elif _is_in_run_key(name):
                    winreg.DeleteValue(key, name)
        except OSError as error:
            raise login_start_error(str(error)) from error


def login_start_error(details: str) -> StorageError:
    """Return the error for a change of what starts at login that failed."""
    return StorageError(
        N_("Repartee couldn’t change what starts at login."),
        hint=N_("Check that the autostart folder is writable, then try again."),
        details=details,
    )


def _write_entry(path: Path, home: str | None) -> None:
    command = resident_command()
    if home is not None:  # at login, a relative path would begin in another folder
        command = ("env", f"REPARTEE_HOME={os.path.abspath(home)}", *command)  # noqa: PTH100
    line = exec_line(command)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The whole file or nothing: an incomplete entry would count as switched on.
    partial_file = path.with_suffix(".part")
    try:
        partial_file.write_bytes(_ENTRY_TEMPLATE.format(command=line).encode())
        partial_file.replace(path)
    finally:
        partial_file.unlink(missing_ok=True)


def exec_line(command: Sequence[str]) -> str:
    """Return a command as the value of an entry's key Exec."""
    return " ".join(map(_quote_argument, command))


def _quote_argument(word: str) -> str:
    """Quote an argument as Exec keys want it: in double quotes, "%" doubled."""
    word = word.replace("%", "%%")
    if shlex.quote(word) == word:
        return word
    escaped = "".join(f"\\{c}" if c in '"`$\\' else c for c in word)
    # The value is a string of the entry, in which each backslash is written twice.
    return f'"{escaped}"'.replace("\\", "\\\\")


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
