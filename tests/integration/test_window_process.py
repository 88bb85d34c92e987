"""The window in a separate process: starting, receiving calls and ending cleanly."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from desktop_app.app.window_request import MAX_FILES
from desktop_app.desktop_session.application_object import INTERFACE, bus_name, object_path
from desktop_app.desktop_session.session_bus import BusError, BusObject
from desktop_app.paths import folders
from tests.helpers.bus_service import message_bus_daemon, session_bus
from tests.helpers.waiting import LONGEST_S, until

ROOT = Path(__file__).parents[2]


async def test_a_window_starts_and_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Work in threads before the window is ready must not outlive its end."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    # The session's bus may have a portal of another test at this moment.
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    where = folders()

    async def listens() -> bool:
        return where.socket.exists()

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "desktop_app"),
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        stderr=asyncio.subprocess.PIPE,
    )
    await until(listens)
    process.send_signal(signal.SIGTERM)
    _, complaints = await process.communicate()
    assert (process.returncode, b"QThread" in complaints) == (0, False), complaints


async def test_a_call_on_the_session_bus_has_the_limits_of_a_later_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    name = bus_name(folders().scope)
    target = BusObject(name, object_path(name), INTERFACE)
    with message_bus_daemon() as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        async with session_bus() as bus:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "desktop_app"),
                cwd=ROOT,
                env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                await until(lambda: bus.has_owner(name))
                for many in (["file:///x"] * (MAX_FILES + 1), [f"file:///{'x' * 1_100_000}"]):
                    with pytest.raises(BusError, match="At most 5,000 files"):
                        await bus.call(target, "Open", "asa{sv}", many, {})
                assert await bus.call(target, "Open", "asa{sv}", ["file:///x"], {}) == ()
            finally:
                process.kill()
                await process.communicate()


@pytest.mark.slow
async def test_a_window_ends_although_the_session_bus_does_not_reply(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = tmp_path_factory.mktemp("run")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(run))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={run}/bus")
    callers: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    silent_bus = await asyncio.start_unix_server(
        lambda _, writer: callers.put_nowait(writer), run / "bus"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "desktop_app"),
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(LONGEST_S):
            caller = await callers.get()
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
        caller.close()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        silent_bus.close()
        await silent_bus.wait_closed()
