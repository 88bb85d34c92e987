"""The looks of a text in the editor: its Markdown, its proposed changes, its misspelled words.

They are formats of the layout, which no undo step and no file knows. Marks such as `**` are hidden
except in the line of the cursor, so that the text reads as a text and is edited as its source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import (
    QColor,
    QFont,
    QSyntaxHighlighter,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
)

from desktop_app.domain.prose_words import ProseWord, fence_after
from desktop_app.texts.ui import markdown_looks as looks
from desktop_app.texts.ui.tracked_document import CHANGE, IS_INSERTION, TrackedDocument
from desktop_app.transcript.transcript_styles import HEADING_HEIGHTS
from desktop_app.widgets.look.theme import current_theme, semibold
from desktop_app.widgets.text.utf16 import utf16_length

_AT_ONCE_S: Final = 0.004
"""Seconds of highlighting at once: all of 300 pages would stop the window for a second."""
_TINT: Final = 0.1
"""Of the color of a change, behind it."""
_NO_FENCE: Final = -1
_HIDDEN_POINTS: Final = 0.5
_HIDDEN_PERCENT: Final = 1  # of a letter's width; at 0, Qt takes the whole width

_BULLET_PERCENT: Final = 200  # of a hyphen, which is narrower

Misspelled = Callable[[QTextBlock, str], Sequence[ProseWord]]


class TextHighlighter(QSyntaxHighlighter):
    """The highlighter of one document, a paragraph at a time.

    Args:
        misspelled: returns the words to underline in a block of a text.
    """

    def __init__(self, document: TrackedDocument, misspelled: Misspelled) -> None:
        super().__init__(document)
        self._tracked = document
        self._misspelled = misspelled
        self._cursor = QTextCursor(document)  # in the line whose marks are shown
        self._done = 0  # paragraphs that have their looks
        self._until = 0.0  # when highlighting that has begun is continued later
        self._is_late = True  # that time has come: Qt begins with all paragraphs
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._continue)
        document.contentsChange.connect(self._end_step)  # after the highlighter's own slot
        self.use_theme()

    def use_theme(self) -> None:
        """Make the formats of the current theme."""
        theme = current_theme()
        self._formats: dict[tuple[int, int, bool], QTextCharFormat] = {}
        self._inserted, self._deleted = _colored(theme.good), _colored(theme.error)
        for look in (self._inserted, self._deleted):
            tint = look.foreground().color()
            tint.setAlphaF(_TINT)
            look.setBackground(tint)
        self._bullet = _colored(QColor(0, 0, 0, 0))
        self._bullet.setFontLetterSpacingType(QFont.SpacingType.PercentageSpacing)
        self._bullet.setFontLetterSpacing(_BULLET_PERCENT)
        self._misspelling = QTextCharFormat()
        self._misspelling.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SpellCheckUnderline)
        self._misspelling.setUnderlineColor(theme.error)
        self._delay_from(0)

    def show_marks_at(self, cursor: QTextCursor) -> None:
        """Show the marks in the line of a cursor, and hide those of the former one."""
        former, block = self._cursor.block(), cursor.block()
        self._cursor = QTextCursor(cursor)
        if former != block:
            for each in (former, block):
                if each.isValid() and each.blockNumber() < self._done:
                    self.show_again(each)

    def show_again(self, block: QTextBlock) -> None:
        """Give a block its looks again."""
        self._begin_step()
        self.rehighlightBlock(block)
        self._begin_step()

    def is_source(self, block: QTextBlock) -> bool:
        """Return True if a block shows its marks: the cursor or a proposed change is in it."""
        return block == self._cursor.block() or self._has_change(block)

    def is_code(self, block: QTextBlock) -> bool:
        """Return True for the lines of a code block, and for its fences."""
        previous = block.previous()
        return block.userState() > 0 or (previous.isValid() and previous.userState() > 0)

    def _has_change(self, block: QTextBlock) -> bool:
        if not self._tracked.has_changes:
            return False
        return any(each.format.hasProperty(CHANGE) for each in block.textFormats())

    # -------------------------------------------------------------- one piece after another

    def _delay_from(self, number: int) -> None:
        self._done = min(self._done, number) if self._timer.isActive() else number
        self._timer.start()

    def _continue(self) -> None:
        block = self._tracked.findBlockByNumber(self._done)
        end = perf_counter() + _AT_ONCE_S
        while block.isValid() and perf_counter() < end:
            self._done = block.blockNumber() + 1
            self.show_again(block)
            block = block.next()
        if not block.isValid():
            self._done = 1 << 30
            self._timer.stop()

    def _begin_step(self) -> None:
        self._until, self._is_late = 0.0, False

    def _end_step(self, position: int, removed: int, _added: int) -> None:
        self._begin_step()
        if removed and self._timer.isActive():  # those behind have moved before `_done`
            self._done = min(self._done, self._tracked.findBlock(position).blockNumber())

    # -------------------------------------------------------------- a paragraph

    def highlightBlock(self, text: str) -> None:
        if self._is_late:  # all further blocks of this step are after `_done`
            return
        block = self.currentBlock()
        if block.blockNumber() >= self._done:
            return
        now = perf_counter()
        self._until = self._until or now + _AT_ONCE_S
        if now > self._until:  # a large paste, or a fence that changes all that follows
            self._delay_from(block.blockNumber())
            self._is_late = True
            return
        state = self.previousBlockState()
        fence = "" if state <= 0 else ("~" if state % 2 else "`") * (state // 2)
        fence_now = fence_after(text, fence)
        self.setCurrentBlockState(
            2 * len(fence_now) + fence_now.startswith("~") if fence_now else _NO_FENCE
        )
        if fence_now or fence:
            is_fence = fence_now != fence
            look = looks.CODE | looks.FAINT if is_fence else looks.CODE
            self.setFormat(0, block.length(), self._format(look, 0, is_hidden=False))
        else:
            self._format_line(block, text)
        edges: set[int] = set()  # of changes
        for each in block.textFormats() if self._tracked.has_changes else ():
            if each.format.hasProperty(CHANGE):
                is_insertion = each.format.boolProperty(IS_INSERTION)
                look_of_change = self.format(each.start)
                look_of_change.merge(self._inserted if is_insertion else self._deleted)
                self.setFormat(each.start, each.length, look_of_change)
                edges |= {each.start, each.start + each.length}
        for word in self._misspelled(block, text):
            if not edges.isdisjoint(range(word.start + 1, word.start + len(word.text))):
                continue  # what is deleted, and what is inserted behind it, are no word
            underlined = self.format(word.start)
            underlined.merge(self._misspelling)
            self.setFormat(word.start, len(word.text), underlined)

    def _format_line(self, block: QTextBlock, text: str) -> None:
        found = looks.looks_of(text)
        is_hidden = not self.is_source(block)
        if found.level or found.is_table:
            look = looks.CODE if found.is_table else looks.PLAIN
            self.setFormat(0, block.length(), self._format(look, found.level, is_hidden=False))
        has_pairs = len(text) != block.length() - 1  # letters of two UTF-16 units
        for start, end, look in found.spans:
            if found.is_table:
                look |= looks.CODE
            if has_pairs:
                start, end = utf16_length(text[:start]), utf16_length(text[:end])
            self.setFormat(start, end - start, self._format(look, found.level, is_hidden=is_hidden))
        if found.bullet >= 0 and is_hidden:  # painted by the editor
            self.setFormat(found.bullet, 1, self._bullet)

    def _format(self, look: int, level: int, *, is_hidden: bool) -> QTextCharFormat:
        key = (look, level, is_hidden)
        if key not in self._formats:
            self._formats[key] = _made(look, level, is_hidden=is_hidden)
        return self._formats[key]


def _made(look: int, level: int, *, is_hidden: bool) -> QTextCharFormat:
    theme = current_theme()
    made = QTextCharFormat()
    if look & looks.MARK and is_hidden:
        made.setForeground(QColor(0, 0, 0, 0))
        made.setFontPointSize(_HIDDEN_POINTS)
        made.setFontLetterSpacingType(QFont.SpacingType.PercentageSpacing)
        made.setFontLetterSpacing(_HIDDEN_PERCENT)
        return made
    if level:
        made.setFontPointSize(theme.points(HEADING_HEIGHTS[level - 1]))
        made.setFontWeight(semibold())
    if look & looks.CODE:
        font = theme.code()
        made.setFontFamilies(font.families() or [font.family()])
        made.setFontFixedPitch(True)
        if not level:
            made.setFontPointSize(font.pointSizeF())
    if look & looks.STRONG:
        made.setFontWeight(QFont.Weight.ExtraBold if level else QFont.Weight.Bold)
    if look & looks.EMPHASIS:
        made.setFontItalic(True)
    if look & looks.STRIKE:
        made.setFontStrikeOut(True)
    if look & (looks.MARK | looks.FAINT):
        made.setForeground(theme.faint)
    elif look & looks.LINK:
        made.setForeground(theme.accent)
    elif look & looks.QUOTE:
        made.setForeground(theme.dim)
    return made


def _colored(color: QColor) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(color)
    return made
