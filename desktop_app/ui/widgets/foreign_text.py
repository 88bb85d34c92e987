"""Show text of others as what it is: text, of a bounded length, in the lines it is given.

Names, titles, answers and errors come from documents, servers, imports and backups. Qt guesses
whether a text is HTML, and would then load the pictures that it names; in menus and buttons & makes
a shortcut; a line break, or a control that turns the direction of reading, makes a name look like
another; and a megabyte in a label freezes the window. So every label, button, tooltip, menu, title
and message box is made with what is here: `tests/unit/test_plain_text_lint.py` finds any other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QSize
from PySide6.QtGui import Qt, QTextOption
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QToolButton

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMessageBox, QWidget

LONGEST_LINE: Final = 500
LONGEST_PARAGRAPH: Final = 2_000
LONGEST_IN_MENU: Final = 100
_LONGEST_DETAILS: Final = 20_000
_MOST_LINES: Final = 30
_WIDEST_WORD: Final = 40
"""Characters of a word that a window makes room for."""

_BREAKS: Final = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_LINE_BREAKS: Final = re.compile("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_ENDLESS_WORD: Final = re.compile("[^ \t\n\v\f\r\u2028\u2029]{5000}")
# What turns the direction of reading of other text; marks (U+200E, U+200F, U+061C) cannot do more
# than a letter of that direction. Then control characters, halves of characters, and what Qt's
# documents give a meaning of their own.
_TURNS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROLS: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0\ufdd1\ufff9-\ufffc\ufffe\uffff]"
)


def one_line(text: str, limit: int = LONGEST_LINE) -> str:
    """Return text for a place of one line, cut in the middle beyond `limit` characters.

    >>> one_line("invoice\\n\\u202efdp.exe")
    'invoice ⟨U+202E⟩fdp.exe'
    >>> one_line("a" * 1000 + ".pdf", 9)
    'aaaa….pdf'
    """
    if len(text) <= limit and text.isprintable():
        return text
    return _harmless(_BREAKS.sub(" ", _cut(text, limit)))


def spoken_text(text: str) -> str:
    """Return text for assistive technology: the name or the description of a widget."""
    return one_line(text, LONGEST_PARAGRAPH)


def several_lines(text: str, limit: int = LONGEST_PARAGRAPH) -> str:
    """Return text for a place of several lines, cut in the middle beyond `limit` characters."""
    if len(text) <= limit and text.isprintable():
        return text
    lines = _LINE_BREAKS.sub("\n", _cut(text, limit)).replace("\t", "    ").split("\n")
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], "…"]
    return "\n".join(map(_harmless, lines))


def menu_text(text: str, limit: int = LONGEST_IN_MENU, *, keys: str = "") -> str:
    """Return text for an entry of a menu or a button, in which & makes no shortcut.

    Args:
        keys: what a menu shows at the right of the entry.
    """
    shown = one_line(text, limit).replace("&", "&&")
    return f"{shown}\t{keys}" if keys else shown


def tooltip_text(text: str) -> str:
    """Return text for a tooltip: escaped if Qt would take it for HTML."""
    shown = several_lines(text)
    return Qt.convertFromPlainText(shown) if Qt.mightBeRichText(shown) else shown


def window_title(text: str) -> str:
    """Return text for the title of a window, in which [*] stands for nothing else."""
    return one_line(text).replace("[*]", "[*][*]")


class HasToolTip(Protocol):
    """A widget, an action or an item."""

    def setToolTip(self, text: str, /) -> None: ...


def set_tooltip(target: HasToolTip, text: str) -> None:
    """Give a widget, an action or an item a tooltip of plain text."""
    target.setToolTip(tooltip_text(text))


class PlainLabel(QLabel):
    """A label of plain text: one paragraph, unless it `keeps_lines`."""

    def __init__(
        self, text: str = "", parent: QWidget | None = None, *, keeps_lines: bool = False
    ) -> None:
        super().__init__(parent)
        self._keeps_lines = keeps_lines
        self.setTextFormat(Qt.TextFormat.PlainText)
        if text:
            self.setText(text)

    def setText(self, text: str) -> None:
        """Show this text."""
        made = several_lines(text) if self._keeps_lines else one_line(text, LONGEST_PARAGRAPH)
        super().setText(made)

    def minimumSizeHint(self) -> QSize:
        """Let no endless word make the window wider than the screen."""
        hint = super().minimumSizeHint()
        widest = self.fontMetrics().averageCharWidth() * _WIDEST_WORD
        return hint.boundedTo(QSize(widest, hint.height())) if self.wordWrap() else hint


class PlainButton(QPushButton):
    """A push button whose text shows & and makes no shortcut of it."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if text:
            self.setText(text)

    def setText(self, text: str) -> None:
        """Show this text."""
        super().setText(menu_text(text))

    def text(self) -> str:
        """Return the text as it is shown."""
        return super().text().replace("&&", "&")


class PlainToolButton(QToolButton):
    """A tool button whose text shows & and makes no shortcut of it."""

    def setText(self, text: str) -> None:
        """Show this text."""
        super().setText(menu_text(text))

    def text(self) -> str:
        """Return the text as it is shown."""
        return super().text().replace("&&", "&")


class PlainTextField(QPlainTextEdit):
    """A field of several lines, which lays out an endless word in linear time."""

    def setPlainText(self, text: str) -> None:
        """Show this text."""
        self.wrap_for(text)
        super().setPlainText(text)

    def wrap_for(self, text: str) -> None:
        """Break lines anywhere if `text`, which is to be put here, has an endless word.

        Looking for the end of a word, Qt takes 1.6 s over one of 100,000 letters, and 190 s over one
        of a million.
        """
        if _ENDLESS_WORD.search(text):
            self.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)


def message_box(
    text: str, more: str = "", *, details: str = "", parent: QWidget | None = None
) -> QMessageBox:
    """Return a message box that shows plain text, with `more` below it in smaller letters."""
    from PySide6.QtWidgets import QMessageBox  # no part of the start

    box = QMessageBox(parent)
    box.setWindowTitle("Repartee")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(_breakable(one_line(text, LONGEST_PARAGRAPH)))
    box.setInformativeText(_breakable(several_lines(more)))
    if details:
        box.setDetailedText(_breakable(_cut(details, _LONGEST_DETAILS)))
    # Made with the text, and in the format that Qt guesses unless it is told.
    for label in box.findChildren(QLabel):
        label.setTextFormat(Qt.TextFormat.PlainText)
    return box


def _breakable(text: str) -> str:
    """Let Qt break endless words, which would make a dialog as wide as they are."""
    return re.sub(rf"\S{{{_WIDEST_WORD}}}(?=\S)", "\\g<0>\u200b", text)


def _cut(text: str, limit: int) -> str:
    """Leave out the middle: what tells names apart is as often their end as their beginning."""
    if len(text) <= limit:
        return text
    behind = limit // 2
    return f"{text[: limit - behind - 1]}…{text[-behind:]}"


def _harmless(text: str) -> str:
    """Make controls of direction visible, as the transcript does, and others no controls."""
    shown = _TURNS.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)
    return _CONTROLS.sub("\ufffd", shown)
