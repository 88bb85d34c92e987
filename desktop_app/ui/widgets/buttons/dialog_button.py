"""Buttons of dialogs and forms."""

from __future__ import annotations

from PySide6.QtWidgets import QSizePolicy

from desktop_app.ui.widgets.buttons.single_click_button import SingleClickButton
from desktop_app.ui.widgets.text.foreign_text import PlainButton


def dialog_button(label: str, name: str, role: str = "plain") -> PlainButton:
    """Create a button that Enter in a field does not press."""
    button = PlainButton(label, name=name, role=role)
    button.setAutoDefault(False)
    return button


def compact_button(label: str, name: str, role: str = "link") -> PlainButton:
    """Create a button that is no wider than its label."""
    button = PlainButton(label, name=name, role=role)
    button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    return button


def delete_button(label: str, name: str) -> SingleClickButton:
    """Create a button that deletes the shown item, after which another is shown."""
    button = SingleClickButton(label, name=name, role="plain")
    button.setAutoDefault(False)
    return button
