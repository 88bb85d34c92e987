"""`repartee import`, without a window, or while one is open.

Progress goes to standard error: on a terminal every two seconds, with --progress for each step.
"""

from __future__ import annotations

import asyncio
import mimetypes
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from desktop_app.cli import console
from desktop_app.cli.command_setup import (
    cancel_at_signals,
    expand_path,
    open_backend,
    run_library_command,
)
from desktop_app.cli.exit_code import ExitCode
from desktop_app.cli.output_file import unwritable_error
from desktop_app.cli.standard_input import replace_stdin_with_file
from desktop_app.domain import errors
from desktop_app.domain.conversations.conversation import OF_NEW_CONVERSATIONS
from desktop_app.domain.conversations.message_parts import AttachmentFile
from desktop_app.domain.documents.image_header import read_image_header
from desktop_app.domain.error_note import error_to_json, note_from_error
from desktop_app.exchange.import_report import more_sentences
from desktop_app.exchange.import_store import (
    SHARED_BATCH_CHARS,
    SHARED_BATCH_SIZE,
    ImportOutcome,
    ImportStore,
)
from desktop_app.exchange.importers.import_reader import (
    OWN_KIND,
    ParsedExport,
    UnknownExportError,
    read_export,
)
from desktop_app.exchange.importers.imported_conversation import (
    ImportedConversation,
    not_imported_error,
    short_title,
)
from desktop_app.i18n.translation import paragraph, tr, tr_plural
from desktop_app.paths import folders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.backend.backend import Backend
    from desktop_app.cli.command_line import Options
    from desktop_app.collections.collection_service import Collections
    from desktop_app.memory.memory import Memory
    from desktop_app.prompts.prompt_store import PromptStore


_UNSAFE_IN_NAMES: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\ud800-\udfff]+')
_MAX_NAMED: Final = 12
"""Conversations that a report names."""
_MAX_NAME_BYTES: Final = 180
"""A file name has at most 255 bytes."""


def run_import(options: Options) -> int:
    def run(options: Options) -> int:
        with replace_stdin_with_file(options.files) as options.files:
            return asyncio.run(_import(options))

    return run_library_command(run, options)


# -------------------------------------------------------------- import


@dataclass
class _ImportResult:
    """The result of importing a file.

    Attributes:
        kind: the program that made the file; "" if the file could not be read.
        conversations: the number of conversations in the file that the library has now.
        added: the number of these that it did not have before.
        messages: the number of messages added.
        empty: the number of conversations without a message, which are left out.
        unread, unread_in, texts, folders, documents, notes, notes_over, left_out, left_out_count:
            see `exchange/import_report`.
        refused: the errors of the file, or of conversations and attachments that could not be
            imported.
    """

    file: str
    kind: str = ""
    conversations: int = 0
    added: int = 0
    messages: int = 0
    empty: int = 0
    unread: int = 0
    unread_in: list[str] = field(default_factory=list)
    texts: int = 0
    folders: int = 0
    documents: int = 0
    notes: int = 0
    notes_over: int = 0
    left_out: list[str] = field(default_factory=list)
    left_out_count: int = 0
    refused: list[errors.UserFacingError] = field(default_factory=list)

    def count(self, outcome: ImportOutcome) -> None:
        self.conversations += 1
        self.added += outcome.is_new
        self.messages += outcome.messages

    def count_unread(self, imported: ImportedConversation) -> None:
        """Count messages in which nothing was found, and name their conversation."""
        self.unread += imported.unread
        if imported.unread and len(self.unread_in) <= _MAX_NAMED:
            is_full = len(self.unread_in) == _MAX_NAMED
            self.unread_in.append("…" if is_full else short_title(imported.conversation.title))

    def to_json(self) -> dict[str, Any]:
        uses_codes = console.reports_to_window()
        refused = [
            error_to_json(note_from_error(error))
            if uses_codes
            else console.terminal_error_text(error)
            for error in self.refused
        ]
        return {**vars(self), "refused": refused}

    @property
    def sentence(self) -> str:
        if not self.kind:
            (error,) = self.refused
            if "file" in error.params:  # its sentence names the file
                return console.terminal_error_text(error)
            return tr("{file}: {reason}", file=self.file, reason=console.terminal_error_text(error))
        if self.messages and not self.added:
            added_text = tr_plural(
                "{file} ({kind}): {count} message added.",
                "{file} ({kind}): {count} messages added.",
                self.messages,
                file=self.file,
                kind=self.kind,
            )
        else:
            added_text = tr_plural(
                "{file} ({kind}): {count} conversation added.",
                "{file} ({kind}): {count} conversations added.",
                self.added,
                file=self.file,
                kind=self.kind,
            )
        sentences = [added_text]
        if known_count := self.conversations - self.added:
            sentence = tr_plural(
                "{count} conversation was already in your library.",
                "{count} conversations were already in your library.",
                known_count,
            )
            sentences.append(sentence)
        if self.empty:
            sentence = tr_plural(
                "{count} empty conversation skipped.",
                "{count} empty conversations skipped.",
                self.empty,
            )
            sentences.append(sentence)
        return paragraph(*sentences, *more_sentences(vars(self)))


async def _import(options: Options) -> int:
    cancel_at_signals()
    results: list[_ImportResult] = []
    try:
        async with open_backend() as backend:
            await _import_files(backend, options, results)
    except asyncio.CancelledError:
        console.write_diagnostic(tr("Interrupted. Continue with the same command."))
        raise
    except errors.StorageError as error:
        if not options.json or not results:
            raise
        console.write_diagnostic(
            console.terminal_error_text(error)
        )  # raising it would print a second JSON object
        return ExitCode.FAILED
    finally:
        if options.json and results:
            console.write_json({"files": [result.to_json() for result in results]})
    return ExitCode.FAILED if any(result.refused for result in results) else 0


async def _import_files(backend: Backend, options: Options, results: list[_ImportResult]) -> None:
    """Import all files; add the result of each to `results`, even if its import stops midway.

    Raises:
        StorageError: the store failed. With --json, it is also an error of the last result.
    """
    for name in options.files:
        path = expand_path(name)
        result = _ImportResult(path.name or str(path))
        results.append(result)
        try:
            await _import_file(backend, path, options, result)
        finally:
            if not options.json:
                _write_result(result)


def _write_result(result: _ImportResult) -> None:
    if not result.kind and not result.refused:
        return  # interrupted before the file was read
    if not result.kind:
        console.write_diagnostic(result.sentence)  # it contains the error
        return
    console.write_note(result.sentence)
    for error in result.refused:
        console.write_diagnostic(console.terminal_error_text(error))


async def _import_file(
    backend: Backend, path: Path, options: Options, result: _ImportResult
) -> None:
    """Import everything readable; an unreadable conversation does not stop the others."""
    store = ImportStore(backend.database)
    reporter = console.ProgressReporter(
        tr("Importing {file}", file=result.file), in_lines=options.progress
    )
    batch: list[ImportedConversation] = []
    size = chars = 0
    try:
        export_file = read_export(path)
        result.kind = export_file.kind
        await _import_library(backend, export_file, result)
        for number, imported in enumerate(export_file.conversations):
            reporter.show(number, export_file.total)
            if not isinstance(imported, ImportedConversation):
                result.refused.append(imported)
                continue
            result.count_unread(imported)
            if not imported.messages and export_file.kind != OWN_KIND:
                result.empty += 1
                continue
            new_size = len(imported.messages)
            new_chars = sum(len(message.text) for message in imported.messages)
            new_chars += sum(len(file.data) for file in imported.files)
            if size + new_size > SHARED_BATCH_SIZE or chars + new_chars > SHARED_BATCH_CHARS:
                await _store_batch(backend, store, batch, result)
                size = chars = 0
            batch.append(imported)
            size += new_size
            chars += new_chars
        await _store_batch(backend, store, batch, result)
        result.left_out, result.left_out_count = export_file.left_out()
        has_library = export_file.folders or export_file.notes
        if result.unread and not (result.conversations or result.refused or has_library):
            result.kind, result.empty, result.unread = "", 0, 0
            raise UnknownExportError
    except errors.StorageError as error:
        if options.json:  # otherwise it is reported once, when the command ends
            result.refused.append(error)
        raise
    except errors.UserFacingError as error:
        await _store_batch(backend, store, batch, result)  # what was read before
        result.refused.append(error)


async def _import_library(
    backend: Backend, export_file: ParsedExport, result: _ImportResult
) -> None:
    """Add projects with their files, and memories as notes, which are off.

    A project that exists stays as it is: the user may have changed it.
    """
    known_ids = {folder.id for folder in await backend.conversation_folders.all()}
    for folder, documents, _ in export_file.folders:
        if folder.id in known_ids:
            continue
        await backend.conversation_folders.save(folder)
        collections: Collections | None = backend.part("collections")
        if documents and collections is not None:
            paths = await asyncio.to_thread(_write_documents, folder.id, documents)
            collection = await collections.create_in(folder)
            await collections.add(collection.id, paths)
        result.folders += 1
        result.documents += len(documents)
    notes: Memory | None = backend.part("notes")
    if notes is not None:
        result.notes, result.notes_over = await notes.add_missing(export_file.notes)


def _write_documents(folder_id: str, documents: Sequence[tuple[str, str]]) -> list[Path]:
    """Write the files of an imported project. Return their paths. Raises StorageError."""
    folder = folders().imported / folder_id
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        paths: list[Path] = []
        for number, (name, text) in enumerate(documents, 1):
            safe_name = _UNSAFE_IN_NAMES.sub(" ", name).strip(" .").encode()[:_MAX_NAME_BYTES]
            path = folder / (safe_name.decode(errors="ignore") or "document")
            if not _is_text_name(path.name):  # the export has the text of a PDF, not the PDF
                path = path.with_name(f"{path.name}.txt")
            if path in paths:
                path = path.with_name(f"{number} {path.name}")
            path.write_text(text, "utf-8", "replace")
            paths.append(path)
    except OSError as exc:
        raise unwritable_error(folder, exc) from exc
    return paths


def _is_text_name(name: str) -> bool:
    """Return True unless the suffix of a name promises something else than a text."""
    kind = mimetypes.guess_type(name)[0]
    return bool(kind) and str(kind).startswith(("text/", "application/json", "application/xml"))


async def _store_batch(
    backend: Backend, store: ImportStore, batch: list[ImportedConversation], result: _ImportResult
) -> None:
    """Store conversations with those of their files that this program can read; empty the list."""
    stored_batch = []
    for imported in batch:
        for file in imported.files:
            try:
                document = await _with_own_text(backend, file)
            except errors.DocumentError as error:
                result.refused.append(error)
            else:
                # Storing its message indexes it, at that message's time.
                await backend.attachments.add(document.data, document, is_searchable=False)
        conversation, preset = imported.conversation, imported.preset
        if not conversation.choice.provider_id:
            # It is from another program. The provider of new conversations answers, which this
            # process cannot know: only the window has keys of the environment.
            conversation = replace(conversation, choice=OF_NEW_CONVERSATIONS)
        library: PromptStore | None = backend.part("prompts")
        if preset is not None and library is not None and library.replaces_built_in(preset):
            preset = None  # the conversation has the preset's settings
        stored_batch.append(replace(imported, conversation=conversation, preset=preset, files=()))
    batch.clear()
    for imported, outcome in zip(stored_batch, await store.add_all(stored_batch), strict=True):
        if isinstance(outcome, ImportOutcome):
            result.count(outcome)
            result.texts += len(imported.texts) if outcome.is_new else 0
        else:
            result.refused.append(not_imported_error(imported.conversation.title, outcome))


async def _with_own_text(backend: Backend, file: AttachmentFile) -> AttachmentFile:
    """Return a file with the text that this program reads in it. Raises DocumentError.

    The text in an export may be another one. An attachment is stored once, so that this other text
    would also be sent whenever the user attaches the same file.
    """
    is_image = not file.text and read_image_header(file.data) is not None
    if is_image or file.data == file.text.encode("utf-8", "surrogatepass"):
        return file
    try:
        extracted = await backend.documents.extract_bytes(file.name, file.data)
    except (
        errors.DocumentEncryptedError
    ):  # it was read with a password, which an export does not have
        return file
    return replace(file, text=extracted.text, pages=extracted.pages, tokens=extracted.tokens)
