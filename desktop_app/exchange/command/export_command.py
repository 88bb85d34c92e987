"""`repartee export`: writes conversations to a single JSON file, or each to a file of its own.

The command can run while a window is open, and the window runs it for its own exports.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop_app.backend.backend import Backend
from desktop_app.chat.text_store import TextStore
from desktop_app.child_processes import child_command
from desktop_app.cli import console
from desktop_app.cli.command_line import Options
from desktop_app.cli.command_setup import (
    cancel_at_signals,
    expand_path,
    find_conversation,
    open_backend,
    run_library_command,
)
from desktop_app.cli.exit_code import ExitCode
from desktop_app.cli.output_file import STANDARD_OUTPUT, partial_file, unwritable_error
from desktop_app.domain import errors
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.conversations.conversation import Conversation, Message, Role
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.documents.document_types import RECORDINGS
from desktop_app.domain.graphemes import cut
from desktop_app.exchange.export_format import EXPORT_FORMATS, PAGE, SUBTITLE_FORMATS
from desktop_app.exchange.importers.imported_conversation import short_title
from desktop_app.exchange.own_json import JsonWriter
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.markdown.processes.diagram_drawing import DrawDiagram
from desktop_app.markdown.processes.formula_client import FormulaClient
from desktop_app.writers import html_page, markdown_file, shared_page
from desktop_app.writers.office.office_content import OfficeMessage, messages_of, tables_of

if TYPE_CHECKING:
    from desktop_app.collections.collection_service import Collections
    from desktop_app.prompts.prompt_store import PromptStore

MAX_IMAGE_SIZE: Final = (1600, 1600)
"""Size in pixels that embedded images are scaled to fit into."""

# Characters that file systems reserve, surrogates, and bidirectional controls. The latter disguise
# names.
_UNSAFE_IN_NAMES: Final = re.compile(
    r'[\x00-\x1f\x7f/\\:*?"<>|\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]+'
)
MAX_TITLE_BYTES: Final = 180
"""A file name has at most 255 bytes, including date, number and suffix."""


_Write = Callable[[Path, Conversation, list[Message]], Awaitable[None]]
"""Writes the messages of a path to a file. Raises OSError, StorageError."""


def _writer(options: Options, backend: Backend, stack: AsyncExitStack) -> _Write:
    """Return the function that writes a conversation; the stack ends the processes it needs."""
    format_id = options.format

    def name_of_model(model: str) -> str:
        return backend.catalog.info(model).name

    async def write_markdown(file: Path, conversation: Conversation, path: list[Message]) -> None:
        texts = await TextStore(backend.temporary).texts_of(conversation.id)
        shown = [] if options.last_response else texts
        text = markdown_file.to_markdown(conversation, path, name_of_model, shown)
        with file.open("w", encoding="utf-8", errors="replace") as stream:
            stream.write(text)

    async def write_html(file: Path, conversation: Conversation, path: list[Message]) -> None:
        with file.open("w", encoding="utf-8", errors="replace") as stream:
            stream.write(page.render_head(conversation))
            for message in await _page_messages(options, backend, conversation, path):
                await asyncio.sleep(0)  # a cancellation arrives here
                if isinstance(message, bool):
                    stream.write(page.begin_version() if message else html_page.END_OF_VERSION)
                    continue
                stream.write(page.render_message(message, await images_of(backend, message)))
            stream.write(html_page.END)

    async def write_office(file: Path, conversation: Conversation, path: list[Message]) -> None:
        messages = list(messages_of(path, name_of_model))
        drawers = diagrams.draw, formulas.office_math
        await asyncio.to_thread(
            _write_office, format_id, file, conversation.title, messages, *drawers
        )

    async def write_subtitles(file: Path, _: Conversation, path: list[Message]) -> None:
        recordings = [
            part
            for message in path
            for part in message.parts
            if isinstance(part, DocumentPart) and part.media_type in RECORDINGS.values()
        ]
        if not recordings:
            raise errors.StorageError(
                N_("The conversation has no recording."), hint=N_("Choose another format.")
            )
        # few exports need it
        from desktop_app.writers.subtitles import segments_of, subtitles

        transcript = await backend.attachments.text(recordings[-1].text_key)
        text = subtitles(segments_of(transcript), format_id)
        await asyncio.to_thread(file.write_text, text, "utf-8", "replace")

    if format_id in SUBTITLE_FORMATS:
        return write_subtitles
    if format_id == "markdown":
        return write_markdown
    diagrams = FormulaClient(child_command("diagrams"))
    formulas = FormulaClient(child_command("math"))
    stack.callback(diagrams.close)
    stack.callback(formulas.close)
    if format_id in ("html", PAGE):
        details = options.details or format_id != PAGE
        page = html_page.HtmlPage(name_of_model, formulas.find, diagrams.draw, with_details=details)
        return write_html
    if format_id == "pdf":
        # Imported here, because no other format needs Qt.
        from desktop_app.exchange.ui.printing.print_job import (
            PrintSource,
            make_offscreen_application,
            pdf_of,
        )

        stack.callback(make_offscreen_application().shutdown)

        async def write_pdf(file: Path, conversation: Conversation, path: list[Message]) -> None:
            source = PrintSource(conversation.title, path, backend.image_scaler, name_of_model)
            pdf = await pdf_of(source)
            await asyncio.to_thread(file.write_bytes, pdf)

        return write_pdf
    return write_office


def _write_office(
    format_id: str,
    file: Path,
    title: str,
    messages: list[OfficeMessage],
    draw: DrawDiagram,
    write_formula: Callable[..., str | None],
) -> None:
    # The libraries are imported late: each takes up to a second.
    if format_id == "docx":
        from desktop_app.writers.office.docx_file import write_docx

        return write_docx(file, title, messages, draw, write_formula)
    if format_id == "odt":
        from desktop_app.writers.office.odt_file import write_odt

        return write_odt(file, title, messages, draw)
    if format_id == "pptx":
        from desktop_app.writers.office.pptx_outline import write_pptx

        return write_pptx(file, title, messages)
    from desktop_app.writers.office.table_files import write_csv, write_xlsx

    tables = [
        table for message in messages if message.is_answer for table in tables_of(message.blocks)
    ]
    if not tables:
        raise errors.StorageError(
            N_("The responses contain no table."), hint=N_("Choose another format.")
        )
    return write_xlsx(file, tables) if format_id == "xlsx" else write_csv(file, tables)


async def _page_messages(
    options: Options, backend: Backend, conversation: Conversation, path: list[Message]
) -> list[Message | bool]:
    """Return what a page shows: see `with_versions`."""
    if not (options.format == PAGE and options.versions):
        return [*path]
    messages = await backend.conversations.messages(conversation.id)
    return list(shared_page.with_versions(path, messages))


async def images_of(backend: Backend, message: Message) -> dict[str, html_page.EmbeddedImage]:
    """Return the existing images of a message, scaled down, by hash."""
    images = {}
    for part in message.attachments:
        if isinstance(part, ImagePart):
            try:
                scaled = await backend.image_scaler.image_within(part, MAX_IMAGE_SIZE)
            except errors.UserFacingError:
                continue  # the export still shows its name
            images[part.sha256] = html_page.EmbeddedImage(scaled.media_type, scaled.data)
    return images


def run_export(options: Options) -> int:
    return run_library_command(lambda options: asyncio.run(_export(options)), options)


async def _export(options: Options) -> int:
    """Run the command; return the exit code.

    Raises:
        UserFacingError: the export stopped.
        asyncio.CancelledError: it was interrupted; the user was told what it had exported.
    """
    to_stdout = options.to == STANDARD_OUTPUT
    single_file = options.format == "json"
    if options.format == PAGE and (options.all or len(set(options.conversation)) > 1):
        options.refuse(tr("a page holds one conversation"))
    if to_stdout and not single_file and (options.all or len(set(options.conversation)) > 1):
        options.refuse(tr("several conversations in this format need a folder, not “-”"))
    cancel_at_signals()
    async with open_backend() as backend:
        with suppress(
            errors.StorageError
        ):  # an export elsewhere works even if the store's disk is full
            await backend.conversations.interrupt_orphans()
        running = _Export(backend, options)
        try:
            if options.format == PAGE and not options.yes and not await running.confirm_page():
                console.write_diagnostic(tr("Nothing was written."))
                return ExitCode.FAILED
            sentence = await running.run()
        except asyncio.CancelledError:
            console.write_diagnostic(running.interruption)
            raise
    # The window takes the result from standard output.
    if console.reports_to_window():
        console.write_line(sentence)
    else:
        console.write_note(sentence)
    write = console.write_line if console.reports_to_window() else console.write_diagnostic
    for line in running.left_out:
        write(line)
    return ExitCode.FAILED if running.left_out else 0


class _Export:
    """An export in progress.

    Attributes:
        left_out: a sentence for each item that could not be exported.
        written: the number of finished files; stays 0 in formats with a single file.
    """

    def __init__(self, backend: Backend, options: Options) -> None:
        self._backend = backend
        self._options = options
        self._target = expand_path(options.to)
        is_stdout = options.to == STANDARD_OUTPUT
        self._target_name = tr("standard output") if is_stdout else str(self._target)
        self._reporter = console.ProgressReporter(tr("Exporting"), in_lines=options.progress)
        self._conversations: list[Conversation] = []
        self.left_out: list[str] = []
        self.written = 0

    @property
    def interruption(self) -> str:
        """Return a sentence on what was exported before the user interrupted the export."""
        return tr_plural(
            "Interrupted. {count} conversation was exported to {file}.",
            "Interrupted. {count} conversations were exported to {file}.",
            self.written,
            file=self._target_name,
        )

    async def confirm_page(self) -> bool:
        """Say what a page to give away holds; return False if the user does not agree."""
        (conversation,) = await self._requested_conversations()
        path = await self._path(conversation)
        found = await _page_messages(self._options, self._backend, conversation, path)
        lines = shared_page.contents_lines(
            conversation.title,
            [message for message in found if not isinstance(message, bool)],
            lambda model: self._backend.catalog.info(model).name,
            with_details=self._options.details,
        )
        for line in lines:
            console.write_diagnostic(line)
        return await console.confirm(tr("Write this page? [y/N]"), default=True)

    async def run(self) -> str:
        """Write the files; return a sentence on the result. Raises UserFacingError."""
        self._conversations = await self._requested_conversations()
        try:
            if self._options.format == "json":
                with partial_file(self._target) as file, file.open("wb") as stream:
                    await self._write_json(JsonWriter(stream))
            else:
                async with AsyncExitStack() as stack:
                    await self._write_each(_writer(self._options, self._backend, stack))
        except BrokenPipeError:  # the reader of standard output is gone
            raise
        except OSError as exc:
            raise unwritable_error(self._target, exc) from exc
        return tr_plural(
            "{count} conversation exported to {file}.",
            "{count} conversations exported to {file}.",
            len(self._conversations),
            file=self._target_name,
        )

    async def _requested_conversations(self) -> list[Conversation]:
        if self._options.all:
            conversations = await self._readable_conversations()
            # Imported conversations may have equal times; the id makes the order the same
            # everywhere.
            return sorted(conversations, key=attrgetter("created_at", "id"))
        given = dict.fromkeys(self._options.conversation)
        found = [await find_conversation(self._backend, id_) for id_ in given]
        return [*{conversation.id: conversation for conversation in found}.values()]

    async def _readable_conversations(self) -> list[Conversation]:
        """Return all conversations but trashed ones; note unreadable ones in `left_out`."""
        with suppress(errors.StoreDamagedError):
            return await self._backend.conversations.all()
        readable = []
        for conversation_id in await self._backend.conversations.ids():
            try:
                conversation = await self._backend.conversations.get(conversation_id)
            except errors.StoreDamagedError as error:
                sentence = N_("Conversation {id} skipped: {reason}")
                self.left_out.append(tr(sentence, id=conversation_id, reason=error.details))
            else:
                if conversation is not None:  # None if it was deleted meanwhile
                    readable.append(conversation)
        return readable

    async def _write_json(self, writer: JsonWriter) -> None:
        collections: Collections | None = self._backend.part("collections")
        used_ids = {conversation.folder_id for conversation in self._conversations}
        written_ids: set[str | None] = {None}
        with self._skipping_errors(N_("Projects skipped: {reason}")):
            for folder in await self._backend.conversation_folders.all():
                if folder.id in used_ids:
                    id_ = folder.collection_id
                    files = [] if collections is None else await collections.files(id_)
                    names = dict.fromkeys((*(f.name for f in files), *folder.file_names))
                    writer.write_folder(replace(folder, file_names=tuple(names)))
                    written_ids.add(folder.id)
        presets = {}
        library: PromptStore | None = self._backend.part("prompts")
        if library is not None:
            with self._skipping_errors(N_("Presets skipped: {reason}")):
                presets = {each.id: each for each in await library.prompts() if each.has_settings}
        hashes: set[str] = set()
        for number, conversation in enumerate(list(self._conversations)):
            self._reporter.show(number, len(self._conversations))
            with self._skipping_conversation(conversation):
                messages = await self._backend.conversations.messages(conversation.id)
                compactions = await self._backend.compactions.load(conversation.id)
                preset = presets.get(conversation.preset_id or "")
                if conversation.folder_id not in written_ids:
                    conversation = replace(conversation, folder_id=None)
                texts = await TextStore(self._backend.temporary).texts_of(conversation.id)
                writer.write_conversation(conversation, messages, compactions, preset, texts)
                parts = [part for message in messages for part in message.attachments]
                parts += conversation.draft.question_attachments
                hashes |= {part.sha256 for part in parts}
        for sha256 in sorted(hashes):
            with self._skipping_errors(N_("Attachment {id} skipped: {reason}"), id=sha256[:64]):
                attachment = await self._backend.attachments.file(sha256)
                if attachment is not None:
                    writer.write_file(attachment)
        writer.end()

    async def _write_each(self, write: _Write) -> None:
        is_folder = (
            self._options.all
            or len(self._conversations) > 1
            or await asyncio.to_thread(self._target.is_dir)
        )
        suffixes = {each.id: each.suffix for each in EXPORT_FORMATS}
        suffix = suffixes.get(self._options.format, ".html")
        if is_folder:
            await asyncio.to_thread(self._target.mkdir, mode=0o700, exist_ok=True)
        names = file_names(list(self._conversations), suffix)
        for number, conversation in enumerate(list(self._conversations)):
            self._reporter.show(number, len(self._conversations))
            file_name = next(names)
            with self._skipping_conversation(conversation):
                path = await self._path(conversation)
                target = self._target / file_name if is_folder else self._target
                with partial_file(target) as file:
                    await write(file, conversation, path)
                self.written += 1

    async def _path(self, conversation: Conversation) -> list[Message]:
        path = await self._backend.conversations.path(conversation.id)
        if self._options.last_response:
            return [message for message in path if message.role is Role.ASSISTANT][-1:]
        return path

    @contextmanager
    def _skipping_conversation(self, conversation: Conversation) -> Iterator[None]:
        """Leave out a conversation that cannot be read or laid out, and note why."""
        count = len(self.left_out)
        title = short_title(conversation.title)
        with self._skipping_errors(N_("Conversation “{title}” skipped: {reason}"), title=title):
            yield
        if len(self.left_out) > count:
            self._conversations.remove(conversation)

    @contextmanager
    def _skipping_errors(self, sentence: str, **params: str) -> Iterator[None]:
        """Suppress an error in the data; add the sentence, with the reason, to `left_out`.

        A full disk, or a file that cannot be written, ends the export.
        """
        try:
            yield
        except errors.StoreFullError:
            raise
        except (errors.UserFacingError, *BAD_VALUE) as exc:
            reason = str(exc)
            if not isinstance(exc, errors.UserFacingError) or isinstance(
                exc, errors.StoreDamagedError
            ):
                details = exc.details if isinstance(exc, errors.StoreDamagedError) else reason
                details = details[:200] or type(exc).__name__
                reason = tr("damaged data ({details})", details=details)
            self.left_out.append(tr(sentence, reason=reason, **params))


def file_names(conversations: list[Conversation], suffix: str) -> Iterator[str]:
    """Yield a unique name for each file, from the conversation's date and title.

    Names are also unique on file systems that ignore case or, like those of macOS, take composed
    and decomposed characters for the same.
    """
    counts: dict[str, int] = {}
    used_names: set[str] = set()
    for conversation in conversations:
        day = conversation.created_at.astimezone().date().isoformat()
        title = _UNSAFE_IN_NAMES.sub(" ", conversation.title).strip(" .")
        limit = len(title.encode()[:MAX_TITLE_BYTES].decode(errors="ignore"))
        title = cut(title, min(limit, 80)).rstrip()
        stem = f"{day} {title or 'Conversation'}"
        name = stem
        key = _file_system_key(stem)
        while _file_system_key(name) in used_names:
            counts[key] = counts.get(key, 1) + 1
            name = f"{stem} ({counts[key]})"
        used_names.add(_file_system_key(name))
        yield f"{name}{suffix}"


def _file_system_key(name: str) -> str:
    """Return a text that is equal for names that a file system may take for the same."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
