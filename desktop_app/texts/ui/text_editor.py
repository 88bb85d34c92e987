"""The editor of a text: Markdown source, lightly highlighted, with proposed changes in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import QMimeData, QTimer
from PySide6.QtGui import (
    QColor,
    QFont,
    QInputMethodEvent,
    QKeyEvent,
    QKeySequence,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextOption,
)
from PySide6.QtWidgets import QFrame

from desktop_app.i18n.translation import tr
from desktop_app.texts.ui.tracked_document import CHANGE, IS_INSERTION, TrackedDocument
from desktop_app.widgets.look.theme import MARGIN, current_theme
from desktop_app.widgets.text.foreign_text import PlainTextField
from desktop_app.widgets.text.utf16 import utf16_length

_FENCE: Final = re.compile(r" {0,3}(?:```|~~~)")
_SYNTAX: Final = re.compile(
    r"(?P<heading>^ {0,3}#{1,6} .*)|(?P<code>`[^`\n]+`)|(?P<strong>\*\*[^*\n]+\*\*|__[^_\n]+__)"
    r"|(?P<emphasis>\*[^*\s][^*\n]*\*|\b_[^_\s][^_\n]*_\b)"
    r"|(?P<link>\[[^\]\n]{0,500}\]\([^)\n]{0,2000}\))"
    r"|(?P<mark>^ *(?:[-+*]|\d{1,9}[.)])(?= )|^ {0,3}>.*)"
)
_IN_FENCE: Final = 1
_PARAGRAPHS_AT_ONCE: Final = 100
_MANY: Final = 1 << 30


class _Highlighter(QSyntaxHighlighter):
    """The looks of Markdown's marks and of proposed changes, a paragraph at a time."""

    def __init__(self, document: TrackedDocument) -> None:
        super().__init__(document)
        self._tracked = document
        self._done = 0  # paragraphs that have their looks
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)
        self.use_theme()

    def use_theme(self) -> None:
        """Make the formats of the current theme."""
        theme = current_theme()
        self._looks = {
            "heading": _look(weight=QFont.Weight.Bold),
            "strong": _look(weight=QFont.Weight.Bold),
            "emphasis": _look(is_italic=True),
            "code": _look(theme.string),
            "link": _look(theme.accent),
            "mark": _look(theme.dim),
        }
        self._inserted, self._deleted = _look(theme.good), _look(theme.error)
        self._inserted.setFontUnderline(True)
        self._deleted.setFontStrikeOut(True)
        # All paragraphs of 300 pages at once would stop the window for 0.2 s.
        self._done = _PARAGRAPHS_AT_ONCE
        self._timer.start()

    def _go_on(self) -> None:
        block = self._tracked.findBlockByNumber(self._done)
        self._done += _PARAGRAPHS_AT_ONCE
        while block.isValid() and block.blockNumber() < self._done:
            self.rehighlightBlock(block)
            block = block.next()
        if not block.isValid():
            self._done = self._tracked.blockCount() + _MANY
            self._timer.stop()

    def highlightBlock(self, text: str) -> None:
        if self.currentBlock().blockNumber() >= self._done:
            return
        is_fenced = self.previousBlockState() == _IN_FENCE
        if _FENCE.match(text):
            self.setCurrentBlockState(-1 if is_fenced else _IN_FENCE)
            self.setFormat(0, len(text), self._looks["mark"])
        elif is_fenced:
            self.setCurrentBlockState(_IN_FENCE)
            self.setFormat(0, len(text), self._looks["code"])
        else:
            self.setCurrentBlockState(-1)
            for match in _SYNTAX.finditer(text):
                self._format_match(text, match)
        for each in self.currentBlock().textFormats() if self._tracked.has_changes else ():
            if each.format.hasProperty(CHANGE):
                is_insertion = each.format.boolProperty(IS_INSERTION)
                look = self._inserted if is_insertion else self._deleted
                self.setFormat(each.start, each.length, look)

    def _format_match(self, text: str, match: re.Match[str]) -> None:
        start, length = match.start(), match.end() - match.start()
        if len(text) != self.currentBlock().length() - 1:  # letters of two UTF-16 units
            start, length = utf16_length(text[:start]), utf16_length(match[0])
        self.setFormat(start, length, self._looks[match.lastgroup or "mark"])


def _look(
    color: QColor | None = None,
    *,
    weight: QFont.Weight = QFont.Weight.Normal,
    is_italic: bool = False,
) -> QTextCharFormat:
    look = QTextCharFormat()
    if color is not None:
        look.setForeground(color)
    look.setFontWeight(weight)
    look.setFontItalic(is_italic)
    return look


class TextEditor(PlainTextField):
    """The editor. What the user types is never a part of a proposed change."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("text-editor")
        self.setAccessibleName(tr("Text"))
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumHeight(1)  # in a low window with large text, the bars keep their height
        self._highlighter: _Highlighter | None = None
        self.update_theme()

    def update_theme(self) -> None:
        theme = current_theme()
        self.setFont(theme.reading())
        self.document().setDocumentMargin(theme.px(MARGIN))
        if self._highlighter is not None:
            self._highlighter.use_theme()
            self._highlighter.rehighlight()

    def show_document(self, document: TrackedDocument) -> None:
        """Show another text."""
        if self._highlighter is not None:
            self._highlighter.setDocument(None)
            self._highlighter.deleteLater()
        document.setDefaultFont(current_theme().reading())
        document.setDocumentMargin(current_theme().px(MARGIN))
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.wrap_for(document.toRawText())
        self.setDocument(document)
        self._highlighter = _Highlighter(document)

    @property
    def tracked(self) -> TrackedDocument:
        document = self.document()
        assert isinstance(document, TrackedDocument)
        return document

    # -------------------------------------------------------------- typing

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Undo) or event.matches(
            QKeySequence.StandardKey.Redo
        ):
            super().keyPressEvent(event)
        else:
            self._type(partial(super().keyPressEvent, event))

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self._type(partial(super().inputMethodEvent, event))

    def insertFromMimeData(self, source: QMimeData) -> None:
        self.wrap_for(source.text())
        self._type(partial(super().insertFromMimeData, source))

    def _type(self, insert: Callable[[], object]) -> None:
        start, revision = self.textCursor().selectionStart(), self.document().revision()
        insert()
        end = self.textCursor().position()
        if end > start and self.document().revision() != revision:
            self.tracked.unmark(start, end)
