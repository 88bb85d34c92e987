"""The accessible tree of every window, dialog, card, page and menu.

Names, roles and labels, clashes of shortcuts and mnemonics, and the contrast of rendered texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QColor, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QMenu,
    QScrollBar,
    QWidget,
)

from desktop_app.commands.keymap import Keymap
from desktop_app.ui.look.theme import Mode, light
from tests.gui.app import scenes
from tests.gui.app.desk import Desk
from tests.helpers.rendered_contrast import Colors, Text, colors_in, texts_of_window
from tests.helpers.translated_texts import is_of_qt, widgets_of

Role = QAccessible.Role
OTHERS: Final[tuple[Mode, ...]] = ("dark", "contrast")  # every scene begins in the light theme
# What a screen reader calls "filler" or nothing.
UNHEARD = (Role.NoRole, Role.Client)


def _takes_keys(widget: QWidget) -> bool:
    return widget.isEnabled() and bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)


def _visible_parts(window: QWidget) -> Iterator[QWidget]:
    # Qt's own dialogs belong to the window that opens them. On Linux Qt names their lists by the
    # value and tells a screen reader of the label by a relation: nothing that we could name.
    return (widget for widget in widgets_of(window) if widget.isVisible())


def _faults(widget: QWidget) -> Iterator[str]:
    """Yield what is wrong with a widget for a screen reader."""
    known = QAccessible.queryAccessibleInterface(widget)
    name = known.text(QAccessible.Text.Name)
    said = f"{type(widget).__name__} {widget.objectName()!r}"
    of_qt = (QAbstractScrollArea, QAbstractSpinBox)
    is_part = isinstance(widget, QScrollBar) or isinstance(widget.parent(), of_qt)
    if _takes_keys(widget) and not is_part:
        if not name.strip():
            yield f"{said} has no name"
        if known.role() in UNHEARD:
            yield f"{said} has no role"
    if isinstance(widget, QComboBox) and name == widget.currentText():
        yield f"{said} is named by its value {name!r}"
    if "\ufffc" in name:
        yield f"{said} has an object character in its name"


def _mnemonics(window: QWidget) -> Iterator[tuple[str, str]]:
    """Yield the mnemonics of a menu or of the visible widgets of a window, with their texts."""
    if isinstance(window, QMenu):
        texts = [action.text() for action in window.actions() if action.isVisible()]
    else:
        texts = [
            str(widget.property("text"))
            for widget in _visible_parts(window)
            if isinstance(widget, QAbstractButton)
            or (isinstance(widget, QLabel) and widget.buddy() is not None)
        ]
    for text in texts:
        if mnemonic := QKeySequence.mnemonic(text).toString():
            yield mnemonic, text


def _shortcuts(window: QWidget) -> Iterator[tuple[str, str]]:
    """Yield the keys that work anywhere in a window, with the widgets that they belong to."""
    anywhere = (Qt.ShortcutContext.WindowShortcut, Qt.ShortcutContext.ApplicationShortcut)
    for shortcut in window.findChildren(QShortcut):
        owner = shortcut.parent()
        is_here = isinstance(owner, QWidget) and owner.isVisible() and owner.window() is window
        if is_here and shortcut.isEnabled() and shortcut.context() in anywhere:
            yield shortcut.key().toString(), repr(owner)


def _clashes(kind: str, keys: Iterable[tuple[str, str]]) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for key, owner in keys:
        found.setdefault(key, []).append(owner)
    for key, owners in found.items():
        if len(owners) > 1:
            yield f"{kind} {key} of {owners}"


def _measured(windows: list[QWidget]) -> Iterator[tuple[Text, Colors]]:
    """Yield the texts of windows and their colors, from one picture of each window."""
    for window in windows:
        image = window.grab().toImage()
        for text in texts_of_window(window):
            yield text, colors_in(image, text.place)


@cache
def _token(pixel: int) -> str:
    """Return the name of the light theme's color that is nearest to a pixel.

    Thin letters may have no pixel of their full color.
    """
    shown = QColor(pixel)

    def distance(color: QColor) -> int:
        red, green = color.red() - shown.red(), color.green() - shown.green()
        return red**2 + green**2 + (color.blue() - shown.blue()) ** 2

    colors = {name: value for name, value in vars(light()).items() if isinstance(value, QColor)}
    return min(colors, key=lambda name: distance(colors[name]))


class Audit:
    """Looks at each scene of a desk, and collects faults and counts.

    `styles` are the styles of texts that were measured in all themes; desks share them.
    """

    def __init__(self, desk: Desk, styles: set[object]) -> None:
        self._desk = desk
        self._styles = styles
        self.faults: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self._seen: set[object] = set()

    async def look(self, scene: str) -> None:
        """Look at all visible windows."""
        windows = [w for w in QApplication.topLevelWidgets() if w.isVisible() and not is_of_qt(w)]
        for window in windows:
            mnemonics, shortcuts = list(_mnemonics(window)), list(_shortcuts(window))
            self._note(scene, _clashes("mnemonic", mnemonics))
            self._note(scene, _clashes("shortcut", shortcuts))
            self.counts["mnemonics"] += self._new(scene, mnemonics)
            self.counts["shortcuts"] += self._new(window.objectName(), shortcuts)
            if isinstance(window, QMenu):
                self.counts["menus"] += self._new("menu", [scene])
                continue
            for widget in _visible_parts(window):
                self.counts["widgets"] += self._new("widget", [id(widget)])
                self._note(scene, _faults(widget))
        self._look_at_contrast(scene, windows)

    def _look_at_contrast(self, scene: str, windows: list[QWidget]) -> None:
        """Measure each new text in the light theme, and in the others if its style is new.

        All colors come from the theme: texts of the same class, role and colors in one theme have
        the same colors in another. A switch costs more than all else, and grows with the number
        of widgets.
        """
        wanted = set()
        for text, colors in _measured(windows):
            if self._new("text", [(type(text.widget), text.widget.objectName(), text.words)]):
                self._check(scene, "light", text, colors)
                tokens = (_token(colors.ground), _token(colors.text))
                style = (type(text.widget), text.widget.property("role"), *tokens)
                if style not in self._styles:
                    self._styles.add(style)
                    wanted.add((text.widget, text.words))
        if not wanted:
            return
        for mode in OTHERS:
            self._desk.theme.set_mode(mode)
            for text, colors in _measured(windows):
                if (text.widget, text.words) in wanted:
                    self._check(scene, mode, text, colors)
        self._desk.theme.set_mode("light")

    def _check(self, scene: str, mode: Mode, text: Text, colors: Colors) -> None:
        self.counts[f"texts in {mode}"] += 1
        if colors.contrast < text.least_contrast:
            self._note(scene, [f"{mode}: {text.words!r} has a contrast of {colors.contrast:.1f}"])

    def _new(self, kind: str, things: Iterable[object]) -> int:
        new = {(kind, thing) for thing in things} - self._seen
        self._seen |= new
        return len(new)

    def _note(self, scene: str, faults: Iterable[str]) -> None:
        for fault in faults:
            self.faults.setdefault(fault, scene)


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)  # of menus
async def test_every_window_is_accessible() -> None:
    faults: dict[str, str] = {}
    counts: Counter[str] = Counter()
    styles: set[object] = set()
    async with Desk() as desk:
        desk.window.resize(1280, 800)
        first = Audit(desk, styles)
        await scenes.first_start(desk, first.look)
        await scenes.fill(desk.backend)
    async with Desk(environment=scenes.KEYED) as desk:
        desk.window.resize(1280, 800)
        audit = Audit(desk, styles)
        for scene in scenes.SCENES:
            await scene(desk, audit.look)
    for each in (first, audit):
        faults |= each.faults
        counts.update(each.counts)
    print(dict(counts))  # noqa: T201 — the evidence
    listed = "\n".join(sorted(f"{scene}: {fault}" for fault, scene in faults.items()))
    assert not listed, listed
    assert counts["widgets"] > 1_000


def test_no_two_commands_share_a_key_by_default() -> None:
    assert Keymap().conflicts() == {}
