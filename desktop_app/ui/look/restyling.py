"""Change the theme a few milliseconds at a time, so that the event loop is not blocked.

When the application's style sheet changes, Qt polishes each widget once for itself and once for
every widget above it: 0.9 s for 1,350 widgets. So the application is unpolished first, which leaves
Qt no widget to restyle, and each is polished once, here. Windows are painted again when everything
that they show has the new theme.
"""

from __future__ import annotations

import time
from collections import deque
from itertools import chain
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from desktop_app.ui.look.theme import Theme, palette, style_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SLICE_S: Final = 0.004
"""The time in seconds after which a slice of restyling begins no further step."""


class Restyling(QObject):
    """Changes of the theme of a program and its widgets, one after the other."""

    def __init__(
        self, application: QApplication, announce: Callable[[Theme], None], parent: QObject
    ) -> None:
        """Create an idle restyling.

        Args:
            application: has the palette, font, style sheet and widgets that change.
            announce: passes a theme to the widgets, after its style sheet is applied.
            parent: the owner.
        """
        super().__init__(parent)
        self._application = application
        self._announce = announce
        self._current_change: Iterator[bool] | None = None  # the rest of the current change
        self._waiting_theme: Theme | None = None
        self._steps: deque[tuple[QObject, Callable[[], object]]] = deque()
        self._hidden_widgets: dict[QWidget, None] = {}
        # A timer with an interval of 0 fires only when no other event waits.
        self._timer = QTimer(self, interval=1)
        self._timer.timeout.connect(self._run_slice)

    def apply(self, theme: Theme) -> None:
        """Apply a theme once the current change is painted; drop a theme that waits already."""
        self._waiting_theme = theme
        if self._current_change is None:
            self._begin_change()

    def add_step(self, receiver: QObject, step: Callable[[], object]) -> None:
        """Schedule a step to run before the windows are painted, unless its receiver is deleted."""
        self._steps.append((receiver, step))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Restyle a hidden widget that is shown before its turn."""
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget):
            self._restyle_hidden(watched)
        return False

    def _restyle_hidden(self, widget: QWidget) -> None:
        if widget in self._hidden_widgets:
            del self._hidden_widgets[widget]
            widget.removeEventFilter(self)
            _restyle(widget)

    def _begin_change(self) -> None:
        theme = self._waiting_theme
        self._waiting_theme = None
        if theme is not None:
            self._current_change = self._change_steps(theme)
            next(self._current_change)  # from now on, no half-changed window is painted
            self._timer.start()

    def _run_slice(self) -> None:
        """Restyle for a few milliseconds: the current change, a waiting theme, hidden widgets."""
        deadline = time.perf_counter() + _SLICE_S
        while time.perf_counter() < deadline:
            if self._current_change is not None:
                needs_own_slice = next(self._current_change, None)
                if needs_own_slice is None:
                    self._current_change = None
                    self._begin_change()
                elif needs_own_slice:
                    return
            elif self._hidden_widgets:
                widget = next(iter(self._hidden_widgets))
                if isValid(widget):
                    self._restyle_hidden(widget)
                else:
                    del self._hidden_widgets[widget]
            else:
                self._timer.stop()
                return

    def _change_steps(self, theme: Theme) -> Iterator[bool]:
        """Apply a theme in short steps; yield True before one that needs a slice of its own."""
        windows = [window for window in QApplication.topLevelWidgets() if window.isVisible()]
        for window in windows:
            window.setUpdatesEnabled(False)
        try:
            yield False
            sheet = style_sheet(theme)
            has_other_font = theme.interface() != self._application.font()
            if has_other_font or sheet != self._application.styleSheet():
                yield from self._restyle_steps(theme, sheet, has_other_font=has_other_font)
            self._announce(theme)
            yield False
            while self._steps:
                receiver, step = self._steps.popleft()
                if isValid(receiver):
                    step()
                yield not self._steps
        finally:
            for window in filter(isValid, windows):
                window.setUpdatesEnabled(True)
                window.repaint()  # `update` does nothing if a repaint was already pending

    def _restyle_steps(self, theme: Theme, sheet: str, *, has_other_font: bool) -> Iterator[bool]:
        """Change the style of the application and of the widgets on screen.

        With another font, hidden widgets change too, because they take part in layouts. Otherwise
        they follow after the windows are painted.
        """
        application = self._application
        application.setPalette(palette(theme))
        application.setFont(theme.interface())
        yield False
        application.style().unpolish(application)
        application.setStyleSheet(sheet)  # before Qt polishes all widgets again
        yield False
        widgets = _polished_widgets()
        self._hidden_widgets.clear()
        yield False
        for widget in filter(isValid, widgets):
            if has_other_font or widget.isVisible():
                _restyle(widget)
                if has_other_font:
                    QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))
                yield False
            else:
                self._hidden_widgets[widget] = None
                widget.installEventFilter(self)  # a filter of the application would see every event


def _polished_widgets() -> list[QWidget]:
    """Return all widgets that were polished, each after its parents."""
    windows = QApplication.topLevelWidgets()
    widgets = chain.from_iterable((w, *w.findChildren(QWidget)) for w in windows)
    # A dialog is found twice: as a window, and as a child of its parent.
    return [
        widget
        for widget in dict.fromkeys(widgets)
        if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished)
    ]


def _restyle(widget: QWidget) -> None:
    QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.Polish))
    widget.update()
