"""The temporary conversation: opened, left, reopened, and closed."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Controller, Session
from desktop_app.composer.attachments.attachments_controller import AttachmentsController
from desktop_app.composer.dropped_content import (
    DroppedContent,
    accept_copy,
    drop_hint,
    is_acceptable,
    read_dropped,
)
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.buttons.dialog_button import ElidedButton
from desktop_app.widgets.forms.tab_order import mark_deleting, order_tabs
from desktop_app.widgets.look import icons
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import PlainToolButton

_TOPIC: Final = "temporary conversation"
TITLE: Final = N_("Temporary conversation")


class TemporaryRow(QWidget):
    """The row of the temporary conversation, above the list of the stored conversations."""

    def __init__(self, controller: TemporaryController) -> None:
        super().__init__()
        self._controller = controller
        self.setAcceptDrops(True)
        self.button = ElidedButton(tr(TITLE))
        self.button.setObjectName("temporary-row")
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        set_role(self.button, "row")
        self.close_button = PlainToolButton(name="temporary-row-close", role="quiet")
        self.close_button.setAccessibleName(tr("Close temporary conversation"))
        self.close_button.setToolTip(tr("Close"))
        row_of((self.button, 1), self.close_button, parent=self, margins=0, spacing=0)
        self.button.clicked.connect(controller.reopen)
        mark_deleting(self.close_button)
        self.close_button.clicked.connect(controller.request_close)
        self.update_theme()

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        self.button.setMaximumHeight(px(themes.ROW_HEIGHT))
        icons.set_icon(self.button, "lock", theme.text, px(16))
        self.button.setStyleSheet(f"text-align: left; padding-left: {px(9)}px;")
        self.close_button.setIcon(icons.icon("x", theme.dim, px(14)))
        themes.limit_size(self.close_button, px(26), px(26))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.source() is None and is_acceptable(event.mimeData()):
            accept_copy(event)
            self.button.setDown(True)
            self._controller.show_drop_hint(drop_hint(event.mimeData(), tr(TITLE)))

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self.button.setDown(False)
        self._controller.show_drop_hint("")

    def dropEvent(self, event: QDropEvent) -> None:
        self.button.setDown(False)
        self._controller.show_drop_hint("")
        accept_copy(event)
        self._controller.insert_drop(read_dropped(event.mimeData()))


class TemporaryController(Controller):
    """Connection of the temporary conversation with its command and its widgets."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._temporary = session.temporary
        self._row: TemporaryRow | None = None
        self._id = ""
        self._is_being_replaced = False
        self._is_shown = False
        self._current.opened.connect(self._show_widgets)

    def open(self) -> None:
        """Open the temporary conversation; if it is open with content, offer to replace it."""
        if self._id and self._id != self._current.id:
            self.reopen()
        elif not self._id:
            self._open_another()
        elif self._has_content:
            self._is_being_replaced = True
            self._ask()
        else:
            self._prompt.focus_text()

    def request_close(self) -> None:
        """Show the temporary conversation and close it; ask first if it has content."""
        if self._id == self._current.id:
            self._close_shown()
        else:
            self._tasks.start(self._show_and_close())

    def close_open(self) -> None:
        if self._id and self._id == self._current.id:
            self._close_shown()

    async def _show_and_close(self) -> None:
        await self._session.of(Navigator).open(self._id)
        self._prompt.focus_text()
        if self._id == self._current.id:
            self._close_shown()

    def _close_shown(self) -> None:
        self._is_being_replaced = False
        if self._has_content:
            self._ask()
        else:
            self._close()

    @property
    def would_lose_content(self) -> bool:
        """Return True if there is a temporary conversation, except an open one without content."""
        return bool(self._id) and (self._id != self._current.id or self._has_content)

    @property
    def _has_content(self) -> bool:
        """Return True if the temporary conversation, which is open, has messages, draft or text."""
        is_typed = bool(self._prompt.text().strip() or self._draft.value.has_question)
        return bool(self._current.path) or is_typed or self._session.setup.has_text(self._id)

    def _open_another(self) -> None:
        conversation = self._session.new_conversation.blank_with(new_id(), tr(TITLE))
        self._temporary.begin(conversation.id)
        self._id = conversation.id
        self._session.of(Navigator).open_temporary(conversation)

    def show_drop_hint(self, hint: str) -> None:
        """Show the hint for a drop on the row; "" after the drag has left or ended."""
        self._session.of(ConversationList).view.drop_hint_changed.emit(hint)

    def insert_drop(self, content: DroppedContent) -> None:
        """Insert content that was dropped on the row into the temporary conversation."""
        self._session.of(AttachmentsController).insert_drop(content, self._id, is_folder=False)

    def reopen(self) -> None:
        self._tasks.start(self._session.of(Navigator).open(self._id))
        self._prompt.focus_text()

    def _close(self) -> None:
        """Delete the conversation, and open a blank one: a temporary one if it is replaced."""
        closed_id = self._id
        self._id = ""
        self._running.stop(closed_id)
        self._temporary.discard(closed_id)
        self._session.of(Navigator).open_new()
        self._session.of(Navigator).forget_temporary(closed_id)
        self._show_widgets()
        if self._is_being_replaced:
            self._is_being_replaced = False
            self._open_another()

    def _show_widgets(self) -> None:
        """Show the row if there is a temporary conversation, and explain it if it is open."""
        is_open = self._current.is_temporary
        self._pane.header.set_temporary(is_open)
        self._prompt.set_temporary(is_open)
        if is_open != self._is_shown:
            self._is_shown = is_open
            if is_open:
                self._explain()
            else:
                self._notifications.dismiss_topic(_TOPIC)
        if self._id and self._row is None:
            self._row = TemporaryRow(self)
            listing = self._session.of(ConversationList)
            listing.top.addWidget(self._row)
            order_tabs(listing.filter_bar.menu_button, (self._row.button, self._row.close_button))
        if self._row is not None:
            self._row.setVisible(bool(self._id))

    def _explain(self) -> None:
        text = tr(
            "This conversation isn’t saved and is deleted when you close it. "
            "The provider receives your messages, and the cost is counted."
        )
        actions = [(tr("Close"), self.request_close)]
        self._notifications.notify(text, actions, topic=_TOPIC, stays=True)

    def _ask(self) -> None:
        self._notifications.dismiss_topic(_TOPIC)
        text = tr("Delete this temporary conversation? This can’t be undone.")
        actions = [(tr("Keep"), self._explain), (tr("Delete"), self._close)]
        self._notifications.notify(text, actions, topic=_TOPIC, stays=True)
        self._pane.focus_cards(Qt.FocusReason.OtherFocusReason)
