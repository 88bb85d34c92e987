"""Two answers side by side, in columns or, in a narrow place, one above the other.

Each has a heading, its figures, what shows it, and a button that keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QSplitter, QWidget

from desktop_app.i18n.translation import tr
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import ElidedLabel, PlainLabel, spoken_text

_MIN_COLUMN_WIDTH: Final = 260
"""The least width of a column, in pixels at the default text size."""


class ComparedAnswer(QFrame):
    """One of the answers.

    Args:
        content: shows it.
        name: the object name; that of its button has "-keep" added.

    Attributes:
        keep_button: keeps this answer.
    """

    def __init__(self, content: QWidget, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.accessible_role = "Grouping"
        set_role(self, "column")
        self.content = content
        self._title = ElidedLabel(role="strong")
        self._facts = PlainLabel(name=f"{name}-facts", role="note", wraps=True)
        self.keep_button = dialog_button(tr("Keep this one"), f"{name}-keep")
        foot = row_of(self.keep_button, STRETCH, spacing=6)
        rows = (self._title, self._facts, (content, 1), foot)
        column_of(*rows, parent=self, margins=8, spacing=4)

    def show_facts(self, title: str, facts: str) -> None:
        """Show who has answered, and the figures."""
        self._title.setText(title)
        self._facts.setText(facts)
        self._facts.setVisible(bool(facts))
        self.content.setAccessibleName(spoken_text(title))
        self.setAccessibleName(spoken_text(f"{title}: {facts}"))
        self.keep_button.setAccessibleName(spoken_text(tr("Keep {name}", name=title)))


class SideBySide(QSplitter):
    """The answers.

    Attributes:
        answers: from the beginning of the line, or from the top.

    Signals:
        kept(int): the user keeps the answer of this number, from 0.
    """

    kept = Signal(int)

    def __init__(self, contents: Sequence[QWidget], name: str) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setObjectName(name)
        self.setChildrenCollapsible(False)
        self.answers = [
            ComparedAnswer(content, f"{name}-{number}")
            for number, content in enumerate(contents, 1)
        ]
        for number, answer in enumerate(self.answers):
            self.addWidget(answer)
            self.setStretchFactor(number, 1)
            answer.keep_button.clicked.connect(lambda _=False, n=number: self.kept.emit(n))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        needed = current_theme().px(_MIN_COLUMN_WIDTH) * len(self.answers)
        is_narrow = self.width() < needed
        wanted = Qt.Orientation.Vertical if is_narrow else Qt.Orientation.Horizontal
        if self.orientation() is not wanted:
            self.setOrientation(wanted)
