"""The mnemonics of windows: Alt with a letter presses a button or focuses a field.

A window gets its mnemonics when the focus enters it or moves in it. They are chosen again when
Alt is pressed, because texts and widgets change. The letters are underlined only while Alt is
pressed. Otherwise the texts have no mark: the keys are set by `QAbstractButton.setShortcut`, and
by a QShortcut for each label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QPushButton,
    QToolButton,
    QWidget,
)
from shiboken6 import isValid

from desktop_app.ui.widgets.accessibility.mnemonics import (
    HAS_MNEMONICS,
    KEEPS_LETTER,
    NO_MNEMONIC,
    choose_letters,
    split_mnemonic,
    with_mnemonic,
)
from desktop_app.ui.widgets.text.foreign_text import marked_text, set_marked_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_SHORTCUT_NAME: Final = "mnemonic"
_REJECT: Final = QDialogButtonBox.ButtonRole.RejectRole
_ALT: Final = Qt.KeyboardModifier.AltModifier
_ENDING_EVENTS: Final = (QEvent.Type.WindowDeactivate, QEvent.Type.Hide)

MnemonicWidget = QAbstractButton | QLabel


class _Underlined(NamedTuple):
    """A widget whose letter is underlined, and its text without and with the mark."""

    widget: MnemonicWidget
    letter: str
    plain_text: str
    marked_text: str


class WindowMnemonics(QObject):
    """The mnemonics of the program's windows, chosen as the focus moves."""

    def __init__(self, parent: QObject, excluded: Callable[[QWidget], Collection[QWidget]]) -> None:
        """Begin to follow the focus.

        Args:
            excluded: returns the containers of a window whose widgets have no mnemonics.
        """
        super().__init__(parent)
        self._excluded = excluded
        self._underlined: list[_Underlined] = []
        self._window: QWidget | None = None
        self._letter_filter = _AltLetterFilter(self)
        self._choose_timer = QTimer(self, singleShot=True, interval=0)
        self._choose_timer.timeout.connect(self._choose_for_focused)
        if HAS_MNEMONICS:
            application = cast("QApplication", QApplication.instance())
            application.focusChanged.connect(self._follow_focus)
            self._follow_focus(None, application.focusWidget())

    def choose(self, window: QWidget) -> dict[str, MnemonicWidget]:
        """Choose the mnemonics of the visible widgets of a window; return the widgets by letter."""
        self._remove_underlines()
        # The buttons that most dialogs have come first, so that they get their first letters.
        widgets = sorted(self._widgets(window), key=_is_common, reverse=True)
        texts = [split_mnemonic(marked_text(widget))[0] for widget in widgets]
        letters = choose_letters(texts, list(map(_letter, widgets)), _letters_of_commands(window))
        widgets_by_letter: dict[str, MnemonicWidget] = {}
        for widget, letter in zip(widgets, letters, strict=True):
            _set_letter(widget, letter)
            if letter:
                widgets_by_letter[letter] = widget
        return widgets_by_letter

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Underline the letters while Alt is pressed."""
        kind = event.type()
        if kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            assert isinstance(event, QKeyEvent)
            is_alt = event.key() == Qt.Key.Key_Alt
            if is_alt and kind == QEvent.Type.KeyPress and not event.isAutoRepeat():
                self._underline(cast("QWidget", watched))
            elif not event.isAutoRepeat() and (is_alt or not event.modifiers() & _ALT):
                self._remove_underlines()
        elif kind in _ENDING_EVENTS:
            self._remove_underlines()
        return False

    def watch(self, window: QWidget) -> None:
        """Choose the mnemonics of a window soon, and underline them whenever Alt is pressed."""
        self._window = window
        window.installEventFilter(self)
        self._choose_timer.start()

    def _follow_focus(self, former_focus: QWidget | None, focused: QWidget | None) -> None:
        if former_focus is not None and isValid(former_focus):
            former_focus.removeEventFilter(self._letter_filter)
        if focused is not None:
            focused.installEventFilter(self._letter_filter)
            self.watch(focused.window())

    def _choose_for_focused(self) -> None:
        if self._window is not None and isValid(self._window) and not self._underlined:
            self.choose(self._window)

    def _widgets(self, window: QWidget) -> Iterator[MnemonicWidget]:
        # Qt's own dialogs have Qt's mnemonics.
        if isinstance(window, QFileDialog) or window.inherits("QAbstractPrintDialog"):
            return
        yield from _mnemonic_widgets_below(window, self._excluded(window))

    def _underline(self, window: QWidget) -> None:
        for letter, widget in self.choose(window).items():
            plain_text = marked_text(widget)
            underlined_text = with_mnemonic(split_mnemonic(plain_text)[0], letter)
            self._underlined.append(_Underlined(widget, letter, plain_text, underlined_text))
            if isinstance(widget, QLabel):
                _shortcut_of(widget).setEnabled(False)  # the label makes a shortcut of its own
            set_marked_text(widget, underlined_text)

    def _remove_underlines(self) -> None:
        underlined = self._underlined
        self._underlined = []
        for each in underlined:
            # A text that has changed since has no mark any more.
            if isValid(each.widget) and marked_text(each.widget) == each.marked_text:
                set_marked_text(each.widget, each.plain_text)
                _set_letter(each.widget, each.letter)


class _AltLetterFilter(QObject):
    """Filter that keeps Alt with a letter that is not a mnemonic from typing the letter."""

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.KeyPress:
            return False
        assert isinstance(event, QKeyEvent)
        # Control together with Alt is AltGr, which types.
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier
        return modifiers == _ALT and bool(event.text()) and event.text().isprintable()


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
        buddy = widget.buddy()
        has_buddy = cast("QWidget | None", buddy) is not None  # PySide's types forget None
        return has_buddy and buddy.isVisible() and buddy.isEnabled()
    shows_text = not isinstance(widget, QToolButton) or _shows_text(widget)
    is_value = bool(widget.property(NO_MNEMONIC))
    return widget.isEnabled() and shows_text and bool(marked_text(widget)) and not is_value


def _shows_text(button: QToolButton) -> bool:
    style = button.toolButtonStyle()
    return style != Qt.ToolButtonStyle.ToolButtonIconOnly or button.icon().isNull()


def _is_common(widget: MnemonicWidget) -> bool:
    """Return True for buttons that most dialogs have: they keep their first letter."""
    if not isinstance(widget, QPushButton):
        return False
    box = widget.parent()
    rejects = isinstance(box, QDialogButtonBox) and box.buttonRole(widget) is _REJECT
    return rejects or widget.isDefault() or bool(widget.property(KEEPS_LETTER))


def _letters_of_commands(window: QWidget) -> set[str]:
    """Return the letters that, with Alt, are shortcuts of the window."""
    direct = Qt.FindChildOption.FindDirectChildrenOnly
    shortcuts = window.findChildren(QShortcut, options=direct)
    keys = (shortcut.key().toString() for shortcut in shortcuts)
    return {each[-1] for each in keys if each[:-1] == "Alt+"}


def _letter(widget: MnemonicWidget) -> str:
    """Return the present mnemonic of a widget, or ""."""
    if isinstance(widget, QLabel):
        shortcut = widget.findChild(QShortcut, _SHORTCUT_NAME)
        keys = shortcut.key() if shortcut is not None else QKeySequence()
    else:
        keys = widget.shortcut()
    return keys.toString().removeprefix("Alt+")


def _set_letter(widget: MnemonicWidget, letter: str) -> None:
    keys = QKeySequence(f"Alt+{letter}") if letter else QKeySequence()
    if isinstance(widget, QLabel):
        shortcut = _shortcut_of(widget)
        shortcut.setKey(keys)
        shortcut.setEnabled(True)
    elif widget.shortcut() != keys:
        widget.setShortcut(keys)


def _shortcut_of(label: QLabel) -> QShortcut:
    shortcut = label.findChild(QShortcut, _SHORTCUT_NAME)
    if shortcut is None:
        shortcut = QShortcut(label)
        shortcut.setObjectName(_SHORTCUT_NAME)
        shortcut.activated.connect(lambda: _activate_buddy(label))
    return shortcut


def _activate_buddy(label: QLabel) -> None:
    """Focus the field of a label, or press its button, as Qt does for a label."""
    buddy = label.buddy()
    if buddy is not None:
        buddy.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if isinstance(buddy, QAbstractButton):
            buddy.animateClick()
