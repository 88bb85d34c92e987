"""The tab order of widgets that are created later than their neighbors.

Nothing asks Qt for neighbors (`nextInFocusChain`, `previousInFocusChain`) or for `focusProxy`.
PySide 6.11 makes the returned widget a part of the asked one: once that is deleted, Python takes
the parts of the other for deleted, too, and the next layout that needs one ends the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, cast
from weakref import WeakKeyDictionary, ref

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QScrollArea, QWidget


def order_tabs(previous: QWidget, widgets: Iterable[QWidget]) -> QWidget:
    """Insert widgets into the tab order after `previous`; return the last of them."""
    for widget in widgets:
        QWidget.setTabOrder(previous, widget)
        previous = widget
    return previous


def order_children(container: QWidget, children: Sequence[QWidget]) -> None:
    """Set the tab order of children of a container, at the container's position.

    By default, Qt puts widgets that are added later at the end of the tab order.
    """
    container.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # Qt orders only widgets that accept focus
    order_tabs(container, children)
    container.setFocusPolicy(Qt.FocusPolicy.NoFocus)


def focusable_parts(field: QWidget) -> list[QWidget]:
    """Return a field, if it accepts the focus, and its parts that do."""
    parts = (field, *field.findChildren(QWidget))
    return [part for part in parts if part.focusPolicy() & Qt.FocusPolicy.TabFocus]


def focus_first_part(field: QWidget, reason: Qt.FocusReason) -> None:
    """Focus a field, or its first part that accepts the focus."""
    for part in focusable_parts(field)[:1]:
        part.setFocus(reason)


class TabAnchor(QWidget):
    """A hidden widget that marks a tab position for widgets that are created later.

    It accepts focus, because Qt orders nothing after a widget that does not.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hide()


class FocusScroller(QObject):
    """Object that scrolls to a widget that gets the focus while it is out of sight.

    Qt does so only if the focus was in the same scroll area before.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        cast("QApplication", QApplication.instance()).focusChanged.connect(self._scroll_to)

    def _scroll_to(self, _old: QWidget | None, focused: QWidget | None) -> None:
        if focused is None or not focused.visibleRegion().isEmpty():
            return
        ancestor: QWidget | None = focused.parentWidget()
        while ancestor is not None:
            if isinstance(ancestor, QScrollArea):
                ancestor.ensureWidgetVisible(focused)
            ancestor = ancestor.parentWidget()


_DELETES: Final = "deletes"
_MAX_DELETING: Final = 100  # buttons that follow each other


def mark_deleting(button: QWidget) -> None:
    """Mark a button that deletes something: `FocusGuard` gives it no focus of itself."""
    button.setProperty(_DELETES, True)


class FocusGuard(QObject):
    """Object that keeps the focus where the user has put it, and off buttons that delete.

    Qt passes the focus of a widget that is disabled or hidden to the next one, also in a window
    that a dialog covers. The next Enter or Space would press that. So the part of the window around
    a disabled widget gets its focus, until the widget is enabled again or the user moves on: the
    first part that has a name for a screen reader, in the end the window.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._disabled: ref[QWidget] | None = None
        self._stand_in: ref[QWidget] | None = None  # which has the focus of the disabled widget
        self._is_moving = False
        self._last: WeakKeyDictionary[QWidget, ref[QWidget]] = WeakKeyDictionary()  # by window
        cast("QApplication", QApplication.instance()).focusChanged.connect(self._check)

    def _check(self, old: QWidget | None, focused: QWidget | None) -> None:
        if old is not None and old.isVisible() and not old.isEnabled():
            is_here = focused is None or focused.window() is old.window()
            # A row of buttons passes the focus back to its first button, though disabled.
            if is_here and not self._is_moving:
                self._is_moving = True
                self._stand_in_for(old)
                self._is_moving = False
            return
        if focused is None:
            return
        window = focused.window()
        if focused.property(_DELETES) and self._came_by_itself(old, focused):
            follower: QWidget | None = focused
            for _ in range(_MAX_DELETING):
                if follower is None or not follower.property(_DELETES):
                    return
                follower.focusNextChild()
                follower = window.focusWidget()
            focused.clearFocus()
        else:
            self._last[window] = ref(focused)

    def _stand_in_for(self, disabled: QWidget) -> None:
        around = disabled.parentWidget()
        while around is not None:
            if around.isEnabled() and (around.accessibleName() or around.isWindow()):
                around.setFocus(Qt.FocusReason.OtherFocusReason)
                focused: QWidget | None = around.window().focusWidget()
                if focused is not None and not isinstance(focused, QAbstractButton):
                    self._disabled, self._stand_in = ref(disabled), ref(focused)
                    disabled.installEventFilter(self)
                    return
            around = around.parentWidget()  # this one passes the focus on to a button

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Return the focus to a widget that is enabled again."""
        is_change = event.type() == QEvent.Type.EnabledChange
        if is_change and isinstance(watched, QWidget) and watched.isEnabled():
            watched.removeEventFilter(self)
            is_last = self._disabled is not None and self._disabled() is watched
            around = None if self._stand_in is None else self._stand_in()
            if is_last and watched.window().focusWidget() is around:
                watched.setFocus(Qt.FocusReason.OtherFocusReason)
        return False

    def _came_by_itself(self, old: QWidget | None, focused: QWidget) -> bool:
        window = focused.window()
        if old is not None and old.window() is window:
            return not (old.isEnabled() and old.isVisible())
        last = self._last.get(window)  # the window is active again
        return last is None or last() is not focused
