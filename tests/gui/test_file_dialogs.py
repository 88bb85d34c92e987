"""The dialogs for files and folders: what they report, and that they leave nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QListView, QTreeView, QWidget

from desktop_app.widgets.file_dialogs import choose_file, choose_files, choose_folder, choose_target
from tests.helpers.file_dialogs import choose_paths
from tests.helpers.widgets import find

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


def test_several_files_are_chosen(qtbot: QtBot, window: QWidget, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a", "b")]
    for file in files:
        file.touch()
    chosen: list[list[Path]] = []
    choose_files(window, "Open", chosen.append, start=tmp_path)
    choose_paths(*files)
    assert chosen == [files]
    qtbot.waitUntil(lambda: has_no_dialog(window))


def test_documents_are_listed_first_and_names_are_shown_whole(
    qtbot: QtBot, window: QWidget, tmp_path: Path
) -> None:
    long_name = "Letter to the landlord about the heating of the flat.pdf"
    (tmp_path / long_name).touch()
    (tmp_path / "program.bin").touch()
    window.resize(1280, 800)
    dialog = choose_files(window, "Attach", print, start=tmp_path)
    table = dialog.findChild(QTreeView, "treeView")
    assert table is not None
    model = table.model()
    qtbot.waitUntil(lambda: model.rowCount(table.rootIndex()) == 1)
    assert model.index(0, 0, table.rootIndex()).data() == long_name
    sidebar = find(dialog, QListView, "sidebar")
    for view, width in ((table, table.columnWidth(0)), (sidebar, sidebar.viewport().width())):
        assert width >= view.sizeHintForColumn(0)
    dialog.selectNameFilter(dialog.nameFilters()[1])
    qtbot.waitUntil(lambda: model.rowCount(table.rootIndex()) == 2)
    dialog.reject()


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


@pytest.mark.parametrize("open_dialog", [choose_file, choose_files, choose_folder])
def test_no_file_is_moved_by_dragging_it(
    window: QWidget, tmp_path: Path, open_dialog: Callable[..., QFileDialog]
) -> None:
    dialog = open_dialog(window, "Open", print, start=tmp_path)
    for view in (find(dialog, QTreeView, "treeView"), find(dialog, QListView, "listView")):
        assert not view.dragEnabled()
        assert not view.acceptDrops()
    dialog.reject()


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


def test_the_usual_folders_are_beside_the_files(
    qtbot: QtBot, window: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "Downloads").mkdir()
    dialog = choose_file(window, "Attach", print)
    listed = [url.toLocalFile() for url in dialog.sidebarUrls()]
    assert listed == [str(tmp_path), str(tmp_path / "Downloads")]
    dialog.reject()
