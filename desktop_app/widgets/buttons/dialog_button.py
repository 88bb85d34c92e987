"""Buttons of dialogs and forms.

In a dialog without a default button, Enter in a field presses the first button that is "auto
default" in Qt. Buttons that act on the entered values, or discard them, are not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QMenu,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from desktop_app.i18n.translation import tr
from desktop_app.widgets.forms.tab_order import mark_deleting
from desktop_app.widgets.look.icons import set_icon
from desktop_app.widgets.look.theme import current_theme, limit_size
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import (
    LONGEST_LINE,
    PlainButton,
    PlainToolButton,
    menu_text,
    set_tooltip,
)


def press_focused(window: QWidget, event: QKeyEvent) -> bool:
    """Press the focused button of a window if the key is Enter. Return False otherwise."""
    button = window.focusWidget()
    is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
    if not is_enter or not isinstance(button, QAbstractButton) or event.isAutoRepeat():
        return False
    button.click()
    return True


class HelpButton(PlainToolButton):
    """A small button without a border."""

    def __init__(self) -> None:
        super().__init__(name="help-button", role="quiet", label=tr("Help"))
        self.setText("?")
        self.update_theme()

    def update_theme(self) -> None:
        self.setFont(current_theme().strong())


# In pixels at the default text size.
_ICON: Final = 16
_MAX_MENU_BUTTON: Final = 312


class IconButton(PlainToolButton):
    """A quiet square button with an icon, and `label` as its tooltip."""

    def __init__(
        self, name: str, icon_name: str, label: str, on_clicked: Callable[[], object]
    ) -> None:
        super().__init__(name=name, role="quiet", label=label)
        self._icon_name = icon_name
        self.clicked.connect(lambda: on_clicked())
        self.update_theme()

    def update_theme(self) -> None:
        theme = current_theme()
        set_icon(self, self._icon_name, theme.dim, theme.px(_ICON), disabled=theme.line)
        limit_size(self, theme.px(28), theme.px(28))


class ElidedButton(PlainButton):
    """A button that may be narrower than its label; the tooltip then has the whole label."""

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), 4 * hint.height()), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.menu() is None:  # others have a tooltip of their own
            set_tooltip(self, self.text() if self._elided(self.text()) != self.text() else "")

    def paintEvent(self, _event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = menu_text(self._elided(self.text()), LONGEST_LINE)
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)

    def _elided(self, label: str) -> str:
        metrics = self.fontMetrics()
        frame = super().sizeHint().width() - metrics.horizontalAdvance(self.text())
        available_width = self.width() - frame + 1  # widths of letters are rounded
        return metrics.elidedText(label, Qt.TextElideMode.ElideRight, available_width)


class MenuButton(ElidedButton):
    """A button whose menu is filled when it opens; its text is the current value.

    Args:
        fill: adds the actions whenever the menu opens.
        has_background: whether the button has a background of its own.
    """

    def __init__(
        self, fill: Callable[[QMenu], None], *, has_background: bool = True, object_name: str = ""
    ) -> None:
        super().__init__(name=object_name, role="menu" if has_background else "bare-menu")
        menu = ProgramMenu(self)
        menu.setToolTipsVisible(True)
        menu.fill_with(fill)
        self.setMenu(menu)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus in the text
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return hint.boundedTo(QSize(current_theme().px(_MAX_MENU_BUTTON), hint.height()))


class SingleClickButton(PlainButton):
    """A button that ignores the second click of a double click.

    By then it may act on the next item, which the user has not chosen.
    """

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()


def dialog_button(label: str, name: str, role: str = "plain") -> PlainButton:
    """Create a button that Enter in a field does not press."""
    button = PlainButton(label, name=name, role=role)
    button.setAutoDefault(False)
    return button


def compact_button(label: str, name: str, role: str = "link") -> PlainButton:
    """Create a button that is no wider than its label, for panels and cards."""
    button = PlainButton(label, name=name, role=role)
    button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    return button


def delete_button(label: str, name: str) -> SingleClickButton:
    """Create a button that deletes the shown item, after which another is shown."""
    button = SingleClickButton(label, name=name, role="plain")
    button.setAutoDefault(False)
    mark_deleting(button)
    return button


def cancel_button(name: str = "", role: str = "plain") -> PlainButton:
    """Create a Cancel button that Enter in a field does not press."""
    return dialog_button(tr("Cancel"), name, role)
