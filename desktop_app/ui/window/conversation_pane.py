"""The middle of the window: header, transcript and prompt; on a first start the prompt in the middle
of the height, with things to try above it.

What stands around the prompt keeps to a readable measure. The first paint has the header and the
prompt alone; the rest is given by `complete`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app.ui.look import theme as themes

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from desktop_app.ui.composer.prompt_editor import PromptEditor
    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.window.first_start import FirstStart
    from desktop_app.ui.window.header import Header
    from desktop_app.ui.window.notifications import Notifications

# Below this height, in the theme's measure, what can be missed is left out.
_TIGHT: Final = 320
# From this height on there is room for attachments beside the things to try.
_ROOM_FOR_BOTH: Final = 560


class ConversationPane(QWidget):
    """See the module."""

    def __init__(self, window: QWidget, header: Header, prompt: PromptEditor, theme: Theme) -> None:
        super().__init__(window)
        self._first_start: FirstStart | None = None
        self._prompt = prompt
        self._transcript = QWidget()  # keeps the place until the transcript comes
        self._over, self._under = QWidget(), QWidget()
        # What keeps to the measure.
        self._measured = QVBoxLayout()
        self._measured.setSpacing(0)
        self._measured.addWidget(prompt)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(header)
        self._column.addWidget(self._over, 10)
        self._column.addWidget(self._transcript, 10)
        self._column.addLayout(self._measured)
        self._column.addWidget(self._under, 14)
        self._is_first = False
        self.set_theme(theme)

    def complete(
        self, transcript: QWidget, first_start: FirstStart, notifications: Notifications
    ) -> None:
        """See `MainWindow.set_transcript`."""
        self._first_start = first_start
        self._measured.insertWidget(0, first_start)
        self._measured.insertWidget(1, notifications)
        self._measured.addWidget(first_start.key_line)
        self._column.replaceWidget(self._transcript, transcript)
        self._transcript.deleteLater()
        self._transcript = transcript
        transcript.setMinimumHeight(1)  # in a small window cards and the prompt come first
        self.show_first_start(self._is_first)
        self._leave_out()

    def add_above_prompt(self, widget: QWidget) -> None:
        """See `MainWindow.add_above_prompt`."""
        self._measured.insertWidget(2, widget)

    def set_theme(self, theme: Theme) -> None:
        """Draw with this theme from now on."""
        self._theme = theme
        self.show_first_start(self._is_first)
        self._leave_out()

    def show_first_start(self, shown: bool) -> None:
        """See `MainWindow.show_first_start`."""
        self._is_first = shown
        self._transcript.setVisible(not shown)
        for widget in (self._first_start, self._over, self._under):
            if widget is not None:
                widget.setVisible(shown)
        self._set_margins()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the measure."""
        super().resizeEvent(event)
        self._fit_words()
        self._set_margins()
        self._leave_out()

    def event(self, event: QEvent) -> bool:
        """What stands here has become higher or lower."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._leave_out()
        return super().event(event)

    def _fit_words(self) -> None:
        """The words of cards keep to a share of the window's height."""
        if self._first_start is None:  # nor is there a card yet
            return
        from desktop_app.ui.widgets.card_text import CardText

        for text in self.findChildren(CardText):
            text.fit()

    def _leave_out(self) -> None:
        """Where there is little room, what can be missed gives way."""
        px, height = self._theme.px, self.height()
        self._prompt.set_tight(height < px(_TIGHT))
        if self._first_start is None:
            return
        is_bare = not self._prompt.has_chips
        self._first_start.leave_room(
            examples=is_bare or height >= px(_ROOM_FOR_BOTH),
            question=is_bare or height >= px(_TIGHT),
        )

    def _set_margins(self) -> None:
        px = self._theme.px
        side = max(px(themes.MARGIN), (self.width() - px(themes.MEASURE)) // 2)
        self._measured.setContentsMargins(side, 0, side, px(6))
        self._measured.setSpacing(px(20 if self._is_first else 8))
        self._column.activate()  # now: the width that these margins are for has come already
