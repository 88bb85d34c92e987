"""Import and export. `repartee import` and `export` read and write the files in a child process."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from desktop_app.app.session import Controller, Session
from desktop_app.app.startup.command_runner import CommandResult, CommandRunner
from desktop_app.domain.error_note import error_from_json, error_from_note
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.domain.export_format import EXPORT_FORMATS, ExportFormat
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.widgets.cards.progress_card import ProgressCard
from desktop_app.widgets.external_open import open_path
from desktop_app.widgets.file_dialogs import choose_files, choose_folder, choose_target

BUSY = N_("Another transfer is running. Wait for it or cancel it.")
# Errors that the message after an import describes; further ones are only counted.
MAX_REASONS = 3
_MAX_STEM_CHARACTERS = 60  # of the proposed file name, which begins with the title


class TransferController(Controller):
    """Runner of `repartee import`, `export` and `backup`, with their progress.

    Attributes:
        is_busy: True while a command runs.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._command = CommandRunner()
        self.is_busy = False
        self._card = ProgressCard()
        self._card.cancel_requested.connect(self._command.stop)
        self._pane.add_above_prompt(self._card)

    def close(self) -> None:
        """Stop the running command at the program's end."""
        self._command.stop()

    # -------------------------------------------------------------- import

    def choose_import(self) -> None:
        """Ask for files, and import them."""
        choose_files(
            self._window,
            tr("Import conversations"),
            self.import_files,
            start=Path.home(),
            filters=tr("Exports ({patterns})", patterns="*.json *.zip"),
        )

    def import_files(self, paths: Sequence[Path]) -> None:
        """Import these files."""
        self._tasks.start(self._import(paths))

    async def _import(self, paths: Sequence[Path]) -> None:
        description = tr("Importing {files}…", files=joined([path.name for path in paths]))
        arguments = ("import", "--json", "--progress", *(str(path.absolute()) for path in paths))
        result = await self._run_command(description, arguments)
        if result is None:
            return
        try:
            await self._session.foreign_changes.show()
        finally:
            self._report_import(result)

    def _report_import(self, result: CommandResult) -> None:
        if self._command.was_stopped:
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
        if len(refusals) == 1 and not any(file["conversations"] for file in files):
            raise error_from_note(refusals[0])
        sentences = [_import_summary(files), *(each.sentences for each in refusals[:MAX_REASONS])]
        hidden_count = len(refusals) - MAX_REASONS
        if hidden_count > 0:
            sentences.append(
                tr_plural("{count} more problem.", "{count} more problems.", hidden_count)
            )
        self._notifications.notify(" ".join(sentences), stays=bool(refusals))

    # -------------------------------------------------------------- export

    def choose_export(self, conversation_ids: Sequence[str] | None, format_id: str) -> None:
        """Ask for a file or folder, and export these conversations, None for all."""
        export_format = next(
            known_format for known_format in EXPORT_FORMATS if known_format.id == format_id
        )
        is_file = export_format.holds_many or (
            conversation_ids is not None and len(conversation_ids) == 1
        )

        def export(target: Path) -> None:
            self.export(conversation_ids, format_id, target)

        if is_file:
            self._choose_target(export_format, self._title_of(conversation_ids), export)
        else:
            choose_folder(self._window, tr("Export to folder"), export, start=Path.home())

    def _title_of(self, conversation_ids: Sequence[str] | None) -> str:
        """Return the title of a single conversation that is listed or open; "" otherwise."""
        if conversation_ids is None or len(conversation_ids) != 1:
            return ""
        open_conversation = self._current.conversation
        model = self._window.conversations.model
        if open_conversation.id == conversation_ids[0]:
            return open_conversation.title
        conversation = model.conversation_at(model.index_of(conversation_ids[0]))
        return conversation.title if conversation is not None else ""

    def _choose_target(
        self, export_format: ExportFormat, title: str, export: Callable[[Path], None]
    ) -> None:
        stem = "".join(c if c.isalnum() or c in " -_." else " " for c in title).strip()
        stem = stem[:_MAX_STEM_CHARACTERS] or tr("Conversations")
        choose_target(
            self._window,
            tr("Export"),
            export,
            start=Path.home() / f"{stem}{export_format.suffix}",
            filters=f"{tr(export_format.label)} (*{export_format.suffix})",
        )

    def export(self, conversation_ids: Sequence[str] | None, format_id: str, target: Path) -> None:
        """Export these conversations, None for all, to a file or folder."""
        selection = ["--all"]
        if conversation_ids is not None:
            selection = [
                word
                for conversation_id in conversation_ids
                for word in ("--conversation", conversation_id)
            ]
        options = ("--format", format_id, "--to", str(target.absolute()), "--progress")
        self._tasks.start(self._export(("export", *selection, *options)))

    async def _export(self, arguments: Sequence[str]) -> None:
        result = await self._run_command(tr("Exporting…"), arguments)
        if result is None:
            return
        if self._command.was_stopped:
            self._notifications.notify(tr("Export stopped."))
        elif result.output:  # the sentences on what was exported and skipped
            self._notifications.notify(result.output, stays=bool(result.code))
        else:
            raise _error_of(result, N_("The export stopped unexpectedly."), N_("Export again."))

    async def export_one(self, conversation_id: str, file: Path, format_id: str) -> None:
        """Export a conversation to a file, then offer to open it. Raises UserFacingError."""
        arguments = ("--format", format_id, "--to", str(file), "--progress")
        result = await self._run_command(
            tr("Exporting to {file}…", file=file.name),
            ("export", "--conversation", conversation_id, *arguments),
        )
        if result is None:
            return
        if self._command.was_stopped:
            self._notifications.notify(tr("Export to {file} canceled.", file=file.name))
        elif result.code:
            raise _error_of(result, N_("The export stopped unexpectedly."), N_("Export again."))
        else:
            self._notifications.notify(
                tr("Exported to {file}.", file=file.name),
                actions=[
                    (tr("Open"), lambda: open_path(file)),
                    (tr("Show in folder"), lambda: open_path(file.parent)),
                ],
            )

    # -------------------------------------------------------------- any command

    async def back_up(self, folder: str, kept_count: int) -> CommandResult | None:
        """Back up with visible progress.

        Args:
            kept_count: the number of newest backups to keep in `folder`; older ones are deleted.

        Returns:
            The result, or None if another command runs or the user stopped this one.
        """
        arguments = ("backup", folder, "--keep", str(kept_count), "--progress")
        result = await self._run_command(tr("Backing up…"), arguments)
        return None if self._command.was_stopped else result

    async def _run_command(
        self, description: str, arguments: Sequence[str]
    ) -> CommandResult | None:
        """Run a command with its progress; return None if another one is running."""
        if self.is_busy:
            self._notifications.notify(tr(BUSY))
            return None
        self._card.begin(description)
        self.is_busy = True
        try:
            return await self._command.run(*arguments, progress=self._card.set_progress)
        except OSError as exc:
            raise UserFacingError(
                N_("Repartee couldn’t start a helper process."),
                hint=N_("Close other apps, then try again."),
                details=str(exc),
            ) from exc
        finally:
            self.is_busy = False
            self._card.hide()


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
    return " ".join(sentences)
