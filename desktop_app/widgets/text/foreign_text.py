"""Show foreign text as plain text of a bounded length.

Names, titles, answers and errors come from documents, servers, imports and backups. Qt
guesses whether a text is HTML and would load the images in it. In menus and buttons, &
makes a shortcut. Line breaks and bidirectional controls let a name look like another. A
megabyte in a label freezes the window. So every label, button, tooltip, menu, title and
message box uses this module: `tests/unit/test_plain_text_lint.py` finds any that does not.
"""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import (
    QAction,
    QFontMetrics,
    QInputMethodEvent,
    QKeyEvent,
    QResizeEvent,
    Qt,
    QTextOption,
)
from PySide6.QtWidgets import (
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from desktop_app.domain.graphemes import shorten_middle
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.widgets.accessible_roles import renew_interface
from desktop_app.widgets.key_modifiers import is_sign_with_alt
from desktop_app.widgets.look.direction import in_own_direction, is_mirrored, without_isolates
from desktop_app.widgets.sheet import SheetMixin

# The longest texts that are shown whole, in characters.
LONGEST_LINE: Final = 500
LONGEST_PARAGRAPH: Final = 2_000
LONGEST_IN_MENU: Final = 100
_LONGEST_DETAILS: Final = 20_000
_MAX_LINES: Final = 30  # lines, not characters
_LONGEST_WORD: Final = 40
"""The longest word, in characters, that a window is widened for."""

_BREAKS: Final = lazy_pattern("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_LINE_BREAKS: Final = lazy_pattern("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_ENDLESS: Final = 5000
_ENDLESS_WORD: Final = lazy_pattern(f"[^ \t\n\v\f\r\u2028\u2029]{{{_ENDLESS}}}")
# Controls that reorder other text. Marks (U+200E, U+200F, U+061C) cannot do more than a
# letter of that direction.
_BIDI_CONTROLS: Final = lazy_pattern("[\u202a-\u202e\u2066-\u2069]")
# Control characters, lone surrogates, and characters with a special meaning in Qt's documents.
_CONTROLS: Final = lazy_pattern(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0\ufdd1\ufff9-\ufffc\ufffe\uffff]"
)


def one_line(text: str, limit: int = LONGEST_LINE) -> str:
    """Return text as one line, cut in the middle beyond `limit` characters.

    >>> one_line("invoice\\n\\u202efdp.exe")
    'invoice ⟨U+202E⟩fdp.exe'
    >>> one_line("a" * 1000 + ".pdf", 9)
    'aaaa….pdf'
    """
    if len(text) <= limit and text.isprintable():
        return text
    return _visible_controls(_BREAKS.sub(" ", shorten_middle(text, limit)))


def spoken_text(text: str) -> str:
    """Return text for a screen reader: the name or description of a widget."""
    return one_line(text, LONGEST_PARAGRAPH)


def multiline_text(text: str) -> str:
    """Return text with line breaks; long text is cut in the middle, many lines at the end."""
    if len(text) <= LONGEST_PARAGRAPH and text.isprintable():
        return text
    lines = all_lines(shorten_middle(text, LONGEST_PARAGRAPH)).split("\n")
    if len(lines) > _MAX_LINES:
        lines = [*lines[: _MAX_LINES - 1], "…"]
    return "\n".join(lines)


def all_lines(text: str) -> str:
    """Return text with line breaks; only a long line is cut, in the middle."""
    lines = _LINE_BREAKS.sub("\n", text).replace("\t", "    ").split("\n")
    return "\n".join(_visible_controls(shorten_middle(line, LONGEST_PARAGRAPH)) for line in lines)


def menu_text(text: str, limit: int = LONGEST_IN_MENU, *, keys: str = "") -> str:
    """Return text for a menu entry or a button, in which & makes no shortcut.

    Args:
        keys: the shortcut shown at the right of a menu entry.
    """
    label = in_own_direction(one_line(text, limit).replace("&", "&&"))
    return f"{label}\t{keys}" if keys else label


def tooltip_text(text: str) -> str:
    """Return text for a tooltip: escaped if Qt would take it for HTML."""
    plain = multiline_text(text)
    return Qt.convertFromPlainText(plain) if Qt.mightBeRichText(plain) else plain


def window_title(text: str) -> str:
    """Return text for a window's title, in which [*] is not Qt's placeholder."""
    return one_line(text).replace("[*]", "[*][*]")


def set_tooltip(target: QWidget | QAction, text: str) -> None:
    """Give a widget or an action a tooltip of plain text."""
    target.setToolTip(tooltip_text(text))


class PlainLabel(QLabel):
    """A label of plain text: one paragraph, unless it `keeps_lines`.

    Args:
        shows_all: keeps all lines, because the user agrees to what they say.
    """

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        name: str = "",
        role: str = "",
        wraps: bool = False,
        keeps_lines: bool = False,
        shows_all: bool = False,
    ) -> None:
        super().__init__(parent)
        _identify(self, name, role)
        self.setWordWrap(wraps)
        self._keeps_lines = keeps_lines
        self._shows_all = shows_all
        self.setTextFormat(Qt.TextFormat.PlainText)
        if is_mirrored():  # where lines begin, whatever the language of the text
            sides = Qt.AlignmentFlag
            self.setAlignment(sides.AlignRight | sides.AlignAbsolute | sides.AlignVCenter)
        if text:
            self.setText(text)

    def setText(self, text: str) -> None:
        if self._shows_all:
            shown_text = all_lines(text)
        elif self._keeps_lines:
            shown_text = multiline_text(text)
        else:
            shown_text = one_line(text, LONGEST_PARAGRAPH)
        # Qt takes & for the mark of a mnemonic only if the label has a buddy.
        super().setText(shown_text if self.buddy() is None else shown_text.replace("&", "&&"))

    def setBuddy(self, buddy: QWidget) -> None:
        text = self.text()
        super().setBuddy(buddy)
        self.setText(text)

    def text(self) -> str:
        """Return the text as shown."""
        text = super().text()
        return _without_marks(text) if "&" in text and self.buddy() is not None else text

    def minimumSizeHint(self) -> QSize:
        """Limit the width that an endless word would ask for."""
        hint = super().minimumSizeHint()
        widest = self.fontMetrics().averageCharWidth() * _LONGEST_WORD
        return hint.boundedTo(QSize(widest, hint.height())) if self.wordWrap() else hint


class PlainButton(QPushButton):
    """A push button that shows & in its text instead of making a shortcut."""

    def __init__(
        self, text: str = "", parent: QWidget | None = None, *, name: str = "", role: str = ""
    ) -> None:
        super().__init__(parent)
        _identify(self, name, role)
        if text:
            self.setText(text)

    def setCheckable(self, is_checkable: bool) -> None:
        super().setCheckable(is_checkable)
        renew_interface(self)  # Qt makes it when the name is set

    def setText(self, text: str) -> None:
        super().setText(menu_text(text))

    def text(self) -> str:
        """Return the text as shown."""
        return _without_marks(super().text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Press the button on Enter, and not the dialog's default button as Qt may do."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not is_enter:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self.click()


class PlainToolButton(QToolButton):
    """A tool button that shows & in its text instead of making a shortcut.

    Args:
        label: the tooltip and accessible name of a button that has only an icon.
    """

    def __init__(
        self, parent: QWidget | None = None, *, name: str = "", role: str = "", label: str = ""
    ) -> None:
        super().__init__(parent)
        _identify(self, name, role)
        if label:
            self.setAccessibleName(spoken_text(label))
            set_tooltip(self, label)

    def setCheckable(self, is_checkable: bool) -> None:
        super().setCheckable(is_checkable)
        renew_interface(self)  # Qt makes it when the name is set

    def setText(self, text: str) -> None:
        super().setText(menu_text(text))

    def text(self) -> str:
        """Return the text as shown."""
        return _without_marks(super().text())


class PlainTextField(QPlainTextEdit):
    """A field of several lines that lays out an endless word in linear time."""

    _hidden_placeholder = ""

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        # Qt 6.11 would paint the placeholder below the text that an input method composes.
        if event.preeditString():
            self._hidden_placeholder = self.placeholderText() or self._hidden_placeholder
            self.setPlaceholderText("")
        elif self._hidden_placeholder:
            self.setPlaceholderText(self._hidden_placeholder)
            self._hidden_placeholder = ""
        super().inputMethodEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not is_sign_with_alt(event):  # a shortcut, if only by mistake
            super().keyPressEvent(event)

    def setPlainText(self, text: str) -> None:
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.wrap_for(text)
        super().setPlainText(text)

    def clear(self) -> None:
        """Remove the text."""
        self.setPlainText("")

    def wrap_for(self, text: str) -> None:
        """Break lines anywhere if `text`, which is about to be inserted, has an endless word.

        Qt's search for the end of the word takes 1.6 s for 100,000 letters, and 190 s for a
        million.
        """
        lines = text.replace("\u2029", "\n").split("\n")  # searching all takes 20 ms for 300 pages
        if any(len(line) >= _ENDLESS and _ENDLESS_WORD.search(line) for line in lines):
            self.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)


class _Question(SheetMixin, QMessageBox):  # type: ignore[misc]  # Qt’s other `open`
    """A question that opens as a sheet."""


def message_box(
    text: str, informative_text: str = "", *, details: str = "", parent: QWidget | None = None
) -> QMessageBox:
    """Return a message box that shows plain text; QMessageBox documents the three kinds of text."""

    box = _Question(parent)
    box.setWindowTitle("Repartee")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(_make_breakable(one_line(text, LONGEST_PARAGRAPH)))
    box.setInformativeText(_make_breakable(multiline_text(informative_text)))
    if details:
        box.setDetailedText(_make_breakable(shorten_middle(details, _LONGEST_DETAILS)))
    # Qt creates these labels with the text, and guesses their format unless it is set.
    for label in box.findChildren(QLabel):
        label.setTextFormat(Qt.TextFormat.PlainText)
    return box


def _identify(widget: QWidget, name: str, role: str) -> None:
    """Set the name, and the role by which the style sheet selects the widget, if given."""
    if name:
        widget.setObjectName(name)
    if role:
        widget.setProperty("role", role)


def _without_marks(text: str) -> str:
    text = without_isolates(text)
    return re.sub("&(.)", r"\1", text) if "&" in text else text


def _make_breakable(text: str) -> str:
    """Let Qt break endless words, which would widen the dialog; it breaks Chinese anywhere."""
    return re.sub(rf"[^\s\u2e80-\uffef]{{{_LONGEST_WORD}}}(?=\S)", "\\g<0>\u200b", text)


def _visible_controls(text: str) -> str:
    """Make bidirectional controls visible, and replace other control characters."""
    visible = _BIDI_CONTROLS.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)
    return _CONTROLS.sub("\ufffd", visible)


class ElidedLabel(PlainLabel):
    """A label of one line, elided if necessary; the tooltip then has the whole text."""

    def __init__(
        self,
        text: str = "",
        *,
        name: str = "",
        role: str = "",
        elide_mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__(name=name, role=role)
        self._full_text = ""
        self._note = ""
        self._elide_mode = elide_mode
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        if text:
            self.setText(text)

    def setText(self, text: str) -> None:
        """Set the text; line breaks become spaces."""
        self._full_text = one_line(text)
        self.setAccessibleName(spoken_text(self._full_text))
        self._elide()

    def set_note(self, note: str) -> None:
        """Set a text that the tooltip shows, also below the whole text."""
        self._note = note
        self.setAccessibleDescription(spoken_text(note))
        self._elide()

    def text(self) -> str:
        """Return the whole text, even if it is elided."""
        return self._full_text

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        metrics = QFontMetrics(self.font())
        elided = metrics.elidedText(self._full_text, self._elide_mode, self.width())
        super().setText(elided)
        whole = self._full_text if elided != self._full_text else ""
        set_tooltip(self, "\n".join(filter(None, (whole, self._note))))
