"""The dialogs for files and folders: what they report, and that they leave nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QToolButton, QWidget
from shiboken6 import isValid

from desktop_app.ui.look import theme
from desktop_app.ui.widgets.file_dialogs import (
    choose_file,
    choose_files,
    choose_folder,
    choose_target,
)
from tests.helpers.file_dialogs import choose_paths

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    return widget


def has_no_dialog(window: QWidget) -> bool:
    return window.findChild(QFileDialog) is None


def test_an_open_dialog_lets_the_loop_run(qtbot: QtBot, window: QWidget, tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.touch()
    chosen: list[Path] = []
    ran: list[str] = []
    QTimer.singleShot(0, lambda: ran.append("timer"))
    dialog = choose_file(window, "Open", chosen.append, start=tmp_path, filters="JSON (*.json)")
    assert not ran
    assert dialog.windowModality() is Qt.WindowModality.WindowModal
    assert dialog.windowTitle() == "Open"
    assert dialog.nameFilters() == ["JSON (*.json)"]
    assert dialog.directory().absolutePath() == str(tmp_path)
    qtbot.waitUntil(lambda: bool(ran))
    assert not chosen
    choose_paths(file)
    assert chosen == [file]
    qtbot.waitUntil(lambda: has_no_dialog(window))


def test_the_next_dialog_opens_after_the_first_has_closed(
    qtbot: QtBot, window: QWidget, tmp_path: Path
) -> None:
    modal: list[QWidget | None] = []
    choose_folder(window, "Folder", lambda _path: modal.append(QApplication.activeModalWidget()))
    choose_paths(tmp_path)
    assert modal == [None]
    qtbot.waitUntil(lambda: has_no_dialog(window))


def test_several_files_are_chosen(qtbot: QtBot, window: QWidget, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a", "b")]
    for file in files:
        file.touch()
    chosen: list[list[Path]] = []
    choose_files(window, "Open", chosen.append, start=tmp_path)
    choose_paths(*files)
    assert chosen == [files]
    qtbot.waitUntil(lambda: has_no_dialog(window))


def test_a_save_dialog_proposes_a_name_and_asks_before_overwriting(
    qtbot: QtBot, window: QWidget, tmp_path: Path
) -> None:
    chosen: list[Path] = []
    target = tmp_path / "Spending.csv"
    dialog = choose_target(window, "Export", chosen.append, start=target, filters="CSV (*.csv)")
    assert dialog.selectedFiles() == [str(target)]
    assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
    assert not dialog.testOption(QFileDialog.Option.DontConfirmOverwrite)
    choose_paths(target)
    assert chosen == [target]
    qtbot.waitUntil(lambda: has_no_dialog(window))


def test_a_name_without_a_suffix_gets_that_of_the_format(
    qtbot: QtBot, window: QWidget, tmp_path: Path
) -> None:
    chosen: list[Path] = []
    filters = "JSON (*.json)"
    choose_target(window, "Export", chosen.append, start="x", filters=filters, suffix="json")
    choose_paths(tmp_path / "typed")
    assert chosen == [tmp_path / "typed.json"]
    qtbot.waitUntil(lambda: has_no_dialog(window))


@pytest.mark.parametrize("closes", [False, True])
def test_a_left_dialog_reports_nothing_and_is_deleted(
    qtbot: QtBot, window: QWidget, tmp_path: Path, closes: bool
) -> None:
    chosen: list[Path] = []
    left: list[None] = []
    dialog = choose_folder(window, "Folder", chosen.append, start=tmp_path)
    dialog.rejected.connect(lambda: left.append(None))
    if closes:
        window.close()
    else:
        dialog.reject()
    assert left == [None]
    assert not chosen
    qtbot.waitUntil(lambda: has_no_dialog(window))


def test_a_dialog_ends_with_its_window(qtbot: QtBot, tmp_path: Path) -> None:
    parent = QWidget()
    parent.show()
    chosen: list[Path] = []
    dialog = choose_folder(parent, "Folder", chosen.append, start=tmp_path)
    parent.deleteLater()
    qtbot.waitUntil(lambda: not isValid(dialog))
    assert not chosen


@pytest.mark.parametrize("make", [theme.light, theme.dark])
def test_the_buttons_of_a_dialog_are_visible(
    qapp: QApplication, window: QWidget, tmp_path: Path, make: Callable[[], theme.Theme]
) -> None:
    current = make()
    theme.apply_theme(qapp, current)
    dialog = choose_file(window, "Open", lambda _path: None, start=tmp_path)
    buttons = [button for button in dialog.findChildren(QToolButton) if button.isVisible()]
    assert len(buttons) >= 6
    for button in buttons:
        image = button.icon().pixmap(button.iconSize()).toImage()
        colors = [
            image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())
        ]
        drawn = [color.lightness() for color in colors if color.alpha() > 128]
        assert max(abs(light - current.ground.lightness()) for light in drawn) > 60, (
            button.objectName()
        )
    dialog.reject()
