"""The accessible tree of every window, dialog, card, page and menu.

Names, roles and labels, clashes of shortcuts, and the order of Tab stops.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAccessible, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QMenu,
    QPushButton,
    QScrollBar,
    QToolButton,
    QWidget,
)

from desktop_app.transcript.action_row import ActionRow
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.cards.card_area import CardArea
from tests.gui.app import scenes
from tests.gui.app.app_harness import KEYED, AppHarness
from tests.helpers.translated_texts import is_of_qt
from tests.helpers.widgets import shown_widgets

Role = QAccessible.Role
SAME_ROW_PX: Final = 8
MAX_STOPS: Final = 300
# Roles that a screen reader announces as "filler" or not at all.
UNHEARD = (Role.NoRole, Role.Client)


def _takes_keys(widget: QWidget) -> bool:
    return widget.isEnabled() and bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)


def visible_parts(window: QWidget) -> list[QWidget]:
    # Without Qt's own dialogs, which are children of the window that opens them. On Linux Qt gives
    # their lists the value as name and the label by a relation; the program cannot change that.
    return [] if is_of_qt(window) else shown_widgets(window)


def faults_of(widget: QWidget) -> Iterator[str]:
    """Yield what is wrong with a widget for a screen reader."""
    known = QAccessible.queryAccessibleInterface(widget)
    name = known.text(QAccessible.Text.Name)
    said = f"{type(widget).__name__} {widget.objectName()!r}"
    compound = (QAbstractScrollArea, QAbstractSpinBox)
    is_part = isinstance(widget, QScrollBar) or isinstance(widget.parent(), compound)
    if _takes_keys(widget) and not is_part:
        if not name.strip():
            yield f"{said} has no name"
        if known.role() in UNHEARD:
            yield f"{said} has no role"
    if isinstance(widget, QComboBox) and name == widget.currentText():
        yield f"{said} is named by its value {name!r}"
    is_button = isinstance(widget, QPushButton | QToolButton)
    is_toggle = is_button and widget.isCheckable() and not widget.autoExclusive()
    if is_toggle and known.role() is not Role.Button:
        yield f"{said} changes its look without a click by the action Toggle"
    if widget.isWindow() and known.role() in UNHEARD:
        yield f"{said} is a window without a role"
    if known.role() is Role.LayeredPane:
        yield f"{said} is spoken as a layered pane"
    if "\ufffc" in name:
        yield f"{said} has an object character in its name"


def _tab_faults(window: QWidget, parts: list[QWidget]) -> Iterator[str]:
    """Press Tab through the whole window; yield the skipped widgets, and steps backwards."""
    focused = QApplication.focusWidget()
    if focused is None or focused.window() is not window or QApplication.activePopupWidget():
        return  # the keys go to another window
    shown = [w for w in parts if _takes_keys(w) and not w.focusProxy()]
    stops = [w for w in shown if not _is_exclusive(w)]
    visited = [focused]
    places: set[object] = {_place(focused)}
    for _ in range(MAX_STOPS):
        QTest.keyClick(visited[-1], Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        if focused is None or (focused is not visited[-1] and _place(focused) in places):
            break
        places.add(_place(focused))
        if focused is not visited[-1]:  # otherwise it went to the next link in a text
            visited.append(focused)
    for stop in stops:
        if stop not in visited:
            yield f"Tab passes by {type(stop).__name__} {stop.objectName()!r}"
    over_text = ActionRow
    stops = [w for w in visited if not isinstance(w, over_text)]
    stops = [w for w in stops if not isinstance(w.parent(), over_text)]
    # Cards come before a page, which is created later.
    stops = [w for w in stops if not any(isinstance(above, CardArea) for above in _above(w))]
    back = [pair for pair in pairwise([*stops, *stops[:1]]) if _goes_back(*pair)]
    if len(back) > 1:  # once, at the end of the round
        yield f"Tab goes back: {[[w.objectName() for w in pair] for pair in back]}"


def _place(focused: QWidget) -> object:
    """Return what tells a Tab stop from others: the transcript is one for each of its messages."""
    target = focused.focus_navigator.focused if isinstance(focused, TranscriptView) else None
    return focused, target


def _goes_back(before: QWidget, after: QWidget) -> bool:
    if before.isAncestorOf(after) or after.isAncestorOf(before):
        return False
    first, second = _parts_side_by_side(before, after)
    is_up = second.bottom() <= first.top() and second.left() < first.right()
    is_row = abs(second.center().y() - first.center().y()) < SAME_ROW_PX
    return is_up or (is_row and second.right() <= first.left())


def _is_exclusive(widget: QWidget) -> bool:
    """Return True for a button of a group that has one Tab stop, and arrow keys between buttons."""
    return isinstance(widget, QAbstractButton) and (
        widget.autoExclusive() or QAbstractButton.group(widget) is not None
    )


def _parts_side_by_side(one: QWidget, other: QWidget) -> tuple[QRect, QRect]:
    """Return the rectangles of the largest ancestors that contain only one of the two widgets."""
    lines = [[w, *_above(w)] for w in (one, other)]
    first, second = (
        next(part for part, above in pairwise(line) if above in lines[not at])
        for at, line in enumerate(lines)
    )
    return first.geometry(), second.geometry()


def _above(widget: QWidget) -> Iterator[QWidget]:
    above: QWidget | None = widget.parentWidget()
    while above is not None:
        yield above
        above = above.parentWidget()


def _shortcuts(window: QWidget) -> Iterator[tuple[str, str]]:
    """Yield the keys that work anywhere in a window, with the widgets that they belong to."""
    anywhere = (Qt.ShortcutContext.WindowShortcut, Qt.ShortcutContext.ApplicationShortcut)
    for shortcut in window.findChildren(QShortcut):
        owner = shortcut.parent()
        is_here = isinstance(owner, QWidget) and owner.isVisible() and owner.window() is window
        is_label = isinstance(owner, QLabel)  # its mnemonic
        if is_here and not is_label and shortcut.isEnabled() and shortcut.context() in anywhere:
            yield shortcut.key().toString(), repr(owner)
    for action in window.actions():
        for keys in action.shortcuts():
            yield keys.toString(), action.objectName()


def _clashes(kind: str, keys: Iterable[tuple[str, str]]) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for key, owner in keys:
        found.setdefault(key, []).append(owner)
    for key, owners in found.items():
        if len(owners) > 1:
            yield f"{kind} {key} of {owners}"


class Audit:
    """Looks at each scene of an app, and collects faults and counts."""

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self._seen: set[object] = set()

    async def look(self, scene: str) -> None:
        """Look at all visible windows."""
        windows = [w for w in QApplication.topLevelWidgets() if w.isVisible() and not is_of_qt(w)]
        for window in windows:
            parts = visible_parts(window)
            shortcuts = list(_shortcuts(window))
            self._note(scene, _clashes("key", shortcuts))
            self.counts["shortcuts"] += self._new(window.objectName(), shortcuts)
            if isinstance(window, QMenu):
                self.counts["menus"] += self._new("menu", [scene])
                continue
            self._note(scene, _tab_faults(window, parts))
            for widget in visible_parts(window):
                self.counts["widgets"] += self._new("widget", [id(widget)])
                self._note(scene, faults_of(widget))

    def _new(self, kind: str, things: Iterable[object]) -> int:
        new = {(kind, thing) for thing in things} - self._seen
        self._seen |= new
        return len(new)

    def _note(self, scene: str, faults: Iterable[str]) -> None:
        for fault in faults:
            self.faults.setdefault(fault, scene)


@pytest.mark.slow
@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)  # of menus
async def test_every_window_is_accessible() -> None:
    faults: dict[str, str] = {}
    counts: Counter[str] = Counter()
    async with AppHarness() as app:
        app.window.resize(1280, 800)
        first = Audit()
        await scenes.empty_state(app, first.look)
        await scenes.fill(app.backend)
    async with AppHarness(environment=KEYED) as app:
        app.window.resize(1280, 800)
        audit = Audit()
        for scene in scenes.SCENES:
            await scene(app, audit.look)
    for each in (first, audit):
        faults |= each.faults
        counts.update(each.counts)
    print(dict(counts))  # noqa: T201 — the evidence
    listed = "\n".join(sorted(f"{scene}: {fault}" for fault, scene in faults.items()))
    assert not listed, listed
    assert counts["widgets"] > 1_000
