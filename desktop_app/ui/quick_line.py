"""The line of the quick prompt: takes words, and hands over files and pictures that are pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QLineEdit

from desktop_app.ui.dropped import files_in, may_hold_picture, picture_in

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QDragEnterEvent, QInputMethodEvent, QKeyEvent


_COUNTED: Final = 200_000
"""Characters up to which words are counted; beyond that the count would be felt."""
_LONGEST: Final = 1_000_000


def words_about(text: str) -> str:
    """How a text that comes along is named: "with 312 words of text"; "" for none."""
    if not text.strip():
        return ""
    if len(text) > _COUNTED:
        return f"with {len(text) // 1000:,}k characters of text"
    count = len(text.split())
    return f"with {count:,} word{'' if count == 1 else 's'} of text"


class QuickLine(QLineEdit):
    """The line; Enter belongs to an input method while it composes.

    Attributes:
        is_composing: whether an input method holds text that is not final yet.

    Signals:
        entered(): Enter was pressed.
        files_given(list[Path]), picture_given(GivenContent): pasted, to be attached.
    """

    entered = Signal()
    files_given = Signal(list)
    picture_given = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.is_composing = False
        # By itself it would cut what is longer than 32,767 characters, without a word.
        self.setMaxLength(_LONGEST)
        self.setObjectName("prompt")
        self.setAccessibleName("Message")
        self.setPlaceholderText("Ask anything")
        self.setStyleSheet("border: none; background: transparent; padding: 0; min-height: 0;")

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self.is_composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def take(self, data: QMimeData) -> bool:
        """Hand over the files or the picture in `data`; False where it is text."""
        if files := files_in(data):
            self.files_given.emit(files)
        elif (picture := picture_in(data)) is not None:
            self.picture_given.emit(picture)
        else:
            return False
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and pictures are the window's; by itself the line would take their addresses."""
        if files_in(event.mimeData()) or may_hold_picture(event.mimeData()):
            event.ignore()
        else:
            super().dragEnterEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_paste = event.matches(QKeySequence.StandardKey.Paste)
        if is_paste and self.take(QGuiApplication.clipboard().mimeData()):
            return
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif not self.is_composing:
            self.entered.emit()
