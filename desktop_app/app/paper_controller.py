"""Export and print from the window: what to write and where is asked here, the writing is done by a
process of its own, as `repartee export` does it, so that the window never waits for it."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QMimeData, QObject, QStandardPaths, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from desktop_app.domain.errors import StorageError
from desktop_app.domain.export_format import EXPORT_FORMATS
from desktop_app.paths import child_command, own_command

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

    from desktop_app.app.workspace import Workspace
    from desktop_app.ui.main_window import MainWindow

FORMATS: Final = {f"{one.label} (*{one.suffix})": one for one in reversed(EXPORT_FORMATS)}


LONGEST_RICH: Final = 300_000
"""Characters of a conversation up to which it is copied as HTML, too: that takes a second."""


class PaperController(QObject):
    """Takes the open conversation out of the program."""

    def __init__(self, window: MainWindow, workspace: Workspace) -> None:
        super().__init__(window)
        self._window = window
        self._workspace = workspace

    def export(self) -> None:
        """Ask for a place and a format, and write the open conversation there."""
        from PySide6.QtWidgets import QFileDialog  # no part of the start

        if not self._has_something():
            return
        # Imported here: every format comes with it, and no start needs one.
        from desktop_app.headless.export import names_of

        dialog = QFileDialog(self._window, "Export the conversation")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(FORMATS))
        places = QStandardPaths.StandardLocation
        dialog.setDirectory(QStandardPaths.writableLocation(places.DocumentsLocation))
        stem = next(names_of([self._workspace.conversation], ""))
        dialog.setDefaultSuffix("pdf")
        dialog.selectFile(f"{stem}.pdf")
        dialog.filterSelected.connect(
            lambda chosen: dialog.setDefaultSuffix(FORMATS[chosen].suffix.lstrip("."))
        )
        conversation_id = self._workspace.conversation.id
        dialog.fileSelected.connect(
            lambda name: self.export_to(
                conversation_id, Path(name), FORMATS[dialog.selectedNameFilter()].id
            )
        )
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export_to(self, conversation_id: str, file: Path, kind: str) -> None:
        """Write a conversation to a file; `kind` is one that `repartee export` knows."""
        self._workspace.tasks.start(self._export(conversation_id, file, kind))

    async def _export(self, conversation_id: str, file: Path, kind: str) -> None:
        asked = ("export", "--conversation", conversation_id, "--format", kind, "--to", str(file))
        await _run([*own_command(), *asked], b"", f"{file.name} could not be written.")
        self._window.notifications.notify(
            f"Exported to {file.name}.",
            actions=[
                ("Open", lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(file)))),
                ("Show folder", lambda: QDesktopServices.openUrl(_folder(file))),
            ],
        )

    def copy(self) -> None:
        """Put the open conversation on the clipboard: Markdown, and HTML unless it is very long."""
        if self._has_something():
            self._workspace.tasks.start(self._copy())

    async def _copy(self) -> None:
        from desktop_app.exchange import markdown, rich_text  # not a part of the start

        workspace, catalog = self._workspace, self._workspace.backend.catalog
        shown = [workspace.as_shown(message) for message in workspace.path]
        what = (workspace.conversation, shown, lambda model: catalog.info(model).name)
        text = await asyncio.to_thread(markdown.written, *what)
        data = QMimeData()
        if len(text) <= LONGEST_RICH:
            data.setHtml(await asyncio.to_thread(rich_text.written, *what))
        data.setText(text)
        data.setData("text/markdown", text.encode(errors="replace"))
        QGuiApplication.clipboard().setMimeData(data)
        self._window.notifications.notify(
            "The conversation was copied."
            if data.hasHtml()
            else "The conversation was copied, as Markdown."
        )

    def print_(self) -> None:
        """Ask for a printer, and print the open conversation."""
        # Imported here: not a part of the start, and few print.
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        if not self._has_something():
            return
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        dialog = QPrintDialog(printer, self._window)
        dialog.setWindowTitle("Print the conversation")
        dialog.setOption(QPrintDialog.PrintDialogOption.PrintPageRange)
        conversation_id = self._workspace.conversation.id
        dialog.accepted.connect(lambda: self.print_on(conversation_id, printer))
        dialog.finished.connect(dialog.deleteLater)
        dialog.setModal(True)  # QPrintDialog.open would want a slot by its name
        dialog.show()

    def print_on(self, conversation_id: str, printer: QPrinter) -> None:
        """Print a conversation on a printer as it is set up."""
        from desktop_app.app.print_process import chosen

        request = {"conversation": conversation_id, "printer": chosen(printer)}
        self._workspace.tasks.start(self._print(json.dumps(request).encode()))

    async def _print(self, request: bytes) -> None:
        await _run(child_command("print"), request, "The conversation could not be printed.")
        self._window.notifications.notify("The conversation was handed to the printer.")

    def _has_something(self) -> bool:
        if self._workspace.path and not self._workspace.is_new:
            return True
        self._window.notifications.notify("There is nothing in this conversation yet.")
        return False


async def _run(command: list[str], request: bytes, what_happened: str) -> None:
    """Run one of our own processes to its end.

    Raises:
        StorageError: it did not do what it was asked for, with what it said.
    """
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=DEVNULL, stderr=PIPE
    )
    try:
        _, said = await process.communicate(request)
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode:
        raise StorageError(
            what_happened,
            what_was_kept="The conversation is as it was.",
            what_to_do="Choose another place or printer.",
            details=said.decode(errors="replace").strip(),
        )


def _folder(file: Path) -> QUrl:
    return QUrl.fromLocalFile(str(file.parent))
