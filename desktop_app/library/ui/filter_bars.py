"""The bars of the sidebar's filters: Back above the list, and below it places to drop on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QToolButton, QWidget

from desktop_app.domain.conversations.list_filter import LIST, ListFilter, ListFilterKind
from desktop_app.i18n.translation import tr, tr_context
from desktop_app.library.ui.conversation_view import dragged_ids
from desktop_app.library.ui.rows.conversation_model import MIME_TYPE
from desktop_app.widgets.boxes import STRETCH, row_of
from desktop_app.widgets.forms.tab_order import mark_deleting
from desktop_app.widgets.look import icons
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import (
    ElidedLabel,
    PlainButton,
    PlainToolButton,
    set_tooltip,
    spoken_text,
)

if TYPE_CHECKING:
    from desktop_app.library.ui.conversation_list import ConversationList


def _title(kind: ListFilterKind) -> str:
    """Return the title of the archive or the trash; "" for other lists."""
    match kind:
        case ListFilterKind.ARCHIVE:
            return tr_context("list", "Archive")
        case ListFilterKind.TRASH:
            return tr_context("list", "Trash")
    return ""


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
        source = self._list.model.order.list_filter.kind
        if source is self._target:
            return
        if source is ListFilterKind.TRASH:
            self._list.trash.restore(ids)
        elif self._target is ListFilterKind.TRASH:
            self._list.trash.delete(ids)
        elif source is ListFilterKind.FOLDER and self._target is ListFilterKind.LIST:
            self._list.folders_controller.move(ids, "")
        else:
            self._list.trash.archive(ids, archived=self._target is ListFilterKind.ARCHIVE)


class FilterBar(QWidget):
    """The title of the current filter and the Back button.

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
        self.menu_button.setAccessibleName(tr("Folder actions"))
        self.empty_button = PlainButton(
            tr_context("action", "Empty"), name="empty-trash", role="link"
        )
        self.empty_button.setAccessibleName(tr("Empty trash"))
        widgets = (self.back_button, (self.title, 1), self.menu_button, self.empty_button)
        row_of(*widgets, parent=self, margins=(4, 0, themes.ROW_MARGIN + 6, 0), spacing=4)
        self.back_button.clicked.connect(listing.go_back)
        mark_deleting(self.empty_button)
        self.empty_button.clicked.connect(lambda: listing.trash.confirm_and_empty())
        self.menu_button.clicked.connect(lambda: listing.menus.open_folder_menu(self.menu_button))
        self.update_theme()
        self.show_filter(LIST, "")

    def show_filter(self, list_filter: ListFilter, folder_name: str) -> None:
        """Show the title and buttons of a filter."""
        self.title.setText(_title(list_filter.kind) or folder_name)
        self.menu_button.setVisible(list_filter.kind is ListFilterKind.FOLDER)
        self.empty_button.setVisible(list_filter.kind is ListFilterKind.TRASH)

    def update_theme(self) -> None:
        theme = current_theme()
        self.setFixedHeight(theme.px(themes.ROW_HEIGHT))
        _set_icon(self.back_button, "chevron-left")
        _set_icon(self.menu_button, "ellipsis")


class DropRow(QWidget):
    """The archive and the trash as places to drop conversations on, shown during a drag."""

    def __init__(self, listing: ConversationList) -> None:
        super().__init__()
        self._buttons = {
            kind: _DropButton(f"drop-{kind.value}", _title(kind), listing, kind)
            for kind in (ListFilterKind.ARCHIVE, ListFilterKind.TRASH)
        }
        for kind, button in self._buttons.items():
            button.setText(f" {_title(kind)} ")  # keeps distance from the icon and the edge
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
