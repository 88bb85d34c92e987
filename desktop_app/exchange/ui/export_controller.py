"""Export, copying and printing from the window.

The user chooses the file or the printer here. `TransferController` writes files, and a thread
prints, so that the window never waits.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QStandardPaths

from desktop_app.app.session import Controller, Session
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.export_format import EXPORT_FORMATS, ExportFormat
from desktop_app.i18n.translation import tr
from desktop_app.widgets.file_dialogs import choose_target

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from PySide6.QtPrintSupport import QPrinter

    from desktop_app.exchange.ui.printing.print_job import PrintSource


PROGRESS_AFTER_S: Final = 0.7
"""The delay of the notification that offers to cancel."""


class ExportController(Controller):
    """Export, copying and printing of the open conversation."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._jobs: set[asyncio.Task[None]] = set()

    @property
    def is_busy(self) -> bool:
        """Return True while a conversation is printed."""
        return bool(self._jobs)

    def export(self) -> None:
        """Ask for a file and a format, and export the open conversation."""
        if not self._check_stored():
            return
        # Imported here, because it imports every format.
        from desktop_app.exchange.command import file_names

        formats = {
            f"{tr(export_format.label)} (*{export_format.suffix})": export_format
            for export_format in reversed(EXPORT_FORMATS)
        }
        conversation_id = self._current.id

        def export(file: Path) -> None:
            selected_format = formats[dialog.selectedNameFilter()]
            self.export_to(conversation_id, file, _format_of(file, selected_format).id)

        documents = QStandardPaths.writableLocation(
            QStandardPaths.StandardLocation.DocumentsLocation
        )
        stem = next(file_names([self._current.conversation], ""))
        dialog = choose_target(
            self._window,
            tr("Export conversation"),
            export,
            start=Path(documents, f"{stem}.pdf"),
            filters=";;".join(formats),
            suffix="pdf",
        )
        dialog.filterSelected.connect(
            lambda name: dialog.setDefaultSuffix(formats[name].suffix.lstrip("."))
        )

    def export_to(self, conversation_id: str, file: Path, format_id: str) -> None:
        """Write a conversation to a file, in a format that `repartee export` knows."""
        self._tasks.start(
            self._session.transfer.export_one(conversation_id, file.absolute(), format_id)
        )

    def copy(self) -> None:
        """Copy the open conversation as Markdown, and as HTML unless it is very long."""
        if not self._check_not_empty():
            return
        # Imported here, because the start does not need it.
        from desktop_app.exchange.writers import markdown_file, rich_text
        from desktop_app.widgets.text.clipboard import (
            HTML,
            MARKDOWN,
            MAX_CONVERTED_CHARACTERS,
            PLAIN,
            copy_texts,
        )

        catalog = self._session.backend.catalog
        messages = [
            self._messages.with_environment_error(self._running.newest_state(message))
            for message in self._current.path
        ]
        content = (self._current.conversation, messages, lambda model: catalog.info(model).name)

        markdown = "".join(markdown_file.markdown_pieces(*content))
        texts: dict[str, Callable[[], Iterable[str]]] = dict.fromkeys(
            (PLAIN, MARKDOWN), lambda: [markdown]
        )
        is_rich = sum(len(message.text) for message in messages) <= MAX_CONVERTED_CHARACTERS
        if is_rich:
            texts[HTML] = lambda: rich_text.html_pieces(*content)
        copy_texts(texts)
        self._notifications.notify(
            tr("Conversation copied.") if is_rich else tr("Conversation copied as Markdown.")
        )

    def print_(self) -> None:
        """Ask for a printer, and print the open conversation."""
        # Imported here, because the start does not need it and few users print.
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        if not self._check_stored():
            return
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        dialog = QPrintDialog(printer, self._window)
        dialog.setWindowTitle(tr("Print conversation"))
        dialog.setOption(QPrintDialog.PrintDialogOption.PrintPageRange)
        dialog.accepted.connect(lambda: self.print_on(printer))
        dialog.finished.connect(dialog.deleteLater)
        dialog.setModal(True)  # QPrintDialog.open would need a slot by name
        dialog.show()

    def print_on(self, printer: QPrinter) -> None:
        """Print the open conversation on a configured printer."""
        from desktop_app.exchange.ui.printing.print_job import PrintSource

        path = [
            self._messages.with_environment_error(self._running.newest_state(message))
            for message in self._current.path
        ]
        catalog = self._session.backend.catalog
        source = PrintSource(
            self._current.conversation.title,
            path,
            self._session.backend.image_scaler,
            lambda model: catalog.info(model).name,
        )
        self._tasks.start(self._print(source, printer))

    async def _print(self, source: PrintSource, printer: QPrinter) -> None:
        # Imported here, because the start does not need it and few users print.
        from desktop_app.exchange.ui.printing.printer import print_on, print_to_file

        notice = tr("Conversation sent to the printer.")
        file = printer.outputFileName()
        if file:
            notice = tr("Printed to {file}.", file=Path(file).name)
        printing = print_to_file if file else print_on
        run = printing(source, printer)
        is_done = await self._run_cancelable(tr("Printing conversation…"), run)
        self._notifications.notify(notice if is_done else tr("Printing canceled."))

    async def _run_cancelable(self, progress_text: str, work: Coroutine[None, None, None]) -> bool:
        """Run work; if it takes long, offer to cancel it. Return False if it was canceled."""
        notifications = self._notifications
        canceled = asyncio.Event()  # by the user, not by the program's end
        task = asyncio.create_task(work)
        self._jobs.add(task)

        def cancel() -> None:
            canceled.set()
            task.cancel()

        actions = [(tr("Cancel"), cancel)]
        topic = new_id()
        show_progress = partial(
            notifications.notify, progress_text, actions, topic=topic, stays=True
        )
        timer = asyncio.get_running_loop().call_later(PROGRESS_AFTER_S, show_progress)
        try:
            await task
        except asyncio.CancelledError:
            if not canceled.is_set():
                raise
        finally:
            self._jobs.discard(task)
            timer.cancel()
            notifications.dismiss_topic(topic)
        return not canceled.is_set()

    def _check_stored(self) -> bool:
        """Return True if child processes can read the open conversation; else notify why not."""
        if not self._check_not_empty():
            return False
        if not self._current.is_temporary:
            return True
        self._notifications.notify(
            tr("Temporary conversations can’t be exported or printed. Copy the text instead.")
        )
        return False

    def _check_not_empty(self) -> bool:
        """Return True if the open conversation has messages; else notify that it is empty."""
        if self._current.path and not self._current.is_new:
            return True
        self._notifications.notify(tr("This conversation is empty."))
        return False


def _format_of(file: Path, default_format: ExportFormat) -> ExportFormat:
    """Return the format of a file's suffix, else the chosen one."""
    suffix = file.suffix.lower()
    return next(
        (export_format for export_format in EXPORT_FORMATS if export_format.suffix == suffix),
        default_format,
    )
