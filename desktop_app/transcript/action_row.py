"""The widgets over a transcript: the actions of a message, "Latest", the address of a link."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractScrollArea, QToolButton, QWidget

from desktop_app.domain.conversations.conversation import Role
from desktop_app.i18n.translation import N_, tr
from desktop_app.transcript.transcript_styles import PAD
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.direction import is_mirrored, mirrored
from desktop_app.widgets.look.theme import Theme, set_role
from desktop_app.widgets.text.foreign_text import (
    PlainButton,
    PlainLabel,
    PlainToolButton,
    set_tooltip,
    spoken_text,
)

if TYPE_CHECKING:
    from desktop_app.transcript.segment_area import SegmentArea
    from desktop_app.transcript.shown_message import ShownMessage


COPIED_MS: Final = 1_500
"""Milliseconds for which a Copy mark reads "Copied"."""

ACTIONS: Final = {
    Role.USER: {
        "copy": N_("Copy message"),
        "edit": N_("Edit message"),
        "branch": N_("Branch into new conversation"),
    },
    Role.ASSISTANT: {
        "copy": N_("Copy response"),
        "retry": N_("Regenerate response"),
        "retry-with": N_("Regenerate with…"),
        "read-aloud": N_("Read aloud"),
        "review": N_("Mark as reviewed or rejected"),
        "branch": N_("Branch into new conversation"),
    },
}
"""For each role, the actions of its messages and their titles."""

MORE: Final = "more"
"""Opens the menu of the actions that have no button."""

_LATEST_SIDE: Final = 28  # of the button to the end without its label, in pixels
_OLDER: Final = "older-version"
_NEWER: Final = "newer-version"
_BUTTONS: Final = {Role.USER: ("copy", "edit", MORE), Role.ASSISTANT: ("copy", "retry-with", MORE)}
_ICONS: Final = {
    _OLDER: ("chevron-left", N_("Previous version")),
    _NEWER: ("chevron-right", N_("Next version")),
    "copy": ("copy", N_("Copy response")),
    "edit": ("pencil", N_("Edit message")),
    "retry-with": ("refresh-cw", N_("Regenerate response")),
    MORE: ("ellipsis", N_("More")),
}
"""The icon and the title of each button."""
_ARROW_WIDTH: Final = 26
"""Pixels, at the default text size, of an arrow to another version."""

_ARROWS: Final[dict[int, bool]] = {
    Qt.Key.Key_Right: True,
    Qt.Key.Key_Down: True,
    Qt.Key.Key_Left: False,
    Qt.Key.Key_Up: False,
}
"""True for arrow keys that go forward where text is read from left to right."""


def goes_forward(key: int) -> bool | None:
    """Return whether an arrow key goes forward; None for other keys."""
    if is_mirrored() and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
        return key == Qt.Key.Key_Left
    return _ARROWS.get(key)


class ActionRow(QWidget):
    """A row of buttons for the actions of a message.

    If the message has several versions, "‹ 2/3 ›" comes first.

    Attributes:
        message_id: the message, or "" while hidden.

    Signals:
        chosen(str message_id, str action): run this action.
        menu_requested(QPoint): show the other actions at this point of the screen.
        arrow_pressed(bool): an arrow key that goes forward, or one that goes back.
    """

    chosen = Signal(str, str)
    menu_requested = Signal(QPoint)
    arrow_pressed = Signal(bool)

    def __init__(self, view: SegmentArea) -> None:
        super().__init__(view.viewport())
        self._view = view
        self.setObjectName("message-actions")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, False)
        self.message_id = ""
        self._role = Role.ASSISTANT
        self._is_on_background = False
        self._copied_timer = QTimer(self, singleShot=True, interval=COPIED_MS)
        self._copied_timer.timeout.connect(lambda: self._show_copied(is_copied=False))
        self._by_action = {action: self._make_button(action) for action in _ICONS}
        self._version = _ActionButton(self)
        self._version.setObjectName("message-version")
        set_role(self._version, "quiet")
        self._version.setEnabled(False)  # it only shows the number
        older, *others = self._by_action.values()
        row_of(older, self._version, *others, parent=self, margins=0, spacing=2)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.hide()

    def _make_button(self, action: str) -> _ActionButton:
        button = _ActionButton(self)
        set_role(button, "quiet")
        button.setObjectName(f"message-{action}")
        button.setText("▾" if action == "retry-with" else "")
        beside = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        only_icon = Qt.ToolButtonStyle.ToolButtonIconOnly
        button.setToolButtonStyle(beside if button.text() else only_icon)
        _name(button, _ICONS[action][1])
        button.clicked.connect(lambda: self._choose(action, button))
        return button

    def update_theme(self) -> None:
        theme = self._view.theme
        for action, button in self._by_action.items():
            icons.set_icon(button, _ICONS[action][0], theme.dim, theme.px(15), disabled=theme.faint)
            if action in (_OLDER, _NEWER):
                button.setMinimumWidth(theme.px(_ARROW_WIDTH))
        self.adjustSize()

    def show_for(self, message: ShownMessage, is_offered: Callable[[str], bool]) -> None:
        """Show the offered actions of a message, or only the arrows while it streams."""
        if message.key != self.message_id:
            self._show_copied(is_copied=False)
        self.message_id = message.key
        role = self._role = message.message.role
        number, count = message.version or (1, 1)
        buttons = () if message.is_streaming else filter(is_offered, _BUTTONS[role])
        shown = (*((_OLDER, _NEWER) if count > 1 else ()), *buttons)
        disabled = {_OLDER: number == 1, _NEWER: number == count}
        for action, button in self._by_action.items():
            is_usable = action in shown and not disabled.get(action)
            if button.hasFocus() and not is_usable:
                self.return_focus()
            button.setEnabled(is_usable)
            button.setVisible(action in shown)
        self._version.setText(f"{number}/{count}")
        self._version.setVisible(count > 1)
        name = tr("Version {number} of {count}", number=number, count=count)
        self._version.setAccessibleName(spoken_text(name))
        _name(self._by_action["copy"], ACTIONS[role]["copy"])
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
        view_width = self._view.viewport().width()
        left = 0 if self.isRightToLeft() else view_width - self.width()
        self._is_on_background = False
        if self._role is Role.USER:
            self._is_on_background = is_on_background
            # Below the padding of the question, and above the first line of the answer. Icons
            # have a margin of 4 pixels, so that they do not touch the question.
            gap = -1 if self._is_on_background else 0
            bottom += self._view.theme.px(PAD + gap) + self.height()
        elif any(self._touches(text, view_width) for text in texts):
            bottom += self.height()  # below the footer, which needs the width
        else:
            bottom += (self.height() - round(box.height())) // 2
        self.setGeometry(QRect(QPoint(left, bottom - self.height()), self.size()))

    def _touches(self, text: QRectF, view_width: int) -> bool:
        """Return True if a line of text reaches to the row at the end of the view."""
        room = text.left() if self.isRightToLeft() else view_width - text.right()
        return room < self.width() + self._view.theme.px(PAD)

    def focus_button(self, name: str) -> None:
        """Focus a button by its object name, or the other arrow if an arrow has nowhere to go."""
        button = self.findChild(QToolButton, name)
        if button is not None and not button.isEnabled():
            button = next(b for b in self.enabled_buttons() if b is not self._version)
        if button is not None:
            button.setFocus(Qt.FocusReason.TabFocusReason)

    def step(self, *, forward: bool) -> bool:
        """Focus the next or the previous button. Return False if there is none."""
        buttons = self.enabled_buttons()
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
        if self.has_focus:
            self._view.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def has_focus(self) -> bool:
        return bool(self.focused_name)

    @property
    def focused_name(self) -> str:
        """Return the object name of the button that has the focus, or ""."""
        return next((button.objectName() for button in self._buttons() if button.hasFocus()), "")

    def enabled_buttons(self) -> list[_ActionButton]:
        """Return the buttons that can have the focus, left to right."""
        return [button for button in self._buttons() if button.isEnabled()]

    def _buttons(self) -> list[_ActionButton]:
        older, *others = self._by_action.values()
        return [older, self._version, *others]

    def dismiss(self) -> None:
        """Hide the row and detach it from its message."""
        self.return_focus()
        self.message_id = ""
        self.hide()

    def _show_copied(self, *, is_copied: bool) -> None:
        """Show a check mark on the Copy button after copying, otherwise its own icon."""
        theme = self._view.theme
        icon = icons.icon("check" if is_copied else "copy", theme.dim, theme.px(15))
        self._by_action["copy"].setIcon(icon)

    def _choose(self, action: str, button: QToolButton) -> None:
        if action == MORE:
            self.menu_requested.emit(button.mapToGlobal(button.rect().bottomLeft()))
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
            painter.fillRect(self.rect(), self._view.theme.ground)


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
        forward = goes_forward(event.key())
        if forward is not None:
            self._row.arrow_pressed.emit(forward)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Return the focus to the text after a mouse click."""
        super().focusInEvent(event)
        if event.reason() is Qt.FocusReason.MouseFocusReason:
            self._row.return_focus()


def _name(button: QToolButton, title: str) -> None:
    set_tooltip(button, tr(title))
    button.setAccessibleName(spoken_text(tr(title)))


class LatestButton(PlainButton):
    """A button that scrolls to the end of the conversation."""

    def __init__(self, view: QAbstractScrollArea) -> None:
        super().__init__(parent=view)
        self._view = view
        self._is_wanted = False
        self.setObjectName("latest")
        self.setText(tr("Latest"))
        self.setAccessibleName(tr("Go to latest message"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus where it is
        self.setCursor(Qt.CursorShape.ArrowCursor)
        set_role(self, "plain")
        self.hide()

    def set_wanted(self, is_wanted: bool) -> None:
        """Show the button if it is wanted and the view is high enough for it."""
        self._is_wanted = is_wanted
        self.setVisible(is_wanted and self._view.height() > self.height())

    def place(self, theme: Theme) -> None:
        """Apply the theme and move to the right of the text, so that it covers no words.

        It has no label if the margin there is too narrow. In a narrow window it stands on the end
        of the scroll bar.
        """
        icons.set_icon(self, "arrow-down", theme.text, theme.px(14))
        view, gap = self._view, theme.px(4)
        room = view.width() - mirrored(view.viewport().geometry(), view.rect()).right() - 1
        beside_bar = room - view.verticalScrollBar().width() - 2 * gap
        self._set_labeled(True)
        size = self.sizeHint()
        if size.width() > beside_bar:
            self._set_labeled(False)
            side = theme.px(_LATEST_SIDE)
            size = QSize(min(side, room), side)
        self.resize(size)
        column = mirrored(view.viewport().geometry(), view.rect())
        left = column.right() + 1
        left += gap if left + gap + size.width() <= view.width() else 0
        top = max(0, view.height() - self.height() - theme.px(12))
        self.move(mirrored(QRect(QPoint(left, top), size), view.rect()).topLeft())
        self.set_wanted(self._is_wanted)

    def _set_labeled(self, is_labeled: bool) -> None:
        self.setText(tr("Latest") if is_labeled else "")
        set_tooltip(self, "" if is_labeled else tr("Go to latest message"))
        set_role(self, "plain" if is_labeled else "quiet")


class LinkTargetLabel(PlainLabel):
    """A label at the lower edge of a view that shows the address of the focused link."""

    def __init__(self, view: QWidget) -> None:
        super().__init__(parent=view, name="link-target", role="address")
        self._view = view
        self._target = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_target(self, target: str) -> None:
        """Show this address, or hide if it is ""."""
        self._target = target
        self.place()
        self.setVisible(bool(target))
        self.raise_()

    def place(self) -> None:
        """Move to the lower edge. A long address is elided at its end, behind the host."""
        width = self._view.width() * 3 // 4
        metrics = self.fontMetrics()
        self.setText(metrics.elidedText(self._target, Qt.TextElideMode.ElideRight, width))
        self.adjustSize()
        left = self._view.width() - self.width() if self.isRightToLeft() else 0
        self.move(left, self._view.height() - self.height())
