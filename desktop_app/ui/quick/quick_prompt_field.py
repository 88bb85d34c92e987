"""The input line of the quick prompt; emits signals for pasted or dropped content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QLineEdit

from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.ui.composer.dropped_content import (
    DroppedContent,
    accept_copy,
    is_to_attach,
    read_dropped,
)
from desktop_app.ui.composer.prompt_text import pressed_keys
from desktop_app.ui.composer.template_mark import LineTemplateMark

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import (
        QContextMenuEvent,
        QDragEnterEvent,
        QDragMoveEvent,
        QDropEvent,
        QInputMethodEvent,
        QKeyEvent,
    )

    from desktop_app.ui.composer.spelling import Spelling
    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.quick.line_spelling import LineSpelling


_COUNTED: Final = 200_000
"""The longest text, in characters, whose words are counted without a noticeable delay."""
_MAX_LENGTH: Final = 1_000_000


def describe_text(text: str) -> str:
    """Return how the accompanying text is described: "Text: 312 words", "" for none."""
    if not text.strip():
        return ""
    if len(text) > _COUNTED:
        return tr("Text: {count} characters", count=len(text))
    return tr_plural("Text: {count} word", "Text: {count} words", len(text.split()))


class QuickPromptField(QLineEdit):
    """The input line. Enter belongs to an input method while it is composing.

    Attributes:
        is_composing: whether an input method holds uncommitted text.
        send_keys: the shortcut that sends, in portable text.
        template: tracks which library prompt the text came from.

    Signals:
        entered(): the keys that send were pressed; Enter if there are none.
        refused(): Enter was pressed, but other keys send. The line takes no line breaks.
        files_pasted(list[Path]), image_pasted(DroppedData): attach what was pasted or dropped.
        text_pasted(str text, str html): several lines or formatted text was pasted or dropped.
        notice_raised(str): a sentence about what could not be taken.
        history_requested(int): +1 for an older question, -1 for a newer one.
    """

    entered = Signal()
    refused = Signal()
    files_pasted = Signal(list)
    image_pasted = Signal(object)
    text_pasted = Signal(str, str)
    notice_raised = Signal(str)
    history_requested = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.is_composing = False
        self.send_keys = "Return"
        self.template = LineTemplateMark()
        self._spelling: LineSpelling | None = None
        self.textChanged.connect(lambda text: self.template.follow(text))
        # QLineEdit would silently cut longer text to 32,767 characters.
        self.setMaxLength(_MAX_LENGTH)
        self.setObjectName("prompt")
        self.setAccessibleName(tr("Message"))
        self.setPlaceholderText(tr("Ask anything"))
        self.setStyleSheet("border: none; background: transparent; padding: 0; min-height: 0;")

    def check_spelling_with(self, spelling: Spelling, theme: Theme) -> None:
        """Underline words that are misspelled."""
        from desktop_app.ui.quick.line_spelling import LineSpelling  # no part of the start

        self._spelling = LineSpelling(self, spelling, theme)
        self._spelling.notice_raised.connect(self.notice_raised)

    def suggest_spelling(self) -> None:
        """Go to the next misspelled word, and show suggestions for it."""
        if self._spelling is not None:
            self._spelling.find_next()

    def set_theme(self, theme: Theme) -> None:
        """Apply a theme."""
        if self._spelling is not None:
            self._spelling.set_theme(theme)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu, with spelling, for the word under the pointer or at the cursor."""
        is_by_key = event.reason() == event.Reason.Keyboard
        at = self.cursorPosition() if is_by_key else self.cursorPositionAt(event.pos())
        self.open_menu(at, event.globalPos())

    def open_menu(self, at: int, place: QPoint) -> None:
        """Open the standard menu, with spelling for the word at a position."""
        menu = self.createStandardContextMenu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._spelling is None:
            menu.popup(place)
        else:
            self._spelling.complete(menu, at, lambda: menu.popup(place))

    def set_send_keys(self, keys: str) -> None:
        """Set the shortcut that sends."""
        self.send_keys = keys

    def mark_template(self, template_id: str, start: int, end: int) -> None:
        """Record that the characters [start, end) of the line are a template's."""
        self.template = LineTemplateMark(template_id, self.text(), start, end)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self.is_composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def take(self, dropped: DroppedContent) -> None:
        """Insert a single line at the cursor; emit signals for everything else."""
        if dropped.files:
            self.files_pasted.emit(list(dropped.files))
        if dropped.content is not None:
            self.image_pasted.emit(dropped.content)
        if dropped.html or "\n" in dropped.text.strip():
            self.text_pasted.emit(dropped.text, dropped.html)
        elif dropped.text:
            self.insert(dropped.text)
        if dropped.note:
            self.notice_raised.emit(dropped.note)

    def paste_plain(self) -> None:
        """Paste the clipboard's text unformatted, as a single line."""
        self.paste()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Leave files and images to the window, because QLineEdit would insert their addresses."""
        if is_to_attach(event.mimeData()):
            event.ignore()
        else:
            super().dragEnterEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)
        if event.source() is None and event.isAccepted():
            accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Insert a single line at the drop position; emit signals for everything else."""
        dropped = read_dropped(event.mimeData())
        if dropped.html or "\n" in dropped.text.strip() or dropped.text != event.mimeData().text():
            accept_copy(event)
            self.take(dropped)
        else:
            super().dropEvent(event)
            if event.source() is None:
                accept_copy(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            self.take(read_dropped(QGuiApplication.clipboard().mimeData()))
            return
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not self.is_composing:
            self.history_requested.emit(+1 if event.key() == Qt.Key.Key_Up else -1)
            return
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        is_sending = pressed_keys(event) == self.send_keys
        if not (is_enter or is_sending):
            super().keyPressEvent(event)
        elif not self.is_composing:
            # Shift+Enter sends, too, unless the user chose keys other than Enter.
            sends = is_sending or self.send_keys in ("", "Return")
            (self.entered if sends else self.refused).emit()
