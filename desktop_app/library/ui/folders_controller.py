"""Projects: created, renamed, deleted, filled with conversations, and their settings."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from desktop_app.app.session import Controller, Session
from desktop_app.backend.answer_settings import overridden_values, with_override, without_override
from desktop_app.domain.conversations.conversation import Folder, ModelChoice, new_id, now
from desktop_app.domain.errors import StorageError
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.i18n.translation import N_, paragraph, tr, tr_plural
from desktop_app.library.list_filter import LIST, ListFilter
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.settings.schema import INSTRUCTIONS, label_of
from desktop_app.settings.setting import SettingValue
from desktop_app.shortcuts.command_search import PaletteEntry

if TYPE_CHECKING:
    from desktop_app.app.window.command_palette import CommandPalette
    from desktop_app.collections.collection_service import Collections
    from desktop_app.memory.memory import Memory

NEW_NAME = N_("New project")


class FoldersController(Controller):
    """Connection of the conversation list's folders with the store."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._conversation_list = session.of(ConversationList)
        self._folders = session.folders
        self._flag_store = session.backend.flags
        self._folder_store = session.backend.conversation_folders
        self._presenter = session.of(ListPresenter)
        self._conversation_list.model.folder_renamed.connect(self.rename)
        self._undo: Callable[[], object] | None = None  # of the last deletion
        self._deleted_files = ""  # the collection of its project
        session.end_steps.append(self._end_undo)

    # -------------------------------------------------------------- folders

    def add(self) -> Folder:
        """Add a project with a new name, and return it."""
        taken_names = {folder.name for folder in self._folders.by_id.values()}
        name = tr(NEW_NAME)
        numbers = itertools.count(2)
        while name in taken_names:
            name = tr("New project {number}", number=next(numbers))
        folder = Folder(new_id(), name, now())
        self._presenter.writes.start(self._folders.save(folder))
        return folder

    def create(self, conversation_ids: Sequence[str] = ()) -> None:
        """Create a project with these conversations in it, and let the user edit its name."""
        folder = self.add()
        if conversation_ids:
            self.move(conversation_ids, folder.id)

        async def edit_name() -> None:
            if self._presenter.list_filter != LIST:
                await self._presenter.apply_filter(LIST)
            self._window.outer_panes.show_list()
            self._conversation_list.view.rename(folder.id)

        self._tasks.start(edit_name())

    def rename(self, folder_id: str, name: str) -> None:
        folder = self._folders.by_id.get(folder_id)
        if folder is not None:
            self._presenter.writes.start(self._folders.save(replace(folder, name=name)))

    def delete(self, folder_id: str) -> None:
        """Delete a project; its conversations stay in the list."""
        folder = self._folders.by_id.get(folder_id)
        if folder is not None:
            # Removed at once, because Delete may be pressed twice.
            self._folders.replace_all([f for f in self._folders.by_id.values() if f is not folder])
            self._presenter.writes.start(self._delete(folder))

    async def _delete(self, folder: Folder) -> None:
        """Delete a project from the store, and show its conversations without it."""
        try:
            ids = await self._flag_store.ids_in_folder(folder.id)
            memory: Memory | None = self._session.backend.part("notes")
            all_notes = () if memory is None else await memory.all()
            notes = [note for note in all_notes if note.folder_id == folder.id]
            await self._folder_store.delete(folder.id)
        except StorageError:
            self._folders.replace_all([*self._folders.by_id.values(), folder])
            raise
        self._folders.changed.emit()  # now its notes are deleted, too
        self._presenter.change(ids, folder_id=None)
        is_shown = self._presenter.list_filter == ListFilter.for_folder(folder.id)
        self._tasks.start(
            self._presenter.apply_filter(LIST) if is_shown else self._presenter.refresh()
        )

        async def restore() -> None:
            await self._folder_store.save(folder)
            await self._flag_store.move(ids, folder.id)
            if memory is not None:
                await memory.put(notes)
            self._folders.replace_all([*self._folders.by_id.values(), folder])
            self._presenter.change(ids, folder_id=folder.id)

        def undo() -> None:
            self._presenter.writes.start(restore())

        message = tr("Project “{name}” deleted. Its conversations are kept.", name=folder.name)
        if folder.collection_id:
            message = paragraph(message, tr("The files weren’t changed."))
        if notes:
            message = paragraph(message, tr("What was remembered in it is deleted."))
        self._undo, self._deleted_files = undo, folder.collection_id
        self._notifications.notify_undo(message, undo)

    def _end_undo(self) -> None:
        self._undo = None

    async def erase_deleted(self) -> None:
        """Remove the index of the files of deleted projects, unless Undo may need it."""
        can_undo = self._undo is not None and self._notifications.last_undo == self._undo
        kept_id = self._deleted_files if can_undo else ""
        if await self._folder_store.has_files_without_project(kept_id):
            collections: Collections | None = self._session.backend.part("collections")
            if collections is not None:
                await collections.delete_without_project(kept_id)

    # -------------------------------------------------------------- moving conversations

    def move(self, conversation_ids: Sequence[str], folder_id: str) -> None:
        """Move conversations into a folder, or out of any if `folder_id` is ""; offer Undo."""
        conversations = [
            c for id_ in conversation_ids if (c := self._presenter.cache.get(id_)) is not None
        ]
        target = folder_id or None
        moved_conversations = [c for c in conversations if c.folder_id != target]
        if not moved_conversations:
            return
        former_folder_ids = {c.id: c.folder_id for c in moved_conversations}
        self._move_each({c.id: target for c in moved_conversations})
        self._conversation_list.view.select_open_row()
        folder = self._folders.by_id.get(folder_id)
        count = len(moved_conversations)
        title = moved_conversations[0].title
        if folder is None:
            message = tr_plural(
                "“{title}” removed from its project",
                "{count} conversations removed from their projects",
                count,
                title=title,
            )
        else:
            message = tr_plural(
                "“{title}” moved to “{folder}”",
                "{count} conversations moved to “{folder}”",
                count,
                title=title,
                folder=folder.name,
            )
        self._notifications.notify_undo(message, lambda: self._move_each(former_folder_ids))

    def _move_each(self, folder_by_conversation: dict[str, str | None]) -> None:
        for target in set(folder_by_conversation.values()):
            ids = [id_ for id_, folder_id in folder_by_conversation.items() if folder_id == target]
            self._presenter.change(ids, folder_id=target)
            self._presenter.writes.start(self._flag_store.move(ids, target))

    def choose_target_folder(self) -> None:
        """Let the user choose a folder for the marked conversations, else for the open one."""
        ids = [
            id_
            for id_ in self._conversation_list.view.affected_ids
            if self._presenter.cache.get(id_)
        ]
        if not ids:
            self._notifications.notify(tr("This conversation is empty."))
            return
        folders = sorted(self._folders.by_id.values(), key=lambda f: f.name.casefold())
        self._picker.open_with(
            [
                *(PaletteEntry(f.id, f.name, run=partial(self.move, ids, f.id)) for f in folders),
                PaletteEntry("none", tr("No project"), run=partial(self.move, ids, "")),
                PaletteEntry("new", tr(NEW_NAME), run=partial(self.create, ids)),
            ]
        )

    @cached_property
    def _picker(self) -> CommandPalette:
        from desktop_app.app.window.command_palette import CommandPalette

        label, nothing = tr("Move to project"), tr("No matching projects")
        return CommandPalette(self._window, "folder-picker", label, nothing)


class FolderSettingsController(Controller):
    """Connection of a folder's page of settings with the folders."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._presenter = session.of(ListPresenter)
        self._panel = session.window.settings
        self._folders = session.folders
        self._requested_id = ""  # the folder to show; "" for the open conversation's
        self._folders.changed.connect(self._show_values)
        self._current.opened.connect(self._show_open)
        self._setup.choice_changed.connect(self._show_values)

    def show(self, folder_id: str) -> None:
        """Show a project's own values of the settings of answers."""
        self._requested_id = folder_id
        self._show_values()
        self._panel.request_show()
        self._panel.show_folder()

    def _show_open(self) -> None:
        self._requested_id = ""
        self._show_values()

    def _show_values(self) -> None:
        opened_id = self._current.conversation.folder_id or ""
        folder = self._folders.by_id.get(self._requested_id or opened_id)

        def show_on(page: Any) -> None:
            if folder is None:
                page.set_folder("", "", {})
            else:
                page.set_folder(folder.id, folder.name, values_of(folder))

        self._panel.pages.by_name["answer"].set_content("folder", show_on)

    def _change(self, folder_id: str, change: Callable[[Folder], Folder]) -> None:
        folder = self._folders.by_id.get(folder_id)
        if folder is not None:
            self._presenter.writes.start(self._folders.save(change(folder)))

    def set_value(self, folder_id: str, key: str, value: Any) -> None:
        self._change(folder_id, lambda folder: with_value(folder, key, value))

    def set_instructions(self, folder_id: str, text: str) -> None:
        """Set a project's own instructions; without words it has none of its own."""
        if text.strip():
            self.set_value(folder_id, INSTRUCTIONS, text)
        else:
            self._change(folder_id, lambda folder: without_value(folder, INSTRUCTIONS))

    def remove_value(self, folder_id: str, key: str) -> None:
        """Reset a setting of a folder to the default; offer Undo."""
        folder = self._folders.by_id.get(folder_id)
        if folder is None:
            return
        removed_value = values_of(folder).get(key)
        self._presenter.writes.start(self._folders.save(without_value(folder, key)))
        self._notifications.notify_undo(
            tr("“{name}” reset to default", name=tr(label_of(key))),
            lambda: self._change(
                folder_id,
                # Unless the setting was set again since.
                lambda f: f if key in values_of(f) else with_value(f, key, removed_value),
            ),
        )


VARIANT = "default.variant"
EFFORT = "default.effort"
_DEFAULT_PROVIDER = ""


def values_of(folder: Folder) -> dict[str, SettingValue]:
    values = overridden_values(folder.overrides)
    if folder.choice is not None and folder.choice.variant is not None:
        values[VARIANT] = folder.choice.variant.value
    if folder.choice is not None and folder.choice.effort is not None:
        values[EFFORT] = folder.choice.effort.value
    return values


def with_value(folder: Folder, key: str, value: SettingValue) -> Folder:
    """Return the folder with this setting set to a valid value."""
    choice = folder.choice or ModelChoice(_DEFAULT_PROVIDER, "")
    if key == VARIANT:
        return replace(folder, choice=replace(choice, variant=Variant(str(value)), model=""))
    if key == EFFORT:
        return replace(folder, choice=replace(choice, effort=Effort(str(value))))
    return replace(folder, overrides=with_override(folder.overrides, key, value))


def without_value(folder: Folder, key: str) -> Folder:
    if key not in (VARIANT, EFFORT):
        return replace(folder, overrides=without_override(folder.overrides, key))
    if folder.choice is None:
        return folder
    choice = folder.choice
    choice = replace(choice, variant=None) if key == VARIANT else replace(choice, effort=None)
    is_empty = choice == ModelChoice(_DEFAULT_PROVIDER, "")
    return replace(folder, choice=None if is_empty else choice)
