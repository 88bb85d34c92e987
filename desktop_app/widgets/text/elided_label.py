"""A label that is elided if there is no room for it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QSizePolicy

from desktop_app.widgets.text.foreign_text import PlainLabel, one_line, set_tooltip, spoken_text


class ElidedLabel(PlainLabel):
    """A label of one line, elided if necessary; the tooltip then has the whole text."""

    def __init__(
        self,
        text: str = "",
        *,
        name: str = "",
        role: str = "",
        elide_mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__(name=name, role=role)
        self._full_text = ""
        self._note = ""
        self._elide_mode = elide_mode
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        if text:
            self.setText(text)

    def setText(self, text: str) -> None:
        """Set the text; line breaks become spaces."""
        self._full_text = one_line(text)
        self.setAccessibleName(spoken_text(self._full_text))
        self._elide()

    def set_note(self, note: str) -> None:
        """Set a text that the tooltip shows, also below the whole text."""
        self._note = note
        self.setAccessibleDescription(spoken_text(note))
        self._elide()

    def text(self) -> str:
        """Return the whole text, even if it is elided."""
        return self._full_text

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        metrics = QFontMetrics(self.font())
        elided = metrics.elidedText(self._full_text, self._elide_mode, self.width())
        super().setText(elided)
        whole = self._full_text if elided != self._full_text else ""
        set_tooltip(self, "\n".join(filter(None, (whole, self._note))))
