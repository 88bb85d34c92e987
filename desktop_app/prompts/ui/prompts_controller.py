"""The library of prompts: offered by `/`, by examples and for documents, and managed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from desktop_app.app.session import Controller, ConversationSession, Session
from desktop_app.app.tasks import Tasks, Work
from desktop_app.backend.answer_settings import with_override
from desktop_app.composer.attachments.attachment_facts import exceeds_window
from desktop_app.composer.attachments.attachments_controller import AttachmentsController
from desktop_app.composer.attachments.file_readings import ATTACHED_TEXT
from desktop_app.composer.available_models import AvailableModels
from desktop_app.composer.prompt_list import PromptList
from desktop_app.composer.prompt_text import LARGE_PASTE_CHARACTERS
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import new_id, now
from desktop_app.domain.errors import ImportRefusedError, StorageError
from desktop_app.domain.prompt import (
    CLIPBOARD,
    DATE,
    SELECTION,
    Prompt,
    fill,
    missing_names,
    task_for_each,
    today,
)
from desktop_app.domain.tools.tool import SKILL_PREFIX
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.prompts.prompt_library import (
    PromptEntry,
    PromptOrigin,
    built_in_prompts,
    copy_of,
    merge_prompts,
    next_position,
    translate_names,
)
from desktop_app.prompts.services import prompts
from desktop_app.widgets.file_dialogs import save_text
from desktop_app.widgets.forms.schema_form import EditRequest

if TYPE_CHECKING:
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
        writer: the queue of changes of prompts.
        entries: all prompts with their origin, and the titles that are shown.
        page: the page that manages prompts; None before its first use.
        apply_settings: applies the settings of a prompt to a conversation.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._prompt_store = session.backend.of(prompts)
        self.writer = PromptWriter(session.tasks, self._show_failure)
        self.entries: tuple[PromptEntry, ...] = ()
        self.apply_settings: Callable[[ConversationSession, Prompt], object] = lambda *_: None
        self._built_in: dict[str, Prompt] = {}
        self._stored_prompts: dict[str, Prompt] = {}
        self._hidden_ids: set[str] = set()
        self._list = session.of(PromptList)
        self._example_question = ""  # the example that was inserted last
        self.page: PromptLibraryPage | None = None
        self.configure_completer(session.main, self._fill_in)
        self._current.opened.connect(self._prompt.completer.close)
        for signal in (session.values.changed, session.providers.changed):
            signal.connect(lambda *_: self._show_on_page())

    async def load(self) -> None:
        """Load the prompts from the program's files and the store."""
        built_in = await asyncio.to_thread(built_in_prompts)
        self._built_in = {prompt.id: prompt for prompt in built_in}
        self._hidden_ids = await self._prompt_store.hidden_ids()
        self._stored_prompts = {p.id: p for p in await self._prompt_store.prompts()}
        self._show_prompts()

    async def refresh(self) -> None:
        """Show what another process has changed, such as one that synchronizes."""
        former = dict(self._stored_prompts)
        stored = {prompt.id: prompt for prompt in await self._prompt_store.prompts()}
        is_written = former == self._stored_prompts and not self.writer.has_unwritten
        if stored != former and is_written:
            self._stored_prompts = stored
            self._show_prompts()

    def _show_prompts(self) -> None:
        built_in = self._built_in
        merged = merge_prompts(built_in.values(), self._stored_prompts.values(), self._hidden_ids)
        self.entries = tuple(
            translate_names(entry, built_in[entry.prompt.id])
            if entry.prompt.id in built_in
            else entry
            for entry in merged
        )
        self._list.set_library(entry.prompt for entry in self.entries)
        self._show_on_page()

    def _show_on_page(self) -> None:
        if self.page is not None:
            models = self._session.of(AvailableModels).models
            self.page.set_entries(self.entries, self._session.values.all, models)

    # -------------------------------------------------------------- offering

    def configure_completer(
        self, view: ConversationSession, fill_in: Callable[[frozenset[str]], Mapping[str, str]]
    ) -> None:
        """Offer the library in the completer of a prompt; see `PromptCompleter.configure`."""
        completer = view.prompt.completer
        completer.configure(fill_in, partial(self._finish, view))

        def set_prompts() -> None:
            words = self._session.typed_commands
            commands = [Prompt("", word.removeprefix("/"), f"{word} ") for word in words]
            offered = {prompt.id: prompt for prompt in self._list.offered_prompts}
            library = (offered | self._list.presets).values()
            completer.set_prompts((*library, *self._list.skills, *commands))

        set_prompts()
        completer.opened.connect(self._tasks.slot(self._list_skills))
        self._list.changed.connect(set_prompts)

    async def _list_skills(self) -> None:
        """Offer the skills that can be read now, by their names and descriptions."""
        tools = await self._session.backend.tools.list_tools()
        self._list.set_skills(
            Prompt(
                id=tool.definition.full_name,
                title=tool.definition.full_name.removeprefix(SKILL_PREFIX),
                folder="SKILL.md",  # the name of the format
                overrides=Overrides(instructions=tool.definition.description),
            )
            for tool in tools
            if tool.is_available and tool.definition.full_name.startswith(SKILL_PREFIX)
        )

    @staticmethod
    def _switch_on(view: ConversationSession, skill: Prompt) -> None:
        """Let the model of a conversation read a skill; offer Undo."""
        former, tools = view.current.conversation, view.setup.chosen_tools
        if skill.id in tools:
            return
        value = "\n".join((*tools, skill.id))
        view.setup.override(
            former.id, lambda overrides: with_override(overrides, "answer.tools", value)
        )
        message = tr("“{name}” applied", name=skill.title)
        restore = partial(
            view.setup.change_settings, former.id, lambda now: now.with_settings_of(former)
        )
        view.notices.notify_undo(message, restore)

    def begin_example(self, key: str) -> None:
        """Insert an example of the empty conversation before the typed text, with its defaults.

        If there is no such prompt, let the user choose files.
        """
        if not self._list.library:  # the prompts are still being loaded
            begin_again = partial(self.begin_example, key)
            self._list.changed.connect(begin_again, Qt.ConnectionType.SingleShotConnection)
            return
        template = self._list.find(key)
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

    def use(self, prompt_id: str) -> None:
        """Insert a prompt into the message, or apply one that has only settings."""
        self._window.pane.close_page()  # which saves what is being edited
        prompt = self._list.find(prompt_id)
        self._prompt.focus_text()
        if prompt is not None and prompt.is_text:
            self._prompt.completer.insert_prompt(prompt)
        elif prompt is not None:
            self.apply_settings(self._session.main, prompt)

    def ask(self, prompt_id: str) -> None:
        """Ask a suggested prompt; if it needs input, insert it instead."""
        template = next(p for p in self._list.offered_prompts if p.id == prompt_id)
        if missing_names(template.text, {}):
            self._prompt.completer.insert_prompt(template)
        else:
            text = fill(template.text, {DATE: today()}).text.strip()
            # The text stays in the prompt until it is sent. If it is refused, for example because
            # the document is too large, the user can decide what to do.
            text = self._finish(self._session.main, template, text)
            if exceeds_window(self._draft.value.attachments, self._setup.resolved):
                self._draft.read_in_parts()
            self._prompt.prepend(text, template.id)
            self._prompt.submit()

    def _finish(self, view: ConversationSession, template: Prompt, text: str) -> str:
        """Apply a template's settings, and return its text, extended for several documents."""
        if template.id.startswith(SKILL_PREFIX):
            self._switch_on(view, template)
        elif template.has_settings:
            self.apply_settings(view, template)
        return task_for_each(text, template.requirements, view.draft.value.attachments)

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

    def manage(self) -> None:
        """Show the library."""
        if self.page is None:
            # Imported here, because the start does not need it.
            from desktop_app.prompts.ui.applied_prompt import AppliedPrompt
            from desktop_app.prompts.ui.prompts_dialog import PromptLibraryPage

            self.page = PromptLibraryPage(self._window, self, self._session.of(AppliedPrompt))
            self._show_on_page()
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
        self._session.edit_value(request)

    def prompt(self, prompt_id: str) -> Prompt | None:
        """Return a prompt as it is stored; a built-in one in English."""
        return self._stored_prompts.get(prompt_id) or self._built_in.get(prompt_id)

    def change(self, prompt_id: str, **changes: Any) -> None:
        """Change fields of a prompt, if it exists.

        A prompt whose model, effort or settings are set has settings; one with a text has none
        after the last of them is removed.
        """
        former = self.prompt(prompt_id)
        if former is None:
            return
        if former.id not in self._stored_prompts and prompt_id in self._hidden_ids:
            former = replace(former, hidden=True)
        prompt = replace(former, **changes)
        is_set = bool(prompt.model or prompt.variant or prompt.effort or prompt.overrides)
        if is_set and prompt.overrides is None:
            prompt = replace(prompt, overrides=Overrides())
        elif not is_set and prompt.text.strip():
            prompt = replace(prompt, overrides=None)
        self.save(prompt)

    def change_settings(self, prompt_id: str, change: Callable[[Overrides], Overrides]) -> None:
        """Change the settings of a prompt, if it exists."""
        prompt = self.prompt(prompt_id)
        if prompt is not None:
            self.change(prompt_id, overrides=change(prompt.overrides or Overrides()))

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
        self.add(Prompt(id=new_id(), title=tr("New prompt"), folder=folder))

    def duplicate(self, prompt_id: str) -> None:
        """Copy a prompt, and edit the copy's title."""
        prompt = self._list.find(prompt_id)
        if prompt is not None:
            self.add(copy_of(prompt, new_id()))

    def add(self, prompt: Prompt) -> None:
        """Add a prompt after all others of its folder, and edit its title."""
        position = next_position(self._list.library, prompt.folder)
        self.save(replace(prompt, position=position, created_at=now()))
        if self.page is not None:
            self.page.edit(prompt.id)

    def delete(self, prompt_id: str) -> None:
        """Delete a prompt of the user; offer Undo."""
        self._remove(prompt_id, N_("“{name}” deleted"))

    def reset(self, prompt_id: str) -> None:
        """Return to the built-in version of a prompt; offer Undo."""
        self._remove(prompt_id, N_("“{name}” reset to default"))

    def _remove(self, prompt_id: str, message: str) -> None:
        removed_prompt = self._stored_prompts.pop(prompt_id)
        self._show_prompts()
        self.writer.start(partial(self._prompt_store.remove, prompt_id))

        def undo() -> None:
            self.save(removed_prompt)
            if self.page is not None:
                self.page.select(removed_prompt.id)

        self.report(tr(message, name=removed_prompt.title), undo)

    # -------------------------------------------------------------- files

    def import_file(self, path: Path) -> None:
        """Add the prompts of a file."""
        self._tasks.start(self._import(path))

    async def _import(self, path: Path) -> None:
        from desktop_app.prompts.prompts_json import new_prompts, read_file

        await self.writer.write_again()  # `load` would lose what is not stored yet
        try:
            file_prompts = await asyncio.to_thread(read_file, path)
            # Not the built-in prompts that are only hidden or moved: the file may change these.
            own = [
                self._stored_prompts[entry.prompt.id]
                for entry in self.entries
                if entry.origin is not PromptOrigin.BUILT_IN
            ]
            own_ids = {prompt.id for prompt in own}
            built_in = [p for p in self._built_in.values() if p.id not in own_ids]
            added = list(new_prompts(file_prompts, own, built_in, new_id))
            await self._prompt_store.save(added)
        except (ImportRefusedError, StorageError) as error:
            self.report(error.sentences, is_error=True)
            return
        await self.load()
        added_ids = {prompt.id for prompt in added}
        replaced_titles = [
            entry.prompt.title
            for entry in self.entries
            if entry.origin is PromptOrigin.EDITED and entry.prompt.id in added_ids
        ]
        items = _count_text(len(added))
        if not added:
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
        """Write the user's own prompts to a file."""
        self._tasks.start(self._export(path))

    async def _export(self, path: Path) -> None:
        from desktop_app.prompts.prompts_json import to_json_text

        # Also those that are only hidden or moved, in the order of the list.
        ids = (entry.prompt.id for entry in self.entries)
        own = [self._stored_prompts[id_] for id_ in ids if id_ in self._stored_prompts]
        error = await asyncio.to_thread(save_text, path, to_json_text(own))
        if own:
            items = _count_text(len(own))
            message = tr("Exported {items} to {name}", items=items, name=path.name)
        else:
            message = tr("No prompts of your own to export")
        self.report(error or message, is_error=bool(error))


def _count_text(count: int) -> str:
    return tr_plural("{count} prompt", "{count} prompts", count)
