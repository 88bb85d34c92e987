"""The library of prompts: offered by `/`, by examples and for documents, and managed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from desktop_app.app.session import Controller, Session
from desktop_app.app.tasks import Tasks, Work
from desktop_app.backend.prompt_loader import built_in_prompts, today
from desktop_app.composer.attachments.attachment_facts import exceeds_window
from desktop_app.composer.attachments.attachments_controller import AttachmentsController
from desktop_app.composer.attachments.file_readings import ATTACHED_TEXT
from desktop_app.composer.prompt_list import PromptList
from desktop_app.composer.prompt_text import LARGE_PASTE_CHARACTERS
from desktop_app.domain.conversations.conversation import new_id, now
from desktop_app.domain.errors import ImportRefusedError, StorageError
from desktop_app.domain.prompt import CLIPBOARD, DATE, SELECTION, Prompt, fill, missing_names
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.prompts.prompt_library import PromptOrigin, copy_of, next_position, task_for_each
from desktop_app.tools.ui.tools_controller import ToolsController
from desktop_app.widgets.file_dialogs import save_text
from desktop_app.widgets.forms.schema_form import EditRequest

if TYPE_CHECKING:
    from desktop_app.composer.completion import PromptCompleter
    from desktop_app.prompts.ui.presets_controller import PresetsController
    from desktop_app.prompts.ui.prompts_dialog import PromptLibraryPage


class PromptWriter:
    """The queue of changes that the window shows already.

    A change that the store refuses, as on a full disk, stays in the queue until the next change.

    Args:
        show_failure: shows why the store refuses the changes; "" if it no longer does.
    """

    def __init__(self, tasks: Tasks, show_failure: Callable[[str], None]) -> None:
        self._tasks = tasks
        self._show_failure = show_failure
        self._lock = asyncio.Lock()
        self._queue: list[Callable[[], Work]] = []
        self._failure = ""

    @property
    def has_unwritten(self) -> bool:
        """Return True if a change is not stored yet."""
        return bool(self._queue)

    def start(self, write: Callable[[], Work]) -> None:
        """Write a change after the previous ones."""
        self._queue.append(write)
        self._tasks.start(self._write_all())

    async def write_again(self) -> None:
        """Write what is not stored yet."""
        with suppress(StorageError):  # it has been reported
            await self._write_all()

    async def _write_all(self) -> None:
        async with self._lock:
            try:
                while self._queue:
                    await self._queue[0]()
                    del self._queue[0]
            except StorageError as error:
                self._set_failure(error.sentences)
                raise
        self._set_failure("")

    def _set_failure(self, reason: str) -> None:
        if reason or self._failure:
            self._failure = reason
            self._show_failure(reason)


class PromptsController(Controller):
    """Connection of the stored and built-in prompts with the fields that offer them.

    A prompt of the library is called `template` beside the prompt that it is inserted into.

    Attributes:
        writer: the queue of changes of prompts and presets.
        page: the page that manages prompts and presets; None before its first use.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._prompt_store = session.backend.prompts
        self.writer = PromptWriter(session.tasks, self._show_failure)
        self._built_in: tuple[Prompt, ...] = ()
        self._stored_prompts: dict[str, Prompt] = {}
        self._list = session.of(PromptList)
        self._example_question = ""  # the example that was inserted last
        self.page: PromptLibraryPage | None = None
        completer = self._prompt.completer
        self.configure_completer(completer, self._fill_in, self._for_each_document)
        self._current.opened.connect(completer.close)

    async def load(self) -> None:
        """Load the prompts from the program's files and the store."""
        self._built_in = await asyncio.to_thread(built_in_prompts)
        stored_prompts = await self._prompt_store.prompts()
        self._stored_prompts = {prompt.id: prompt for prompt in stored_prompts}
        self._show_prompts()

    def _show_prompts(self) -> None:
        self._list.replace_all(self._built_in, self._stored_prompts.values())
        if self.page is not None:
            self.page.prompts.set_entries(self._list.entries)

    @property
    def _presets(self) -> PresetsController:
        from desktop_app.prompts.ui.presets_controller import PresetsController

        return self._session.of(PresetsController)

    # -------------------------------------------------------------- offering

    def configure_completer(
        self,
        completer: PromptCompleter,
        fill_in: Callable[[frozenset[str]], Mapping[str, str]],
        finish: Callable[[Prompt, str], str] = lambda _prompt, text: text,
    ) -> None:
        """Offer the library in a prompt's completer; see `PromptCompleter.configure`."""
        completer.configure(fill_in, finish)

        def set_prompts() -> None:
            words = self._session.typed_commands
            commands = [Prompt("", word.removeprefix("/"), f"{word} ") for word in words]
            completer.set_prompts((*self._list.offered_prompts, *commands))

        set_prompts()
        self._list.changed.connect(set_prompts)

    def begin_example(self, key: str) -> None:
        """Insert an example of the empty conversation before the typed text, with its defaults.

        If there is no such prompt, let the user choose files.
        """
        if not self._list.entries:  # the prompts are still being loaded
            begin_again = partial(self.begin_example, key)
            self._list.changed.connect(begin_again, Qt.ConnectionType.SingleShotConnection)
            return
        template = next((e.prompt for e in self._list.entries if e.prompt.id == key), None)
        if template is None:
            self._prompt.choose_files()
            return
        if self._prompt.field.template_id != template.id:
            self._prompt.prepend(fill(template.text, {}).text, template.id)
        self._prompt.focus_text()

    def begin_question(self, question: str) -> None:
        """Insert an example of a question, in place of another example, before other text."""
        field = self._prompt.field
        if field.toPlainText() == self._example_question:
            cursor = field.textCursor()
            cursor.select(cursor.SelectionType.Document)
            cursor.removeSelectedText()
        is_empty = not field.toPlainText()
        self._prompt.prepend(question if is_empty else f"{question}\n")
        self._example_question = question if is_empty else ""
        self._prompt.focus_text()

    def ask(self, prompt_id: str) -> None:
        """Ask a suggested prompt; if it needs input, insert it instead."""
        template = next(p for p in self._list.offered_prompts if p.id == prompt_id)
        if missing_names(template.text, {}):
            self._prompt.completer.insert_prompt(template)
        else:
            text = fill(template.text, {DATE: today()}).text.strip()
            # The text stays in the prompt until it is sent. If it is refused, for example because
            # the document is too large, the user can decide what to do.
            text = self._for_each_document(template, text)
            if exceeds_window(self._draft.value.attachments, self._setup.resolved):
                self._draft.read_in_parts()
            self._prompt.prepend(text, template.id)
            self._prompt.submit()

    def _for_each_document(self, template: Prompt, text: str) -> str:
        """Return a template's text; a task about one document is extended to several."""
        return task_for_each(text, template.requirements, self._draft.value.attachments)

    def _fill_in(self, names: frozenset[str]) -> dict[str, str]:
        """Return the values that the program fills in: selection, clipboard and date.

        Attach a text that is too long for the prompt, and return words that refer to it.
        """
        values = {DATE: today()}
        if SELECTION in names:
            values[SELECTION] = ""
            transcript = self._transcript
            if not transcript.selection.is_empty:
                values[SELECTION] = transcript.createMimeDataFromSelection().text()
        if CLIPBOARD in names:
            values[CLIPBOARD] = QGuiApplication.clipboard().text()
        for name, text in values.items():
            if len(text) > LARGE_PASTE_CHARACTERS:
                values[name] = ATTACHED_TEXT
                self._session.of(AttachmentsController).attach_text(text)
        return values

    # -------------------------------------------------------------- managing

    def manage(self, name: str = "prompts") -> None:
        """Show the library at "prompts" or "presets"."""
        if self.page is None:
            # Imported here, because the start does not need it.
            from desktop_app.prompts.ui.prompts_dialog import PromptLibraryPage

            presets = self._presets
            self.page = PromptLibraryPage(self._window, self, presets)
            self._show_prompts()
            presets.show_on_page()
        self.page.show_kind(name)
        self._window.show_page(self.page)

    def report(
        self, message: str, undo: Callable[[], object] | None = None, *, is_error: bool = False
    ) -> None:
        """Show a message on the page, if it exists; with Undo, on a card that outlives the page."""
        if undo is not None:
            self._notifications.notify_undo(message, undo)
        elif self.page is not None:
            self.page.status.show_message(message, is_error=is_error)

    def edit(self, request: EditRequest) -> None:
        """Change a value in a window of its own."""
        self._session.of(ToolsController).edit(request)

    def change(self, prompt_id: str, changes: Mapping[str, Any]) -> None:
        """Change fields of a prompt. A built-in prompt's other fields are stored in English."""
        prompt = {**{p.id: p for p in self._built_in}, **self._stored_prompts}[prompt_id]
        self.save(replace(prompt, **changes))

    def save(self, prompt: Prompt) -> None:
        """Save a new or changed prompt."""
        self._stored_prompts[prompt.id] = prompt
        self._show_prompts()
        self.writer.start(partial(self._prompt_store.save, [prompt]))

    def _show_failure(self, reason: str) -> None:
        """Show why a change was not stored."""
        if self.page is not None and self.page.isVisible():
            self.report(reason, is_error=True)

    def begin_new(self, folder: str) -> None:
        """Create a prompt in a folder, "" for none, and edit its title."""
        self._add(Prompt(id=new_id(), title=tr("New prompt"), text="", folder=folder))

    def duplicate(self, prompt_id: str) -> None:
        """Copy a prompt, and edit the copy's title."""
        prompts = (entry.prompt for entry in self._list.entries)
        self._add(copy_of(next(p for p in prompts if p.id == prompt_id), new_id()))

    def _add(self, prompt: Prompt) -> None:
        """Add a prompt after all others of its folder."""
        position = next_position((entry.prompt for entry in self._list.entries), prompt.folder)
        self.save(replace(prompt, position=position, created_at=now()))
        if self.page is not None:
            self.page.prompts.edit(prompt.id)

    def delete(self, prompt_id: str) -> None:
        """Delete a prompt of the user; offer Undo."""
        self._remove(prompt_id, N_("“{name}” deleted"))

    def reset(self, prompt_id: str) -> None:
        """Return to the built-in version of a prompt; offer Undo."""
        self._remove(prompt_id, N_("“{name}” reset to default"))

    def _remove(self, prompt_id: str, message: str) -> None:
        removed_prompt = self._stored_prompts.pop(prompt_id)
        self._show_prompts()
        self.writer.start(partial(self._prompt_store.remove_prompt, prompt_id))

        def undo() -> None:
            self.save(removed_prompt)
            if self.page is not None:
                self.page.prompts.select(removed_prompt.id)

        self.report(tr(message, name=removed_prompt.title), undo)

    # -------------------------------------------------------------- files

    def import_file(self, path: Path) -> None:
        """Add the prompts and presets of a file."""
        self._tasks.start(self._import(path))

    async def _import(self, path: Path) -> None:
        from desktop_app.prompts.prompts_json import PromptCollection, new_items, read_file

        store = self._prompt_store
        await self.writer.write_again()  # `load` would lose what is not stored yet
        try:
            file_items = await asyncio.to_thread(read_file, path)
            # Not the built-in prompts that are only hidden or moved: the file may change these.
            own_prompts = tuple(
                self._stored_prompts[entry.prompt.id]
                for entry in self._list.entries
                if entry.origin is not PromptOrigin.BUILT_IN
            )
            # Built-in prompts that the user has not changed: equal ones in the file are not new.
            own_ids = {prompt.id for prompt in own_prompts}
            unchanged_prompts = [p for p in self._built_in if p.id not in own_ids]
            file_items = replace(
                file_items, prompts=_remove_unchanged(file_items.prompts, unchanged_prompts)
            )
            added_items = new_items(
                file_items, PromptCollection(own_prompts, tuple(await store.presets())), new_id
            )
            await store.save(added_items.prompts, added_items.presets)
        except (ImportRefusedError, StorageError) as error:
            self.report(error.sentences, is_error=True)
            return
        await self.load()
        await self._presets.load()
        added_ids = {prompt.id for prompt in added_items.prompts}
        replaced_titles = [
            entry.prompt.title
            for entry in self._list.entries
            if entry.origin is PromptOrigin.EDITED and entry.prompt.id in added_ids
        ]
        items = _count_text(len(added_items.prompts), len(added_items.presets))
        if not items:
            message = tr("Nothing new to import")
        elif not replaced_titles:
            message = tr("Imported {items}", items=items)
        else:
            message = tr(
                "Imported {items}. Replaced built-in prompts: {names}. "
                "“Reset to default” restores them.",
                items=items,
                names=joined(replaced_titles),
            )
        self.report(message)

    def export_file(self, path: Path) -> None:
        """Write the user's own prompts and presets to a file."""
        self._tasks.start(self._export(path))

    async def _export(self, path: Path) -> None:
        from desktop_app.prompts.prompts_json import PromptCollection, to_json_text

        presets = await self._prompt_store.presets()
        # Also those that are only hidden or moved, in the order of the list.
        ids = (entry.prompt.id for entry in self._list.entries)
        own_prompts = [self._stored_prompts[id_] for id_ in ids if id_ in self._stored_prompts]
        text = to_json_text(PromptCollection(tuple(own_prompts), tuple(presets)))
        error = await asyncio.to_thread(save_text, path, text)
        if items := _count_text(len(own_prompts), len(presets)):
            message = tr("Exported {items} to {name}", items=items, name=path.name)
        else:
            message = tr("No prompts or presets of your own to export")
        self.report(error or message, is_error=bool(error))


def _remove_unchanged(prompts: Sequence[Prompt], built_in: Sequence[Prompt]) -> tuple[Prompt, ...]:
    """Return the prompts without those that equal a built-in one; hidden prompts stay."""
    built_in_fields = {(p.id, p.title, p.folder, p.text, p.form) for p in built_in}
    return tuple(
        p
        for p in prompts
        if p.hidden or (p.id, p.title, p.folder, p.text, p.form) not in built_in_fields
    )


def _count_text(prompt_count: int, preset_count: int) -> str:
    counts = []
    if prompt_count:
        counts.append(tr_plural("{count} prompt", "{count} prompts", prompt_count))
    if preset_count:
        counts.append(tr_plural("{count} preset", "{count} presets", preset_count))
    return joined(counts)
