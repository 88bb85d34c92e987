"""The text field of a prompt: its keys, and what is pasted or dropped into it.

It leaves keys to an input method while that is composing. Files, images and very long texts are
not inserted: signals ask to attach them. The widget around it sets its height.

Formatted text is inserted as plain text at once, and later replaced by Markdown. Nothing waits for
the conversion, and the plain text stays if it fails. Both are a single undo step unless the user
typed in between.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from html import unescape
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import QKeyCombination, QMimeData, QPoint, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QTextCursor,
    QTextDocumentFragment,
)
from PySide6.QtWidgets import QFrame, QSizePolicy

from desktop_app.composer.dropped_content import (
    DroppedContent,
    accept_copy,
    is_acceptable,
    read_dropped,
    remove_invalid_characters,
)
from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.look.direction import is_right_to_left
from desktop_app.widgets.look.theme import Theme, current_theme
from desktop_app.widgets.program_menu import mark_menu
from desktop_app.widgets.text.foreign_text import PlainTextField
from desktop_app.widgets.text.utf16 import utf16_slice

_KEEP_ANCHOR: Final = QTextCursor.MoveMode.KeepAnchor
_WORD: Final = r"\w{4,}"
_HIDDEN_HTML: Final = r"(?is)<!--.*?(?:-->|\Z)|<(script|style|head)\b.*?(?:</\1\s*>|\Z)"
_NEW_LINE: Final = r"(?i)</(?:p|div|h[1-6]|li|t[dhr]|pre|blockquote)\b[^<>]*> ?|<br\b[^<>]*> ?"
_TAG: Final = r"<[a-zA-Z/!?][^<>]*>"
_MAX_TAGS: Final = 1_000
"""The number of tags and style rules up to which Qt reads HTML.

Of HTML with more, only the text and the line ends are read.
"""
_MARKUP: Final = r"[*~`\\]"


class RichTextPaste:
    """A pasted text that may still become Markdown. See the module.

    Attributes:
        html: the HTML to convert to Markdown.

    Args:
        cursor: the position; its selection is replaced.
        text: the plain text.
        html: the same text with its formatting.
    """

    def __init__(self, cursor: QTextCursor, text: str, html: str) -> None:
        self.html = html
        start = cursor.selectionStart()
        cursor.beginEditBlock()  # the Markdown can join this edit block
        cursor.insertText(text)
        cursor.endEditBlock()
        self._range = QTextCursor(cursor.document())
        self._range.setPosition(start)
        self._range.setPosition(cursor.position(), _KEEP_ANCHOR)
        # The end does not move with text typed directly after it.
        self._end_cursor = QTextCursor(cursor.document())
        self._end_cursor.setPosition(cursor.position())
        self._end_cursor.setKeepPositionOnInsert(True)
        self._plain_text = self._range.selectedText()
        self._revision = cursor.document().revision()

    def replace_with(self, markdown: str) -> None:
        """Replace the text by Markdown if the text is unedited and the Markdown is richer."""
        cursor_range = self._range
        cursor_range.setPosition(cursor_range.selectionStart())
        cursor_range.setPosition(self._end_cursor.position(), _KEEP_ANCHOR)
        is_unedited = cursor_range.selectedText() == self._plain_text
        if not is_unedited or not is_richer(markdown, self._plain_text):
            return
        if cursor_range.document().revision() == self._revision:
            cursor_range.joinPreviousEditBlock()
        else:
            cursor_range.beginEditBlock()
        cursor_range.insertText(markdown)
        cursor_range.endEditBlock()


def is_richer(markdown: str, plain_text: str) -> bool:
    """Return True if the Markdown adds more than space and keeps all words of 4+ letters."""
    if not markdown.strip() or markdown.split() == plain_text.split():
        return False
    words = re.findall(_WORD, plain_text)
    markdown_words = re.findall(_WORD, re.sub(_MARKUP, "", markdown))
    return set(words) <= set(markdown_words)


def text_of_html(html: str) -> str:
    """Return the text of HTML that came without plain text.

    Qt takes quadratic time for nested tags and for style rules: 3 s for 4,000 lists.
    """

    if html.count("<") + html.count("{") <= _MAX_TAGS:
        return QTextDocumentFragment.fromHtml(html).toPlainText().strip()
    visible_html = " ".join(re.sub(_HIDDEN_HTML, "", html).split())
    return unescape(re.sub(_TAG, "", re.sub(_NEW_LINE, "\n", visible_html))).strip()


if TYPE_CHECKING:
    from desktop_app.composer.spelling import PromptSpelling, Spelling

LARGE_PASTE_CHARACTERS: Final = 20_000
"""A longer pasted text becomes an attachment."""
MAX_TEXT_CHARACTERS: Final = 1_000_000
"""Longer texts are attached instead of inserted, because their layout would be slow."""
_MEASURED_PARAGRAPHS: Final = 64  # more than any prompt shows without scrolling


class PromptText(PlainTextField):
    """The field for the prompt's text. See the module.

    Args:
        font_of: returns the font of a theme.

    Attributes:
        can_stop: whether the stop key stops an answer.
        undos: called at Ctrl+Z, the last one first; emptied if the text changes.

    Signals:
        send_pressed, stop_pressed: a key was pressed.
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

    def __init__(self, *, font_of: Callable[[Theme], QFont] = Theme.reading) -> None:
        super().__init__()
        self._font_of = font_of
        self._send_keys = "Return"
        self._stop_keys = "Esc"
        self._plain_paste_keys = "Ctrl+Shift+V"
        self.can_stop = False
        self.undos: list[Callable[[], object]] = []
        self.textChanged.connect(self.undos.clear)
        self._template_id = ""
        self._spelling: PromptSpelling | None = None
        self.setObjectName("prompt")
        self.setAccessibleName(tr("Message"))
        self.setPlaceholderText(tr("Ask anything, or drop a document"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._apply_font()
        self.document().documentLayout().documentSizeChanged.connect(self.height_changed)
        self.textChanged.connect(self._align)

    @property
    def template_id(self) -> str:
        """Return the id of the library prompt in the text, "" if none of its text is left."""
        if (
            not self._template_id
            or self._template_start.position() >= self._template_end.position()
        ):
            return ""
        return self._template_id

    def set_text(self, text: str, template_id: str = "") -> None:
        """Replace the text, with the cursor at its end.

        `template_id` is the library prompt that the text comes from; "" for none.
        """
        self.setPlainText(text)
        self.moveCursor(QTextCursor.MoveOperation.End)
        self.mark_template(template_id, 0, self.document().characterCount() - 1)

    def mark_template(self, template_id: str, start: int, end: int) -> None:
        """Record that the text between two positions is a template's; "" records nothing."""
        if template_id:
            self._template_id = template_id
            self._template_start = QTextCursor(self.document())
            self._template_start.setPosition(start)
            self._template_end = QTextCursor(self.document())
            self._template_end.setPosition(end)
            self._template_end.setKeepPositionOnInsert(True)  # later text belongs to the user

    def update_theme(self) -> None:
        self._apply_font()
        if self._spelling is not None:
            self._spelling.update_theme()
        # Once a style sheet has styled the viewport, the viewport inherits no font, but the
        # placeholder uses the viewport's font. Not in `_apply_font`, because PySide takes 15 ms for
        # the first widget that Qt created.
        self.viewport().setFont(self.font())

    def _align(self) -> None:
        """Align the text by the direction of its first line; Qt aligns all paragraphs alike."""
        text = self.document().firstBlock().text()
        is_from_right = is_right_to_left(text) if text else self.isRightToLeft()
        option = self.document().defaultTextOption()
        alignment = Qt.AlignmentFlag.AlignRight if is_from_right else Qt.AlignmentFlag.AlignLeft
        if option.alignment() != alignment:
            option.setAlignment(alignment)
            self.document().setDefaultTextOption(option)

    def _apply_font(self) -> None:
        theme = current_theme()
        self.setFont(self._font_of(theme))
        self.document().setDocumentMargin(theme.px(2))
        self.setCursorWidth(theme.px(1))
        self.height_changed.emit()

    @property
    def is_composing(self) -> bool:
        """Return True while an input method holds uncommitted text."""
        return bool(self.textCursor().block().layout().preeditAreaText())

    # ------------------------------------------------------------------ height

    def fit_height(self, limit: int) -> None:
        """Set the height of the lines, at most `limit` pixels or three lines, whichever is more.

        Beyond the limit, the text scrolls.
        """
        document = self.document()
        # Qt lays a paragraph out when it is painted; until then it counts as a single line.
        block = document.firstBlock()
        for _ in range(_MEASURED_PARAGRAPHS):
            if not block.isValid():
                break
            document.documentLayout().blockBoundingRect(block)
            block = block.next()
        # The size of a plain text document is in lines.
        needed_height = self.height_of_lines(max(1, round(document.size().height())))
        limit = max(limit, 3 * self.fontMetrics().lineSpacing())
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if needed_height > limit else policy.ScrollBarAlwaysOff
        )
        height = min(needed_height, limit)
        if height != self.height():
            self.setFixedHeight(height)

    def height_of_lines(self, line_count: int) -> int:
        """Return the height in pixels of a number of lines."""

        line_height = math.ceil(QFontMetricsF(self.font()).height())  # rounded up as in Qt's layout
        return line_count * line_height + 2 * round(self.document().documentMargin()) + 1

    # ------------------------------------------------------------------ keys

    def set_keymap(self, keymap: Keymap, default_send: str = "") -> None:
        """Set the keys for send, stop and plain paste.

        `default_send` is the key that sends if no other key does.
        """
        self._send_keys = keymap.shortcut_of("prompt.send") or default_send
        self._stop_keys = keymap.shortcut_of("prompt.stop")
        self._plain_paste_keys = keymap.shortcut_of("prompt.paste-plain")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        pressed = pressed_keys(event)
        is_composing = self.is_composing
        if pressed in ("Shift+Return", "Ctrl+Return") and self._send_keys != pressed:
            # By default, Qt inserts nothing for Ctrl, and for Shift a line separator, which other
            # programs do not treat as a line break.
            if not is_composing:
                self.textCursor().insertBlock()
                self.ensureCursorVisible()
        elif pressed and pressed == self._send_keys:
            if not is_composing:
                self.send_pressed.emit()
        elif pressed and pressed == self._plain_paste_keys:
            if not is_composing:
                self.paste_plain()
        elif pressed and pressed == self._stop_keys and self.can_stop and not is_composing:
            self.stop_pressed.emit()
        elif pressed == "Up" and self.document().isEmpty() and not is_composing:
            self.edit_last_requested.emit()
        elif pressed == "Ctrl+Z" and self.undos and not is_composing:
            self.undos.pop()()
        elif pressed in ("Return", "Esc") and is_composing:
            event.accept()
        else:
            super().keyPressEvent(event)

    # ------------------------------------------------------------------ spelling and menu

    def check_spelling_with(self, spelling: Spelling) -> None:
        """Underline words that are misspelled."""
        # Imported here because start-up does not need it.
        from desktop_app.composer.spelling import PromptSpelling

        self._spelling = PromptSpelling(self, spelling)

    def suggest_spelling(self) -> None:
        """Go to the next misspelled word, and show suggestions for it."""
        if self._spelling is not None:
            self._spelling.spelling.tasks.start(self._spelling.find_next())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu for the word under the pointer, or at the cursor if a key was pressed."""
        is_by_key = event.reason() == event.Reason.Keyboard
        cursor = self.textCursor() if is_by_key else self.cursorForPosition(event.pos())
        self.open_menu(cursor, event.pos())

    def open_menu(self, cursor: QTextCursor, position: QPoint) -> None:
        """Open the standard menu, with spelling and an additional entry to paste as plain text."""

        menu = self.createStandardContextMenu(position)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        paste_action = QAction(tr("Paste as plain text"), menu)
        paste_action.setObjectName("paste-plain")
        paste_action.setShortcut(QKeySequence(self._plain_paste_keys))
        # Under Wayland there is no clipboard without the keyboard focus.
        clipboard = cast("QMimeData | None", QGuiApplication.clipboard().mimeData())
        paste_action.setEnabled(clipboard is not None and clipboard.hasText())
        paste_action.triggered.connect(self.paste_plain)
        actions = menu.actions()
        paste_index = [action.objectName() for action in actions].index("edit-paste")
        menu.insertAction(actions[paste_index + 1], paste_action)  # before "Delete"
        global_position = self.viewport().mapToGlobal(position)

        def show() -> None:
            mark_menu(menu)
            menu.popup(global_position)

        if self._spelling is None:
            show()
        else:
            self._spelling.add_suggestions(menu, cursor, show)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return is_acceptable(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        self.insert_dropped(read_dropped(source))

    # ------------------------------------------------------------------ insertion

    def separate_from_word(self) -> None:
        """Insert a space if the cursor directly follows a word."""
        cursor = self.textCursor()
        text_before = utf16_slice(cursor.block().text(), 0, cursor.positionInBlock())
        if text_before and not text_before[-1].isspace():
            cursor.insertText(" ")

    def insert_dropped(self, dropped: DroppedContent) -> None:
        """Insert text at the cursor; emit signals for everything else."""

        if dropped.files:
            self.files_pasted.emit(list(dropped.files))
        if dropped.data is not None:
            self.data_pasted.emit(dropped.data)
        if dropped.length > LARGE_PASTE_CHARACTERS:
            if dropped.html:
                self.large_rich_text_pasted.emit(dropped.text, dropped.html)
            else:
                self.large_text_pasted.emit(dropped.text)
        elif dropped.is_text:
            text = dropped.text or text_of_html(dropped.html)
            self.wrap_for(text)
            cursor = self.textCursor()
            if dropped.html:
                self.rich_text_pasted.emit(RichTextPaste(cursor, text, dropped.html))
            else:
                cursor.insertText(text)
        if dropped.is_text:
            self.ensureCursorVisible()
        if dropped.note:
            self.notice_raised.emit(dropped.note)

    def paste_plain(self) -> None:
        """Insert the clipboard's plain text; a text beyond MAX_TEXT_CHARACTERS is attached."""

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

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)
        _accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        super().dropEvent(event)
        _accept_copy(event)

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selection as plain text only; by default, Qt also offers HTML."""
        data = QMimeData()
        data.setText(self.textCursor().selection().toPlainText())
        return data

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


def _accept_copy(event: QDropEvent) -> None:
    """Make a drop from another program a copy, so that its text stays there."""

    if event.source() is None and event.isAccepted():
        accept_copy(event)


def pressed_keys(event: QKeyEvent) -> str:
    """Return the pressed keys as portable text; Enter of the keypad counts as Return."""

    key = event.key()
    if key == Qt.Key.Key_Enter:
        key = Qt.Key.Key_Return
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    keys = QKeySequence(QKeyCombination(modifiers, Qt.Key(key)))
    return keys.toString(QKeySequence.SequenceFormat.PortableText)
