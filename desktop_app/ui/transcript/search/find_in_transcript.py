"""Find in the conversation, in one view: the bar above the text, and the finder behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QTextBrowser, QWidget

from desktop_app.ui.look.theme import MARGIN, MEASURE
from desktop_app.ui.transcript.search.find_bar import FindBar
from desktop_app.ui.transcript.search.finder import Finder

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.transcript.document.materialized_messages import MaterializedMessages
    from desktop_app.ui.transcript.layout.message_layout import MessageLayout
    from desktop_app.ui.transcript.search.finder import Then

_LONGEST_SELECTION: Final = 100


class FindInTranscript(QObject):
    """The bar, while it is open, and what it finds.

    Signals:
        height_changed(): it takes another height above the text than before.
    """

    height_changed = Signal()

    def __init__(
        self,
        view: QTextBrowser,
        theme: Theme,
        messages: MaterializedMessages,
        bring: Callable[[str, Then], bool],
        unfold: Callable[[str, Then], bool],
        unfold_code: Callable[[MessageLayout, int], None],
    ) -> None:
        super().__init__(view)
        self._view, self._theme = view, theme
        self._before: QWidget | None = None
        self.finder = Finder(view, messages, bring, unfold, unfold_code)
        self._bar: FindBar | None = None

    @property
    def bar(self) -> FindBar:
        """Made when it is first asked for: not a part of the start."""
        if self._bar is None:
            made = self._bar = FindBar(self._theme, self._view)
            made.changed.connect(self.finder.search)
            made.stepped.connect(self.finder.step)
            made.closed.connect(self.close)
            self.finder.counted.connect(made.show_count)
        return self._bar

    @property
    def is_open(self) -> bool:
        """Whether the bar is shown."""
        return self._bar is not None and not self._bar.isHidden()

    @property
    def room(self) -> int:
        """Pixels above the text."""
        return self.bar.height() + self._theme.px(8) if self.is_open else 0

    def open(self) -> None:
        """Show the bar, for the words that are selected if they are few."""
        if not self.is_open:
            self._before = QApplication.focusWidget()
        selected = self._view.textCursor().selectedText()
        is_short = 0 < len(selected) <= _LONGEST_SELECTION and "\u2029" not in selected
        self.bar.open(selected.strip() if is_short else "")
        self.place()
        self.height_changed.emit()

    def close(self) -> None:
        """Hide the bar; the keyboard goes back to where it was."""
        if not self.is_open:
            return
        had_keyboard = self.bar.isAncestorOf(QApplication.focusWidget() or self._view)
        self.bar.hide()
        self.finder.stop()
        self.height_changed.emit()
        if had_keyboard:
            (self._before or self._view).setFocus()
        self._before = None

    def step(self, by: int) -> None:
        """To the next or the previous match; with the bar closed it opens."""
        if self.is_open:
            self.finder.step(by)
        else:
            self.open()

    def set_theme(self, theme: Theme) -> None:
        """Draw in these colours and sizes."""
        self._theme = theme
        self.finder.set_theme(theme)
        if self._bar is not None:
            self._bar.set_theme(theme)
            self.place()

    def place(self) -> None:
        """Stand above the text, as wide as it."""
        if self._bar is None:
            return
        px = self._theme.px
        width = min(px(MEASURE), self._view.width() - px(MARGIN))
        self._bar.resize(width, self._bar.sizeHint().height())
        self._bar.move((self._view.width() - width) // 2, px(4))
