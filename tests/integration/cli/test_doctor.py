"""`repartee doctor`, the real command, on computers that have this and lack that."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from desktop_app.backend.backend import Backend, build_backend
from desktop_app.cli.doctor.doctor import Finding, _check_sandbox, findings_json, qt_failure_text
from desktop_app.cli.doctor.doctor import run_checks as look
from desktop_app.domain.errors import SettingError
from desktop_app.sandbox import linux
from tests.helpers.blocking import blocking
from tests.integration.cli.command import KEY, Ended, Shell
from tests.integration.credentials.conftest import Desktop

OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}
MOST_S = 90  # with a bus that never answers; the parts give up after ten


def examine(shell: Shell, environment: Mapping[str, str]) -> tuple[Ended, dict[str, Any]]:
    done = asyncio.run(shell.run("doctor", "--json", env=environment))
    assert done.err == ""
    return done, done.json


Glance = Callable[[Mapping[str, str]], dict[str, Any]]


@pytest.fixture
def glance(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Glance:
    """Return a function that examines as the window does, without starting the model."""

    @blocking
    async def look_and_close() -> dict[str, Any]:
        backend = build_backend()
        try:
            await backend.open()
            return findings_json(await look(backend))
        finally:
            await backend.aclose()

    def found(environment: Mapping[str, str]) -> dict[str, Any]:
        for name in os.environ:
            monkeypatch.delenv(name)
        no_keyring = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
        for name, value in {**shell.environment, **no_keyring, **environment}.items():
            monkeypatch.setenv(name, value)
        return look_and_close()

    return found


@pytest.fixture
def x_server() -> Iterator[str]:
    """Yield the DISPLAY of an X server for the test."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x600x24"]
    server = subprocess.Popen(
        [*command, "-nolisten", "tcp"], pass_fds=[writing], stderr=subprocess.DEVNULL
    )
    os.close(writing)
    with server, os.fdopen(reading) as pipe:
        yield f":{pipe.readline().strip()}"
        server.terminate()


def test_a_complete_installation_passes_every_check(shell: Shell) -> None:
    done, found = examine(shell, OFFSCREEN)
    assert done.code == 0
    works = {name for name, finding in found.items() if finding["works"]}
    assert {"window", "store", "on-device model"} <= works
    assert "offscreen" in found["window"]["text"]
    assert found["data"]["text"] == str(shell.home / "data")
    assert "PySide6-Essentials 6" in found["packages"]["text"]
    assert "resource limits" in found["confinement"]["text"]
    assert found["hotkey"]["shortcut"] == "Meta+Alt+Space"
    assert found["hotkey"]["status"] == "unavailable"
    assert "repartee quick" in found["hotkey"]["text"]
    assert shell.files_outside() == []
    done = asyncio.run(shell.run("doctor", env=OFFSCREEN))
    assert "ok  Window: Qt 6" in done.out
    assert "NO  Keyring: No keyring is available." in done.out


@pytest.mark.attack("sandbox")
@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox of Linux")
def test_the_mechanisms_of_the_sandbox_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, "_landlock_abi", lambda: 6)
    assert _check_sandbox() == Finding(
        "confinement",
        True,
        "Documents are read in a sandbox: seccomp, Landlock (ABI 6), no new privileges, "
        "resource limits.",
    )
    monkeypatch.setattr(linux, "_landlock_abi", lambda: 0)
    assert _check_sandbox() == Finding(
        "confinement",
        False,
        "Documents are read in a sandbox: seccomp, no new privileges, resource limits. "
        "The kernel has no Landlock, so the sandbox can’t protect your files.",
    )


def test_the_portal_is_checked_without_a_display(shell: Shell) -> None:
    done, found = examine(shell, {})
    assert done.code == 1
    assert found["window"]["works"] is False
    assert "neither DISPLAY nor WAYLAND_DISPLAY" in found["window"]["text"]
    assert "platform plugin" not in done.out
    assert found["portal"]["text"] == "No support for global shortcuts"
    assert found["on-device model"]["works"] is True


def test_an_x_server_is_named_with_its_size(glance: Glance, x_server: str) -> None:
    found = glance({"DISPLAY": x_server})
    assert found["window"]["works"] is True
    assert "(xcb), 800×600" in found["window"]["text"]


def test_an_unknown_platform_of_qt_is_reported(glance: Glance) -> None:
    found = glance({"QT_QPA_PLATFORM": "nonsense"})
    assert found["window"]["works"] is False
    assert found["window"]["text"] == "The Qt platform “nonsense” doesn’t work here."


def test_errors_of_qt_become_plain_sentences() -> None:
    no_library = (
        "qt.qpa.plugin: From 6.5.0, xcb-cursor0 or libxcb-cursor0 is needed to load the Qt xcb "
        "platform plugin.\nThis application failed to start because no Qt platform plugin could "
        "be initialized.\nAvailable platform plugins are: minimal, xcb.\n"
    )
    assert "Install the system library libxcb-cursor0" in qt_failure_text(no_library)
    refused = "Authorization required\nqt.qpa.xcb: could not connect to display :0\n" + no_library
    assert "refuses this user" in qt_failure_text(refused)
    missing = "Traceback\nImportError: libEGL.so.1: cannot open shared object file\n"
    assert qt_failure_text(missing) == "ImportError: libEGL.so.1: cannot open shared object file"
    assert qt_failure_text("") == "Qt didn’t start and gave no reason."


def test_a_real_keyring_is_probed(shell: Shell) -> None:
    with ExitStack() as stack:
        desktop = Desktop(stack)
        desktop.start_keyring()
        bus = {"DBUS_SESSION_BUS_ADDRESS": desktop.address}
        _, found = examine(shell, {**OFFSCREEN, **bus})
    assert found["keyring"]["works"] is True
    assert found["keyring"]["text"].endswith(" works")


def test_a_silent_session_bus_does_not_delay_the_checks(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "silent"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        bus = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={path}"}
        began = time.monotonic()
        _, found = examine(shell, {**OFFSCREEN, **bus})
    assert time.monotonic() - began < MOST_S
    assert found["window"]["works"] is True
    assert found["portal"]["text"] == "The session bus doesn’t respond"
    assert found["keyring"]["works"] is False
    assert found["store"]["works"] is True


def test_a_store_that_cannot_be_used_is_a_finding(shell: Shell) -> None:
    path = shell.home / "data" / "repartee.sqlite3"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database " * 1000)
    done, found = examine(shell, OFFSCREEN)
    assert done.code == 1
    assert found["store"]["works"] is False
    assert path.read_bytes().startswith(b"no database")


def test_the_log_is_shown_without_keys(shell: Shell, glance: Glance) -> None:
    log = shell.home / "logs" / "repartee.log"
    log.parent.mkdir(parents=True)
    log.write_text(
        f"2026 ERROR x: 401 for {KEY}\nOPENAI_API_KEY={KEY}\nAuthorization: Bearer abc\n"
    )
    text = glance(OFFSCREEN)["last of the log"]["text"]
    assert "401 for [key]" in text
    assert "OPENAI_API_KEY=[key]" in text
    assert "abc" not in text


def test_the_last_crash_is_shown(shell: Shell, glance: Glance) -> None:
    crash = shell.home / "logs" / "crash.log"
    crash.parent.mkdir(parents=True)
    crash.touch()
    assert "last crash" not in glance(OFFSCREEN)
    crash.write_text('Fatal Python error: Aborted\n\n  File "x.py", line 1 in main\n')
    text = glance(OFFSCREEN)["last crash"]["text"]
    assert str(crash) in text
    assert text.endswith('File "x.py", line 1 in main')


async def test_checks_of_the_window_start_no_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")

    async def model_of(backend: Backend) -> Finding:
        return next(f for f in await look(backend) if f.name == "on-device model")

    backend = build_backend()
    await backend.database.open()
    local_model = backend.gateway.local_model
    try:
        idle = await model_of(backend)
        assert idle.works is None
        assert "loads on first use" in idle.text
        assert not local_model.is_running
        local_model.use_weights(tmp_path / "gone.gguf")
        assert (await model_of(backend)).works is False
        local_model.use_weights(None)
        await local_model.endpoint()
        assert (await model_of(backend)).works is True
    finally:
        await backend.aclose()


def test_an_invalid_models_file_is_reported(shell: Shell) -> None:
    own = shell.home / "config" / "models.toml"
    own.parent.mkdir(parents=True)
    own.write_text("[models")
    for command in (("doctor",), ("ask", "Hi")):
        done = asyncio.run(shell.run(*command))
        assert (done.code, done.out) == (1, "")
        assert "models.toml" in done.err
    done = asyncio.run(shell.run("doctor", "--json"))
    assert (done.code, done.json["error"]["kind"]) == (1, SettingError.code)
