"""Insert formatted text: as plain text at once, later replaced by Markdown.

Nothing waits for the conversion, and the plain text stays if it fails. Inserting and replacing
are a single undo step unless the user typed in between.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

from PySide6.QtGui import QTextCursor, QTextDocumentFragment

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
