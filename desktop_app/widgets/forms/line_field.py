"""Text fields with their names for users, assistive technology and tests."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit

from desktop_app.widgets.text.foreign_text import PlainTextField, spoken_text


def line_field(label: str, name: str) -> QLineEdit:
    """Create a field of one line whose placeholder and accessible name are `label`."""
    field = QLineEdit()
    field.setObjectName(name)
    field.setPlaceholderText(label)
    field.setAccessibleName(spoken_text(label))
    return field


def text_field(label: str, name: str, *, read_only: bool = False) -> PlainTextField:
    """Create a field of several lines whose accessible name is `label`."""
    field = PlainTextField(readOnly=read_only, tabChangesFocus=True)
    field.setObjectName(name)
    field.setAccessibleName(spoken_text(label))
    field.setProperty("role", "field")
    return field
