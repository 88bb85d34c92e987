"""A card above the prompt that offers to compact a long conversation."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame

from desktop_app.i18n.translation import tr
from desktop_app.widgets.accessibility.announcements import announce
from desktop_app.widgets.boxes import STRETCH, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import cancel_button
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import PlainButton, PlainLabel, spoken_text


class CompactionCard(QFrame):
    """The card that offers compaction, and then shows that it is running.

    Signals:
        accepted(): the user clicked Compact.
        declined(): the user clicked Not now, or pressed Esc.
        cancel_requested(): the user wants to stop the running compaction.
    """

    accepted = Signal()
    declined = Signal()
    cancel_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("compaction")
        set_role(self, "note-card")
        self._icon = PlainLabel()
        self._words = PlainLabel(wraps=True)
        self._note = PlainLabel(role="note", wraps=True)
        self.compact_button = PlainButton(tr("Compact"), name="compact", role="link")
        self.decline_button = PlainButton(tr("Not now"), name="compact-not-now", role="link")
        self.cancel_button = cancel_button("compact-cancel", "link")
        self.compact_button.clicked.connect(self.accepted)
        self.decline_button.clicked.connect(self.declined)
        self.cancel_button.clicked.connect(self.cancel_requested)
        self._lay_out()
        self.update_theme()
        self.hide()

    @property
    def words(self) -> str:
        """Return the visible text, as one string."""
        return f"{self._words.text()} {self._note.text()}".strip()

    def offer(self, question: str, note: str) -> None:
        """Offer to compact; `note` describes the effect and the cost."""
        self._show_text(question, note, is_working=False)

    def show_work(self, status: str) -> None:
        """Show that the compaction is running."""
        self._show_text(status, "", is_working=True)

    def update_theme(self) -> None:
        theme = current_theme()
        self._icon.setContentsMargins(0, theme.px(3), 0, 0)
        self._icon.setPixmap(icons.pixmap("info", theme.dim, theme.px(18)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Decline the offer on Esc."""
        if event.key() == Qt.Key.Key_Escape and self.decline_button.isVisible():
            self.declined.emit()
        else:
            super().keyPressEvent(event)

    def _lay_out(self) -> None:
        buttons = (self.compact_button, self.decline_button, self.cancel_button, STRETCH)
        column = column_of(self._words, self._note, row_of(*buttons, spacing=16), spacing=3)
        icon = (self._icon, Qt.AlignmentFlag.AlignTop)
        row_of(icon, (column, 1), parent=self, margins=(14, 10, 14, 10), spacing=10)

    def _show_text(self, text: str, note: str, *, is_working: bool) -> None:
        shown_before = "" if self.isHidden() else self.words
        self._words.setText(text)
        self._note.setText(note)
        self._note.setVisible(bool(note))
        self.setAccessibleName(spoken_text(self.words))
        if self.words != shown_before:
            announce(self, self.words)
        for button in (self.compact_button, self.decline_button):
            button.setVisible(not is_working)
        self.cancel_button.setVisible(is_working)
        self.show()
