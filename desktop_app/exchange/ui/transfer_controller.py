"""Import, export, copying and printing.

`repartee import` and `export` read and write the files in a child process, and a thread prints, so
that the window never waits.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QStandardPaths, Qt

from desktop_app.app.foreign_changes import ForeignChanges
from desktop_app.app.session import Controller, Session
from desktop_app.app.startup.command_runner import CommandResult
from desktop_app.app.transfer import Transfer
from desktop_app.domain.conversations.conversation import Message, new_id
from desktop_app.domain.error_note import error_from_json, error_from_note
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.exchange.export_format import EXPORT_FORMATS, PAGE
from desktop_app.exchange.import_report import COUNTS, more_sentences
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, paragraph, tr, tr_plural
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.widgets.external_open import open_path
from desktop_app.widgets.file_dialogs import choose_files, choose_folder, choose_target
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import menu_text

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter
    from PySide6.QtWidgets import QMenu

    from desktop_app.exchange.ui.printing.print_job import PrintSource

# Errors that the message after an import describes; further ones are only counted.
MAX_REASONS = 3
PROGRESS_AFTER_S: Final = 0.7
"""The delay of the notification that offers to cancel printing."""


class TransferController(Controller):
    """Runner of `repartee import` and `export`, which copies and prints the open conversation."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._messages = session.messages
        self._transfer = session.of(Transfer)

    # -------------------------------------------------------------- import

    def choose_import(self) -> None:
        choose_files(
            self._window,
            tr("Import conversations"),
            self.import_files,
            start=Path.home(),
            filters=tr("Exports ({patterns})", patterns="*.json *.jsonl *.zip"),
        )

    def import_files(self, paths: Sequence[Path]) -> None:
        self._tasks.start(self._import(paths))

    async def _import(self, paths: Sequence[Path]) -> None:
        description = tr("Importing {files}…", files=joined([path.name for path in paths]))
        arguments = ("import", "--json", "--progress", *(str(path.absolute()) for path in paths))
        result = await self._transfer.run(description, *arguments)
        if result is None:
            return
        try:
            await self._session.of(ForeignChanges).show()
        finally:
            self._report_import(result)

    def _report_import(self, result: CommandResult) -> None:
        if self._transfer.was_stopped:
            self._notifications.notify(tr("Import stopped. What was imported so far is kept."))
            return
        try:
            files: list[dict[str, Any]] = json.loads(result.output)["files"]
        except (ValueError, KeyError):  # the command ended without a report
            raise _error_of(
                result, N_("The import stopped unexpectedly."), N_("Import the file again.")
            ) from None
        refusals = [error_from_json(error) for file in files for error in file["refused"]]
        # Nothing but one error: show it as the error of the import.
        counts = ("conversations", *COUNTS)
        if len(refusals) == 1 and not any(file[name] for file in files for name in counts):
            raise error_from_note(refusals[0])
        sentences = [_import_summary(files), *(each.sentences for each in refusals[:MAX_REASONS])]
        hidden_count = len(refusals) - MAX_REASONS
        if hidden_count > 0:
            sentences.append(
                tr_plural("{count} more problem.", "{count} more problems.", hidden_count)
            )
        self._notifications.notify(paragraph(*sentences), stays=bool(refusals))

    # -------------------------------------------------------------- export

    def add_formats(self, menu: QMenu, conversation_ids: Sequence[str] | None) -> None:
        """Add the formats to a menu, the common ones first; each exports, None for all."""
        submenu = ProgramMenu(menu_text(tr("More")), menu)
        submenu.setObjectName("more-formats")
        for each in EXPORT_FORMATS:
            entry = (menu if each.is_common else submenu).addAction(
                menu_text(tr("{format}…", format=tr(each.label))),
                partial(self.choose_export, conversation_ids, each.id),
            )
            entry.setObjectName(f"export-{each.id}")
        menu.addMenu(submenu)

    def choose_export(self, conversation_ids: Sequence[str] | None, format_id: str) -> None:
        """Ask for a file or folder, and export these conversations, None for all.

        The suffix of a typed name chooses another format. A dialog first says what the page of a
        single conversation tells its readers.
        """
        if format_id == "html" and conversation_ids is not None and len(conversation_ids) == 1:
            self._tasks.start(self._export_page(conversation_ids[0]))
            return
        from desktop_app.exchange.command.export_command import (
            file_names,  # it imports every format
        )

        export_format = next(each for each in EXPORT_FORMATS if each.id == format_id)
        title, stem = tr("Export"), tr("Conversations")
        if conversation_ids is not None and len(conversation_ids) == 1:
            model = self._session.of(ConversationList).model
            listed = model.conversation_at(model.index_of(conversation_ids[0]))
            is_open = self._current.id == conversation_ids[0]
            conversation = self._current.conversation if is_open else listed
            if conversation is not None:
                title = tr("Export conversation")
                stem = next(file_names([conversation], ""))
        elif not export_format.holds_many:
            export = partial(self.export, conversation_ids, format_id)
            choose_folder(self._window, tr("Export to folder"), export, start=Path.home())
            return

        def export_to(file: Path) -> None:
            suffix = file.suffix.lower()
            named = next((each for each in EXPORT_FORMATS if each.suffix == suffix), export_format)
            self.export(conversation_ids, named.id, file)

        file_name = f"{stem}{export_format.suffix}"
        self._choose_target(title, export_to, file_name, tr(export_format.label))

    def _choose_target(
        self, title: str, export_to: Callable[[Path], object], file_name: str, label: str
    ) -> None:
        documents = QStandardPaths.writableLocation(
            QStandardPaths.StandardLocation.DocumentsLocation
        )
        suffix = Path(file_name).suffix
        choose_target(
            self._window,
            title,
            export_to,
            start=Path(documents, file_name),
            filters=f"{label} (*{suffix})",
            suffix=suffix.lstrip("."),
        )

    def export(
        self,
        conversation_ids: Sequence[str] | None,
        format_id: str,
        target: Path,
        options: Sequence[str] = (),
    ) -> None:
        """Export these conversations, None for all, to a file or folder; then offer to open it."""
        self._tasks.start(self._export(conversation_ids, format_id, target.absolute(), options))

    async def _export(
        self,
        conversation_ids: Sequence[str] | None,
        format_id: str,
        target: Path,
        more_options: Sequence[str],
    ) -> None:
        selection = ["--all"]
        if conversation_ids is not None:
            selection = [word for id_ in conversation_ids for word in ("--conversation", id_)]
        options = ("--format", format_id, "--to", str(target), "--progress", *more_options)
        description = tr("Exporting to {file}…", file=target.name)
        result = await self._transfer.run(description, "export", *selection, *options)
        if result is None:
            return
        if self._transfer.was_stopped:
            self._notifications.notify(tr("Export to {file} canceled.", file=target.name))
        elif not result.code:
            is_one = conversation_ids is not None and len(conversation_ids) == 1
            message = tr("Exported to {file}.", file=target.name) if is_one else result.output
            actions = [
                (tr("Open"), lambda: open_path(target)),
                (tr("Show in folder"), lambda: open_path(target.parent)),
            ]
            self._notifications.notify(message, actions)
        elif result.output:  # the sentences on what was exported and skipped
            self._notifications.notify(result.output, stays=True)
        else:
            raise _error_of(result, N_("The export stopped unexpectedly."), N_("Export again."))

    async def _export_page(self, conversation_id: str) -> None:
        # Imported here, because the start does not need it.
        from desktop_app.exchange.command.export_command import file_names
        from desktop_app.exchange.ui.page_dialog import PageDialog

        store = self._session.backend.conversations
        conversation = await store.get(conversation_id)
        if conversation is None:  # deleted meanwhile
            return
        path = await store.path(conversation_id)
        messages = await store.messages(conversation_id)
        file_name = next(file_names([conversation], ".html"))

        def choose_file() -> None:
            options = (*dialog.chosen(), "--yes")
            export_to = partial(self.export, [conversation_id], PAGE, options=options)
            self._choose_target(tr("Export conversation"), export_to, file_name, tr("Web page"))

        name_of_model = self._session.name_of_model
        dialog = PageDialog(conversation.title, path, messages, name_of_model, self._window)
        dialog.accepted.connect(choose_file)
        dialog.open()

    # -------------------------------------------------------------- the open conversation

    def choose_open_export(self, format_id: str = "") -> None:
        """Ask for a file, before that for a format unless it is given, and export."""
        if not self._check_stored():
            return
        if format_id:
            self.choose_export([self._current.id], format_id)
            return
        menu = ProgramMenu(self._window)
        menu.setObjectName("export-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.add_formats(menu, [self._current.id])
        title = self._pane.header.title
        menu.popup(title.mapToGlobal(title.rect().bottomLeft()))
        menu.setActiveAction(menu.actions()[0])

    def _shown_messages(self) -> list[Message]:
        """Return the messages of the open conversation, also of an answer that is not stored."""
        return [
            self._messages.with_environment_error(self._running.newest_state(message))
            for message in self._current.path
        ]

    def copy(self) -> None:
        """Copy the open conversation as Markdown, and as HTML unless it is very long."""
        if not self._check_not_empty():
            return
        # Imported here, because the start does not need it.
        from desktop_app.widgets.text import clipboard
        from desktop_app.writers import html_page, markdown_file

        messages = self._shown_messages()
        content = (self._current.conversation, messages, self._session.name_of_model)
        markdown = markdown_file.to_markdown(*content)
        texts: dict[str, Callable[[], Iterable[str]]] = dict.fromkeys(
            (clipboard.PLAIN, clipboard.MARKDOWN), lambda: [markdown]
        )
        length = sum(len(message.text) for message in messages)
        is_rich = length <= clipboard.MAX_CONVERTED_CHARACTERS
        if is_rich:
            texts[clipboard.HTML] = lambda: html_page.html_pieces(*content)
        clipboard.copy_texts(texts)
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
        from desktop_app.exchange.ui.printing.print_job import PrintSource

        title, images = self._current.conversation.title, self._session.backend.image_scaler
        source = PrintSource(title, self._shown_messages(), images, self._session.name_of_model)
        self._tasks.start(self._print(source, printer))

    async def _print(self, source: PrintSource, printer: QPrinter) -> None:
        """Print; if it takes long, offer to cancel it."""
        # Imported here, because the start does not need it and few users print.
        from desktop_app.exchange.ui.printing.print_job import print_on, print_to_file

        notice = tr("Conversation sent to the printer.")
        file = printer.outputFileName()
        if file:
            notice = tr("Printed to {file}.", file=Path(file).name)
        printing = (print_to_file if file else print_on)(source, printer)
        task: asyncio.Task[None] = asyncio.create_task(printing)
        self._transfer.print_jobs.add(task)
        was_canceled = False  # by the user, not by the program's end

        def cancel() -> None:
            nonlocal was_canceled
            was_canceled = True
            task.cancel()

        topic = new_id()
        show_progress = partial(
            self._notifications.notify,
            tr("Printing conversation…"),
            [(tr("Cancel"), cancel)],
            topic=topic,
            stays=True,
        )
        timer = asyncio.get_running_loop().call_later(PROGRESS_AFTER_S, show_progress)
        try:
            await task
        except asyncio.CancelledError:
            if not was_canceled:
                raise
        finally:
            self._transfer.print_jobs.discard(task)
            timer.cancel()
            self._notifications.dismiss_topic(topic)
        self._notifications.notify(tr("Printing canceled.") if was_canceled else notice)

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


def _error_of(result: CommandResult, message: str, hint: str) -> UserFacingError:
    """Return the error that ended a command; without a report, one with these sentences."""
    if result.error is not None:
        return error_from_note(result.error)
    return StorageError(message, hint, details=result.messages)


def _import_summary(files: Sequence[dict[str, Any]]) -> str:
    """Summarize the report of `repartee import --json`; "conversations" includes known ones."""
    added_count = sum(file["added"] for file in files)
    known_count = sum(file["conversations"] for file in files) - added_count
    message_count = sum(file["messages"] for file in files)
    # An import may bring only new messages of conversations that are in the library.
    if message_count and not added_count:
        added_text = tr_plural(
            "{count} message imported.", "{count} messages imported.", message_count
        )
    else:
        added_text = tr_plural(
            "{count} conversation imported.", "{count} conversations imported.", added_count
        )
    sentences = [added_text]
    if known_count:
        sentence = tr_plural(
            "{count} conversation was already in your library.",
            "{count} conversations were already in your library.",
            known_count,
        )
        sentences.append(sentence)
    if empty_count := sum(file["empty"] for file in files):
        sentence = tr_plural(
            "{count} empty conversation skipped.",
            "{count} empty conversations skipped.",
            empty_count,
        )
        sentences.append(sentence)
    report: dict[str, Any] = {name: sum(file[name] for file in files) for name in COUNTS}
    for names in ("unread_in", "left_out"):
        report[names] = [name for file in files for name in file[names]]
    return paragraph(*sentences, *more_sentences(report))
