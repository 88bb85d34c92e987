"""Widgets of a temporary conversation: a card above its prompt, a row in the sidebar."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from desktop_app.composer.dropped_content import accept_copy, drop_hint, is_acceptable, read_dropped
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.boxes import row_of
from desktop_app.widgets.buttons.dialog_button import ElidedButton, close_button
from desktop_app.widgets.look import icons
from desktop_app.widgets.look import theme as themes
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.text.foreign_text import (
    PlainButton,
    PlainLabel,
    PlainToolButton,
    spoken_text,
)

TITLE: Final = N_("Temporary conversation")
EXPLANATION: Final = N_(
    "This conversation isn’t saved and is deleted when you close it. "
    "The provider receives your messages, and the cost is counted."
)
QUESTION: Final = N_("Delete this temporary conversation? This can’t be undone.")


class TemporaryBar(QFrame):
    """The card above the prompt of a temporary conversation.

    Signals:
        close_requested(): the user wants to close the conversation.
        confirmed(): the user confirmed closing a conversation that is not empty.
    """

    close_requested = Signal()
    confirmed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("temporary")
        set_role(self, "note-card")
        self._icon = PlainLabel()
        self.label = PlainLabel(wraps=True)
        self.close_button = close_button("temporary-close", "link")
        self.forget_button = PlainButton(tr("Delete"), name="temporary-forget", role="link")
        self.keep_button = PlainButton(tr("Keep"), name="temporary-keep", role="link")
        buttons = (self.close_button, self.forget_button, self.keep_button)
        parts = ((self._icon, Qt.AlignmentFlag.AlignTop), (self.label, 1), *buttons)
        row_of(*parts, parent=self, margins=(14, 8, 14, 8), spacing=12)
        self.close_button.clicked.connect(self.close_requested)
        self.forget_button.clicked.connect(self.confirmed)
        self.keep_button.clicked.connect(self.explain)
        self.explain()
        self.update_theme()
        self.hide()

    def explain(self) -> None:
        """Explain what a temporary conversation is."""
        self._show_text(tr(EXPLANATION), is_asking=False)

    def ask(self) -> None:
        """Ask the user to confirm closing."""
        self._show_text(tr(QUESTION), is_asking=True)
        self.forget_button.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keep the conversation on Esc."""
        if event.key() == Qt.Key.Key_Escape and self.keep_button.isVisible():
            self.keep_button.click()
        else:
            super().keyPressEvent(event)

    def update_theme(self) -> None:
        theme = current_theme()
        self._icon.setContentsMargins(0, theme.px(2), 0, 0)
        self._icon.setPixmap(icons.pixmap("lock", theme.dim, theme.px(16)))

    def _show_text(self, text: str, *, is_asking: bool) -> None:
        set_role(self.label, "" if is_asking else "note")
        self.label.setText(text)
        self.setAccessibleName(spoken_text(text))
        self.close_button.setVisible(not is_asking)
        self.forget_button.setVisible(is_asking)
        self.keep_button.setVisible(is_asking)


class TemporaryRow(QWidget):
    """The row of the temporary conversation, above the list of the stored conversations.

    Signals:
        open_requested(): show the temporary conversation.
        close_requested(): the user wants to close it.
        drop_hint_changed(str): the hint for a drop here; "" after the drag has left or ended.
        content_dropped(DroppedContent): content was dropped here.
    """

    open_requested = Signal()
    close_requested = Signal()
    drop_hint_changed = Signal(str)
    content_dropped = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.button = ElidedButton(tr(TITLE))
        self.button.setObjectName("temporary-row")
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        set_role(self.button, "row")
        self.close_button = PlainToolButton(name="temporary-row-close", role="quiet")
        self.close_button.setAccessibleName(tr("Close temporary conversation"))
        self.close_button.setToolTip(tr("Close"))
        row_of((self.button, 1), self.close_button, parent=self, margins=0, spacing=0)
        self.button.clicked.connect(self.open_requested)
        self.close_button.clicked.connect(self.close_requested)
        self.update_theme()

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        self.button.setMaximumHeight(px(themes.ROW_HEIGHT))
        icons.set_icon(self.button, "lock", theme.text, px(16))
        self.button.setStyleSheet(f"text-align: left; padding-left: {px(9)}px;")
        self.close_button.setIcon(icons.icon("x", theme.dim, px(14)))
        themes.limit_size(self.close_button, px(26), px(26))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.source() is None and is_acceptable(event.mimeData()):
            accept_copy(event)
            self.button.setDown(True)
            self.drop_hint_changed.emit(drop_hint(event.mimeData(), tr(TITLE)))

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self.button.setDown(False)
        self.drop_hint_changed.emit("")

    def dropEvent(self, event: QDropEvent) -> None:
        self.button.setDown(False)
        self.drop_hint_changed.emit("")
        accept_copy(event)
        self.content_dropped.emit(read_dropped(event.mimeData()))
