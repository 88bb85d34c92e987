"""The row of actions of one message, shown beside it on hover and reached with Tab."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from desktop_app.domain.conversations.conversation import Role
from desktop_app.ui.look import icons
from desktop_app.ui.look.theme import set_role
from desktop_app.ui.transcript.transcript_styles import LOOK, PAD, Look
from desktop_app.ui.transcript.viewport.transcript_surface import SAID_MS
from desktop_app.ui.widgets.foreign_text import PlainToolButton, set_tooltip, spoken_text

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QPaintEvent, QTextBlock

    from desktop_app.ui.look.theme import Theme

ACTIONS: Final = {
    Role.USER: (
        ("copy", "copy", "Copy the question"),
        ("edit", "pencil", "Edit and ask again"),
        ("branch", "git-branch", "Branch into a new conversation"),
    ),
    Role.ASSISTANT: (
        ("copy", "copy", "Copy the answer"),
        ("retry", "refresh-cw", "Answer again"),
        ("retry-with", "ellipsis", "Answer again with another variant or effort"),
        ("branch", "git-branch", "Branch into a new conversation"),
    ),
}


class ActionRow(QWidget):
    """Buttons for the actions of `message_id`.

    Attributes:
        message_id: the message it belongs to, "" while hidden.

    Signals:
        chosen(str message_id, str action)
    """

    chosen = Signal(str, str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._within = parent
        self.setObjectName("message-actions")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, False)
        self.message_id = ""
        self._role: Role | None = None
        self._is_on_ground = False
        self._theme = theme
        self._saying = QTimer(self, singleShot=True, interval=SAID_MS)
        self._saying.timeout.connect(lambda: self._say_copied(is_copied=False))
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Draw in these colours."""
        self._theme, role = theme, self._role
        self._role = None
        if role is not None:
            self._fill(role)
            self.adjustSize()

    def show_for(self, message_id: str, role: Role) -> None:
        """Offer what can be done with a message."""
        if message_id != self.message_id:
            self._say_copied(is_copied=False)
        self.message_id = message_id
        self._fill(role)
        self.adjustSize()
        self.show()

    def place_beside(self, block: QTextBlock, offset: int) -> None:
        """Stand at the right of a block, below a question and where words are in the way; `offset`
        is the document's coordinate at the upper edge."""
        box = block.document().documentLayout().blockBoundingRect(block)
        bottom = ceil(box.bottom()) - offset
        left = self._within.width() - self.width()
        self._is_on_ground = False
        if self._role is Role.USER:
            self._is_on_ground = bool(block.next().blockFormat().intProperty(LOOK) & Look.GROUND)
            bottom += self._theme.px(12 + (1 if self._is_on_ground else 4)) + self.height()
        elif _right_end(block) + self._theme.px(PAD) > left:
            bottom += self.height()  # below the footer, which needs the width
        else:
            bottom += (self.height() - round(box.height())) // 2
        self.setGeometry(QRect(QPoint(left, bottom - self.height()), self.size()))

    def take_focus(self, *, last: bool = False) -> None:
        """Give the keyboard to the first button, or the last."""
        self._buttons()[-1 if last else 0].setFocus(Qt.FocusReason.TabFocusReason)

    def step(self, *, forward: bool) -> bool:
        """Give the keyboard to the next button, or the one before; whether there is one."""
        buttons = self._buttons()
        at = next((n for n, button in enumerate(buttons) if button.hasFocus()), -1)
        at += 1 if forward else -1
        if not 0 <= at < len(buttons):
            return False
        buttons[at].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def release(self) -> None:
        """Give the keyboard to the text: a button that is hidden would pass it on as Tab does."""
        text = self._within.parentWidget()
        if self.has_focus and text is not None:
            text.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def has_focus(self) -> bool:
        """Whether the keyboard is on one of them."""
        return any(button.hasFocus() for button in self._buttons())

    def _buttons(self) -> list[QToolButton]:
        items = (self._row.itemAt(at) for at in range(self._row.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [made for made in widgets if isinstance(made, QToolButton)]

    def leave(self) -> None:
        """Belong to no message."""
        self.release()
        self.message_id = ""
        self.hide()

    def _fill(self, role: Role) -> None:
        if role is self._role:
            return
        self._role = role
        self.release()
        for old in self.findChildren(QToolButton):
            self._row.removeWidget(old)
            old.hide()
            old.deleteLater()
        for action, icon, words in ACTIONS[role]:
            button = _Action(self)
            set_role(button, "quiet")
            button.setIcon(icons.icon(icon, self._theme.dim, self._theme.px(15)))
            button.setIconSize(QSize(self._theme.px(15), self._theme.px(15)))
            set_tooltip(button, words)
            button.setAccessibleName(spoken_text(words))
            button.setObjectName(f"message-{action}")
            button.clicked.connect(lambda _=False, name=action: self._choose(name))
            self._row.addWidget(button)
            button.show()  # now: what is hidden is not measured

    def _say_copied(self, *, is_copied: bool) -> None:
        """Show at the button for it that the message was copied, or that it can be."""
        for button in self._buttons():
            if button.objectName() == "message-copy":
                sign = "check" if is_copied else "copy"
                button.setIcon(icons.icon(sign, self._theme.dim, self._theme.px(15)))

    def _choose(self, action: str) -> None:
        if action == "copy":
            self._say_copied(is_copied=True)
            self._saying.start()
        self.chosen.emit(self.message_id, action)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter does what Space does: buttons leave it to what they stand on, and the text would
        follow the link at its caret."""
        focused = next((button for button in self._buttons() if button.hasFocus()), None)
        if focused is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The ground covers the text that the row may stand on; a ground of that it leaves whole."""
        if self._is_on_ground:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.ground)
        painter.end()


class _Action(PlainToolButton):
    """One of them: it can be given the keyboard, but neither by Tab, which the view leads, nor by
    the mouse."""

    def __init__(self, row: ActionRow) -> None:
        super().__init__(row)
        self._row = row
        # With none, a screen reader could not give it the keyboard either.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Whoever presses it with the mouse goes on in the text."""
        super().focusInEvent(event)
        if event.reason() is Qt.FocusReason.MouseFocusReason:
            self._row.release()


def _right_end(block: QTextBlock) -> float:
    """How far to the right the text of a block reaches."""
    layout = block.layout()
    lines = (layout.lineAt(number) for number in range(layout.lineCount()))
    return max((line.naturalTextRect().right() for line in lines), default=0.0)
