"""The window in a separate process: starting, receiving calls and ending cleanly."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from desktop_app.paths import folders
from desktop_app.storage.database.database import Database, erasing_mark
from desktop_app.storage.database.private_files import create_private
from tests.helpers.waiting import until

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("is_erasing", [False, True])
async def test_a_window_starts_and_ends(
    is_erasing: bool, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Work in threads before the window is ready must not outlive its end."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    where = folders()

    async def listens() -> bool:
        return where.socket.exists()

    if is_erasing:
        database = Database(where.database)
        await database.open()
        await database.close()
        create_private(erasing_mark(where.database))
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
