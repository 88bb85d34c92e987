"""The row of actions of a message, shown beside it on hover and reached with Tab."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from desktop_app.domain.conversations.conversation import Role
from desktop_app.i18n.translation import N_, tr
from desktop_app.transcript.keyboard.focus_targets import ARROWS
from desktop_app.transcript.transcript_styles import DECORATION, PAD, Decoration
from desktop_app.transcript.viewport.transcript_surface import COPIED_MS
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.mirroring import is_mirrored
from desktop_app.widgets.look.theme import Theme, set_role
from desktop_app.widgets.text.foreign_text import PlainToolButton, set_tooltip, spoken_text

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QPaintEvent, QTextBlock
    from PySide6.QtWidgets import QTextBrowser

    from desktop_app.transcript.message_state import MessageState
    from desktop_app.transcript.transcript_messages import TranscriptMessages

ACTIONS: Final = {
    Role.USER: (
        ("copy", "copy", N_("Copy message")),
        ("edit", "pencil", N_("Edit message")),
        ("branch", "git-branch", N_("Branch into new conversation")),
    ),
    Role.ASSISTANT: (
        ("copy", "copy", N_("Copy response")),
        ("retry", "refresh-cw", N_("Regenerate response")),
        ("retry-with", "ellipsis", N_("Regenerate with…")),
        ("review", "circle-check", N_("Mark as reviewed or rejected")),
        ("branch", "git-branch", N_("Branch into new conversation")),
    ),
}
"""For each role, the actions of its messages as (action, icon, title)."""


class ActionRow(QWidget):
    """A row of buttons for the actions of a message.

    Attributes:
        message_id: the message, or "" while hidden.

    Signals:
        chosen(str message_id, str action): the user chose an action.
        stepped(bool forward): an arrow key asks for the next or the previous target.
    """

    chosen = Signal(str, str)
    stepped = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._viewport = parent
        self.setObjectName("message-actions")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, False)
        self.message_id = ""
        self._role: Role | None = None
        self._is_on_background = False
        self._theme = theme
        self._copied_timer = QTimer(self, singleShot=True, interval=COPIED_MS)
        self._copied_timer.timeout.connect(lambda: self._show_copied(is_copied=False))
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Use the colors of a theme."""
        self._theme = theme
        self._set_icons()
        self.adjustSize()

    def show_for(self, message_id: str, role: Role) -> None:
        """Show the actions of a message."""
        if message_id != self.message_id:
            self._show_copied(is_copied=False)
        self.message_id = message_id
        self._fill(role)
        self.adjustSize()
        self.show()

    def step_by_arrow(self, *, forward: bool) -> None:
        """Emit `stepped`, because an arrow key was pressed on a button."""
        self.stepped.emit(forward)

    def place_beside(self, block: QTextBlock, offset: int) -> None:
        """Place the row beside a block, or below it for a question or a text that is too wide.

        `offset` is the y coordinate of the document at the viewport's upper edge.
        """
        origin = block.document().documentLayout().blockBoundingRect(block)
        layout = block.layout()
        texts = [layout.lineAt(index).naturalTextRect() for index in range(layout.lineCount())]
        flags = block.next().blockFormat().intProperty(DECORATION)
        self.place_at(
            origin.translated(0, -offset),
            texts,
            is_on_background=bool(flags & Decoration.BACKGROUND),
        )

    def place_at(self, box: QRectF, texts: list[QRectF], *, is_on_background: bool) -> None:
        """Place the row beside a block of text.

        Args:
            box: the block in the viewport.
            texts: its lines, relative to the left edge of the viewport.
            is_on_background: whether a block with a background follows.
        """
        bottom = ceil(box.bottom())
        left = 0 if is_mirrored() else self._viewport.width() - self.width()
        self._is_on_background = False
        if self._role is Role.USER:
            self._is_on_background = is_on_background
            # Below the padding of the question, close to it if another background is near.
            gap = 1 if self._is_on_background else 4
            bottom += self._theme.px(PAD + gap) + self.height()
        elif self._overlaps(texts):
            bottom += self.height()  # below the footer, which needs the width
        else:
            bottom += (self.height() - round(box.height())) // 2
        self.setGeometry(QRect(QPoint(left, bottom - self.height()), self.size()))

    def _overlaps(self, texts: list[QRectF]) -> bool:
        """Return True if a text is so wide that the row would cover part of it."""
        pad = self._theme.px(PAD)
        if is_mirrored():
            return any(text.left() < self.width() + pad for text in texts)
        left = self._viewport.width() - self.width()
        return any(text.right() + pad > left for text in texts)

    def take_focus(self, *, last: bool) -> None:
        """Focus the first button, or the last."""
        self._buttons()[-1 if last else 0].setFocus(Qt.FocusReason.TabFocusReason)

    def step(self, *, forward: bool) -> bool:
        """Focus the next or the previous button. Return False if there is none."""
        buttons = self._buttons()
        index = next((n for n, button in enumerate(buttons) if button.hasFocus()), -1)
        index += 1 if forward else -1
        if not 0 <= index < len(buttons):
            return False
        buttons[index].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def return_focus(self) -> None:
        """Focus the text if a button has the focus.

        Qt moves the focus of a button that is hidden to the next widget, as Tab does.
        """
        text = self._viewport.parentWidget()
        if self.has_focus and text is not None:
            text.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def has_focus(self) -> bool:
        """Return True if a button has the focus."""
        return any(button.hasFocus() for button in self._buttons())

    def _buttons(self) -> list[QToolButton]:
        items = (self._row.itemAt(index) for index in range(self._row.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [button for button in widgets if isinstance(button, QToolButton)]

    def dismiss(self) -> None:
        """Hide the row and detach it from its message."""
        self.return_focus()
        self.message_id = ""
        self.hide()

    def _fill(self, role: Role) -> None:
        if role is self._role:
            return
        self._role = role
        self.return_focus()
        for old in self.findChildren(QToolButton):
            self._row.removeWidget(old)
            old.hide()
            old.deleteLater()
        for action, _, title in ACTIONS[role]:
            button = _ActionButton(self)
            set_role(button, "quiet")
            set_tooltip(button, tr(title))
            button.setAccessibleName(spoken_text(tr(title)))
            button.setObjectName(f"message-{action}")
            button.clicked.connect(lambda _=False, name=action: self._choose(name))
            self._row.addWidget(button)
            button.show()  # shown now, because hidden widgets have no size
        self._set_icons()

    def _set_icons(self) -> None:
        actions = () if self._role is None else ACTIONS[self._role]
        size = self._theme.px(15)
        for button, (_, icon, _) in zip(self._buttons(), actions, strict=True):
            icons.set_icon(button, icon, self._theme.dim, size)

    def _show_copied(self, *, is_copied: bool) -> None:
        """Show a check mark on the Copy button after copying, otherwise its own icon."""
        for button in self._buttons():
            if button.objectName() == "message-copy":
                icon_name = "check" if is_copied else "copy"
                button.setIcon(icons.icon(icon_name, self._theme.dim, self._theme.px(15)))

    def _choose(self, action: str) -> None:
        if action == "copy":
            self._show_copied(is_copied=True)
            self._copied_timer.start()
        self.chosen.emit(self.message_id, action)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Enter click a button, like Space.

        A button passes Enter to its parent, and the text would follow the link at its caret.
        """
        focused = next((button for button in self._buttons() if button.hasFocus()), None)
        if focused is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw a background over the text below, unless the text has its own."""
        if self._is_on_background:
            return
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), self._theme.ground)


class ActionRowPlacer:
    """The placement of the action row of one view beside a message.

    Attributes:
        row: the action row.
    """

    def __init__(self, view: QTextBrowser, messages: TranscriptMessages, row: ActionRow) -> None:
        self._view = view
        self._messages = messages
        self.row = row

    def show_for(self, state: MessageState) -> None:
        """Show the actions of a message, or hide them while it streams."""
        if state.is_streaming:
            if self.row.message_id == state.message.id:
                self.row.dismiss()
            return
        self.row.show_for(state.message.id, state.message.role)
        self.place_again()

    def show_for_last(self) -> None:
        """Show the actions of the last materialized message."""
        last = self._messages.last_materialized()
        if last is not None:
            self.show_for(last)

    def place_again(self) -> None:
        """Move the row to its message, because the text has moved on screen."""
        state = self._messages.get(self.row.message_id)
        if state is not None:
            block = self._messages.layouts.block_of(state.layout, state.action_item)
            self.row.place_beside(block, self._view.verticalScrollBar().value())

    def hide_if_gone(self) -> None:
        """Hide the row if its message is no longer materialized."""
        if self._messages.get(self.row.message_id) is None:
            self.row.dismiss()


class _ActionButton(PlainToolButton):
    """A button to which `FocusNavigator` and screen readers move the focus, but no click.

    It is not in Qt's tab order.
    """

    def __init__(self, row: ActionRow) -> None:
        super().__init__(row)
        self._row = row
        # Without a focus policy, a screen reader could not focus it either.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to the next or previous action by an arrow key."""
        if event.key() in ARROWS:
            self._row.step_by_arrow(forward=ARROWS[event.key()])
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Return the focus to the text after a mouse click."""
        super().focusInEvent(event)
        if event.reason() is Qt.FocusReason.MouseFocusReason:
            self._row.return_focus()
