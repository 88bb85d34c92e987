"""The menus of the conversation list, and the bars of its filters.

Labels state the number of conversations if an action applies to several.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from desktop_app.app.feature import call
from desktop_app.domain.conversations.conversation import Conversation, Folder
from desktop_app.i18n.translation import tr, tr_context, tr_plural
from desktop_app.library.list_filter import ListFilterKind
from desktop_app.library.ui.conversation_view import dragged_ids
from desktop_app.library.ui.rows.conversation_model import MIME_TYPE, Roles
from desktop_app.widgets.boxes import STRETCH, row_of
from desktop_app.widgets.look import icons
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import ProgramMenu, add_commands
from desktop_app.widgets.text.foreign_text import (
    ElidedLabel,
    PlainToolButton,
    menu_text,
    set_tooltip,
    spoken_text,
)

if TYPE_CHECKING:
    from desktop_app.library.ui.conversation_list import ConversationList


class ListMenus:
    """The menus of one conversation list."""

    def __init__(self, listing: ConversationList) -> None:
        self._list = listing

    def open_row_menu(self, row: QModelIndex, position: QPoint) -> None:
        """Open the menu of a row at a position on the screen."""
        open_at(self.menu_for(row), position)

    def open_new_menu(self, position: QPoint) -> None:
        """Open the list's menu at a position on the screen, for the "New conversation" button."""
        open_at(self.list_menu(), position)

    def open_folder_menu(self, button: QWidget) -> None:
        """Open the menu of the opened folder below a button."""
        folder_id = self._list.model.order.list_filter.folder_id
        folder = next((f for f in self._list.model.folders if f.id == folder_id), None)
        if folder is not None:
            open_at(self.folder_menu(folder), button.mapToGlobal(QPoint(0, button.height())))

    def menu_for(self, row: QModelIndex) -> QMenu:
        """Return the menu of a row of the view; the list's menu for a heading or no row."""
        view = self._list.view
        model = self._list.model
        folder = model.folder_at(view.source_of(row))
        if folder is not None:
            return self.folder_menu(folder)
        if not row.data(Roles.IDENTIFIER):
            return self.list_menu()
        # A row outside the selection is meant alone.
        rows = view.affected_rows if row in view.affected_rows else [row]
        conversations = [model.conversation_at(view.source_of(affected)) for affected in rows]
        return self.conversations_menu([c for c in conversations if c is not None])

    def conversations_menu(self, conversations: Sequence[Conversation]) -> QMenu:
        """Return the menu of conversations, all or none of which are in the trash."""
        menu = ProgramMenu(self._list)
        ids = [conversation.id for conversation in conversations]
        count = len(ids)
        if all(conversation.trashed_at is not None for conversation in conversations):
            label = tr_plural("Restore", "Restore {count} conversations", count)
            self._add(menu, label, self._list.trash.restore, ids)
            label = tr_plural(
                "Delete permanently", "Delete {count} conversations permanently", count
            )
            self._add(menu, label, self._list.trash.delete_or_erase, ids, keys="Del")
            return menu
        if count == 1 and self._list.model.index_of(ids[0]).isValid():  # its row is edited
            self._add(menu, tr("Rename"), self._list.view.rename, ids[0], keys="F2")
        are_archived = all(conversation.archived for conversation in conversations)
        if not are_archived:
            are_pinned = all(conversation.pinned for conversation in conversations)
            if are_pinned:
                label = tr_plural("Unpin", "Unpin {count} conversations", count)
            else:
                label = tr_plural("Pin", "Pin {count} conversations", count)
            self._add(menu, label, self._list.pinned_order.pin, ids, not are_pinned)
            self._add_move_targets(menu, conversations)
        self._add_export(menu, ids)
        if are_archived:
            label = tr_plural("Unarchive", "Unarchive {count} conversations", count)
        else:
            label = tr_plural("Archive", "Archive {count} conversations", count)
        self._add(menu, label, self._list.trash.archive, ids, not are_archived)
        label = tr_plural("Delete", "Delete {count} conversations", count)
        self._add(menu, label, self._list.trash.delete, ids, keys="Del")
        return menu

    def folder_menu(self, folder: Folder) -> QMenu:
        """Return the menu of a folder, or of its row."""
        menu = ProgramMenu(self._list)
        id_ = folder.id
        label = tr("New conversation here")
        self._add(menu, label, self._list.new_in_folder_requested.emit, id_)
        show = call("library.ui.projects_page.ProjectsController.show", id_)
        self._add(menu, tr("Project settings"), lambda: show(self._list.session))
        # The name is edited in the folder's row, which only the unfiltered list has.
        if self._list.model.order.list_filter.kind is ListFilterKind.LIST:
            self._add(menu, tr("Rename"), self._list.view.rename, id_, keys="F2")
        label = tr("Delete project")
        self._add(menu, label, self._list.folders_controller.delete, id_, keys="Del")
        return menu

    def list_menu(self) -> QMenu:
        """Return the menu of the list itself, for headings and the area without rows."""
        menu = ProgramMenu(self._list)
        add_commands(menu, "conversation.new", "conversation.temporary", "folder.new")
        return menu

    def _add_export(self, menu: QMenu, ids: Sequence[str]) -> None:
        label = tr_plural("Export as", "Export {count} conversations as", len(ids))
        submenu = self._add_submenu(menu, label)
        submenu.setObjectName("export-as")
        for add_entries in self._list.session.export_menus:
            add_entries(submenu, list(ids))

    def _add_move_targets(self, menu: QMenu, conversations: Sequence[Conversation]) -> None:
        """Add the folders; disable the folder that already contains all chosen conversations."""
        ids = [conversation.id for conversation in conversations]
        folder_ids = {conversation.folder_id for conversation in conversations}
        label = tr_plural("Move to", "Move {count} conversations to", len(conversations))
        submenu = self._add_submenu(menu, label)
        submenu.setObjectName("move-to")
        move = self._list.folders_controller.move
        for folder in self._list.model.folders:
            entry = self._add(submenu, folder.name, move, ids, folder.id)
            entry.setEnabled(folder_ids != {folder.id})
        if self._list.model.folders:
            submenu.addSeparator()
        if folder_ids != {None}:
            self._add(submenu, tr("No project"), move, ids, "")
        create = self._list.folders_controller.create
        self._add(submenu, tr("New project"), create, ids)

    def _add(
        self,
        menu: QMenu,
        label: str,
        action: Callable[..., object],
        *arguments: object,
        keys: str = "",
    ) -> QAction:
        keys = shortcut_text(keys)
        return menu.addAction(menu_text(label, keys=keys), partial(action, *arguments))

    def _add_submenu(self, menu: QMenu, label: str) -> QMenu:
        submenu = ProgramMenu(menu_text(label), menu)
        menu.addMenu(submenu)
        return submenu


def open_at(menu: QMenu, position: QPoint) -> None:
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(position)


class _DropButton(PlainToolButton):
    """A quiet button of a filter, into which the conversations go that are dropped on it."""

    def __init__(
        self, name: str, label: str, listing: ConversationList, target: ListFilterKind
    ) -> None:
        super().__init__(name=name, role="quiet")
        self._list = listing
        self._target = target
        self.setAccessibleName(spoken_text(label))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept conversations, and paint the button as pressed."""
        if event.mimeData().hasFormat(MIME_TYPE):
            event.acceptProposedAction()
            self.setDown(True)

    def dragLeaveEvent(self, event: object) -> None:
        self.setDown(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Move the conversations out of the shown filter into that of the button."""
        self.setDown(False)
        event.acceptProposedAction()
        ids = dragged_ids(event.mimeData())
        if self._target is ListFilterKind.TRASH:
            self._list.trash.delete(ids)
        elif self._target is ListFilterKind.ARCHIVE:
            self._list.trash.archive(ids, archived=True)
        else:
            self._list.folders_controller.move(ids, "")


class FilterBar(QWidget):
    """The name of the opened folder and the Back button.

    Conversations that are dropped on the button leave the filter.
    """

    def __init__(self, listing: ConversationList) -> None:
        super().__init__()
        self.back_button = _DropButton(
            "back-to-list", tr("Back to all conversations"), listing, ListFilterKind.LIST
        )
        set_tooltip(
            self.back_button,
            tr(
                "{action} ({shortcut})",
                action=tr("Back to all conversations"),
                shortcut=shortcut_text("Esc"),
            ),
        )
        self.title = ElidedLabel(role="strong")
        self.menu_button = PlainToolButton(name="folder-menu", role="quiet")
        self.menu_button.setAccessibleName(tr("Project actions"))
        widgets = (self.back_button, (self.title, 1), self.menu_button)
        row_of(*widgets, parent=self, margins=(4, 0, themes.ROW_MARGIN + 6, 0), spacing=4)
        self.back_button.clicked.connect(listing.go_back)
        self.menu_button.clicked.connect(lambda: listing.menus.open_folder_menu(self.menu_button))
        self.update_theme()

    def update_theme(self) -> None:
        theme = current_theme()
        self.setFixedHeight(theme.px(themes.ROW_HEIGHT))
        _set_icon(self.back_button, "chevron-left")
        _set_icon(self.menu_button, "ellipsis")


class DropRow(QWidget):
    """The archive and the trash as places to drop conversations on, shown during a drag."""

    def __init__(self, listing: ConversationList) -> None:
        super().__init__()
        titles = {
            ListFilterKind.ARCHIVE: tr_context("list", "Archive"),
            ListFilterKind.TRASH: tr_context("list", "Trash"),
        }
        self._buttons = {
            kind: _DropButton(f"drop-{kind.value}", title, listing, kind)
            for kind, title in titles.items()
        }
        for kind, button in self._buttons.items():
            button.setText(f" {titles[kind]} ")  # keeps distance from the icon and the edge
            button.setProperty("current", False)
        row_margins = (4, 6, themes.ROW_MARGIN + 6, 0)
        self._row = row_of(*self._buttons.values(), STRETCH, parent=self, margins=row_margins)
        self.update_theme()
        self.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the icons alone if the labels do not fit."""
        super().resizeEvent(event)
        style = Qt.ToolButtonStyle
        for button in self._buttons.values():
            button.setToolButtonStyle(style.ToolButtonTextBesideIcon)
        if self._row.sizeHint().width() > self.width():
            for button in self._buttons.values():
                button.setToolButtonStyle(style.ToolButtonIconOnly)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def update_theme(self) -> None:
        _set_icon(self._buttons[ListFilterKind.ARCHIVE], "archive")
        _set_icon(self._buttons[ListFilterKind.TRASH], "trash-2")


def _set_icon(button: QToolButton, name: str) -> None:
    theme = current_theme()
    size = theme.px(15)
    icons.set_icon(button, name, theme.dim, size)
    button.setMaximumHeight(theme.px(26))
    if not button.text():
        button.setFixedWidth(theme.px(26))
