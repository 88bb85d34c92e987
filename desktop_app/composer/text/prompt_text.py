"""The text field of the prompt.

It leaves keys to an input method while that is composing. The widget around it sets its height.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import QMimeData, QPoint, Qt, Signal
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
from PySide6.QtWidgets import QFrame, QSizePolicy

from desktop_app.composer.text.prompt_keys import PromptKeys
from desktop_app.composer.text.text_insertion import TextInsertion
from desktop_app.i18n.translation import tr
from desktop_app.widgets.look.theme import Theme, current_theme
from desktop_app.widgets.text.foreign_text import PlainTextField

if TYPE_CHECKING:
    from desktop_app.composer.spelling import PromptSpelling, Spelling

_DIRECTION_SAMPLE_CHARS: Final = 200  # characters of the first line


class PromptText(PlainTextField):
    """The field for the prompt's text. See the module.

    Args:
        font_of: returns the font of a theme.

    Attributes:
        insertion: inserts pasted and dropped content.
        keys: handles the keys that do not type.

    Signals:
        notice_raised(str): a sentence about content that was left out, or about the spelling.
        focus_changed(bool), height_changed(): for the surrounding card.
    """

    notice_raised = Signal(str)
    focus_changed = Signal(bool)
    height_changed = Signal()

    def __init__(self, *, font_of: Callable[[Theme], QFont] = Theme.reading) -> None:
        super().__init__()
        self._font_of = font_of
        self.insertion = TextInsertion(self)
        self.insertion.notice_raised.connect(self.notice_raised)
        self.keys = PromptKeys(self)
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
        text = self.document().firstBlock().text()[:_DIRECTION_SAMPLE_CHARS]
        letter = next((letter for letter in text if letter.isalpha()), "")
        is_right_to_left = bool(letter) and unicodedata.bidirectional(letter) in ("R", "AL")
        option = self.document().defaultTextOption()
        alignment = Qt.AlignmentFlag.AlignRight if is_right_to_left else Qt.AlignmentFlag.AlignLeft
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

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.keys.handle(event):
            super().keyPressEvent(event)

    def check_spelling_with(self, spelling: Spelling) -> None:
        """Underline words that are misspelled."""
        # Imported here because start-up does not need it.
        from desktop_app.composer.spelling import PromptSpelling

        self._spelling = PromptSpelling(self, spelling)

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

        from desktop_app.widgets.program_menu import mark_menu

        menu = self.createStandardContextMenu(position)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        paste_action = QAction(tr("Paste as plain text"), menu)
        paste_action.setObjectName("paste-plain")
        paste_action.setShortcut(QKeySequence(self.keys.plain_paste))
        # Under Wayland there is no clipboard without the keyboard focus.
        clipboard = cast("QMimeData | None", QGuiApplication.clipboard().mimeData())
        paste_action.setEnabled(clipboard is not None and clipboard.hasText())
        paste_action.triggered.connect(self.insertion.paste_plain)
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
        # Imported here and below because start-up does not need it.
        from desktop_app.composer.dropped_content import is_acceptable

        return is_acceptable(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        from desktop_app.composer.dropped_content import read_dropped

        self.insertion.insert_dropped(read_dropped(source))

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
    from desktop_app.composer.dropped_content import accept_copy

    if event.source() is None and event.isAccepted():
        accept_copy(event)
