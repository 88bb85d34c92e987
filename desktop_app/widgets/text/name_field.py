"""The field of a name."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit

from desktop_app.widgets.text.foreign_text import spoken_text


class NameField(QLineEdit):
    """A field that knows whether the user has edited the name that it shows.

    Attributes:
        is_edited: True if the text is no longer that of `set_name`.
    """

    def __init__(self, label: str, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(spoken_text(label))
        self._initial = ""

    def set_name(self, name: str) -> None:
        """Show a name, and record the text: a field may drop characters of the name."""
        self.setText(name)
        self._initial = self.text()

    @property
    def is_edited(self) -> bool:
        return self.text() != self._initial
