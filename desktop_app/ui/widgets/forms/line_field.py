"""A field of one line that is labelled by its placeholder."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit

from desktop_app.ui.widgets.text.foreign_text import spoken_text


def line_field(label: str, name: str) -> QLineEdit:
    """Create a field whose placeholder and accessible name are `label`."""
    field = QLineEdit()
    field.setObjectName(name)
    field.setPlaceholderText(label)
    field.setAccessibleName(spoken_text(label))
    return field
