"""The entries that start the program at login, by system.

Linux desktops have an autostart folder, macOS has launch agents, and Windows a key of the registry.
Not tried on macOS and Windows themselves; the registry was tried with Wine.
https://specifications.freedesktop.org/autostart-spec/latest/
"""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from desktop_app.child_processes import windows_command_line
from desktop_app.session.application_object import bus_name

_ENTRY_TEMPLATE: Final = """[Desktop Entry]
Type=Application
Name=Repartee
Exec={command}
Icon=io.github.repartee.Repartee
Terminal=false
NoDisplay=true
X-GNOME-Autostart-enabled=true
"""
_RUN_KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
# The Task Manager's switches of the entries; an odd first byte means off.
_APPROVED_KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"


def autostart_file(scope: str, environment: Mapping[str, str]) -> Path:
    """Return the path of the entry for the program with this `Folders.scope`."""
    config = environment.get("XDG_CONFIG_HOME") or ""
    folder = Path(config) if config.startswith("/") else Path.home() / ".config"
    return folder / "autostart" / f"{bus_name(scope)}.desktop"


class _LoginFile:
    """A file by which the system starts the program at login."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def location(self) -> str:
        """Return the path of the file."""
        return str(self._path)

    def remove(self) -> None:
        """Remove the file.

        Raises:
            OSError: the folder cannot be written to.
        """
        self._path.unlink(missing_ok=True)

    def _replace(self, content: bytes) -> None:
        """Write the whole file or nothing: an incomplete entry would count as switched on."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial_file = self._path.with_suffix(".part")
        try:
            partial_file.write_bytes(content)
            partial_file.replace(self._path)
        finally:
            partial_file.unlink(missing_ok=True)


class AutostartEntry(_LoginFile):
    """The file by which a Linux desktop starts the program."""

    def is_on(self) -> bool:
        """Return True if the desktop starts the program at login."""
        try:
            text = self._path.read_text("utf-8", "replace")
        except OSError:
            return False
        # Desktops switch an entry off by one of these lines.
        return not {"Hidden=true", "X-GNOME-Autostart-enabled=false"} & set(text.splitlines())

    def write(self, command: Sequence[str], home: str | None) -> None:
        """Write the file. `home` is the REPARTEE_HOME of the program, None for the usual one.

        Raises:
            OSError: the folder cannot be written to.
        """
        environment = () if home is None else ("env", f"REPARTEE_HOME={home}")
        line = " ".join(_quote_argument(word) for word in (*environment, *command))
        self._replace(_ENTRY_TEMPLATE.format(command=line).encode())


class LaunchAgent(_LoginFile):
    """The file by which macOS starts the program.

    Args:
        name: the name of the program, used as the agent's label.
        home: the user's home folder.
    """

    def __init__(self, name: str, home: Path) -> None:
        super().__init__(home / "Library" / "LaunchAgents" / f"{name}.plist")
        self._name = name

    def is_on(self) -> bool:
        """Return True if macOS starts the program at login."""
        import plistlib
        from xml.parsers.expat import ExpatError

        try:
            agent = plistlib.loads(self._path.read_bytes())
        except (OSError, ValueError, ExpatError):
            return False
        return isinstance(agent, dict) and agent.get("RunAtLoad") is True

    def write(self, command: Sequence[str], home: str | None) -> None:
        """Write the file. `home` is the REPARTEE_HOME of the program, None for the usual one.

        Raises:
            OSError: the folder cannot be written to.
        """
        import plistlib

        agent: dict[str, object] = {
            "Label": self._name,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "ProcessType": "Interactive",
        }
        if home is not None:
            agent["EnvironmentVariables"] = {"REPARTEE_HOME": home}
        self._replace(plistlib.dumps(agent))


class RunValue:
    """The value of the registry by which Windows starts the program.

    Args:
        name: the name of the program and of the value.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._registry: Any = importlib.import_module("winreg")  # Windows only

    @property
    def location(self) -> str:
        """Return the value's path in the registry."""
        return f"HKEY_CURRENT_USER\\{_RUN_KEY}\\{self._name}"

    def is_on(self) -> bool:
        """Return True if Windows starts the program at login.

        Raises:
            OSError: the registry refused.
        """
        if self._read(_RUN_KEY) is None:
            return False
        approval = self._read(_APPROVED_KEY)
        return not (isinstance(approval, bytes) and approval[:1] and approval[0] % 2)

    def write(self, command: Sequence[str], home: str | None) -> None:
        """Write the value. It cannot set REPARTEE_HOME, so no other home is possible.

        Raises:
            OSError: the registry refused, or the program has another home.
        """
        if home is not None:
            raise OSError("with REPARTEE_HOME, Windows cannot start the program at login")
        registry = self._registry
        with registry.CreateKeyEx(registry.HKEY_CURRENT_USER, _RUN_KEY) as key:
            line = windows_command_line(command)
            registry.SetValueEx(key, self._name, 0, registry.REG_SZ, line)
        self._delete(_APPROVED_KEY)

    def remove(self) -> None:
        """Remove the value.

        Raises:
            OSError: the registry refused.
        """
        self._delete(_RUN_KEY)

    def _read(self, path: str) -> object:
        """Return our value of a key, None if there is none."""
        registry = self._registry
        try:
            with registry.OpenKey(registry.HKEY_CURRENT_USER, path) as key:
                value: object = registry.QueryValueEx(key, self._name)[0]
        except FileNotFoundError:
            return None
        return value

    def _delete(self, path: str) -> None:
        registry = self._registry
        try:
            access = registry.KEY_SET_VALUE
            with registry.OpenKey(registry.HKEY_CURRENT_USER, path, 0, access) as key:
                registry.DeleteValue(key, self._name)
        except FileNotFoundError:
            return


def _quote_argument(word: str) -> str:
    """Quote an argument as Exec keys want it: in double quotes, "%" doubled."""
    word = word.replace("%", "%%")
    if shlex.quote(word) == word:
        return word
    escaped = "".join(f"\\{c}" if c in '"`$\\' else c for c in word)
    # The value is a string of the entry, in which each backslash is written twice.
    return f'"{escaped}"'.replace("\\", "\\\\")
