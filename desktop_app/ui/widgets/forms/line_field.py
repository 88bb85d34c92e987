"""A field of one line whose placeholder says what it is for."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit

from desktop_app.ui.widgets.text.foreign_text import spoken_text


def line_field(words: str, name: str) -> QLineEdit:
    """Create a field that its placeholder and screen readers call `words`."""
    field = QLineEdit()
    field.setObjectName(name)
    field.setPlaceholderText(words)
    field.setAccessibleName(spoken_text(words))
    return field
