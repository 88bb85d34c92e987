"""`repartee doctor`, the real command, on computers that have this and lack that."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from tests.integration.cli.command import KEY, Ended, Shell
from tests.integration.credentials.conftest import Desktop

OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}


def examine(shell: Shell, environment: Mapping[str, str]) -> tuple[Ended, dict[str, Any]]:
    done = asyncio.run(shell.run("doctor", "--json", env=environment))
    assert done.err == ""
    return done, done.json


def test_a_complete_installation_passes_every_check(shell: Shell) -> None:
    log, crash = shell.home / "logs" / "repartee.log", shell.home / "logs" / "crash.log"
    log.parent.mkdir(parents=True)
    log.write_text(
        f"2026 ERROR x: 401 for {KEY}\nOPENAI_API_KEY={KEY}\nAuthorization: Bearer abc\n"
    )
    crash.write_text('Fatal Python error: Aborted\n\n  File "x.py", line 1 in main\n')
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
    text = found["last of the log"]["text"]
    assert "401 for [key]" in text
    assert "OPENAI_API_KEY=[key]" in text
    assert "abc" not in text
    assert found["last crash"]["text"].endswith('File "x.py", line 1 in main')
    assert shell.files_outside() == []


@pytest.mark.slow
def test_a_real_keyring_is_probed(shell: Shell) -> None:
    with ExitStack() as stack:
        desktop = Desktop(stack)
        desktop.start_keyring()
        bus = {"DBUS_SESSION_BUS_ADDRESS": desktop.address}
        _, found = examine(shell, {**OFFSCREEN, **bus})
    assert found["keyring"]["works"] is True
    assert found["keyring"]["text"].endswith(" works")


def test_a_store_that_cannot_be_used_is_a_finding(shell: Shell) -> None:
    path = shell.home / "data" / "repartee.sqlite3"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database " * 1000)
    done, found = examine(shell, OFFSCREEN)
    assert done.code == 1
    assert found["store"]["works"] is False
    assert path.read_bytes().startswith(b"no database")
    # A report is written only with consent, which nobody can give here.
    file = shell.home / "report.txt"
    done = asyncio.run(shell.run("doctor", "--report", str(file), env=OFFSCREEN))
    assert done.code == 1
    assert "== Repartee report ==" in done.err
    assert not file.exists()
    done = asyncio.run(shell.run("doctor", "--report", str(file), "--yes", env=OFFSCREEN))
    assert done.code == 0
    assert "== Changed settings ==\nStorageError" in file.read_text("utf-8")
    assert str(shell.home) not in file.read_text("utf-8")
