"""Dialogs in which the user chooses files and folders, without event loops of their own.

In the event loop of a static function of QFileDialog, windows may close under the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QStandardPaths, Qt, QUrl
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QHeaderView,
    QListView,
    QSplitter,
    QToolButton,
    QTreeView,
    QWidget,
)

from desktop_app.cli.output_file import partial_file
from desktop_app.domain.documents.document_types import DOCUMENT_PATTERNS
from desktop_app.domain.system_error import system_words
from desktop_app.i18n.translation import tr
from desktop_app.widgets.look.icons import set_icon
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.windows import fitting_size

# By button of Qt's own dialog, whose icons are black, even on a dark background.
_ICON_OF_BUTTON: Final = {
    "backButton": "chevron-left",
    "forwardButton": "chevron-right",
    "toParentButton": "arrow-up",
    "newFolderButton": "folder-plus",
    "listModeButton": "list",
    "detailModeButton": "table-2",
}
_QT_DIALOG_SIZE: Final = (860, 520)  # pixels at the default text size
_TYPE_COLUMN: Final = 2


class FileRequest(NamedTuple):
    """What a dialog asks for.

    Attributes:
        start: the folder at first, or the proposed file; "" for the last folder.
        filters: as QFileDialog reads them; "" for none.
        suffix: is added to a name that has none.
    """

    title: str
    start: str
    filters: str = ""
    mode: QFileDialog.FileMode = QFileDialog.FileMode.ExistingFile
    suffix: str = ""

    @property
    def is_save(self) -> bool:
        """Return True if the user names the file to write."""
        return self.mode is QFileDialog.FileMode.AnyFile

    @property
    def is_folder(self) -> bool:
        return self.mode is QFileDialog.FileMode.Directory

    @property
    def is_multiple(self) -> bool:
        """Return True if the user chooses any number of files."""
        return self.mode is QFileDialog.FileMode.ExistingFiles


OnChosen = Callable[[list[Path]], object]
OnAnswer = Callable[[list[Path] | None], None]
"""Takes the chosen paths: [] if the user chose none, None if no dialog could be opened."""
SystemDialogs = Callable[[FileRequest, QWidget, OnAnswer], Callable[[], object]]
"""Opens a dialog of the system for a window, and returns the function that closes it."""
_system_dialogs: SystemDialogs | None = None


def use_system_dialogs(dialogs: SystemDialogs | None) -> None:
    """Open these dialogs from now on; None for those that Qt has for this system, or its own."""
    global _system_dialogs
    _system_dialogs = dialogs


def choose_file(
    parent: QWidget,
    title: str,
    on_chosen: Callable[[Path], object],
    *,
    start: Path | str = "",
    filters: str = "",
) -> QDialog:
    """Open a dialog in which the user chooses an existing file."""
    return _open(parent, FileRequest(title, str(start), filters), lambda paths: on_chosen(paths[0]))


def choose_files(
    parent: QWidget, title: str, on_chosen: OnChosen, *, start: Path | str = "", filters: str = ""
) -> QDialog:
    """Open a dialog in which the user chooses existing files.

    Args:
        filters: documents and images, or all files, by default.
    """
    if not filters:
        documents = tr("Documents and images ({patterns})", patterns=DOCUMENT_PATTERNS)
        filters = f"{documents};;{tr('All files ({patterns})', patterns='*')}"
    mode = QFileDialog.FileMode.ExistingFiles
    return _open(parent, FileRequest(title, str(start), filters, mode), on_chosen)


def choose_folder(
    parent: QWidget, title: str, on_chosen: Callable[[Path], object], *, start: Path | str = ""
) -> QDialog:
    """Open a dialog in which the user chooses a folder."""
    request = FileRequest(title, str(start), mode=QFileDialog.FileMode.Directory)
    return _open(parent, request, lambda paths: on_chosen(paths[0]))


def choose_target(
    parent: QWidget,
    title: str,
    on_chosen: Callable[[Path], object],
    *,
    start: Path | str,
    filters: str,
    suffix: str = "",
) -> QDialog:
    """Open a dialog in which the user names the file to write; it asks before overwriting.

    Args:
        suffix: is added to a name that has none.
    """
    mode = QFileDialog.FileMode.AnyFile
    request = FileRequest(title, str(start), filters, mode, suffix)
    return _open(parent, request, lambda paths: on_chosen(paths[0]))


def _open(parent: QWidget, request: FileRequest, on_chosen: OnChosen) -> QDialog:
    if _system_dialogs is not None:
        return _open_system_dialog(_system_dialogs, parent, request, on_chosen)
    return _open_qt_dialog(parent, request, on_chosen)


def _open_system_dialog(
    dialogs: SystemDialogs, parent: QWidget, request: FileRequest, on_chosen: OnChosen
) -> QDialog:
    """Open a dialog of the system, and one that nobody sees, which keeps the window from input."""
    blocker = QDialog(parent)
    blocker.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    blocker.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    chosen: list[Path] = []

    def on_answer(paths: list[Path] | None) -> None:
        if paths is None:
            blocker.hide()
            blocker.deleteLater()
            _open_qt_dialog(parent, request, on_chosen)
        elif paths:
            chosen[:] = paths
            blocker.accept()
        else:
            blocker.reject()

    blocker.accepted.connect(lambda: on_chosen(chosen))
    close = dialogs(request, parent.window(), on_answer)
    blocker.rejected.connect(lambda: close())
    parent.window().installEventFilter(_Closer(blocker))
    blocker.open()
    return blocker


def _open_qt_dialog(parent: QWidget, request: FileRequest, on_chosen: OnChosen) -> QFileDialog:
    dialog = QFileDialog(parent, request.title, request.start, request.filters)
    dialog.setFileMode(request.mode)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setSupportedSchemes(["file"])  # callers read paths
    if request.is_save:
        dialog.setAcceptMode(dialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(request.suffix)
    dialog.setOption(dialog.Option.ShowDirsOnly, request.is_folder)
    # Catalogs of Qt 6.11 have these two without the mnemonics that the dialog looks up.
    for label, text in (
        (dialog.DialogLabel.LookIn, "Look in:"),
        (dialog.DialogLabel.FileType, "Files of type:"),
    ):
        dialog.setLabelText(label, QCoreApplication.translate("QFileDialog", text))
    # Documents have thirty patterns.
    dialog.setOption(dialog.Option.HideNameFilterDetails, request.is_multiple)
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
    for view_name in ("listView", "treeView"):
        view = dialog.findChild(QAbstractItemView, view_name)
        if view is not None:  # else a dialog of the system
            # Files that are dragged would be moved on the disk, without a question.
            view.setDragDropMode(view.DragDropMode.NoDragDrop)
    parent.window().installEventFilter(_Closer(dialog))
    # Not `filesSelected`: it is emitted while the dialog still covers what the caller shows next.
    dialog.accepted.connect(lambda: on_chosen([Path(name) for name in dialog.selectedFiles()]))
    dialog.open()
    _fit_columns(dialog, parent)
    # Qt's own dialog has buttons, whose icons would be black; a dialog of the system has none.
    theme = current_theme()
    for button in dialog.findChildren(QToolButton):
        name = _ICON_OF_BUTTON.get(button.objectName())
        if name is not None:
            size = button.iconSize().width()
            set_icon(button, name, theme.text, size, disabled=theme.faint)
    return dialog


def _fit_columns(dialog: QFileDialog, parent: QWidget) -> None:
    """Show names whole in Qt's own dialog, which is narrow, and gives them the rest of a row."""
    splitter = dialog.findChild(QSplitter, "splitter")
    sidebar = dialog.findChild(QListView, "sidebar")
    table = dialog.findChild(QTreeView, "treeView")
    if splitter is None or sidebar is None or table is None:  # a dialog of the system
        return
    dialog.resize(fitting_size(_QT_DIALOG_SIZE, parent))
    sidebar_width = sidebar.sizeHintForColumn(0) + 2 * sidebar.frameWidth()
    splitter.setSizes([sidebar_width, dialog.width() - sidebar_width])
    table.hideColumn(_TYPE_COLUMN)  # the names end with it
    header = table.header()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)


class _Closer(QObject):
    """Event filter that rejects a dialog when the window behind it closes."""

    def __init__(self, dialog: QDialog) -> None:
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
