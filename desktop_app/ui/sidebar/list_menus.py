"""The menus of the conversation list: for conversations, for a folder, for the empty area.

Labels state how many conversations an action concerns.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.conversations.list_filter import ListFilterKind
from desktop_app.domain.export_format import EXPORT_FORMATS
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.ui.look import icons
from desktop_app.ui.look.shortcut_text import shortcut_text
from desktop_app.ui.sidebar.conversation_model import Roles
from desktop_app.ui.widgets.foreign_text import menu_text
from desktop_app.ui.widgets.program_menu import ProgramMenu

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtCore import QModelIndex
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QMenu

    from desktop_app.domain.conversations.conversation import Conversation, Folder
    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.sidebar.conversation_list import ConversationList

    # icon, label, shortcut, action
    Entry = tuple[str, str, str, Callable[[], object]]


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
        menu, ids = ProgramMenu(self._list), [conversation.id for conversation in chosen]
        count = len(ids)
        if self._list.model.list_filter.kind is ListFilterKind.TRASH:
            _fill(
                menu,
                self._list.theme,
                (
                    "archive-restore",
                    tr_plural("Restore", "Restore {count} conversations", count),
                    "",
                    lambda: self.restore_requested.emit(ids),
                ),
                (
                    "trash-2",
                    tr_plural(
                        "Delete permanently", "Delete {count} conversations permanently", count
                    ),
                    "Del",
                    lambda: self.erase_requested.emit(ids),
                ),
            )
            return menu
        if count == 1:
            _fill(
                menu,
                self._list.theme,
                ("pencil", tr("Rename"), "F2", lambda: self.rename_requested.emit(ids[0])),
            )
        entries: list[Entry] = []
        is_archived = all(conversation.archived for conversation in chosen)
        if not is_archived:
            unpin = all(conversation.pinned for conversation in chosen)
            words = (
                tr_plural("Unpin", "Unpin {count} conversations", count)
                if unpin
                else tr_plural("Pin", "Pin {count} conversations", count)
            )
            icon_name = "pin-off" if unpin else "pin"
            _fill(
                menu,
                self._list.theme,
                (icon_name, words, "", lambda: self.pin_requested.emit(ids, not unpin)),
            )
            self._add_move_targets(menu, chosen)
            words = tr_plural("Archive", "Archive {count} conversations", count)
            entries.append(("archive", words, "", lambda: self.archive_requested.emit(ids, True)))
        else:
            words = tr_plural("Unarchive", "Unarchive {count} conversations", count)
            entries.append(
                ("archive-restore", words, "", lambda: self.archive_requested.emit(ids, False))
            )
        self._add_export(menu, ids)
        words = tr_plural("Delete", "Delete {count} conversations", count)
        entries.append(("trash-2", words, "Del", lambda: self.delete_requested.emit(ids)))
        _fill(menu, self._list.theme, *entries)
        return menu

    def folder_menu(self, folder: Folder) -> QMenu:
        """Return the menu of a folder."""
        menu, id_ = ProgramMenu(self._list), folder.id
        entries: list[Entry] = [
            (
                "square-pen",
                tr("New conversation here"),
                "",
                lambda: self.new_in_folder_requested.emit(id_),
            ),
            (
                "settings",
                tr("Folder settings"),
                "",
                lambda: self.folder_settings_requested.emit(id_),
            ),
        ]
        if self._list.model.list_filter.kind is ListFilterKind.LIST:
            entries.append(("pencil", tr("Rename"), "F2", lambda: self.rename_requested.emit(id_)))
        entries.append(
            (
                "trash-2",
                tr("Delete folder"),
                "Del",
                lambda: self.folder_delete_requested.emit(id_),
            )
        )
        _fill(menu, self._list.theme, *entries)
        return menu

    def list_menu(self) -> QMenu:
        """Return the menu of the area beside the rows."""
        menu = ProgramMenu(self._list)
        _fill(
            menu,
            self._list.theme,
            ("square-pen", tr("New conversation"), "", lambda: self.new_requested.emit()),
            (
                "lock",
                tr("New temporary conversation"),
                "",
                lambda: self.temporary_requested.emit(),
            ),
            ("folder-plus", tr("New folder"), "", lambda: self.folder_requested.emit([])),
        )
        return menu

    def _add_export(self, menu: QMenu, ids: Sequence[str]) -> None:
        words = tr_plural("Export as", "Export {count} conversations as", len(ids))
        submenu = _add_submenu(menu, self._list.theme, "file-up", words)
        submenu.setObjectName("export-as")
        for export_format in EXPORT_FORMATS:
            submenu.addAction(
                menu_text(tr(export_format.label)),
                partial(self.export_requested.emit, list(ids), export_format.id),
            )

    def _add_move_targets(self, menu: QMenu, chosen: Sequence[Conversation]) -> None:
        """Add the folders as targets, except a folder that already contains all conversations."""
        ids = [conversation.id for conversation in chosen]
        folder_ids = {conversation.folder_id for conversation in chosen}
        words = tr_plural("Move to", "Move {count} conversations to", len(chosen))
        submenu = _add_submenu(menu, self._list.theme, "folder-input", words)
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
                _icon(self._list.theme, "x"),
                tr("No folder"),
                lambda: self.move_requested.emit(ids, ""),
            )
        submenu.addAction(
            _icon(self._list.theme, "folder-plus"),
            tr("New folder"),
            lambda: self.folder_requested.emit(ids),
        )


def _fill(menu: QMenu, theme: Theme, *entries: Entry) -> None:
    for icon_name, words, shortcut, action in entries:
        keys = shortcut_text(shortcut)
        menu.addAction(_icon(theme, icon_name), menu_text(words, keys=keys), action)


def _add_submenu(menu: QMenu, theme: Theme, icon_name: str, words: str) -> QMenu:
    submenu = ProgramMenu(menu_text(words), menu)
    submenu.setIcon(_icon(theme, icon_name))
    menu.addMenu(submenu)
    return submenu


def _icon(theme: Theme, name: str) -> QIcon:
    return icons.icon(name, theme.dim, theme.px(15))
