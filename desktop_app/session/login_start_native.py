"""The start at login on macOS and Windows: a launch agent, or a value of the registry.

Not tried on these systems themselves; the registry was tried with Wine.
"""

from __future__ import annotations

import importlib
import plistlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from xml.parsers.expat import ExpatError

from desktop_app.child_processes import windows_command_line

_RUN: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
# The Task Manager's record of what the user switched off; an odd first byte means off.
_APPROVED: Final = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"


class LaunchAgent:
    """The file by which macOS starts the program.

    Args:
        name: the name of the program, used as the agent's label.
        home: the user's home folder.
    """

    def __init__(self, name: str, home: Path) -> None:
        self._name = name
        self._path = home / "Library" / "LaunchAgents" / f"{name}.plist"

    @property
    def location(self) -> str:
        """Return the path of the file."""
        return str(self._path)

    def is_on(self) -> bool:
        """Return True if macOS starts the program at login."""
        try:
            facts = plistlib.loads(self._path.read_bytes())
        except (OSError, ValueError, ExpatError):
            return False
        return isinstance(facts, dict) and facts.get("RunAtLoad") is True

    def set(self, command: Sequence[str], home: str | None) -> None:
        """Write the file. `home` is the REPARTEE_HOME of the program, None for the usual one.

        Raises:
            OSError: the folder cannot be written to.
        """
        facts: dict[str, object] = {
            "Label": self._name,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "ProcessType": "Interactive",
        }
        if home is not None:
            facts["EnvironmentVariables"] = {"REPARTEE_HOME": home}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_bytes(plistlib.dumps(facts))

    def remove(self) -> None:
        """Remove the file.

        Raises:
            OSError: the folder cannot be written to.
        """
        self._path.unlink(missing_ok=True)


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
        return f"HKEY_CURRENT_USER\\{_RUN}\\{self._name}"

    def is_on(self) -> bool:
        """Return True if Windows starts the program at login.

        Raises:
            OSError: the registry refused.
        """
        if self._read(_RUN) is None:
            return False
        approved = self._read(_APPROVED)
        return not (isinstance(approved, bytes) and approved[:1] and approved[0] % 2)

    def set(self, command: Sequence[str], home: str | None) -> None:
        """Write the value. It cannot set REPARTEE_HOME, so only the usual home is possible.

        Raises:
            OSError: the registry refused, or the program has another home.
        """
        if home is not None:
            raise OSError("with REPARTEE_HOME, Windows cannot start the program at login")
        registry = self._registry
        with registry.CreateKeyEx(registry.HKEY_CURRENT_USER, _RUN) as key:
            line = windows_command_line(command)
            registry.SetValueEx(key, self._name, 0, registry.REG_SZ, line)
        self._delete(_APPROVED)

    def remove(self) -> None:
        """Remove the value.

        Raises:
            OSError: the registry refused.
        """
        self._delete(_RUN)

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
