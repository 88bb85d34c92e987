"""The row of actions of a message, shown beside it on hover and reached with Tab."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from desktop_app.domain.conversations.conversation import Role
from desktop_app.i18n.translation import N_, tr
from desktop_app.transcript.area_widgets import COPIED_MS
from desktop_app.transcript.transcript_styles import PAD
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.theme import Theme, set_role
from desktop_app.widgets.text.foreign_text import (
    PlainLabel,
    PlainToolButton,
    set_tooltip,
    spoken_text,
)

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QPaintEvent


ACTIONS: Final = {
    Role.USER: (
        ("copy", "copy", N_("Copy message")),
        ("edit", "pencil", N_("Edit message")),
        ("branch", "git-branch", N_("Branch into new conversation")),
    ),
    Role.ASSISTANT: (
        ("copy", "copy", N_("Copy response")),
        ("retry", "refresh-cw", N_("Regenerate response")),
        ("retry-with", "refresh-cw", N_("Regenerate with…")),
        ("review", "circle-check", N_("Mark as reviewed or rejected")),
        ("branch", "git-branch", N_("Branch into new conversation")),
    ),
}
"""For each role, the actions of its messages as (action, icon, title)."""

MORE: Final = "more"
"""Opens the menu of the actions that have no button."""

_BUTTONS: Final = {Role.USER: ("copy", "edit", MORE), Role.ASSISTANT: ("copy", "retry-with", MORE)}
_ICONS: Final = {
    **{action: icon for actions in ACTIONS.values() for action, icon, _ in actions},
    MORE: "ellipsis",
    "older-version": "chevron-left",
    "newer-version": "chevron-right",
}
_TITLES: Final = {
    "retry-with": N_("Regenerate response"),
    MORE: N_("More"),
    "older-version": N_("Previous version"),
    "newer-version": N_("Next version"),
}
_MENU_BUTTONS: Final = ("retry-with",)
_ARROW_WIDTH: Final = 26
"""Pixels, at the default text size, of an arrow to another version."""

ARROWS: Final[dict[int, bool]] = {
    Qt.Key.Key_Right: True,
    Qt.Key.Key_Down: True,
    Qt.Key.Key_Left: False,
    Qt.Key.Key_Up: False,
}
"""True for arrow keys that go forward."""


def is_beside(role: Role, action: str) -> bool:
    """Return True if an action has a button beside its messages; "retry" is in a button's menu."""
    return action in _BUTTONS[role] or action == "retry"


def has_arrows(version: tuple[int, int] | None) -> bool:
    """Return True if a message, which is (number, count) of its versions, has others."""
    return version is not None and version[1] > 1


class ActionRow(QWidget):
    """A row of buttons for the actions of a message.

    If the message has several versions, "‹ 2/3 ›" comes first.

    Attributes:
        message_id: the message, or "" while hidden.

    Signals:
        chosen(str message_id, str action): the user chose an action.
        menu_requested(str message_id, QPoint): show the other actions at a point of the screen.
        stepped(bool forward): an arrow key asks for the next or the previous target.
    """

    chosen = Signal(str, str)
    menu_requested = Signal(str, QPoint)
    stepped = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._viewport = parent
        self.setObjectName("message-actions")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, False)
        self.message_id = ""
        self._role: Role | None = None
        self._version: tuple[int, int] | None = None
        self._actions: tuple[str, ...] = ()
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

    def show_for(
        self,
        message_id: str,
        role: Role,
        version: tuple[int, int] | None,
        *,
        has_actions: bool = True,
    ) -> None:
        """Show the actions of a message, or only the arrows; `version` is as in `MessageState`."""
        if message_id != self.message_id:
            self._show_copied(is_copied=False)
        self.message_id = message_id
        self._fill(role, version, _BUTTONS[role] if has_actions else ())
        self.adjustSize()
        self.show()

    def place_at(self, box: QRectF, texts: list[QRectF], *, is_on_background: bool) -> None:
        """Place the row beside a block of text.

        Args:
            box: the block in the viewport.
            texts: its lines, relative to the left edge of the viewport.
            is_on_background: whether a block with a background follows.
        """
        bottom = ceil(box.bottom())
        left = self._viewport.width() - self.width()
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
        left = self._viewport.width() - self.width()
        return any(text.right() + pad > left for text in texts)

    def take_focus(self, *, last: bool) -> None:
        """Focus the first button, or the last."""
        self._enabled_buttons()[-1 if last else 0].setFocus(Qt.FocusReason.TabFocusReason)

    def focus_button(self, name: str) -> None:
        """Focus a button by its object name, or the other arrow if an arrow has nowhere to go."""
        button = self.findChild(QToolButton, name)
        if button is not None and not button.isEnabled():
            button = self._enabled_buttons()[0]
        if button is not None:
            button.setFocus(Qt.FocusReason.TabFocusReason)

    def step(self, *, forward: bool) -> bool:
        """Focus the next or the previous button. Return False if there is none."""
        buttons = self._enabled_buttons()
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
        return bool(self.focused_name)

    @property
    def focused_name(self) -> str:
        """Return the object name of the button that has the focus, or ""."""
        return next((button.objectName() for button in self._buttons() if button.hasFocus()), "")

    def _buttons(self) -> list[QToolButton]:
        return [button for button in self.findChildren(QToolButton) if button.objectName()]

    def _enabled_buttons(self) -> list[QToolButton]:
        return [button for button in self._buttons() if button.isEnabled()]

    def dismiss(self) -> None:
        """Hide the row and detach it from its message."""
        self.return_focus()
        self.message_id = ""
        self.hide()

    def _fill(self, role: Role, version: tuple[int, int] | None, actions: tuple[str, ...]) -> None:
        if (role, version, actions) == (self._role, self._version, self._actions):
            return
        self._role, self._version, self._actions = role, version, actions
        self.return_focus()
        while item := self._row.takeAt(0):
            if old := item.widget():
                old.hide()
                old.deleteLater()
                old.setObjectName("")
        if version is not None and has_arrows(version):
            number, count = version
            self._add_button("older-version", _TITLES["older-version"]).setEnabled(number > 1)
            label = PlainLabel(f"{number}/{count}", self, name="message-version", role="note")
            self._row.addWidget(label)
            label.show()
            self._add_button("newer-version", _TITLES["newer-version"]).setEnabled(number < count)
        titles = {action: title for action, _, title in ACTIONS[role]} | _TITLES
        for action in actions:
            self._add_button(action, titles[action])
        self._set_icons()

    def _add_button(self, action: str, title: str) -> QToolButton:
        button = _ActionButton(self)
        set_role(button, "quiet")
        set_tooltip(button, tr(title))
        button.setAccessibleName(spoken_text(tr(title)))
        button.setObjectName(f"message-{action}")
        if action in _MENU_BUTTONS:
            button.setText("▾")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        elif action.endswith("-version"):
            button.setMinimumWidth(self._theme.px(_ARROW_WIDTH))
        button.clicked.connect(lambda: self._choose(action, button))
        self._row.addWidget(button)
        button.show()  # shown now, because hidden widgets have no size
        return button

    def _set_icons(self) -> None:
        size = self._theme.px(15)
        for button in self._buttons():
            icon = _ICONS[button.objectName().removeprefix("message-")]
            icons.set_icon(button, icon, self._theme.dim, size, disabled=self._theme.faint)

    def _show_copied(self, *, is_copied: bool) -> None:
        """Show a check mark on the Copy button after copying, otherwise its own icon."""
        for button in self._buttons():
            if button.objectName() == "message-copy":
                icon_name = "check" if is_copied else "copy"
                button.setIcon(icons.icon(icon_name, self._theme.dim, self._theme.px(15)))

    def _choose(self, action: str, button: QToolButton) -> None:
        if action == MORE:
            corner = button.mapToGlobal(button.rect().bottomLeft())
            self.menu_requested.emit(self.message_id, corner)
            return
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
            self._row.stepped.emit(ARROWS[event.key()])
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Return the focus to the text after a mouse click."""
        super().focusInEvent(event)
        if event.reason() is Qt.FocusReason.MouseFocusReason:
            self._row.return_focus()
