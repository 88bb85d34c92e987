"""Folders: created, renamed, configured, deleted, and filled with conversations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.app.library.folder_values import values_of, with_value, without_value
from desktop_app.commands.command_search import PaletteEntry
from desktop_app.domain.conversations.conversation import Folder, new_id, now
from desktop_app.domain.conversations.list_filter import LIST, ListFilter, ListFilterKind
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.settings.schema import setting

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.library.list_presenter import ListPresenter
    from desktop_app.app.library.navigator import Navigator
    from desktop_app.app.state.answer_setup import AnswerSetup
    from desktop_app.app.state.dependency_groups import LibraryStores
    from desktop_app.app.state.folder_list import FolderList
    from desktop_app.app.state.open_conversation import OpenConversation
    from desktop_app.ui.look.theme import ThemeWatcher
    from desktop_app.ui.settings.settings_panel import SettingsPanel
    from desktop_app.ui.sidebar.conversation_list import ConversationList
    from desktop_app.ui.window.cards.notifications import Notifications
    from desktop_app.ui.window.command_palette import CommandPalette

NEW_NAME = N_("New folder")
_NEW, _NONE = "folder.new", "folder.none"


class FoldersController(QObject):
    """Connects the list's folders, the settings panel and the store."""

    def __init__(
        self,
        parent: QWidget,
        theme: ThemeWatcher,
        navigator: Navigator,
        presenter: ListPresenter,
        *,
        notifications: Notifications,
        conversation_list: ConversationList,
        panel: SettingsPanel,
        show_settings: Callable[[bool], None],
        show_list: Callable[[], None],
        current: OpenConversation,
        folders: FolderList,
        setup: AnswerSetup,
        stores: LibraryStores,
    ) -> None:
        super().__init__(parent)
        self._parent, self._notifications = parent, notifications
        self._conversation_list = conversation_list
        self._panel, self._show_settings, self._show_list = panel, show_settings, show_list
        self._theme, self._current, self._folders = theme, current, folders
        self._setup, self._flag_store = setup, stores.flag_store
        self._folder_store = stores.folder_store
        self._navigator, self._presenter = navigator, presenter
        self._picker: CommandPalette | None = None
        self._picking_ids: list[str] = []
        self._requested_id = ""  # the folder whose settings are shown; "": the open conversation's
        self._connect()

    def _connect(self) -> None:
        shown, panel = self._conversation_list, self._panel
        shown.folder_requested.connect(self.create)
        shown.folder_renamed.connect(self._rename)
        shown.folder_delete_requested.connect(self.delete)
        shown.folder_settings_requested.connect(self.show_settings)
        shown.move_requested.connect(self.move)
        shown.new_in_folder_requested.connect(self._open_new_in)
        panel.folder_override_changed.connect(
            lambda id_, key, value: self._set(id_, lambda f: with_value(f, key, value))
        )
        panel.folder_override_removed.connect(self._remove_value)
        self._folders.changed.connect(self._show_values)
        self._current.opened.connect(self._follow_open)
        self._setup.choice_changed.connect(self._show_values)

    # -------------------------------------------------------------- folders

    def create(self, conversation_ids: Sequence[str] = ()) -> None:
        """Create a folder with these conversations in it, and edit its name."""
        taken = {folder.name for folder in self._folders.by_id.values()}
        numbers = range(2, len(taken) + 3)
        names = (tr(NEW_NAME), *(tr("New folder {number}", number=number) for number in numbers))
        name = next(name for name in names if name not in taken)
        folder = Folder(new_id(), name, now())
        self.save(folder)
        if conversation_ids:
            self.move(conversation_ids, folder.id)
        self._presenter.start(self._edit_name(folder.id))

    async def _edit_name(self, folder_id: str) -> None:
        shown = self._conversation_list
        if self._presenter.list_filter != LIST:
            await self._presenter.apply_filter(LIST)
        self._show_list()
        shown.rename(folder_id)

    def _rename(self, folder_id: str, name: str) -> None:
        self._set(folder_id, lambda folder: replace(folder, name=name))

    def delete(self, folder_id: str) -> None:
        """Delete a folder; its conversations stay in the list."""
        folder = self._folders.by_id.get(folder_id)
        if folder is not None:
            self._presenter.write(self._delete(folder))

    async def _delete(self, folder: Folder) -> None:
        ids = await self._flag_store.in_folder(folder.id)
        await self._folder_store.delete(folder.id)
        self._presenter.change(ids, folder_id=None)
        self._folders.replace_all(
            [kept for kept in self._folders.by_id.values() if kept.id != folder.id]
        )
        is_there = self._presenter.list_filter == ListFilter.of_folder(folder.id)
        self._presenter.start(
            self._presenter.apply_filter(LIST) if is_there else self._presenter.refresh()
        )
        words = tr("Folder “{name}” deleted. Its conversations are kept.", name=folder.name)
        self._notifications.notify_undo(
            words, lambda: self._presenter.write(self._restore(folder, ids))
        )

    async def _restore(self, folder: Folder, ids: list[str]) -> None:
        await self._folder_store.save(folder)
        await self._flag_store.move(ids, folder.id)
        self._folders.replace_all([*self._folders.by_id.values(), folder])
        self._presenter.change(ids, folder_id=folder.id)

    def _set(self, folder_id: str, change: Callable[[Folder], Folder]) -> None:
        folder = self._folders.by_id.get(folder_id)
        if folder is not None:
            self.save(change(folder))

    def _remove_value(self, folder_id: str, key: str) -> None:
        """Let a setting of a folder follow the defaults; offer Undo."""
        folder = self._folders.by_id.get(folder_id)
        if folder is None:
            return
        removed = values_of(folder).get(key)
        self.save(without_value(folder, key))
        self._notifications.notify_undo(
            tr("“{name}” reset to default", name=tr(setting(key).label)),
            lambda: self._set(folder_id, lambda f: with_value(f, key, removed)),
        )

    def save(self, folder: Folder) -> None:
        """Show a changed folder, and write it."""
        self._presenter.write(self._folder_store.save(folder))
        folders = {**self._folders.by_id, folder.id: folder}
        self._folders.replace_all(list(folders.values()))

    def _open_new_in(self, folder_id: str) -> None:
        self._navigator.open_new(folder_id)
        self._presenter.start(self._presenter.apply_filter(ListFilter.of_folder(folder_id)))

    # -------------------------------------------------------------- moving conversations

    def move(self, conversation_ids: Sequence[str], folder_id: str) -> None:
        """Move conversations into a folder, or out of theirs if it is ""; offer Undo."""
        cached = [c for id_ in conversation_ids if (c := self._presenter.cached(id_)) is not None]
        target = folder_id or None
        moved = [c for c in cached if c.folder_id != target]
        if not moved:
            return
        before = {c.id: c.folder_id for c in moved}
        self._move_each({c.id: target for c in moved})
        self._conversation_list.view.clear_marks()
        folder, count, title = self._folders.by_id.get(folder_id), len(moved), moved[0].title
        if folder is None:
            words = tr_plural(
                "“{title}” removed from its folder",
                "{count} conversations removed from their folders",
                count,
                title=title,
            )
        else:
            words = tr_plural(
                "“{title}” moved to “{folder}”",
                "{count} conversations moved to “{folder}”",
                count,
                title=title,
                folder=folder.name,
            )
        self._notifications.notify_undo(words, lambda: self._move_each(before))

    def _move_each(self, wanted: dict[str, str | None]) -> None:
        for target in set(wanted.values()):
            ids = [id_ for id_, folder_id in wanted.items() if folder_id == target]
            self._presenter.change(ids, folder_id=target)
            self._presenter.write(self._flag_store.move(ids, target))

    def offer_folders(self) -> None:
        """Let the user choose a folder for the marked conversations."""
        ids = [id_ for id_ in self._conversation_list.marked if self._presenter.cached(id_)]
        if not ids:
            return
        self._picking_ids = ids
        if self._picker is None:
            self._picker = self._make_picker()
        folders = sorted(self._folders.by_id.values(), key=lambda f: f.name.casefold())
        rows = [PaletteEntry(folder.id, folder.name) for folder in folders]
        rows += [PaletteEntry(_NONE, tr("No folder")), PaletteEntry(_NEW, tr(NEW_NAME))]
        self._picker.open_with(rows)

    def _make_picker(self) -> CommandPalette:
        from desktop_app.ui.window.command_palette import CommandPalette  # not needed at the start

        picker = CommandPalette(self._parent, self._theme.current)
        picker.name("folder-picker", tr("Move to folder"), tr("No matching folders"))
        self._theme.changed.connect(picker.set_theme)
        picker.chosen.connect(self._on_picked)
        return picker

    def _on_picked(self, row: str) -> None:
        if row == _NEW:
            self.create(self._picking_ids)
        else:
            self.move(self._picking_ids, "" if row == _NONE else row)

    # -------------------------------------------------------------- settings of folders

    def show_settings(self, folder_id: str = "") -> None:
        """Show a folder's settings.

        By default that is the folder in the list, else the open conversation's.
        """
        place, opened = self._presenter.list_filter, self._current.conversation
        here = place.folder_id if place.kind is ListFilterKind.FOLDER else opened.folder_id
        wanted = folder_id or here or ""
        if wanted not in self._folders.by_id:
            self._notifications.notify(tr("Open a folder to change its settings."))
            return
        self._requested_id = wanted
        self._show_values()
        self._show_settings(True)
        self._panel.show_folder()

    def _follow_open(self) -> None:
        self._requested_id = ""
        self._show_values()

    def _show_values(self) -> None:
        opened = self._current.conversation.folder_id or ""
        folder = self._folders.by_id.get(self._requested_id or opened)
        if folder is None:
            self._panel.set_folder("", "", {})
        else:
            self._panel.set_folder(folder.id, folder.name, values_of(folder))
