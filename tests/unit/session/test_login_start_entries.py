"""The start at login on macOS and Windows, with a simulated registry."""

from __future__ import annotations

import plistlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from desktop_app.domain.errors import StorageError
from desktop_app.session.login_start import (
    login_start_location,
    set_start_at_login,
    starts_at_login,
)


class Registry:
    """The module winreg: keys with their values."""

    HKEY_CURRENT_USER, REG_SZ, KEY_SET_VALUE = 1, 1, 2

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, Any]] = {}

    @contextmanager
    def OpenKey(self, root: int, path: str, *_access: int) -> Iterator[dict[str, Any]]:
        assert root == self.HKEY_CURRENT_USER
        if path not in self.keys:
            raise FileNotFoundError(path)
        yield self.keys[path]

    @contextmanager
    def CreateKeyEx(self, root: int, path: str) -> Iterator[dict[str, Any]]:
        assert root == self.HKEY_CURRENT_USER
        yield self.keys.setdefault(path, {})

    def SetValueEx(self, key: dict[str, Any], name: str, _zero: int, kind: int, value: str) -> None:
        assert kind == self.REG_SZ
        key[name] = value

    def QueryValueEx(self, key: dict[str, Any], name: str) -> tuple[Any, int]:
        if name not in key:
            raise FileNotFoundError(name)
        return key[name], self.REG_SZ

    def DeleteValue(self, key: dict[str, Any], name: str) -> None:
        if name not in key:
            raise FileNotFoundError(name)
        del key[name]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    made = Registry()
    module = SimpleNamespace(**{name: getattr(made, name) for name in dir(made) if name[0] != "_"})
    monkeypatch.setitem(sys.modules, "winreg", module)
    return made


def test_a_registry_value_starts_the_program_on_windows(registry: Registry) -> None:
    assert not starts_at_login("", {}, "win32")
    set_start_at_login("", {}, wanted=True, platform="win32")
    assert starts_at_login("", {}, "win32")
    ((path, values),) = registry.keys.items()
    assert path.endswith(r"CurrentVersion\Run")
    ((name, line),) = values.items()
    assert line.endswith(" --resident")
    assert login_start_location("", {}, "win32").endswith(name)
    # The user switches it off and on again in the Task Manager.
    approved = registry.keys[path.replace("Run", r"Explorer\StartupApproved\Run")] = {}
    for first, is_on in ((3, False), (2, True), (3, False)):
        approved[name] = bytes([first]) + bytes(11)
        assert starts_at_login("", {}, "win32") is is_on
    set_start_at_login("", {}, wanted=True, platform="win32")
    assert starts_at_login("", {}, "win32")
    for _ in range(2):
        set_start_at_login("", {}, wanted=False, platform="win32")
        assert not starts_at_login("", {}, "win32")


def test_windows_refuses_another_home(registry: Registry) -> None:
    with pytest.raises(StorageError):
        set_start_at_login("ab", {"REPARTEE_HOME": "/x"}, wanted=True, platform="win32")
    assert not registry.keys


def test_a_launch_agent_starts_the_program_on_macos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    environment = {"REPARTEE_HOME": "/a b"}
    for scope in ("", "ab"):
        assert not starts_at_login(scope, environment, "darwin")
        set_start_at_login(scope, environment, wanted=True, platform="darwin")
        assert starts_at_login(scope, environment, "darwin")
    path = Path(login_start_location("ab", environment, "darwin"))
    assert path.parent == tmp_path / "Library" / "LaunchAgents"
    facts = plistlib.loads(path.read_bytes())
    assert facts["Label"] == path.stem
    assert facts["ProgramArguments"][-1] == "--resident"
    assert facts["EnvironmentVariables"] == {"REPARTEE_HOME": "/a b"}
    path.write_bytes(b"<plist>broken")
    assert not starts_at_login("ab", environment, "darwin")
    for _ in range(2):
        set_start_at_login("ab", environment, wanted=False, platform="darwin")
    assert not path.exists()
    assert starts_at_login("", environment, "darwin")
