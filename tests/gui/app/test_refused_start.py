"""A failed start shows a dialog, because a launcher hides the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop_app.app.call_server import CallServer
from desktop_app.app.help.help_places import START
from desktop_app.app.help.help_window import HelpWindow, help_of
from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain.errors import StorageError, StoreFullError
from desktop_app.main import main
from desktop_app.paths import folders
from desktop_app.settings.settings_store import SettingsStore
from tests.gui.app.app_harness import AppHarness, until


def read_and_close(said: list[str]) -> None:
    box = QApplication.activeModalWidget()
    if box is None:
        QTimer.singleShot(10, lambda: read_and_close(said))
        return
    assert isinstance(box, QMessageBox)
    said += [box.text(), box.informativeText(), box.detailedText()]
    box.accept()


def test_a_read_only_folder_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # /proc takes no new folder, whoever asks.
    monkeypatch.setenv("REPARTEE_HOME", "/proc/repartee")
    said: list[str] = []
    QTimer.singleShot(0, lambda: read_and_close(said))
    assert main([]) == 1
    assert "/proc/repartee/data" in said[0]
    assert "Make it writable" in said[1]
    assert said[2]
    assert capsys.readouterr().err.count("\n") == 1


def test_without_a_display_one_line_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REPARTEE_HOME", "/proc/repartee")
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert main([]) == 1
    assert capsys.readouterr().err.count("\n") == 1


async def test_a_socket_that_cannot_be_created_is_only_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / ("x" * 100) / "r.sock"
    with pytest.raises(StorageError, match="can’t reach this window"):
        await CallServer(path, lambda request: None).start()
    path.parent.mkdir()
    with pytest.raises(StorageError, match="can’t reach this window"):
        await CallServer(path, lambda request: None).start()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (folders().socket / "in the way").mkdir(parents=True)
    async with AppHarness() as app:
        assert "A folder is in the way of “repartee quick”" in app.said
        await app.ask_and_answer("Which?", "This one.")


async def test_a_full_disk_does_not_prevent_the_start_nor_a_failed_write_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_arguments: object) -> None:
        raise StoreFullError("There is no room left on the disk.")

    async with AppHarness() as app:
        await app.ask_and_answer("Which?", "This one.")
    with monkeypatch.context() as full:
        full.setattr(SettingsStore, "set", fail)
        full.setattr(SettingsStore, "remove", fail)
        full.setattr(ConversationStore, "interrupt_orphans", fail)
        async with AppHarness() as app:
            await until(lambda: "no room left" in app.said)
            assert "This one." in app.transcript
            help_of(app.controllers).open_at(START)
            await until(lambda: find_help() is not None)
            app.type("unsent")
    async with AppHarness() as app:
        assert app.text.toPlainText() == "unsent"


def find_help() -> HelpWindow | None:
    shown = [each for each in QApplication.topLevelWidgets() if isinstance(each, HelpWindow)]
    return next((each for each in shown if each.isVisible()), None)
