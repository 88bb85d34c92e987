"""A calm card above the prompt: work on the library that takes its time, and a way to stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar

from desktop_app.ui.look.theme import set_role
from desktop_app.ui.widgets.foreign_text import PlainButton, PlainLabel, one_line, spoken_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.ui.look.theme import Theme

_LONGEST: Final = 80


class ProgressCard(QFrame):
    """See the module.

    Signals:
        cancel_requested(): the person wants it to stop.
    """

    cancel_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("work")
        set_role(self, "note-card")
        self.words = PlainLabel()
        self.words.setMinimumWidth(1)  # a long name gives way to the window's width
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.cancel_button = PlainButton("Cancel")
        self.cancel_button.setObjectName("cancel-work")
        set_role(self.cancel_button, "link")
        self._line = QHBoxLayout(self)
        self._line.addWidget(self.words)
        self._line.addWidget(self.bar, 1)
        self._line.addWidget(self.cancel_button)
        self.cancel_button.clicked.connect(lambda: self.cancel_requested.emit())
        self.set_theme(theme)
        self.hide()

    def begin(self, words: str) -> None:
        """Show that something is under way; how far is not known yet."""
        self.say(words)
        self.set_progress(0, 0)
        self.show()

    def say(self, words: str) -> None:
        """Say what is being done."""
        self.words.setText(one_line(words, _LONGEST))
        self.setAccessibleName(spoken_text(self.words.text()))

    def set_progress(self, done: int, total: int) -> None:
        """How far it has come. Without a total the bar stays empty: one that runs to and fro would
        have the window painted all the time."""
        self.bar.setMaximum(max(1, total))
        self.bar.setValue(min(done, total))
        self.bar.setAccessibleName(
            spoken_text(f"{done:,} of {total:,}" if total else self.words.text())
        )

    def set_theme(self, theme: Theme) -> None:
        """Draw with this theme from now on."""
        px = theme.px
        self._line.setContentsMargins(px(14), px(10), px(14), px(10))
        self._line.setSpacing(px(12))
        self.bar.setFixedHeight(px(6))
