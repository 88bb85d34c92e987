"""The menus of the conversation list: for conversations, for a folder, for the empty area.

Labels state how many conversations an action concerns. Chosen actions emit the list's
signals.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

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


def menu_for(listing: ConversationList, row: QModelIndex) -> QMenu:
    """Return the menu of a row of the view."""
    view, model = listing.view, listing.model
    folder = model.folder_at(view.source_of(row))
    if folder is not None:
        return folder_menu(listing, folder)
    if not row.data(Roles.IDENTIFIER):
        return list_menu(listing)
    rows = view.marked if row in view.marked else [row]
    found = [model.conversation_at(view.source_of(marked)) for marked in rows]
    return conversations_menu(listing, [c for c in found if c is not None])


def conversations_menu(listing: ConversationList, chosen: Sequence[Conversation]) -> QMenu:
    """Return the menu of conversations in the current filter."""
    menu, ids = QMenu(listing), [conversation.id for conversation in chosen]
    several = f" {len(ids)} conversations" if len(ids) > 1 else ""
    if listing.model.list_filter.kind is ListFilterKind.TRASH:
        _fill(
            menu,
            listing.theme,
            ("archive-restore", f"Restore{several}", lambda: listing.restore_requested.emit(ids)),
            (
                "trash-2",
                f"Delete{several} for good\tDel",
                lambda: listing.erase_requested.emit(ids),
            ),
        )
        return menu
    if not several:
        _fill(menu, listing.theme, ("pencil", "Rename\tF2", lambda: listing.rename(ids[0])))
    entries: list[Entry] = []
    is_archived = all(conversation.archived for conversation in chosen)
    if not is_archived:
        unpin = all(conversation.pinned for conversation in chosen)
        word, icon_name = ("Unpin", "pin-off") if unpin else ("Pin", "pin")
        _fill(
            menu,
            listing.theme,
            (icon_name, word + several, lambda: listing.pin_requested.emit(ids, not unpin)),
        )
        _add_move_targets(menu, listing, chosen, f"Move{several} to")
        entries.append(
            ("archive", f"Archive{several}", lambda: listing.archive_requested.emit(ids, True)),
        )
    else:
        words = f"Take{several} out of the archive"
        entries.append(
            ("archive-restore", words, lambda: listing.archive_requested.emit(ids, False))
        )
    _add_export(menu, listing, ids, f"Export{several} as")
    entries.append(("trash-2", f"Delete{several}\tDel", lambda: listing.delete_requested.emit(ids)))
    _fill(menu, listing.theme, *entries)
    return menu


def folder_menu(listing: ConversationList, folder: Folder) -> QMenu:
    """Return the menu of a folder."""
    menu, id_ = QMenu(listing), folder.id
    entries: list[Entry] = [
        ("square-pen", "New conversation here", lambda: listing.new_in_folder_requested.emit(id_)),
        ("settings", "Folder settings", lambda: listing.folder_settings_requested.emit(id_)),
    ]
    if listing.model.list_filter.kind is ListFilterKind.LIST:
        entries.append(("pencil", "Rename\tF2", lambda: listing.rename(id_)))
    entries.append(
        ("trash-2", "Delete the folder\tDel", lambda: listing.folder_delete_requested.emit(id_))
    )
    _fill(menu, listing.theme, *entries)
    return menu


def list_menu(listing: ConversationList) -> QMenu:
    """Return the menu of the area beside the rows."""
    menu = QMenu(listing)
    _fill(
        menu,
        listing.theme,
        ("square-pen", "New conversation", lambda: listing.new_requested.emit()),
        ("lock", "New private conversation", lambda: listing.temporary_requested.emit()),
        ("folder-plus", "New folder", lambda: listing.folder_requested.emit([])),
    )
    return menu


def _add_export(menu: QMenu, listing: ConversationList, ids: Sequence[str], words: str) -> None:
    submenu = menu.addMenu(_icon(listing.theme, "file-up"), menu_text(words))
    submenu.setObjectName("export-as")
    for export_format in EXPORT_FORMATS:
        submenu.addAction(
            menu_text(export_format.label),
            partial(listing.export_requested.emit, list(ids), export_format.id),
        )


def _add_move_targets(
    menu: QMenu, listing: ConversationList, chosen: Sequence[Conversation], words: str
) -> None:
    """Add the folders as targets, except a folder that already contains all conversations."""
    ids = [conversation.id for conversation in chosen]
    folder_ids = {conversation.folder_id for conversation in chosen}
    submenu = menu.addMenu(_icon(listing.theme, "folder-input"), menu_text(words))
    submenu.setObjectName("move-to")
    for folder in listing.folders:
        entry = submenu.addAction(_icon(listing.theme, "folder"), menu_text(folder.name))
        entry.triggered.connect(
            lambda _=False, id_=folder.id: listing.move_requested.emit(ids, id_)
        )
        entry.setEnabled(folder_ids != {folder.id})
    if listing.folders:
        submenu.addSeparator()
    if folder_ids != {None}:
        submenu.addAction(
            _icon(listing.theme, "x"), "No folder", lambda: listing.move_requested.emit(ids, "")
        )
    submenu.addAction(
        _icon(listing.theme, "folder-plus"),
        "New folder",
        lambda: listing.folder_requested.emit(ids),
    )


def _fill(menu: QMenu, theme: Theme, *entries: Entry) -> None:
    for icon_name, words, action in entries:
        label, _, keys = words.partition("\t")
        menu.addAction(_icon(theme, icon_name), menu_text(label, keys=keys), action)


def _icon(theme: Theme, name: str) -> QIcon:
    return icons.icon(name, theme.dim, theme.px(15))
