"""Buttons of dialogs and forms.

In a dialog without a default button, Enter in a field presses the first button that is "auto
default" in Qt. Buttons that act on the entered values, or discard them, are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QSizePolicy

from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.text.foreign_text import PlainButton

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent


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
    return button


def cancel_button(name: str = "", role: str = "plain") -> PlainButton:
    """Create a Cancel button that Enter in a field does not press."""
    return dialog_button(tr("Cancel"), name, role)


def close_button(name: str, role: str = "plain") -> PlainButton:
    """Create a Close button."""
    return PlainButton(tr("Close"), name=name, role=role)
