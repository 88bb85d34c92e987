"""A text that came with its looks: put into the prompt as plain text at once, and as Markdown when
that has been made of it. Until then nothing waits, and whatever happens meanwhile the words are
there. Both are one step to undo, unless something was typed in between.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QTextCursor

if TYPE_CHECKING:
    from desktop_app.ui.composer.dropped_content import DroppedContent

_KEEP: Final = QTextCursor.MoveMode.KeepAnchor
_WORD: Final = r"\w{4,}"
_MARK: Final = r"[*~`\\]"


class RichTextPaste:
    """See the module.

    Attributes:
        html: what Markdown is to be made of.

    Args:
        cursor: where the text goes, over what it takes the place of.
    """

    def __init__(self, cursor: QTextCursor, given: DroppedContent) -> None:
        self.html = given.html
        start = cursor.selectionStart()
        cursor.beginEditBlock()  # which the Markdown can join
        cursor.insertText(given.text or words_of(given.html))
        cursor.endEditBlock()
        self._place = QTextCursor(cursor.document())
        self._place.setPosition(start)
        self._place.setPosition(cursor.position(), _KEEP)
        # What is typed right behind it is not part of it.
        self._end = QTextCursor(cursor.document())
        self._end.setPosition(cursor.position())
        self._end.setKeepPositionOnInsert(True)
        self._plain = self._place.selectedText()
        self._revision = cursor.document().revision()

    def become(self, markdown: str) -> None:
        """Take the Markdown, where the plain text still stands and says less."""
        place = self._place
        start = place.selectionStart()
        place.setPosition(start)
        place.setPosition(self._end.position(), _KEEP)
        if place.selectedText() != self._plain or not says_more(markdown, self._plain):
            return
        if place.document().revision() == self._revision:
            place.joinPreviousEditBlock()
        else:
            place.beginEditBlock()
        place.insertText(markdown)
        place.endEditBlock()


def says_more(markdown: str, plain: str) -> bool:
    """Whether there is more in the Markdown than white space, and no word less."""
    if not markdown.strip() or markdown.split() == plain.split():
        return False
    return set(re.findall(_WORD, plain)) <= set(re.findall(_WORD, re.sub(_MARK, "", markdown)))


def words_of(html: str) -> str:
    """The words of HTML that came without plain text."""
    from PySide6.QtGui import QTextDocumentFragment  # imported here: hardly ever needed

    return QTextDocumentFragment.fromHtml(html).toPlainText().strip()
