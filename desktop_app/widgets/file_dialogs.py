"""Dialogs in which the user chooses files and folders, without event loops of their own.

In the event loop of a static function of QFileDialog, windows may close under the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QObject, QStandardPaths, Qt, QUrl
from PySide6.QtWidgets import QFileDialog, QHeaderView, QToolButton, QTreeView, QWidget

from desktop_app.cli.output_file import partial_file
from desktop_app.domain.documents.document_types import DOCUMENT_PATTERNS
from desktop_app.domain.system_error import system_words
from desktop_app.i18n.translation import tr
from desktop_app.widgets.look.icons import set_icon
from desktop_app.widgets.look.theme import current_theme

# By button of Qt's own dialog, whose icons are black, even on a dark background.
_ICON_OF_BUTTON: Final = {
    "backButton": "chevron-left",
    "forwardButton": "chevron-right",
    "toParentButton": "arrow-up",
    "newFolderButton": "folder-plus",
    "listModeButton": "list",
    "detailModeButton": "table-2",
}


_MIN_COLUMN_WIDTH: Final = 72


def choose_file(
    parent: QWidget,
    title: str,
    on_chosen: Callable[[Path], object],
    *,
    start: Path | str = "",
    filters: str = "",
) -> QFileDialog:
    """Open a dialog in which the user chooses an existing file."""
    mode = QFileDialog.FileMode.ExistingFile
    dialog = _create_dialog(parent, title, start, filters, mode)
    return _open(dialog, lambda paths: on_chosen(paths[0]))


def choose_files(
    parent: QWidget,
    title: str,
    on_chosen: Callable[[list[Path]], object],
    *,
    start: Path | str = "",
    filters: str = "",
) -> QFileDialog:
    """Open a dialog in which the user chooses existing files.

    Args:
        filters: documents and images, or all files, by default.
    """
    if not filters:
        documents = tr("Documents and images ({patterns})", patterns=DOCUMENT_PATTERNS)
        filters = f"{documents};;{tr('All files ({patterns})', patterns='*')}"
    mode = QFileDialog.FileMode.ExistingFiles
    dialog = _create_dialog(parent, title, start, filters, mode)
    dialog.setOption(QFileDialog.Option.HideNameFilterDetails)  # thirty patterns
    return _open(dialog, on_chosen)


def choose_folder(
    parent: QWidget, title: str, on_chosen: Callable[[Path], object], *, start: Path | str = ""
) -> QFileDialog:
    """Open a dialog in which the user chooses a folder."""
    dialog = _create_dialog(parent, title, start, "", QFileDialog.FileMode.Directory)
    dialog.setOption(dialog.Option.ShowDirsOnly)
    return _open(dialog, lambda paths: on_chosen(paths[0]))


def choose_target(
    parent: QWidget,
    title: str,
    on_chosen: Callable[[Path], object],
    *,
    start: Path | str,
    filters: str,
    suffix: str = "",
) -> QFileDialog:
    """Open a dialog in which the user names the file to write; it asks before overwriting.

    Args:
        suffix: is added to a name that has none.
    """
    mode = QFileDialog.FileMode.AnyFile
    dialog = _create_dialog(parent, title, start, filters, mode)
    dialog.setAcceptMode(dialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(suffix)
    return _open(dialog, lambda paths: on_chosen(paths[0]))


def _create_dialog(
    parent: QWidget, title: str, start: Path | str, filters: str, mode: QFileDialog.FileMode
) -> QFileDialog:
    dialog = QFileDialog(parent, title, str(start), filters)
    dialog.setFileMode(mode)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setSupportedSchemes(["file"])  # callers read paths
    # Qt's own dialog lists these; a dialog of the system lists its own.
    where = QStandardPaths.StandardLocation
    kinds = (
        where.HomeLocation,
        where.DesktopLocation,
        where.DocumentsLocation,
        where.DownloadLocation,
        where.PicturesLocation,
    )
    folders = dict.fromkeys(map(QStandardPaths.writableLocation, kinds))
    existing = [folder for folder in folders if folder and Path(folder).is_dir()]
    dialog.setSidebarUrls([*map(QUrl.fromLocalFile, existing)])
    parent.window().installEventFilter(_Closer(dialog))
    return dialog


def _open(dialog: QFileDialog, on_chosen: Callable[[list[Path]], object]) -> QFileDialog:

    # Not `filesSelected`: it is emitted while the dialog still covers what the caller shows next.
    dialog.accepted.connect(lambda: on_chosen([Path(name) for name in dialog.selectedFiles()]))
    dialog.open()
    # Qt's own dialog has buttons, whose icons would be black; a dialog of the system has none.
    table = dialog.findChild(QTreeView, "treeView")
    if table is not None:  # its first column is too narrow for names
        header = table.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(current_theme().px(_MIN_COLUMN_WIDTH))
    theme = current_theme()
    for button in dialog.findChildren(QToolButton):
        name = _ICON_OF_BUTTON.get(button.objectName())
        if name is not None:
            size = button.iconSize().width()
            set_icon(button, name, theme.text, size, disabled=theme.faint)
    return dialog


class _Closer(QObject):
    """Event filter that rejects a dialog when the window behind it closes."""

    def __init__(self, dialog: QFileDialog) -> None:
        super().__init__(dialog)
        self._dialog = dialog

    def eventFilter(self, _window: QObject, event: QEvent) -> bool:
        # A minimized window gets a spontaneous event.
        if event.type() == QEvent.Type.Hide and not event.spontaneous():
            self._dialog.reject()
        return False


def save_text(path: Path, text: str) -> str:
    """Write a text to a file. Return why that failed; "" if it succeeded."""
    return save_bytes(path, text.encode("utf-8"))


def save_bytes(path: Path, data: bytes) -> str:
    """Write a file. Return why that failed; "" if it succeeded."""
    try:
        with partial_file(path) as file:
            file.write_bytes(data)
    except OSError as exc:
        return tr(
            "Couldn’t save {name}: {reason}. Choose another place.",
            name=path.name,
            reason=tr(system_words(exc)),
        )
    return ""
