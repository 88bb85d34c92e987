"""A text field of Markdown source: its spelling, its menu, and what is pasted into it.

Formatted text is inserted as plain text at once, and later replaced by Markdown. Nothing waits for
the conversion, and the plain text stays if it fails. Both are a single undo step unless the user
typed in between.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Final, cast
from unicodedata import normalize

from PySide6.QtCore import QKeyCombination, QMimeData, QPoint, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QTextCharFormat,
    QTextCursor,
    QTextDocumentFragment,
)

from desktop_app.composer.dropped_content import (
    DroppedContent,
    accept_copy,
    is_acceptable,
    read_dropped,
    remove_invalid_characters,
)
from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.key_modifiers import digit_on, without_keypad
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.foreign_text import PlainTextField

if TYPE_CHECKING:
    from desktop_app.composer.spelling import FieldSpelling, Spelling

_KEEP_ANCHOR: Final = QTextCursor.MoveMode.KeepAnchor
_WORD: Final = r"\w{4,}"
_HIDDEN_HTML: Final = r"(?is)<!--.*?(?:-->|\Z)|<(script|style|head)\b.*?(?:</\1\s*>|\Z)"
_NEW_LINE: Final = r"(?i)</(?:p|div|h[1-6]|li|t[dhr]|pre|blockquote)\b[^<>]*> ?|<br\b[^<>]*> ?"
_TAG: Final = r"<[a-zA-Z/!?][^<>]*>"
_MAX_TAGS: Final = 1_000
"""The number of tags and style rules up to which Qt reads HTML.

Of HTML with more, only the text and the line ends are read.
"""
_MARKUP: Final = r"[*~`^\\]"
_FORMULA: Final = "<math"


class RichTextPaste:
    """A pasted text that may still become Markdown. See the module.

    Attributes:
        html: the HTML to convert to Markdown.
        plain_text: the text as it was inserted.

    Args:
        cursor: the position; its selection is replaced.
        text: the plain text.
        html: the same text with its formatting.
    """

    def __init__(self, cursor: QTextCursor, text: str, html: str) -> None:
        self.html = html
        start = cursor.selectionStart()
        cursor.beginEditBlock()  # the Markdown can join this edit block
        cursor.insertText(text, QTextCharFormat())
        cursor.endEditBlock()
        self._range = QTextCursor(cursor.document())
        self._range.setPosition(start)
        self._range.setPosition(cursor.position(), _KEEP_ANCHOR)
        # The end does not move with text typed directly after it.
        self._end_cursor = QTextCursor(cursor.document())
        self._end_cursor.setPosition(cursor.position())
        self._end_cursor.setKeepPositionOnInsert(True)
        self.plain_text = self._range.selectedText()
        self._state = self._document_state()

    def _document_state(self) -> object:
        """Return what differs after each edit. The revision differs after highlighting, too."""
        document = self._range.document()
        return document.availableUndoSteps(), document.characterCount()

    def replace_with(self, markdown: str) -> None:
        """Replace the text by Markdown if the text is unedited."""
        cursor_range = self._range
        cursor_range.setPosition(cursor_range.selectionStart())
        cursor_range.setPosition(self._end_cursor.position(), _KEEP_ANCHOR)
        if cursor_range.selectedText() != self.plain_text:
            return
        if self._document_state() == self._state:
            cursor_range.joinPreviousEditBlock()
        else:
            cursor_range.beginEditBlock()
        cursor_range.insertText(markdown, QTextCharFormat())
        cursor_range.endEditBlock()


def is_richer(markdown: str, plain_text: str, html: str) -> bool:
    """Return True if the Markdown adds more than space and keeps all words of 4+ letters.

    Browsers copy a formula as plain text two or three times, so its words do not count.
    """
    if not markdown.strip() or markdown.split() == plain_text.split():
        return False
    if _FORMULA in html:
        return True
    markdown = normalize("NFKC", markdown)  # 10²⁴ is 1024 in plain text
    words = re.findall(_WORD, normalize("NFKC", plain_text))
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


class WrittenField(PlainTextField):
    """A text field that users write in. See the module.

    Attributes:
        plain_paste_keys: the keys that paste plain text, as portable text.

    Signals:
        files_pasted(list[Path]), data_pasted(DroppedData): pasted or dropped.
        rich_text_pasted(RichTextPaste): plain text was inserted; convert its HTML to Markdown.
        notice_raised(str): a sentence about content that was left out, or about the spelling.
    """

    files_pasted = Signal(list)
    data_pasted = Signal(object)
    rich_text_pasted = Signal(object)
    notice_raised = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.plain_paste_keys = "Ctrl+Shift+V"
        self._spelling: FieldSpelling | None = None

    @property
    def is_composing(self) -> bool:
        """Return True while an input method holds uncommitted text."""
        return bool(self.textCursor().block().layout().preeditAreaText())

    # ------------------------------------------------------------------ spelling and menu

    def check_spelling_with(self, spelling: Spelling) -> None:
        """Underline words that are misspelled."""
        # Imported here because start-up does not need it.
        from desktop_app.composer.spelling import FieldSpelling

        self._spelling = FieldSpelling(self, spelling)

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

        menu = ProgramMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        standard = self.createStandardContextMenu(position)
        menu.addActions(standard.actions())
        menu.destroyed.connect(standard.deleteLater)
        paste_action = QAction(tr("Paste as plain text"), menu)
        paste_action.setObjectName("paste-plain")
        paste_action.setShortcut(QKeySequence(self.plain_paste_keys))
        # Under Wayland there is no clipboard without the keyboard focus.
        clipboard = cast("QMimeData | None", QGuiApplication.clipboard().mimeData())
        paste_action.setEnabled(clipboard is not None and clipboard.hasText())
        paste_action.triggered.connect(self.paste_plain)
        actions = menu.actions()
        paste_index = [action.objectName() for action in actions].index("edit-paste")
        menu.insertAction(actions[paste_index + 1], paste_action)  # before "Delete"
        global_position = self.viewport().mapToGlobal(position)

        def show() -> None:
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

    def insert_dropped(self, dropped: DroppedContent) -> None:
        """Insert text at the cursor; emit signals for everything else."""

        if dropped.files:
            self.files_pasted.emit(list(dropped.files))
        if dropped.data is not None:
            self.data_pasted.emit(dropped.data)
        if dropped.is_text:
            self.insert_text_of(dropped)
            self.ensureCursorVisible()
        if dropped.note:
            self.notice_raised.emit(dropped.note)

    def insert_text_of(self, dropped: DroppedContent) -> None:
        text = dropped.text or text_of_html(dropped.html)
        self.wrap_for(text)
        cursor = self.textCursor()
        if dropped.html:
            self.rich_text_pasted.emit(RichTextPaste(cursor, text, dropped.html))
        else:
            cursor.insertText(text, QTextCharFormat())

    def set_plain_paste_keys(self, keymap: Keymap) -> None:
        self.plain_paste_keys = keymap.shortcut_of("prompt.paste-plain")

    def paste_plain(self) -> None:
        """Insert the clipboard's plain text; a text beyond MAX_TEXT_CHARACTERS is attached."""

        text, note = remove_invalid_characters(QGuiApplication.clipboard().text())
        self.insert_plain(text)
        if note:
            self.notice_raised.emit(note)

    def insert_plain(self, text: str) -> None:
        """Insert text at the cursor, unchanged.

        Without text, keep the selection, which may be all that the user has typed.
        """
        if text:
            self.wrap_for(text)
            self.textCursor().insertText(text, QTextCharFormat())
            self.ensureCursorVisible()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)
        _accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        super().dropEvent(event)
        _accept_copy(event)


def _accept_copy(event: QDropEvent) -> None:
    """Make a drop from another program a copy, so that its text stays there."""

    if event.source() is None and event.isAccepted():
        accept_copy(event)


def pressed_keys(event: QKeyEvent) -> str:
    """Return the pressed keys as portable text; Enter of the keypad counts as Return."""

    key = digit_on(event) or event.key()
    if key == Qt.Key.Key_Enter:
        key = Qt.Key.Key_Return
    modifiers = without_keypad(event)
    keys = QKeySequence(QKeyCombination(modifiers, Qt.Key(key)))
    return keys.toString(QKeySequence.SequenceFormat.PortableText)
