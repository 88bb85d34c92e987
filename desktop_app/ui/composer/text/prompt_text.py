"""The text field of the prompt.

It grows with its text and leaves keys to an input method while that is composing. It inserts
pasted and dropped text; for files, images and very long texts it emits signals.
"""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import QKeyCombination, QMimeData, Qt, Signal
from PySide6.QtWidgets import QFrame, QSizePolicy

from desktop_app.i18n.translation import tr
from desktop_app.ui.widgets.text.foreign_text import PlainTextField
from desktop_app.ui.widgets.text.utf16 import utf16_slice

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QPoint
    from PySide6.QtGui import (
        QContextMenuEvent,
        QDragMoveEvent,
        QDropEvent,
        QFocusEvent,
        QFont,
        QKeyEvent,
        QResizeEvent,
        QTextCursor,
    )

    from desktop_app.commands.keymap import Keymap
    from desktop_app.ui.composer.completion.template_mark import TemplateMark
    from desktop_app.ui.composer.dropped_content import DroppedContent
    from desktop_app.ui.composer.spelling import Spelling
    from desktop_app.ui.composer.text.prompt_spelling import PromptSpelling
    from desktop_app.ui.look.theme import Theme

LARGE_PASTE_CHARACTERS: Final = 20_000
"""The default number of characters beyond which a pasted text becomes an attachment."""
_DIRECTION_SAMPLE: Final = 200  # characters of the first line
_MEASURED_PARAGRAPHS: Final = 64  # paragraphs: more than any prompt shows without scrolling
MAX_TEXT_CHARACTERS: Final = 1_000_000
"""Longer texts are attached instead of inserted, because their layout would be slow."""


class PromptText(PlainTextField):
    """The field for the prompt's text. See the module.

    Signals:
        send_pressed, stop_pressed: a key was pressed, never while an input method is composing.
        edit_last_requested(): Up was pressed in the empty text.
        files_pasted(list[Path]), data_pasted(DroppedData), large_text_pasted(str): pasted or
            dropped.
        large_rich_text_pasted(str text, str html): the same with formatting.
        rich_text_pasted(RichTextPaste): plain text was inserted; convert its HTML to Markdown.
        notice_raised(str): a sentence about content that was left out, or about the spelling.
        focus_changed(bool), height_changed(): for the surrounding card.
    """

    send_pressed = Signal()
    stop_pressed = Signal()
    edit_last_requested = Signal()
    files_pasted = Signal(list)
    data_pasted = Signal(object)
    large_text_pasted = Signal(str)
    large_rich_text_pasted = Signal(str, str)
    rich_text_pasted = Signal(object)
    notice_raised = Signal(str)
    focus_changed = Signal(bool)
    height_changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._send_keys = "Return"
        self._stop_keys = "Esc"
        self._plain_paste_keys = "Ctrl+Shift+V"
        self._max_pasted_characters = LARGE_PASTE_CHARACTERS
        self._can_stop = False
        self._template: TemplateMark | None = None
        self._removal_undos: list[Callable[[], object]] = []
        self._spelling: PromptSpelling | None = None
        self.setObjectName("prompt")
        self.setAccessibleName(tr("Message"))
        self.setPlaceholderText(tr("Ask anything, or drop a document"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._apply_font(theme)
        self.document().documentLayout().documentSizeChanged.connect(self.height_changed)
        self.textChanged.connect(self._align)
        self.textChanged.connect(self._removal_undos.clear)

    def set_keymap(self, keymap: Keymap) -> None:
        """Set the keys for send, stop and plain paste."""
        self._send_keys = keymap.shortcut_of("prompt.send")
        self._stop_keys = keymap.shortcut_of("prompt.stop")
        self._plain_paste_keys = keymap.shortcut_of("prompt.paste-plain")

    def set_large_paste(self, characters: int) -> None:
        """Set the number of characters beyond which a pasted text is to be attached."""
        self._max_pasted_characters = characters

    def set_can_stop(self, can_stop: bool) -> None:
        """Set whether the stop key stops an answer."""
        self._can_stop = can_stop

    def offer_undo(self, undo: Callable[[], object]) -> None:
        """Call `undo` at Ctrl+Z, unless the text changes before; the last offer comes first."""
        self._removal_undos.append(undo)

    @property
    def template_id(self) -> str:
        """Return the id of the library prompt in the text, "" for none."""
        return "" if self._template is None else self._template.template_id

    def mark_template(self, template_id: str, start: int, end: int) -> None:
        """Record that the text between two positions is a template's; "" records nothing."""
        if template_id:
            # Imported here because start-up does not need it.
            from desktop_app.ui.composer.completion.template_mark import TemplateMark

            self._template = TemplateMark(template_id, self.document(), start, end)

    def set_theme(self, theme: Theme) -> None:
        self._apply_font(theme)
        if self._spelling is not None:
            self._spelling.set_theme(theme)
        # Once a style sheet has styled the viewport, the viewport inherits no font, but the
        # placeholder uses the viewport's font. Not in `_apply_font`, because PySide takes 15 ms for
        # the first widget that Qt created.
        self.viewport().setFont(self.font())

    def _align(self) -> None:
        """Align the text by the direction of its first line; Qt aligns all paragraphs alike."""
        text = self.document().firstBlock().text()[:_DIRECTION_SAMPLE]
        letter = next((letter for letter in text if letter.isalpha()), "")
        is_right_to_left = bool(letter) and unicodedata.bidirectional(letter) in ("R", "AL")
        option = self.document().defaultTextOption()
        side = Qt.AlignmentFlag.AlignRight if is_right_to_left else Qt.AlignmentFlag.AlignLeft
        if option.alignment() != side:
            option.setAlignment(side)
            self.document().setDefaultTextOption(option)

    def _apply_font(self, theme: Theme) -> None:
        self.setFont(self._font_of(theme))
        self.document().setDocumentMargin(theme.px(2))
        self.setCursorWidth(theme.px(1))
        self.height_changed.emit()

    def _font_of(self, theme: Theme) -> QFont:
        return theme.reading()

    def wanted_height(self) -> int:
        """Return the height of all lines in pixels; of a very long text, an estimate."""
        # Qt lays a paragraph out when it is painted; until then it counts as a single line.
        block = self.document().firstBlock()
        for _ in range(_MEASURED_PARAGRAPHS):
            if not block.isValid():
                break
            self.document().documentLayout().blockBoundingRect(block)
            block = block.next()
        # The size of a plain text document is in lines.
        return self.height_of(max(1, round(self.document().size().height())))

    def height_of(self, lines: int) -> int:
        """Return the height in pixels of a number of lines."""
        from PySide6.QtGui import QFontMetricsF  # not needed at start-up

        line = math.ceil(QFontMetricsF(self.font()).height())  # rounded up as in Qt's layout
        margins = 2 * round(self.document().documentMargin())
        return lines * line + margins + 1

    def fit_height(self, limit: int) -> None:
        """Set the height of the lines, at most `limit` pixels or three lines, whichever is more.

        Beyond the limit, the text scrolls.
        """
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
        """Return True while an input method holds uncommitted text."""
        return bool(self.textCursor().block().layout().preeditAreaText())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        pressed = pressed_keys(event)
        if pressed in ("Shift+Return", "Ctrl+Return") and self._send_keys != pressed:
            # By default, Qt inserts nothing for Ctrl, and for Shift a line separator, which other
            # programs do not treat as a line break.
            if not self.is_composing:
                self.textCursor().insertBlock()
                self.ensureCursorVisible()
        elif pressed and pressed == self._send_keys:
            if not self.is_composing:
                self.send_pressed.emit()
        elif pressed and pressed == self._plain_paste_keys:
            if not self.is_composing:
                self.paste_plain()
        elif pressed and pressed == self._stop_keys and self._can_stop and not self.is_composing:
            self.stop_pressed.emit()
        elif pressed == "Up" and self.document().isEmpty() and not self.is_composing:
            self.edit_last_requested.emit()
        elif pressed == "Ctrl+Z" and self._removal_undos and not self.is_composing:
            self._removal_undos.pop()()
        elif pressed in ("Return", "Esc") and self.is_composing:
            event.accept()
        else:
            super().keyPressEvent(event)

    def check_spelling_with(self, spelling: Spelling, theme: Theme) -> None:
        """Underline words that are misspelled."""
        from desktop_app.ui.composer.text.prompt_spelling import (
            PromptSpelling,  # not needed at start-up
        )

        self._spelling = PromptSpelling(self, spelling, theme)
        self._spelling.notice_raised.connect(self.notice_raised)

    def suggest_spelling(self) -> None:
        """Go to the next misspelled word, and show suggestions for it."""
        if self._spelling is not None:
            self._spelling.find_next()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu for the word under the pointer, or at the cursor if a key was pressed."""
        is_by_key = event.reason() == event.Reason.Keyboard
        cursor = self.textCursor() if is_by_key else self.cursorForPosition(event.pos())
        self.open_menu(cursor, event.pos())

    def open_menu(self, cursor: QTextCursor, position: QPoint) -> None:
        """Open the standard menu, with spelling and an additional entry to paste as plain text."""
        from PySide6.QtGui import QAction, QGuiApplication, QKeySequence

        from desktop_app.ui.widgets.accessibility.mnemonics import mark_menu

        menu = self.createStandardContextMenu(position)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        plain = QAction(tr("Paste as plain text"), menu)
        plain.setObjectName("paste-plain")
        plain.setShortcut(QKeySequence(self._plain_paste_keys))
        # Under Wayland there is no clipboard without the keyboard focus.
        content = cast("QMimeData | None", QGuiApplication.clipboard().mimeData())
        plain.setEnabled(content is not None and content.hasText())
        plain.triggered.connect(self.paste_plain)
        actions = menu.actions()
        paste = [action.objectName() for action in actions].index("edit-paste")
        menu.insertAction(actions[paste + 1], plain)  # before "Delete"
        global_position = self.viewport().mapToGlobal(position)

        def show() -> None:
            mark_menu(menu)
            menu.popup(global_position)

        if self._spelling is None:
            show()
        else:
            self._spelling.add_suggestions(menu, cursor, show)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        # Imported here and below because start-up does not need it.
        from desktop_app.ui.composer.dropped_content import is_acceptable

        return is_acceptable(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        from desktop_app.ui.composer.dropped_content import read_dropped

        self.insert_dropped(read_dropped(source))

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)
        self._accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        super().dropEvent(event)
        self._accept_copy(event)

    def _accept_copy(self, event: QDropEvent) -> None:
        """Make a drop from another program a copy, so that its text stays there."""
        from desktop_app.ui.composer.dropped_content import accept_copy

        if event.source() is None and event.isAccepted():
            accept_copy(event)

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selection as plain text only; by default, Qt also offers HTML."""
        data = QMimeData()
        data.setText(self.textCursor().selection().toPlainText())
        return data

    def separate_from_word(self) -> None:
        """Insert a space if the cursor directly follows a word."""
        cursor = self.textCursor()
        before = utf16_slice(cursor.block().text(), 0, cursor.positionInBlock())
        if before and not before[-1].isspace():
            cursor.insertText(" ")

    def insert_dropped(self, dropped: DroppedContent) -> None:
        """Insert text at the cursor; emit signals for everything else."""
        from desktop_app.ui.composer.text.rich_text_paste import RichTextPaste, text_of_html

        if dropped.files:
            self.files_pasted.emit(list(dropped.files))
        if dropped.data is not None:
            self.data_pasted.emit(dropped.data)
        if dropped.length > self._max_pasted_characters:
            if dropped.html:
                self.large_rich_text_pasted.emit(dropped.text, dropped.html)
            else:
                self.large_text_pasted.emit(dropped.text)
        elif dropped.is_text:
            text = dropped.text or text_of_html(dropped.html)
            self.wrap_for(text)
            if dropped.html:
                self.rich_text_pasted.emit(RichTextPaste(self.textCursor(), text, dropped.html))
            else:
                self.textCursor().insertText(text)
        if dropped.is_text:
            self.ensureCursorVisible()
        if dropped.note:
            self.notice_raised.emit(dropped.note)

    def paste_plain(self) -> None:
        """Insert the clipboard's plain text; a text beyond MAX_TEXT_CHARACTERS is attached."""
        from PySide6.QtGui import QGuiApplication

        from desktop_app.ui.composer.dropped_content import remove_invalid_characters

        text, note = remove_invalid_characters(QGuiApplication.clipboard().text())
        self.insert_plain(text)
        if note:
            self.notice_raised.emit(note)

    def insert_plain(self, text: str) -> None:
        """Insert text at the cursor, unchanged; texts beyond MAX_TEXT_CHARACTERS are attached.

        Without text, keep the selection, which may be all that the user has typed.
        """
        if not text:
            return
        if len(text) > MAX_TEXT_CHARACTERS:
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


def pressed_keys(event: QKeyEvent) -> str:
    """Return the pressed keys as portable text; Enter of the keypad counts as Return."""
    from PySide6.QtGui import QKeySequence  # only needed when a key is pressed

    key = event.key()
    if key == Qt.Key.Key_Enter:
        key = Qt.Key.Key_Return
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    keys = QKeySequence(QKeyCombination(modifiers, Qt.Key(key)))
    return keys.toString(QKeySequence.SequenceFormat.PortableText)
