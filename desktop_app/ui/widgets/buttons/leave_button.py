"""Buttons that leave a form, card or dialog, and keep their mnemonic everywhere."""

from __future__ import annotations

from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.accessibility.mnemonics import KEEPS_LETTER
from desktop_app.ui.widgets.text.foreign_text import PlainButton


def cancel_button(name: str = "", role: str = "plain") -> PlainButton:
    """Create a Cancel button."""
    return _leave_button(tr("Cancel"), name, role)


def close_button(name: str, role: str = "plain") -> PlainButton:
    """Create a Close button."""
    return _leave_button(tr("Close"), name, role)


def _leave_button(label: str, name: str, role: str) -> PlainButton:
    button = PlainButton(label, name=name, role=role)
    button.setProperty(KEEPS_LETTER, True)
    return button
