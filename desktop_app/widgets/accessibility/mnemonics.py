"""Mnemonics: the underlined letters of menu entries, buttons and labels of fields.

They are chosen when a menu opens or Alt is pressed, instead of being part of each text. So they
never clash, texts that are names get one too, and translators need not choose them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple, cast

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QLabel,
    QMenu,
    QToolButton,
    QWidget,
)
from shiboken6 import isValid

from desktop_app.widgets.text.foreign_text import marked_text, set_marked_text

_WORD: Final = re.compile(r"[^\W_]+")
_MARK: Final = re.compile("&(.)", re.DOTALL)
_LAST_CHARACTER: Final = "\uffff"  # later characters are two units in Qt: no mnemonics
_ENDING_EVENTS: Final = (QEvent.Type.WindowDeactivate, QEvent.Type.Hide)

MnemonicWidget = QAbstractButton | QLabel


def with_mnemonics(texts: Sequence[str], taken: Collection[str] = ()) -> list[str]:
    """Return texts for Qt: & before the mnemonic of each, and && for each &.

    A text gets the first free one of the first letters of its words, then of its other letters.

    Args:
        taken: letters that are in use elsewhere.

    >>> with_mnemonics(["Copy", "Copy link", "Cut & paste"])
    ['&Copy', 'Copy &link', 'Cut && &paste']
    """
    used = set(taken)
    marked = []
    for text in texts:
        indices = [*(word.start() for word in _WORD.finditer(text)), *range(len(text))]
        letters = ((index, text[index].upper()) for index in indices if text[index].isalpha())
        free = (
            (index, letter)
            for index, letter in letters
            if letter not in used and len(letter) == 1 and letter <= _LAST_CHARACTER
        )
        index, letter = next(free, (len(text), ""))
        used.add(letter)
        rest = text[index:].replace("&", "&&")
        marked.append(text[:index].replace("&", "&&") + ("&" if rest else "") + rest)
    return marked


def without_mnemonic(text: str) -> str:
    """Return a text of Qt as shown.

    >>> without_mnemonic("Cut && &paste")
    'Cut & paste'
    """
    return _MARK.sub(r"\1", text)


def mark_menu(menu: QMenu) -> None:
    """Give the entries of a menu their mnemonics."""
    entries = [
        action
        for action in menu.actions()
        if action.isVisible() and action.isEnabled() and not action.isSeparator()
    ]
    # A tab separates the label of an entry from its keys.
    parts = [action.text().partition("\t") for action in entries]
    labels = with_mnemonics([without_mnemonic(label) for label, _tab, _keys in parts])
    for action, label, (_label, tab, keys) in zip(entries, labels, parts, strict=True):
        action.setText(label + tab + keys)


class _Marked(NamedTuple):
    """A widget with a mnemonic, and its text without and with the mark."""

    widget: MnemonicWidget
    plain_text: str
    marked_text: str


class WindowMnemonics(QObject):
    """The mnemonics of the program's windows, which buttons and fields have while Alt is pressed.

    Args:
        excluded: widgets below which there are no mnemonics.
    """

    def __init__(self, parent: QObject, excluded: Collection[QWidget] = ()) -> None:
        super().__init__(parent)
        self._excluded = excluded
        self._marked: list[_Marked] = []
        application = cast("QApplication", QApplication.instance())
        application.focusChanged.connect(self._follow_focus)
        self._follow_focus(None, application.focusWidget())

    def watch(self, window: QWidget) -> None:
        """Show the mnemonics of a window whenever Alt is pressed."""
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if isinstance(event, QKeyEvent) and kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            if event.key() == Qt.Key.Key_Alt and not event.isAutoRepeat():
                self._remove_marks()
                if kind == QEvent.Type.KeyPress:
                    self._mark(cast("QWidget", watched))
        elif kind in _ENDING_EVENTS:
            self._remove_marks()
        return False

    def _follow_focus(self, _former_focus: QWidget | None, focused: QWidget | None) -> None:
        if focused is not None:
            self.watch(focused.window())

    def _mark(self, window: QWidget) -> None:
        if isinstance(window, QFileDialog) or window.inherits("QAbstractPrintDialog"):
            return  # Qt's own dialogs have Qt's mnemonics
        widgets = list(_mnemonic_widgets_below(window, self._excluded))
        plain_texts = [marked_text(widget) for widget in widgets]
        marked_texts = with_mnemonics(
            [without_mnemonic(text) for text in plain_texts], _letters_of_commands(window)
        )
        self._marked = [
            _Marked(*each) for each in zip(widgets, plain_texts, marked_texts, strict=True)
        ]
        for widget, _plain_text, text in self._marked:
            set_marked_text(widget, text)

    def _remove_marks(self) -> None:
        marked, self._marked = self._marked, []
        for widget, plain_text, text in marked:
            # A text that has changed since has no mark any more.
            if isValid(widget) and marked_text(widget) == text:
                set_marked_text(widget, plain_text)


def _mnemonic_widgets_below(
    widget: QWidget, excluded: Collection[QWidget]
) -> Iterator[MnemonicWidget]:
    # Not `findChildren`, which also lists all hidden pages and dialogs: up to 100 ms.
    for child in widget.children():
        if not isinstance(child, QWidget) or child.isHidden() or child.isWindow():
            continue
        if isinstance(child, MnemonicWidget):
            if _takes_mnemonic(child):
                yield child
        elif child not in excluded:
            yield from _mnemonic_widgets_below(child, excluded)


def _takes_mnemonic(widget: MnemonicWidget) -> bool:
    if isinstance(widget, QLabel):
        buddy = cast("QWidget | None", widget.buddy())  # PySide's types forget None
        return buddy is not None and buddy.isVisible() and buddy.isEnabled()
    shows_text = (
        not isinstance(widget, QToolButton)
        or widget.toolButtonStyle() != Qt.ToolButtonStyle.ToolButtonIconOnly
        or widget.icon().isNull()
    )
    return widget.isEnabled() and shows_text and bool(marked_text(widget))


def _letters_of_commands(window: QWidget) -> set[str]:
    """Return the letters that, with Alt, are shortcuts of the window."""
    direct = Qt.FindChildOption.FindDirectChildrenOnly
    shortcuts = window.findChildren(QShortcut, options=direct)
    keys = (shortcut.key().toString() for shortcut in shortcuts)
    return {each[-1] for each in keys if each[:-1] == "Alt+"}
