"""Fixtures that give a test its own session bus and GNOME keyring."""

from __future__ import annotations

import gc
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.helpers.bus_service import BUS
from tests.helpers.waiting import LONGEST_S

# Replaces the program that shows the dialog of GNOME's keyring. This one never answers.
SILENT_PROMPTER = """[D-BUS Service]
Name=org.gnome.keyring.SystemPrompter
Exec=/bin/sleep 1000
"""


class Desktop:
    """A headless session with a bus and, once started, a keyring."""

    def __init__(self, stack: ExitStack) -> None:
        # Not in the test's own folder: the path of a socket has room for 107 bytes.
        temporary = tempfile.TemporaryDirectory(prefix="d", ignore_cleanup_errors=True)
        self._folder = folder = Path(stack.enter_context(temporary))
        self._stack = stack
        self._services = folder / "services"
        self._services.mkdir()
        (folder / "run").mkdir(mode=0o700)
        config = folder / "bus.conf"
        config.write_text(BUS.format(folder=folder))
        bus = self._run("dbus-daemon", f"--config-file={config}", "--nofork", "--print-address")
        assert bus.stdout is not None
        self.address = bus.stdout.readline().strip()

    def start_keyring(self, password: str = "password of the login") -> None:
        """Start the daemon with a new, unlocked login keyring."""
        daemon = self._run(
            "gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"
        )
        assert daemon.stdin is not None
        assert daemon.stdout is not None
        daemon.stdin.write(password)
        daemon.stdin.close()
        self._run(
            "gdbus", "wait", "--session", f"--timeout={LONGEST_S:.0f}", "org.freedesktop.secrets"
        ).wait()

    def put_up_a_dialog_that_nobody_answers(self) -> None:
        """Make unlocking open a dialog that never returns."""
        (self._services / "org.gnome.keyring.SystemPrompter.service").write_text(SILENT_PROMPTER)

    def _run(self, *command: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "XDG_DATA_HOME": str(self._folder / "data"),
            "XDG_CACHE_HOME": str(self._folder / "cache"),
            "XDG_RUNTIME_DIR": str(self._folder / "run"),
            "DBUS_SESSION_BUS_ADDRESS": getattr(self, "address", ""),
        }
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._stack.enter_context(process)
        self._stack.callback(process.kill)
        return process


@pytest.fixture
def new_desktop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Desktop]]:
    """Yield a function that starts a session and makes it the test's current session."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    with ExitStack() as stack:

        def make() -> Desktop:
            desktop = Desktop(stack)
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", desktop.address)
            return desktop

        yield make
    for thread in threading.enumerate():  # threads waiting for a dialog end now: the bus is gone
        if thread.name == "keyring":
            thread.join(LONGEST_S)
    gc.collect()  # free the connections of failed calls while their warnings are still allowed


@pytest.fixture
def home(
    tmp_path: Path, new_desktop: Callable[[], Desktop], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Return the test's own home, with a keyring running."""
    monkeypatch.setenv("REPARTEE_HOME", str(tmp_path / "home"))
    new_desktop().start_keyring()
    return tmp_path / "home"
