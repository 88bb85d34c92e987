"""Find in the conversation: connects the find bar and the finder of one view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from desktop_app.i18n.translation import tr
from desktop_app.widgets.forms.tab_order import TabAnchor, order_tabs
from desktop_app.widgets.look.theme import MARGIN

if TYPE_CHECKING:
    from desktop_app.transcript.finding import Finder
    from desktop_app.transcript.search.find_bar import FindBar
    from desktop_app.transcript.text_area import TextArea
    from desktop_app.widgets.look.theme import Theme

_MAX_SELECTION_LENGTH: Final = 100
"""Maximum characters of a selection that `open` searches for."""
_GAP: Final = 4
"""Pixels above and below the bar, at the default text size."""


class FindInTranscript(QObject):
    """The find bar of one view, created when first opened, and its finder.

    Attributes:
        finder: the finder.
        anchor: the position of the bar in the tab order, also before it exists.

    Signals:
        height_changed(): the bar's height above the text has changed.
    """

    height_changed = Signal()

    def __init__(self, view: TextArea, theme: Theme, finder: Finder) -> None:
        super().__init__(view)
        self._view = view
        self._theme = theme
        self.finder = finder
        self._focused_before: QWidget | None = None
        self._bar: FindBar | None = None
        self.anchor = TabAnchor(view)

    @property
    def bar(self) -> FindBar:
        """Return the bar, creating it on first use to keep start-up fast."""
        if self._bar is None:
            from desktop_app.transcript.search.find_bar import FindBar

            bar = self._bar = FindBar(self._view, tr("Find in conversation"))
            bar.changed.connect(self.finder.search)
            bar.step_requested.connect(self.finder.step)
            bar.close_requested.connect(self.close)
            self.finder.counted.connect(bar.show_count)
            order_tabs(self.anchor, bar.tab_stops)
        return self._bar

    @property
    def is_open(self) -> bool:
        """Return True if the bar is shown."""
        return self._bar is not None and not self._bar.isHidden()

    @property
    def needed_height(self) -> int:
        """Return the pixels that the bar needs above the text."""
        return self.bar.height() + self._theme.px(2 * _GAP) if self.is_open else 0

    def open(self) -> None:
        """Show the bar; search for the selected text if it is short and in one paragraph."""
        if not self.is_open:
            self._focused_before = QApplication.focusWidget()
        selected = self._view.selection.words()
        if len(selected) > _MAX_SELECTION_LENGTH:
            selected = ""
        self.bar.open(selected.strip())
        self.place()
        self.height_changed.emit()

    def close(self) -> None:
        """Hide the bar. If it has the focus, return the focus to the widget that had it before.

        If that widget is gone, focus the text.
        """
        if not self.is_open:
            return
        # Before the bar is hidden. Otherwise Qt would focus the transcript, and a screen reader
        # would announce it.
        focused: QWidget | None = QApplication.focusWidget()
        if focused is not None and self.bar.isAncestorOf(focused):
            target = self._focused_before
            # Some widgets are gone: the button that covers a link is deleted when it loses the
            # focus.
            if target is None or not isValid(target):
                target = self._view
            target.setFocus()
        self.bar.hide()
        self.finder.search("")
        self.height_changed.emit()
        self._focused_before = None

    def step(self, direction: int) -> None:
        """Go to the next (1) or the previous (-1) match, or open the bar if it is closed."""
        if self.is_open:
            self.bar.step(direction)
        else:
            self.open()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.finder.set_theme(theme)
        if self._bar is not None:
            self.place()

    def place(self) -> None:
        """Place the bar above the text, at the same width."""
        if self._bar is None:
            return
        px = self._theme.px
        width = min(px(self._theme.max_line_width), self._view.width() - px(MARGIN))
        self._bar.resize(width, self._bar.sizeHint().height())
        self._bar.move((self._view.width() - width) // 2, px(_GAP))
