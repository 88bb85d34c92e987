"""The text of the prompt: grows with what is typed, leaves keys to an input method while it
composes, and takes what is pasted or dropped on it: text itself, and files, pictures and very long
texts for others to attach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QKeyCombination, QMimeData, Qt, Signal
from PySide6.QtWidgets import QFrame, QSizePolicy

from desktop_app.ui.widgets.foreign_text import PlainTextField

if TYPE_CHECKING:
    from PySide6.QtGui import (
        QContextMenuEvent,
        QDragMoveEvent,
        QDropEvent,
        QFocusEvent,
        QKeyEvent,
        QResizeEvent,
    )
    from PySide6.QtWidgets import QWidget

    from desktop_app.ui.composer.dropped_content import DroppedContent
    from desktop_app.ui.composer.template_mark import TemplateMark
    from desktop_app.ui.look.theme import Theme

LARGE_PASTE: Final = 20_000
"""Characters beyond which a pasted text becomes an attachment, unless it is set otherwise."""
LARGEST_TEXT: Final = 1_000_000
"""Characters beyond which no text goes into the prompt: laying it out would be felt."""


class PromptText(PlainTextField):
    """The editable text.

    Attributes:
        large_paste: characters beyond which a text is handed over as a large one.

    Signals:
        send_pressed, stop_pressed: the keys for it, never while an input method composes.
        files_pasted(list[Path]), image_pasted(GivenContent), large_text_pasted(str): pasted or dropped.
        large_rich_text_pasted(str text, str html): the same of a text that came with its looks.
        rich_text_pasted(RichPaste): stands there as plain text, and is to become Markdown.
        notice_raised(str): what could not be taken, in a sentence.
        focus_changed(bool), height_changed(): for the card around it.
    """

    send_pressed = Signal()
    stop_pressed = Signal()
    files_pasted = Signal(list)
    image_pasted = Signal(object)
    large_text_pasted = Signal(str)
    large_rich_text_pasted = Signal(str, str)
    rich_text_pasted = Signal(object)
    notice_raised = Signal(str)
    focus_changed = Signal(bool)
    height_changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.send_keys = "Return"
        self.stop_keys = "Esc"
        self.plain_paste_keys = "Ctrl+Shift+V"
        self.large_paste = LARGE_PASTE
        self.can_stop = False
        self._template: TemplateMark | None = None
        self.setObjectName("prompt")
        self.setAccessibleName("Message")
        self.setPlaceholderText("Ask anything, or drop a document")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._dress(theme)
        self.document().documentLayout().documentSizeChanged.connect(self.height_changed)

    @property
    def template_id(self) -> str:
        """The prompt of the library that the text was made with; "" for none."""
        return "" if self._template is None else self._template.template_id

    def mark_template(self, template_id: str, start: int, end: int) -> None:
        """Note that the text between two positions is a template's; "" for no template."""
        if template_id:
            # Imported here: not a part of the start.
            from desktop_app.ui.composer.template_mark import TemplateMark

            self._template = TemplateMark()
            self._template.set(template_id, self.document(), start, end)

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's font and measures."""
        self._dress(theme)
        # Once a style sheet has dressed it, it inherits nothing; the placeholder is drawn with it.
        # (Not in `_dress`: PySide takes 15 ms over the first widget that Qt made.)
        self.viewport().setFont(self.font())

    def _dress(self, theme: Theme) -> None:
        self.setFont(theme.answer())
        self.document().setDocumentMargin(theme.px(2))
        self.setCursorWidth(theme.px(1))
        self.height_changed.emit()

    def wanted_height(self) -> int:
        """The height of all lines."""
        # A plain document measures its height in lines.
        lines = max(1, round(self.document().size().height()))
        margins = 2 * round(self.document().documentMargin())
        return lines * self.fontMetrics().lineSpacing() + margins + 1

    def fit_height(self, limit: int) -> None:
        """Be as high as the lines, at most `limit` (or three lines); beyond it there is a scroll bar."""
        wanted = self.wanted_height()
        limit = max(limit, 3 * self.fontMetrics().lineSpacing())
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if wanted > limit else policy.ScrollBarAlwaysOff
        )
        height = min(wanted, limit)
        if height != self.height():
            self.setFixedHeight(height)

    @property
    def is_composing(self) -> bool:
        """Whether an input method holds text that is not final yet."""
        return bool(self.textCursor().block().layout().preeditAreaText())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        pressed = _portable(event)
        if pressed == "Shift+Return" and self.send_keys != pressed:
            # By itself Qt would put a line separator there, which is no line to other programs.
            if not self.is_composing:
                self.textCursor().insertBlock()
                self.ensureCursorVisible()
        elif pressed == self.send_keys:
            if not self.is_composing:
                self.send_pressed.emit()
        elif pressed and pressed == self.plain_paste_keys:
            if not self.is_composing:
                self.paste_plain()
        elif pressed == self.stop_keys and self.can_stop and not self.is_composing:
            self.stop_pressed.emit()
        elif pressed in ("Return", "Esc") and self.is_composing:
            event.accept()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The usual menu, in which text can be pasted as it is, too."""
        from PySide6.QtGui import QAction, QGuiApplication, QKeySequence

        menu = self.createStandardContextMenu(event.pos())
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        plain = QAction("Paste as plain text", menu)
        plain.setObjectName("paste-plain")
        plain.setShortcut(QKeySequence(self.plain_paste_keys))
        plain.setEnabled(QGuiApplication.clipboard().mimeData().hasText())
        plain.triggered.connect(self.paste_plain)
        lines = menu.actions()
        paste = [line.objectName() for line in lines].index("edit-paste")
        menu.insertAction(lines[paste + 1], plain)  # before "Delete"
        menu.popup(event.globalPos())

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        # Here and below: no start waits for what is needed when something is given.
        from desktop_app.ui.composer.dropped_content import is_welcome

        return is_welcome(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        from desktop_app.ui.composer.dropped_content import given_in

        self.take(given_in(source))

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)
        self._take_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        super().dropEvent(event)
        self._take_copy(event)

    def _take_copy(self, event: QDropEvent) -> None:
        """Words of another program stay there, too."""
        from desktop_app.ui.composer.dropped_content import accept_copy

        if event.source() is None and event.isAccepted():
            accept_copy(event)

    def createMimeDataFromSelection(self) -> QMimeData:
        """What is copied here is what stands here; by itself Qt would offer it as HTML, too."""
        made = QMimeData()
        made.setText(self.textCursor().selection().toPlainText())
        return made

    def part(self) -> None:
        """Part what is to come from the word before the cursor."""
        cursor = self.textCursor()
        before = cursor.block().text()[: cursor.positionInBlock()]
        if before and not before[-1].isspace():
            cursor.insertText(" ")

    def take(self, given: DroppedContent) -> None:
        """Put text where the cursor is, hand over the rest, say what cannot be taken."""
        from desktop_app.ui.composer.rich_text_paste import RichTextPaste

        if given.files:
            self.files_pasted.emit(list(given.files))
        if given.content is not None:
            self.image_pasted.emit(given.content)
        if given.length > self.large_paste:
            if given.html:
                self.large_rich_text_pasted.emit(given.text, given.html)
            else:
                self.large_text_pasted.emit(given.text)
        elif given.html:
            self.rich_text_pasted.emit(RichTextPaste(self.textCursor(), given))
        elif given.text:
            self.wrap_for(given.text)
            self.textCursor().insertText(given.text)
        if given.is_text:
            self.ensureCursorVisible()
        if given.note:
            self.notice_raised.emit(given.note)

    def paste_plain(self) -> None:
        """Put the clipboard's text there as it is, of whatever length."""
        from PySide6.QtGui import QGuiApplication

        from desktop_app.ui.composer.dropped_content import plain_text_in

        text, note = plain_text_in(QGuiApplication.clipboard().mimeData())
        self.put(text)
        if note:
            self.notice_raised.emit(note)

    def put(self, text: str) -> None:
        """Put a text where the cursor is, as it is; only the very longest are attached."""
        if len(text) > LARGEST_TEXT:
            self.large_text_pasted.emit(text)
            return
        self.wrap_for(text)
        self.textCursor().insertText(text)
        self.ensureCursorVisible()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.height_changed.emit()


def _portable(event: QKeyEvent) -> str:
    """The keys pressed as a shortcut's text; the keypad's Enter is Enter."""
    from PySide6.QtGui import QKeySequence  # when a key is pressed: no part of the start

    key = event.key()
    if key == Qt.Key.Key_Enter:
        key = Qt.Key.Key_Return
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    keys = QKeySequence(QKeyCombination(modifiers, Qt.Key(key)))
    return keys.toString(QKeySequence.SequenceFormat.PortableText)
