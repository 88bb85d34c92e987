"""The menus of the conversation list: for conversations, for a folder, for the empty area.

Labels state how many conversations an action concerns.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from desktop_app.domain.conversations.list_filter import ListFilterKind
from desktop_app.domain.export_format import EXPORT_FORMATS
from desktop_app.ui.look import icons
from desktop_app.ui.sidebar.conversation_model import Roles
from desktop_app.ui.widgets.foreign_text import menu_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtCore import QModelIndex
    from PySide6.QtGui import QIcon

    from desktop_app.domain.conversations.conversation import Conversation, Folder
    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.sidebar.conversation_list import ConversationList

    Entry = tuple[str, str, Callable[[], object]]


class ListMenus(QObject):
    """The menus of one conversation list.

    Signals: as those of `ConversationList`, and
        rename_requested(str): edit the name of the conversation or folder with this id.
    """

    new_requested = Signal()
    temporary_requested = Signal()
    new_in_folder_requested = Signal(str)
    export_requested = Signal(list, str)
    rename_requested = Signal(str)
    pin_requested = Signal(list, bool)
    archive_requested = Signal(list, bool)
    delete_requested = Signal(list)
    restore_requested = Signal(list)
    erase_requested = Signal(list)
    move_requested = Signal(list, str)
    folder_requested = Signal(list)
    folder_delete_requested = Signal(str)
    folder_settings_requested = Signal(str)

    def __init__(self, listing: ConversationList) -> None:
        super().__init__(listing)
        self._list = listing

    def menu_for(self, row: QModelIndex) -> QMenu:
        """Return the menu of a row of the view."""
        view, model = self._list.view, self._list.model
        folder = model.folder_at(view.source_of(row))
        if folder is not None:
            return self.folder_menu(folder)
        if not row.data(Roles.IDENTIFIER):
            return self.list_menu()
        rows = view.marked if row in view.marked else [row]
        found = [model.conversation_at(view.source_of(marked)) for marked in rows]
        return self.conversations_menu([c for c in found if c is not None])

    def conversations_menu(self, chosen: Sequence[Conversation]) -> QMenu:
        """Return the menu of conversations in the current filter."""
        menu, ids = QMenu(self._list), [conversation.id for conversation in chosen]
        several = f" {len(ids)} conversations" if len(ids) > 1 else ""
        if self._list.model.list_filter.kind is ListFilterKind.TRASH:
            _fill(
                menu,
                self._list.theme,
                ("archive-restore", f"Restore{several}", lambda: self.restore_requested.emit(ids)),
                (
                    "trash-2",
                    f"Delete{several} for good\tDel",
                    lambda: self.erase_requested.emit(ids),
                ),
            )
            return menu
        if not several:
            _fill(
                menu,
                self._list.theme,
                ("pencil", "Rename\tF2", lambda: self.rename_requested.emit(ids[0])),
            )
        entries: list[Entry] = []
        is_archived = all(conversation.archived for conversation in chosen)
        if not is_archived:
            unpin = all(conversation.pinned for conversation in chosen)
            word, icon_name = ("Unpin", "pin-off") if unpin else ("Pin", "pin")
            _fill(
                menu,
                self._list.theme,
                (icon_name, word + several, lambda: self.pin_requested.emit(ids, not unpin)),
            )
            self._add_move_targets(menu, chosen, f"Move{several} to")
            entries.append(
                ("archive", f"Archive{several}", lambda: self.archive_requested.emit(ids, True)),
            )
        else:
            words = f"Take{several} out of the archive"
            entries.append(
                ("archive-restore", words, lambda: self.archive_requested.emit(ids, False))
            )
        self._add_export(menu, ids, f"Export{several} as")
        entries.append(
            ("trash-2", f"Delete{several}\tDel", lambda: self.delete_requested.emit(ids))
        )
        _fill(menu, self._list.theme, *entries)
        return menu

    def folder_menu(self, folder: Folder) -> QMenu:
        """Return the menu of a folder."""
        menu, id_ = QMenu(self._list), folder.id
        entries: list[Entry] = [
            ("square-pen", "New conversation here", lambda: self.new_in_folder_requested.emit(id_)),
            ("settings", "Folder settings", lambda: self.folder_settings_requested.emit(id_)),
        ]
        if self._list.model.list_filter.kind is ListFilterKind.LIST:
            entries.append(("pencil", "Rename\tF2", lambda: self.rename_requested.emit(id_)))
        entries.append(
            ("trash-2", "Delete the folder\tDel", lambda: self.folder_delete_requested.emit(id_))
        )
        _fill(menu, self._list.theme, *entries)
        return menu

    def list_menu(self) -> QMenu:
        """Return the menu of the area beside the rows."""
        menu = QMenu(self._list)
        _fill(
            menu,
            self._list.theme,
            ("square-pen", "New conversation", lambda: self.new_requested.emit()),
            ("lock", "New temporary conversation", lambda: self.temporary_requested.emit()),
            ("folder-plus", "New folder", lambda: self.folder_requested.emit([])),
        )
        return menu

    def _add_export(self, menu: QMenu, ids: Sequence[str], words: str) -> None:
        submenu = menu.addMenu(_icon(self._list.theme, "file-up"), menu_text(words))
        submenu.setObjectName("export-as")
        for export_format in EXPORT_FORMATS:
            submenu.addAction(
                menu_text(export_format.label),
                partial(self.export_requested.emit, list(ids), export_format.id),
            )

    def _add_move_targets(self, menu: QMenu, chosen: Sequence[Conversation], words: str) -> None:
        """Add the folders as targets, except a folder that already contains all conversations."""
        ids = [conversation.id for conversation in chosen]
        folder_ids = {conversation.folder_id for conversation in chosen}
        submenu = menu.addMenu(_icon(self._list.theme, "folder-input"), menu_text(words))
        submenu.setObjectName("move-to")
        for folder in self._list.folders:
            entry = submenu.addAction(_icon(self._list.theme, "folder"), menu_text(folder.name))
            entry.triggered.connect(
                lambda _=False, id_=folder.id: self.move_requested.emit(ids, id_)
            )
            entry.setEnabled(folder_ids != {folder.id})
        if self._list.folders:
            submenu.addSeparator()
        if folder_ids != {None}:
            submenu.addAction(
                _icon(self._list.theme, "x"), "No folder", lambda: self.move_requested.emit(ids, "")
            )
        submenu.addAction(
            _icon(self._list.theme, "folder-plus"),
            "New folder",
            lambda: self.folder_requested.emit(ids),
        )


def _fill(menu: QMenu, theme: Theme, *entries: Entry) -> None:
    for icon_name, words, action in entries:
        label, _, keys = words.partition("\t")
        menu.addAction(_icon(theme, icon_name), menu_text(label, keys=keys), action)


def _icon(theme: Theme, name: str) -> QIcon:
    return icons.icon(name, theme.dim, theme.px(15))
