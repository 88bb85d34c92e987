"""A failed start shows a dialog, because a launcher hides the terminal."""

from __future__ import annotations

import atexit
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop_app.app.desktop.call_server import CallServer
from desktop_app.app.startup import process_end
from desktop_app.domain.errors import StorageError
from desktop_app.main import main
from desktop_app.paths import folders
from tests.gui.app.desk import Desk


def read_and_close(said: list[str]) -> None:
    box = QApplication.activeModalWidget()
    if box is None:
        QTimer.singleShot(10, lambda: read_and_close(said))
        return
    assert isinstance(box, QMessageBox)
    said += [box.text(), box.informativeText(), box.detailedText()]
    box.accept()


@pytest.mark.parametrize("arguments", [[], ["quick", "--text", "x"]])
def test_a_read_only_folder_is_reported(
    arguments: list[str],
    qapp: QApplication,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # /proc takes no new folder, whoever asks.
    monkeypatch.setenv("REPARTEE_HOME", "/proc/repartee")
    said: list[str] = []
    QTimer.singleShot(0, lambda: read_and_close(said))
    assert main(arguments) == 1
    assert "/proc/repartee/data" in said[0]
    assert "Make it writable" in said[1]
    assert said[2]
    assert capsys.readouterr().err.count("\n") == 1


def test_on_wayland_it_ends_without_the_destructors_of_qt(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPARTEE_HOME", "/proc/repartee")
    monkeypatch.setattr(QApplication, "platformName", staticmethod(lambda: "wayland"))
    at_end: list[tuple[object, ...]] = []
    monkeypatch.setattr(atexit, "register", lambda *call: at_end.append(call))
    QTimer.singleShot(0, lambda: read_and_close([]))
    assert main([]) == 1
    assert (process_end._end, 1) in at_end


def test_without_a_display_one_line_is_printed(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
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
    async with Desk() as desk:
        assert "A folder is in the way of “repartee quick”" in desk.said
        await desk.ask_and_answer("Which?", "This one.")
